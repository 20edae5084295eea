"""Every law, one test each."""

import laws
import pytest


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_law(law):
    law()

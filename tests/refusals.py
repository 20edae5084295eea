"""A refusal is one sentence on one line."""

from contextlib import contextmanager

import pytest


@contextmanager
def refusing(kind, match):
    """`pytest.raises`, whose message is one line."""
    with pytest.raises(kind, match=match) as caught:
        yield caught
    assert "\n" not in str(caught.value)

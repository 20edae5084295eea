"""Say in the build's log whether the outputs that the pages show have been verified on these very sources."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import stamp  # noqa: E402  (the folder has to be named first)


def say(app):
    logger = logging.getLogger(__name__)
    if stamp.verified():
        logger.info("Stored outputs: verified by nbval on exactly these sources.")
    else:
        logger.info("Stored outputs: NOT verified on these sources; run `pytest --nbval`.")


def setup(app):
    app.connect("builder-inited", say)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Put the exercise sheets beside the pages, in _static/exercises/, where the page for those who teach links them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import handout  # noqa: E402  (the folder has to be named first)


def offer_sheets(app, exception):
    if exception is None and app.builder.format == "html":
        handout.write(Path(app.outdir) / "_static" / "exercises", Path(app.srcdir))


def setup(app):
    app.connect("build-finished", offer_sheets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

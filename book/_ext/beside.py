"""Beside the pages, in _static/: the wheel of the module, and the exercise sheets for those who teach."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import handout  # noqa: E402  (the folder has to be named first)
import pack  # noqa: E402


def offer(app, exception):
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        for old in folder.glob("mtgp_tutorial-*.whl"):  # of an earlier version, perhaps
            old.unlink()
        pack.build(folder)
        handout.write(folder / "exercises", Path(app.srcdir))


def setup(app):
    app.connect("build-finished", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

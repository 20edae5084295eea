"""Put the module's wheel beside the pages, in _static/, where the preface links to it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import pack  # noqa: E402  (the folder has to be named first)


def offer_wheel(app, exception):
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        for old in folder.glob("mtgp_tutorial-*.whl"):  # of an earlier version, perhaps
            old.unlink()
        pack.build(folder)


def setup(app):
    app.connect("build-finished", offer_wheel)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

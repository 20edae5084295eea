"""Beside the pages: the wheel of the module, exercise sheets, small pictures of the cases, and the plain copies."""

from __future__ import annotations

import base64
import io
import shutil
import sys
from pathlib import Path

import nbformat
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import handout  # noqa: E402  (the folder has to be named first)
import pack  # noqa: E402

SMALL = (480, 480)  # pixels at most: twice those of the first page


def figures(path: Path) -> dict[str, Image.Image]:
    """The stored figures of a chapter, by the last word of their names."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")
        for output in cell.get("outputs", []) if name else []:
            if "image/png" in output.get("data", {}):
                picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
                found[name.rpartition("-")[2]] = picture.convert("RGB")
    return found


def draw_small(folder: Path, root: Path) -> None:
    """The pictures that the first page shows of the cases."""
    folder.mkdir(exist_ok=True)
    for name, picture in figures(root / "book" / "cases.ipynb").items():
        picture.thumbnail(SMALL)
        picture.quantize(64).save(folder / f"{name}.png", optimize=True)


def offer(app, exception):
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        for old in folder.glob("mtgp_tutorial-*.whl"):  # of an earlier version, perhaps
            old.unlink()
        pack.build(folder)
        handout.write(folder / "exercises", Path(app.srcdir))
        draw_small(folder / "cases", Path(app.srcdir))
        for copy in (Path(app.srcdir) / "book" / "plain").glob("*.ipynb"):  # the download button hands them out too
            shutil.copy2(copy, Path(app.outdir) / "_sources" / "book" / copy.name)


def setup(app):
    app.connect("build-finished", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

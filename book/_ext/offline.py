"""Make the built pages work from disk: MathJax comes with the book, and nothing is fetched from the network."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

# All that the mathematics of this book loads, without MathJax's menu: a page takes 0.8 MB of it.
NEEDED = (
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions",
    "output/chtml.js",
    "output/chtml/fonts",
    "a11y/assistive-mml.js",
)


def use_own_mathjax(app, config):
    config.mathjax_path = "mathjax/startup.js"


def copy_mathjax(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    source = Path(distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax"))
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in NEEDED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copy2(source / name, target / name)
    shutil.copy2(Path(__file__).with_name("mathjax-LICENSE.txt"), target / "LICENSE.txt")


def setup(app):
    app.connect("config-inited", use_own_mathjax)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

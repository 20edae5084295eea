"""Make the built pages work from disk: MathJax comes with the book, and nothing is fetched from the network."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

# All that tex-chtml.js loads for the mathematics of this book: 2 MB instead of the wheel's 24 MB.
NEEDED = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions", "ui/safe.js")


def use_own_mathjax(app, config):
    config.mathjax_path = "mathjax/tex-chtml.js"


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


def drop_thebe(app, pagename, templatename, context, doctree):
    """Jupyter Book adds the script of thebe (live code, not used here) twice: an error in the console."""
    files = context.get("script_files", [])
    files[:] = [file for file in files if "thebe" not in str(getattr(file, "filename", "")) + str(file.attributes)]


def setup(app):
    app.connect("config-inited", use_own_mathjax)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

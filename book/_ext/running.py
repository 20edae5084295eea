"""Below the title of each notebook's page: how to run it, with the files to take and the lines to type."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import public  # noqa: E402  (the folder has to be named first)

COLAB = '<a class="on-colab" href="{}">Open in Colab</a>'
STEPS = """<div class="run-it">{colab}<details><summary>Run this chapter</summary>
<ol><li>Put two files into one folder: <a href="../_sources/book/{name}.ipynb" download>this chapter’s notebook</a>
and <a href="../_static/{wheel}" download>the package</a>.</li>
<li>In that folder, with Python 3.11 to 3.13:
<div class="highlight"><pre>pip install jupyterlab {wheel}
jupyter lab {name}.ipynb</pre></div></li>
<li>Choose “Run All Cells” in the menu “Run”.</li></ol>
<p>On Colab you upload the same two files: <a href="about.html#run-a-chapter">all steps</a>.</p></details></div>"""
WORDS = {  # of the theme's menu "Download this page"; its own words name an ending alone
    "download-source-button": {".ipynb": "Notebook to run (.ipynb)", ".md": "Text of this page (.md)"},
    "download-pdf-button": {".pdf": "Print or save (.pdf)"},
}


def steps(name: str, root: Path) -> str:
    """The row of a page: a link to Colab once there is one, and the steps, folded."""
    link = public.colab(name, root)
    return STEPS.format(colab=COLAB.format(link) if link else "", name=name, wheel=public.wheel(root))


def put(app, pagename, templatename, context, doctree):
    root = Path(app.srcdir)
    if context.get("page_source_suffix") == ".ipynb":
        before, end, after = context["body"].partition("</h1>")
        context["body"] = before + end + steps(pagename.removeprefix("book/"), root) + after


def name_downloads(app, pagename, templatename, context, doctree):
    """What one gets, in words."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            button["text"] = WORDS.get(button.get("label"), {}).get(button["text"], button["text"])


def setup(app):
    app.connect("html-page-context", put, priority=690)  # the line of chapter.py goes before it
    app.connect("html-page-context", name_downloads, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

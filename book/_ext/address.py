"""What follows from `repository.url` in _config.yml, nothing while it is unset; and how to run a page: files, lines."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import public  # noqa: E402  (the folder has to be named first)

PLACE = '<p class="address"></p>'  # where a page wants its links
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


def choose_buttons(app, config):
    """The theme's buttons, and the canonical link of each page."""
    options, root = config.html_theme_options, Path(app.srcdir)
    known = bool(public.repository(root))
    options["use_repository_button"] = options["use_issues_button"] = known
    config.html_baseurl = public.pages(root)
    if not known:
        options.pop("repository_url", None)
        options["launch_buttons"] = {}


def launch_plain_copy(app, pagename, templatename, context, doctree):
    """Colab shows MyST as raw text, so its button opens the plain copy, that of this version's release."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "colab" in str(button.get("url")):
                button["url"] = public.colab(Path(pagename).name, Path(app.srcdir))


def fill_place(app, pagename, templatename, context, doctree):
    """The links that a page leaves room for."""
    root = Path(app.srcdir)
    shown = [("Run the first chapter on Colab", public.colab("five", root)), ("The source", public.repository(root))]
    links = " · ".join(f'<a class="reference external" href="{link}">{text}</a>' for text, link in shown if link)
    filled = f'<p class="address">{links}</p>' if links else ""
    context["body"] = (context.get("body") or "").replace(PLACE, filled)


def steps(name: str, root: Path) -> str:
    """The row of a page: a link to Colab once there is one, and the steps, folded."""
    link = public.colab(name, root)
    return STEPS.format(colab=COLAB.format(link) if link else "", name=name, wheel=public.wheel(root))


def put_steps(app, pagename, templatename, context, doctree):
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
    app.connect("config-inited", choose_buttons)
    app.connect("html-page-context", launch_plain_copy, priority=900)
    app.connect("html-page-context", fill_place)
    app.connect("html-page-context", put_steps, priority=690)  # the line of chapter.py goes before it
    app.connect("html-page-context", name_downloads, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

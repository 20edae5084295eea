"""What follows from `repository.url` in _config.yml: nothing while it is unset; buttons and links once it is."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import public  # noqa: E402  (the folder has to be named first)

PLACE = '<p class="address"></p>'  # where a page wants its links


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


def offer_plain_copy(app, exception):
    """The download button hands out the plain copy too."""
    if exception is None and app.builder.format == "html":
        for copy in (Path(app.srcdir) / "book" / "plain").glob("*.ipynb"):
            shutil.copy2(copy, Path(app.outdir) / "_sources" / "book" / copy.name)


def setup(app):
    app.connect("config-inited", choose_buttons)
    app.connect("html-page-context", launch_plain_copy, priority=900)
    app.connect("html-page-context", fill_place)
    app.connect("build-finished", offer_plain_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""What follows from `repository.url` in _config.yml: no button while it is unset, all of them once it is set."""

from __future__ import annotations

import shutil
from pathlib import Path


def choose_buttons(app, config):
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    options["use_repository_button"] = options["use_issues_button"] = known
    if not known:
        options.pop("repository_url", None)
        options["launch_buttons"] = {}


def launch_plain_copy(app, pagename, templatename, context, doctree):
    """Colab shows MyST as raw text, so its button opens the plain copy."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "colab" in str(button.get("url")):
                button["url"] = button["url"].replace("/book/", "/book/plain/")


def offer_plain_copy(app, exception):
    """The download button hands out the plain copy too."""
    if exception is None and app.builder.format == "html":
        for copy in (Path(app.srcdir) / "book" / "plain").glob("*.ipynb"):
            shutil.copy2(copy, Path(app.outdir) / "_sources" / "book" / copy.name)


def setup(app):
    app.connect("config-inited", choose_buttons)
    app.connect("html-page-context", launch_plain_copy, priority=900)
    app.connect("build-finished", offer_plain_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

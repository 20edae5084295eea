"""A site map for search engines, once the pages have an address: sitemap.xml."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

LEFT_OUT = {"search"}  # a page that says nothing by itself


def note_page(app, pagename, templatename, context, doctree):
    if pagename not in LEFT_OUT and templatename == "page.html" or pagename == "genindex":
        app.mapped.add(pagename)


def write_map(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    file = Path(app.outdir) / "sitemap.xml"
    file.unlink(missing_ok=True)
    if app.config.html_baseurl:
        places = [escape(app.config.html_baseurl + app.builder.get_target_uri(name)) for name in sorted(app.mapped)]
        entries = "".join(f"<url><loc>{place}</loc></url>\n" for place in places)
        head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        file.write_text(f"{head}{entries}</urlset>\n", encoding="utf8")


def setup(app):
    app.mapped = set()
    app.connect("html-page-context", note_page)
    app.connect("build-finished", write_map)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

"""A site map for search engines, once the pages have an address: sitemap.xml."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape


def write_map(app, exception):
    """List every page of the contents, also those that this build had no need to write again."""
    if exception is not None or app.builder.format != "html":
        return
    file = Path(app.outdir) / "sitemap.xml"
    file.unlink(missing_ok=True)  # of a build with an address, perhaps
    if app.config.html_baseurl:
        pages = sorted(app.builder.get_target_uri(name) for name in app.env.found_docs)
        entries = "".join(f"<url><loc>{escape(app.config.html_baseurl + page)}</loc></url>\n" for page in pages)
        head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        file.write_text(f"{head}{entries}</urlset>\n", encoding="utf8")


def setup(app):
    app.connect("build-finished", write_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""`{explore} NAME`: a figure to play with, computed in the reader's browser by book/_static/explore/NAME.js.

Options: twin (the label of the numbered figure that shows the same at rest), label (its name for who does
not see it), name (where a page has two). The text says what to try; without scripts a sentence that names the twin
stands in its place. On paper the figure is as the reader left it.
"""

from __future__ import annotations

import html
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

SHARED = ("gaussian.js", "explore.js", "shapes.js", "panels.js", "plot.js")  # in this order, before the figure's own
STILL = "A figure to play with; at rest: {{numref}}`{twin}`."


class explorable(nodes.General, nodes.Element):  # noqa: N801  (docutils names nodes so)
    """The place of the live figure, and the sentence."""


class explorable_text(nodes.General, nodes.Element):  # noqa: N801
    """What to try: only where there is something to play with."""


class Explore(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec = {name: directives.unchanged_required for name in ("twin", "label", "name")}

    def run(self):
        name = self.arguments[0]
        script = Path(self.env.srcdir) / "book" / "_static" / "explore" / f"{name}.js"
        if not (script.is_file() and {"twin", "label"} <= self.options.keys() and self.content):
            raise self.error(f"explore: needs {script.name}, a :twin:, a :label: and what to try")
        place = explorable("", figure=name, label=self.options["label"])
        place["ids"] = [self.options.get("name", name)]
        self.at_rest(place)
        self.state.nested_parse(self.content, self.content_offset, text := explorable_text())
        place += text
        return [place]

    def at_rest(self, place):
        """What stands there without scripts."""
        still = StringList([STILL.format(twin=self.options["twin"])], source=self.get_source_info()[0])
        self.state.nested_parse(still, self.content_offset, place)
        place[0]["classes"].append("explore-still")


def open_place(self, node):
    data = {"explore": node["figure"], "label": node["label"]}
    attributes = " ".join(f'data-{key}="{html.escape(value)}"' for key, value in data.items())
    # full-width closes the list of contents
    self.body.append(f'<div class="explore full-width" id="{node["ids"][0]}" {attributes}>\n')


def open_text(self, node):
    self.body.append('<div class="explore-text">\n')


def close(self, node):
    self.body.append("</div>\n")


def add_scripts(app, pagename, templatename, context, doctree):
    names = sorted({node["figure"] for node in doctree.findall(explorable)}) if doctree else []
    for file in (*SHARED, *(f"{name}.js" for name in names)) if names else ():  # deferred scripts run in this order
        app.add_js_file(f"explore/{file}", loading_method="defer")


def setup(app):
    app.add_node(explorable, html=(open_place, close))
    app.add_node(explorable_text, html=(open_text, close))
    app.add_css_file("explore/explore.css")
    app.add_directive("explore", Explore)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

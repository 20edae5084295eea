"""The module's names and the chapters: the list that begins the page of the module, and links there and back.

The first time that a page names `icm` in its prose, or else calls it in its code, the name is a link to its entry. An
entry says in which sections these links stand, at most three. Those of chapters come before those of other pages; in
both prose comes before code, and a title with the name in it before all.
"""

from __future__ import annotations

import html
import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path

from api import expanded, marked_up  # beside this file
from docutils import nodes
from docutils.statemachine import StringList
from sections import anchor_of
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

PAGE = "book/api"
MODULE, TABLES = "mtgp_tutorial.", "tables."
ENTRY = re.compile(r"^\.\. auto(?:function|class|exception):: mtgp_tutorial\.([\w.]+)$", re.MULTILINE)
QUIET = (nodes.title, nodes.term, nodes.reference, addnodes.pending_xref)  # a name in these becomes no link
ASIDE = ("Summary", "Quiz", "Exercises")  # parts of a chapter that explain nothing
MOST = 3


@cache
def entries():
    """As chapters write it -> its entry: `fill` -> `tables.fill`; in the order of the page."""
    page = Path(__file__).resolve().parents[2] / f"{PAGE}.md"
    return {name.removeprefix(TABLES): name for name in ENTRY.findall(expanded(page.read_text(encoding="utf8")))}


def sentence(name):
    """The first sentence of a docstring, as reStructuredText."""
    thing = import_module(MODULE[:-1])
    for part in name.split("."):
        thing = getattr(thing, part)
    paragraph = " ".join(inspect.getdoc(thing).partition("\n\n")[0].split())
    return marked_up(re.sub(r" \(book: [\w-]+\)", "", re.split(r"(?<=\.) (?=[A-Z(])", paragraph)[0]), {})


class Overview(SphinxDirective):
    """For each group of the page its names, and what each does."""

    def run(self):
        text = expanded(Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf8"))
        lines = []
        for group in text.split("\n## ")[1:]:
            title = group.partition("\n")[0]
            lines += [f"**{title}**", ""]
            lines += [f"- :py:obj:`{name} <{MODULE}{name}>`: {sentence(name)}" for name in ENTRY.findall(group)]
            lines += [""]
        place = nodes.container(classes=["overview"])
        self.state.nested_parse(StringList(lines, source=self.env.docname), 0, place)
        return [place]


def ancestors(node):
    while node := node.parent:
        yield node


def link(app, doctree):
    """Make the first mention of each name in the prose of a page a link."""
    seen = set()
    for node in list(doctree.findall(nodes.literal)) if app.env.docname != PAGE else ():
        text = node.astext().removeprefix(MODULE).removeprefix(TABLES)
        calls = [text.partition("(")[0], *re.findall(r"(?<![\w.])([\w.]+)(?=\()", text)]
        name = next((one for one in calls if one in entries() and one not in seen), None)
        if name and not any(isinstance(one, QUIET) for one in ancestors(node)):
            seen.add(name)
            options = {"reftype": "obj", "reftarget": MODULE + entries()[name], "refexplicit": True, "refwarn": True}
            reference = addnodes.pending_xref("", refdomain="py", refdoc=app.env.docname, **options)
            node.replace_self(reference)
            reference += node


def named(doctree):
    """name -> where a page first names it: the link in its prose, or else the code that calls what it has imported."""
    links = doctree.findall(lambda node: isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "py")
    found = {node["reftarget"].removeprefix(MODULE): node for node in links}
    blocks = list(doctree.findall(nodes.literal_block))
    imported = re.findall(
        r"from mtgp_tutorial(?:\.tables)? import ([\w, ]+|\([\w,\s]+\))", "\n".join(b.astext() for b in blocks)
    )
    known = set(re.findall(r"\w+", " ".join(imported)))
    for called, name in entries().items():
        call = re.compile(rf"(?<![\w.]){re.escape(called)}\(")
        if name not in found and called.partition(".")[0] in known:
            first = next((block for block in blocks if call.search(block.astext())), None)
            found |= {name: first} if first else {}
    return found


def places(env):
    """name -> (rank, page, section) of all pages but that of the module, in the book's order."""
    found = {}
    for page in [name for name in env.collect_relations() if name != PAGE and name in env.found_docs]:
        for name, node in named(env.get_doctree(page)).items():
            section = next(one for one in ancestors(node) if anchor_of(one))
            title = section[0].astext()
            word = name.rpartition(".")[2].replace("_", " ").lower()
            titled = re.search(rf"\b{word}\b", f"{env.titles[page].astext()} {title}".lower())
            code = isinstance(node, nodes.literal_block)
            rank = (title in ASIDE, not env.toc_secnumbers.get(page), code, not titled)
            found.setdefault(name, []).append((rank, page, section))
    return {name: sorted(there, key=lambda place: place[0])[:MOST] for name, there in found.items()}


def place_of(app, page, section):
    """A link to a section, by its number, or else by its page."""
    anchor = "" if isinstance(section.parent, nodes.document) else anchor_of(section)
    number = app.env.toc_secnumbers.get(page, {}).get(anchor and f"#{anchor}", ())
    before = ".".join(map(str, number)) or (f"{app.env.titles[page].astext()}:" if anchor else "")
    return make_refnode(app.builder, PAGE, page, anchor, nodes.Text(f"{before} {section[0].astext()}".strip()))


def lead_back(app, doctree, docname):
    """End each entry with the sections that explain it. (The search has collected the page's words before.)"""
    if docname != PAGE:
        return
    known = places(app.env)
    for entry in doctree.findall(addnodes.desc):
        name = next(iter(entry[0]["ids"]), "").removeprefix(MODULE)
        links = [place_of(app, *place[1:]) for place in known.get(name, ())]
        if links:
            parts = [part for one in links for part in (one, nodes.Text("; "))][:-1]
            entry[-1] += nodes.paragraph("", "", nodes.Text("In the book: "), *parts, classes=["in-the-book"])


def link_code(app, pagename, templatename, context, doctree):
    """In code a call is a link where the prose has none; the look of code is kept."""
    if doctree is None or pagename == PAGE or pagename not in app.env.found_docs:
        return
    for name, node in named(app.env.get_doctree(pagename)).items():
        if isinstance(node, nodes.literal_block):
            dotted = r'</span><span class="o">\.</span><span class="n">'.join(name.removeprefix(TABLES).split("."))
            address = app.builder.get_relative_uri(pagename, PAGE) + f"#{MODULE}{name}"
            call = rf'(?<!<span class="o">\.</span>)(<span class="n">{dotted}</span>)(?=<span class="p">\()'
            context["body"] = re.sub(call, rf'<a href="{html.escape(address)}">\1</a>', context["body"], count=1)


def setup(app):
    app.add_directive("overview", Overview)
    app.connect("doctree-read", link, priority=900)
    app.connect("env-get-updated", lambda app, env: {PAGE} & env.all_docs.keys())  # its links back follow the chapters
    app.connect("doctree-resolved", lead_back, priority=900)
    app.connect("html-page-context", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

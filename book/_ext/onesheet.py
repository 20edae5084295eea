"""One style sheet instead of fifteen: the theme's, the extensions' and the book's, joined, less what no page has.

The search page has a sheet of its own with only what that page needs, because its words come over the same line.
"""

from __future__ import annotations

import re
from pathlib import Path

import tinycss2

THEME = ("basic.css", "styles/pydata-sphinx-theme.css")  # the theme links these two by itself
JOINED = "book.css"
SHEETS = {JOINED: "*.html", "found.css": "search.html"}  # sheet -> the pages that it is for
# The theme brings two thousand icons as a font. The book has its dozen in icons.css.
ICONS = re.compile(r"@font-face\{[^{}]*Font ?Awesome[^{}]*\}|[^{}]*\.fa-[^{}]*\{[^{}]*\}")
# What Bootstrap's script makes: open menus, and the tips of buttons.
GIVEN = set("show collapsing collapsed active disabled fade open tooltip tooltip-inner tooltip-arrow".split())
GIVEN |= {f"bs-tooltip-{side}" for side in ("auto", "top", "end", "bottom", "start")}
LIGHT = ("html[data-theme=light]", "html:not([data-theme=dark])")  # also where no script has chosen
MARKS = re.compile(r'<(\w+)|(?:class|id)="([^"]*)"')
SCRIPT = re.compile(r'<script[^>]* src="(?:\./|\.\./)*_static/([^"?]*)')
WORDS = re.compile(r"bootstrap|sections\d|moved|synonyms|language_data")  # hold words that are no marks
INSIDE = re.compile(r"\([^()]*\)|\[[^\]]*\]")  # of :is, :not, :has and of attributes: asks for nothing by itself
ASKED = re.compile(r"(?<![\w:-])[.#]?((?:\\.|[\w-])+)")  # a class, an id, an element; no pseudo-class
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


def link_one(app, pagename, templatename, context, doctree):
    """Leave one link of all. (A sheet for a single page has to stand in that page's template.)"""
    names = [str(file.filename).removeprefix("_static/") for file in context["css_files"]]
    app.joined = [name for name in names if name not in SHEETS]
    own = next((sheet for sheet, pages in SHEETS.items() if pages == f"{pagename}.html"), JOINED)
    context["css_files"][:] = [file for file, name in zip(context["css_files"], names) if name == own]


def marks(folder, pages):
    """Elements, classes and ids of pages, and every word of the scripts that they load and that may make others."""
    found, scripts = set(GIVEN), set()
    for page in folder.rglob(pages):
        text = page.read_text(encoding="utf8")
        scripts.update(SCRIPT.findall(text))
        for element, names in MARKS.findall(text):
            found.update([element] if element else names.split())
    for script in scripts:
        if not WORDS.search(script):
            found.update(re.findall(r"[\w-]+", (folder / "_static" / script).read_text(encoding="utf8")))
    return found


def matters(selector, words):
    """Whether all that a selector asks for is somewhere; figures to play with put their names together."""
    while INSIDE.search(selector):
        selector = INSIDE.sub("", selector)
    names = [name.replace("\\", "") for name in ASKED.findall(selector)]
    return all(name in words or ("explore" in words and name.startswith("explore-")) for name in names)


def pruned(rules, words, variables):
    """The rules, as text, less selectors for what is nowhere and variables that nothing asks for."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            wanted = [one for one in split(tinycss2.serialize(rule.prelude)) if matters(one, words)]
            stated = tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True)
            stated = [one for one in stated if one.type == "declaration"]
            lines = [one.serialize() for one in stated if not one.name.startswith("--") or one.name in variables]
            if wanted and lines:
                kept.append(f"{','.join(wanted)}{{{';'.join(lines)}}}")
        elif rule.type == "at-rule" and rule.at_keyword in ("media", "supports", "container"):
            inner = pruned(parsed(rule.content), words, variables)
            if inner:
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule" and rule.at_keyword != "charset":  # which stands first or nowhere
            kept.append(rule.serialize())
    return "\n".join(kept)


def parsed(text):
    return tinycss2.parse_rule_list(text, skip_comments=True, skip_whitespace=True)


def split(prelude):
    """The selectors of a rule: at commas that stand in no brackets."""
    return [one.strip() for one in re.split(r",(?![^()]*\)|[^(]*\([^()]*\)[^()]*\))", prelude)]


def join(app, exception):
    """Write the joined sheets. Links in them are relative to _static, where they stand."""
    if exception is not None or not getattr(app, "joined", None):
        return
    folder = Path(app.outdir)
    static = folder / "_static"
    theme = [ICONS.sub("", (static / name).read_text(encoding="utf8")).replace(*LIGHT) for name in THEME]
    rest = [(static / name).read_text(encoding="utf8") for name in app.joined]
    others = (*static.rglob("*.js"), *folder.rglob("*.html"), *static.glob("*.svg"))
    elsewhere = "".join(file.read_text(encoding="utf8") for file in others if file.is_file())
    asked = set(re.findall(r"--[\w-]+", elsewhere))
    notices = re.findall(r"/\*!.*?\*/", "".join(theme + rest), re.DOTALL)  # licences ask to be kept
    text = "\n".join(theme + rest)
    for sheet, pages in SHEETS.items():  # the second from what the first has left
        shorter, words = "", marks(folder, pages)
        while shorter != text:  # a variable may have served another that is gone
            text = shorter or text
            shorter = pruned(parsed(text), words, asked | set(VARIABLE.findall(text)))
        (static / sheet).write_text("\n".join([*notices, text]), encoding="utf8")


def setup(app):
    for sheet in SHEETS:
        app.add_css_file(sheet)
    app.connect("html-page-context", link_one, priority=960)
    app.connect("build-finished", join, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

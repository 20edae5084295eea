"""The words of every section, glossary entry and name of the module, in _static/sections for _static/search.js."""

import builtins
import gzip
import json
import keyword
import re
from base64 import b64decode, b64encode
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

PIECES = 4  # a browser has six connections: four that carry the words leave two for the rest of the page

# One letter stands for a word with the space before it, or for a mark: that is shorter, and the browser need not cut.
CODED = ("title", "index", "prose", "code")
WORD = re.compile(r" ?[^\W_]+(?:[-_.][^\W_]+)*|.", re.DOTALL)
FIRST, ONE_BYTE, TWO_BYTES = 32, 94, 2000  # the first letter; how many words have letters of so many bytes

PYTHON = {*keyword.kwlist, *dir(builtins)}  # stand in all code, and find nothing

HIDDEN = (nodes.comment, nodes.raw, nodes.math_block, nodes.target, addnodes.index)
NAMES = "eta kappa rho sigma Sigma theta ell delta mu top otimes times pm le ge dots".split()
SYMBOLS = dict(zip(NAMES, "ηκρσΣθℓδμᵀ⊗×±≤≥…")) | {"operatorname": ""}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(tex):
    """A short formula as text, any other as an ellipsis: no raw TeX may end up in an excerpt."""
    tex = re.sub(r"\\(?:wide)?hat ?(\w)", "\\1\u0302", tex)  # a hat is a sign after its letter
    text = re.sub(r"\\([A-Za-z]+)", lambda found: SYMBOLS.get(found[1], found[0]), tex).replace("^ᵀ", "ᵀ")
    text = re.sub(r"\^\{?(-?\d+)\}?", lambda found: found[1].translate(RAISED), text)
    return "…" if re.search(r"[\\^]", text) else re.sub(r"[{}_]", "", text).strip()


def text_of(node):
    """The text of a node as a reader would copy it: formulas in letters, nothing that is not shown."""
    if isinstance(node, nodes.math):
        return readable(node.astext())
    if isinstance(node, HIDDEN):
        return ""
    return node.astext() if isinstance(node, nodes.Text) else "".join(map(text_of, node.children))


def anchor_of(node):
    """The id by which it is found; None for what is no section, glossary entry or name of the module."""
    if isinstance(node, nodes.section):  # boxes of sphinx-exercise and sphinx-proof are sections without a title
        return node["ids"][0] if node.children and isinstance(node[0], nodes.title) else None
    if isinstance(node, (addnodes.desc, nodes.definition_list_item)):
        return next(iter(node[0].get("ids", [])), None)
    return None


def ids_of(node):
    return [*node.get("ids", []), *node[0].get("ids", [])]


def gather(node, prose, code, index):
    """The paragraphs, rows of tables, code and index entries of a node, less those of what has its own anchor."""
    for child in node.children:
        if isinstance(child, nodes.Element) and "overview" in child["classes"]:
            continue  # a list of what stands in the entries
        if isinstance(child, addnodes.index):
            index += child["entries"]
        elif isinstance(child, (nodes.literal_block, nodes.doctest_block, addnodes.desc_signature)):
            code.append(child.astext())
        elif isinstance(child, nodes.row):
            prose.append(" · ".join(filter(None, (text_of(cell).strip() for cell in child))))
        elif isinstance(child, (nodes.paragraph, nodes.caption)) or isinstance(child, nodes.term) and not child["ids"]:
            prose.append(text_of(child))
        elif isinstance(child, nodes.Element) and anchor_of(child) is None and not isinstance(child, nodes.title):
            gather(child, prose, code, index)


def words(texts):
    return set(re.findall(r"[^\W\d]\w+", " ".join(texts)))


def collect(app, doctree, docname):
    """Note one page. An index entry that stands above a heading has its target in the heading's ids: it is of that."""
    places = list(doctree.findall(lambda node: anchor_of(node) is not None))
    index = [entry for node in doctree.findall(addnodes.index) for entry in node["entries"]]
    heads = {name for node in places for name in ids_of(node)}
    found = app.sections[docname] = []
    if "nosearch" in app.env.metadata[docname]:  # a page that only leads on
        return
    for node in places:
        prose, code, inside = [], [], []
        gather(node, prose, code, inside)
        mine = [e for e in index if e[2] in ids_of(node)] + [e for e in inside if e[2] not in heads]
        anchor = "" if node.parent is doctree else "#" + anchor_of(node)
        title = anchor[1:].partition("mtgp_tutorial.")[2] if isinstance(node, addnodes.desc) else text_of(node[0])
        number = ".".join(map(str, app.env.toc_secnumbers.get(docname, {}).get(anchor, ())))
        found.append(
            {
                "page": app.env.titles[docname].astext(),
                "title": f"{number} {title}".strip(),
                "address": f"{docname}.html{anchor}",
                "index": ", ".join(entry[1] for entry in mine),
                "prose": "\n".join(" ".join(block.split()) for block in prose),
                "code": " ".join(sorted(words(code) - words(prose) - PYTHON)),
            }
        )


def letters_of(pages):
    """Word -> the letter that stands for it: short ones for those that are frequent, else by the alphabet."""
    counts = Counter(
        word for page in pages.values() for one in page for name in CODED for word in WORD.findall(one[name])
    )
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    one, two, three = frequent[:ONE_BYTE], frequent[ONE_BYTE:TWO_BYTES], frequent[TWO_BYTES:]
    return {word: chr(FIRST + i) for i, word in enumerate([*sorted(one), *sorted(two), *sorted(three)])}


def exchanged(pages, change):
    return {name: [one | {key: change(one[key]) for key in CODED} for one in page] for name, page in pages.items()}


def read(static):
    """Page -> its sections, as they were written; {} where nothing was."""
    paths = [Path(static) / f"sections{i}.js" for i in range(PIECES)]
    if not all(path.is_file() for path in paths):
        return {}
    packed = "".join(path.read_text(encoding="ascii").split('"')[1] for path in paths)
    made = json.loads(gzip.decompress(b64decode(packed)))
    if isinstance(made, dict):
        return {}  # built by an earlier version
    words, pages = made
    return exchanged(pages, lambda text: "".join(words[ord(letter) - FIRST] for letter in text))


def pieces(pages):
    """The words, and the sections with a letter for each; packed, as not every server does that, and cut."""
    letters = letters_of(pages)
    coded = exchanged(pages, lambda text: "".join(letters[word] for word in WORD.findall(text)))
    text = json.dumps([list(letters), coded], ensure_ascii=False, sort_keys=True)
    packed = b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    size = -(-len(packed) // PIECES)
    return [packed[i * size : (i + 1) * size] for i in range(PIECES)]


def write(app, exception):
    """All pages in scripts, as a page from disk may read no data. What was not built anew is as it was."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        pages = {name: page for name, page in (read(static) | app.sections).items() if name in app.env.found_docs}
        for i, piece in enumerate(pieces(pages)):
            (static / f"sections{i}.js").write_text(f'(window.SECTIONS ??= [])[{i}] = "{piece}";', encoding="ascii")


def setup(app):
    app.sections = {}
    app.connect("doctree-resolved", collect)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

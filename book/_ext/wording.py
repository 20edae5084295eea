"""The text of a node as a reader would copy it: formulas in letters, nothing that is not shown."""

import re

from docutils import nodes
from sphinx import addnodes

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
    if isinstance(node, nodes.math):
        return readable(node.astext())
    if isinstance(node, HIDDEN):
        return ""
    return node.astext() if isinstance(node, nodes.Text) else "".join(map(text_of, node.children))

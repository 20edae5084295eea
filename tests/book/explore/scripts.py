"""The script of a figure on an empty page, without its figure."""

from situations import ROOT

CLOSE = 1e-8  # of the largest prior entry


def source(name):
    return (ROOT / "book" / "_static" / "explore" / f"{name}.js").read_text(encoding="utf8")


KERNEL = source("gaussian")


def loaded(page, script):
    for code in (KERNEL, "MTGP.explore = { figure() {}, shown: (v) => v.toFixed(2) }", script):
        page.evaluate(code)
    return page

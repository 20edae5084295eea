"""The script of a figure on an empty page, without its figure, and with planted bugs."""

from playwright.sync_api import Error
from situations import ROOT

CLOSE = 1e-8  # of the largest prior entry


def source(name):
    return (ROOT / "book" / "_static" / "explore" / f"{name}.js").read_text(encoding="utf8")


KERNEL = source("gaussian")


def loaded(page, script):
    for code in (KERNEL, "MTGP.explore = { figure() {}, shown: (v) => v.toFixed(2) }", script):
        page.evaluate(code)
    return page


def missed(bugs, script, worst, close=CLOSE):
    """The bugs (what it is, the right code, the wrong code) with which a script stays close to the module."""

    def noticed(right, wrong):
        assert script.count(right) == 1, right
        try:
            return not worst(script.replace(right, wrong)) < close
        except Error as error:  # a bug that stops the script is noticed too
            return "RangeError" in str(error) or "TypeError" in str(error)

    return [what for what, right, wrong in bugs if not noticed(right, wrong)]

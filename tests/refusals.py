"""Refusals of the core as whole sentences: `refusals.txt` holds them, so that a wrong word turns a check red.

`python tests/refusals.py` stores them again, after a change that was meant, and prints which came and went. What the
folders `fast` and `tables` say is held by the argument and the place that a test names.
"""

import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import mtgp_tutorial

CORE = Path(mtgp_tutorial.__file__).parent
STORED = Path(__file__).with_name("refusals.txt")
KNOWN = frozenset(STORED.read_text(encoding="utf8").splitlines()) if STORED.exists() else frozenset()
OTHERS = [  # what NumPy, pandas and GPyTorch say, which changes with their versions
    re.compile(r"(not a numeric array \(|does not fit inputs of \d+ columns? \()[^;]*(?=\))"),
    re.compile(r"(is an? \w*Index of )\S+"),
    re.compile(r"()np\.\w+\([^)]*\)"),
]
heard: set[str] | None = None  # while sentences are stored


@contextmanager
def refusing(kind, match):
    """`pytest.raises`, whose message is one line, and known as a whole where a file of the core raised it."""
    with pytest.raises(kind, match=match) as caught:
        yield caught
    said = str(caught.value)
    assert "\n" not in said
    if Path(caught.traceback[-1].path).parent != CORE:
        return
    for theirs in OTHERS:
        said = theirs.sub(r"\1...", said)
    if heard is not None:
        heard.add(said)
    else:
        assert said in KNOWN, f"read it, and store it by tests/refusals.py if it was meant: {said}"


if __name__ == "__main__":
    import refusals  # the module that the tests import

    refusals.heard, here = set(), Path(__file__).parent
    using = [str(path) for path in sorted(here.rglob("test_*.py")) if "from refusals import" in path.read_text("utf8")]
    if pytest.main(["-q", "-p", "no:cacheprovider", *using]):
        sys.exit("a test fails; nothing is stored")
    for which, lines in (("new", refusals.heard - KNOWN), ("gone", KNOWN - refusals.heard)):
        print(*(f"{which}: {line}" for line in sorted(lines)), sep="\n")
    STORED.write_text("\n".join(sorted(refusals.heard)) + "\n", encoding="utf8")

"""Whole sentences: what the module says is kept in `sentences.txt`, so that a wrong word turns a check red.

`python tests/told.py` stores the sentences again, after a change that was meant, and prints which came and went. With
names of test files it adds what these say; so it does where a test was skipped, as what that says is not known here.
"""

import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

STORED = Path(__file__).with_name("sentences.txt")
KNOWN = frozenset(STORED.read_text(encoding="utf8").splitlines()) if STORED.exists() else frozenset()
OTHERS = [  # what NumPy, pandas and GPyTorch say, which changes with their versions
    re.compile(r"(not a numeric array \(|does not fit inputs of \d+ columns? \()[^;]*(?=\))"),
    re.compile(r"(is an? \w*Index of )\S+"),
    re.compile(r"()np\.\w+\([^)]*\)"),
]
heard: set[str] | None = None  # while sentences are stored


def told(said, folder=None) -> str:
    """A sentence, one line of the file for each of its lines; folder: of the test, which is no part of it.

    Fails for a sentence that the file does not hold.
    """
    text = str(said) if folder is None else str(said).replace(str(folder), "FOLDER").replace(folder.name, "FOLDER")
    for line in filter(None, map(str.strip, text.splitlines())):
        for theirs in OTHERS:
            line = theirs.sub(r"\1...", line)
        if heard is not None:
            heard.add(line)
        else:
            assert line in KNOWN, f"read it, and store it by tests/told.py if it was meant: {line}"
    return text


@contextmanager
def refusing(kind, match, folder=None):
    """`pytest.raises`, whose sentence is known as a whole."""
    with pytest.raises(kind, match=match) as caught:
        yield caught
    told(caught.value, folder)


class Skipped:
    """Whether a test was skipped."""

    any = False

    def pytest_runtest_logreport(self, report):
        self.any |= report.skipped


if __name__ == "__main__":
    import told as asked  # the module that the tests import

    asked.heard, here = set(), Path(__file__).parent
    using = [str(path) for path in sorted(here.rglob("test_*.py")) if "from told import" in path.read_text("utf8")]
    skipped = Skipped()
    if pytest.main(["-q", "-p", "no:cacheprovider", *(sys.argv[1:] or using)], plugins=[skipped]):
        sys.exit("a test fails; nothing is stored")
    kept = KNOWN if sys.argv[1:] or skipped.any else set()  # some files add theirs
    for which, lines in (("new", asked.heard - KNOWN), ("gone", KNOWN - asked.heard - kept)):
        print(*(f"{which}: {line}" for line in sorted(lines)), sep="\n")
    STORED.write_text("\n".join(sorted(asked.heard | kept)) + "\n", encoding="utf8")

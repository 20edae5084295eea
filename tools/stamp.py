"""Which sources and versions the stored outputs were last verified on.

    python tools/stamp.py        # exit status 0 if nbval has passed on exactly what is here, else 1

The stamp is written by `conftest.py` after a green `pytest --nbval` over all chapters; `pytest --stamped` asks it.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAMP = ROOT / "_build" / "verified.txt"
SOURCES = (
    *("mtgp_tutorial/**/*", "book/*.ipynb", "book/studies/*", "constraints.txt"),
    *("conftest.py", "pyproject.toml"),
    *("tests/matplotlibrc", "tests/nbval_sanitize.cfg", "tests/book/test_notebooks.py"),
)


def installed() -> list[str]:
    """Every package of this environment with its version: a list that is typed forgets one."""
    return sorted({f"{package.name} {package.version}" for package in distributions()})


def fingerprint() -> str:
    """One hash of all that can change an output or its comparison: module, chapters, settings, Python and packages."""
    files = {path for pattern in SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if "__pycache__" not in path.parts):
        digest.update(f"{path.relative_to(ROOT).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    digest.update("\n".join(installed()).encode())
    digest.update(f"python {sys.version_info[:2]}\n".encode())
    return digest.hexdigest()


def verified() -> bool:
    """Whether the stored outputs passed on exactly these sources and versions."""
    return STAMP.is_file() and fingerprint() in STAMP.read_text().split()


def write(passed: str) -> None:
    """Record that the sources with this fingerprint passed; earlier ones (other versions of torch, say) stay true."""
    STAMP.parent.mkdir(exist_ok=True)
    with STAMP.open("a") as stamp:
        stamp.write(passed + "\n")


if __name__ == "__main__":
    sys.exit(0 if verified() else 1)

"""Checksums of data and stored studies, in mtgp_tutorial/datasets/SHA256SUMS: a changed value turns a check red.

python tools/checksums.py       # after a file was changed on purpose
"""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "mtgp_tutorial" / "datasets"


def lines() -> list[str]:
    """One line for each file, as `sha256sum` writes it."""
    files = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.csv"))
    return [f"{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}  {name}" for name in files]


if __name__ == "__main__":
    (FOLDER / "SHA256SUMS").write_text("\n".join(lines()) + "\n", encoding="utf8")

"""What a folder of results belongs to: the file, the options and the version; so that a run goes on, or is refused."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.report.refused import Refused

RUN, ONCE = "run.json", "parameters.json"
FILES = ("report.html", "filled.csv", "repeat.py", "trials.csv", "trials.csv.lock", "trials.csv.part", RUN, ONCE)


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_folder(folder: Path) -> None:
    """Refuse a folder that leads elsewhere, or holds what this command did not write."""
    if folder.is_symlink() or any((folder / name).is_symlink() for name in FILES):
        raise Refused(f"{folder} is a link or holds one, and nothing is written through links; add --out NAME")
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file; add --out NAME, the name of a folder")
    if not folder.exists() and not folder.absolute().parent.is_dir():
        raise Refused(f"{folder} lies in a folder that does not exist; make it, or add --out NAME")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RUN).is_file():
        raise Refused(f"{folder} holds other files; add --out NAME, the name of a new folder")


def known_run(folder: Path, run: dict[str, Any]) -> dict[str, Any] | None:
    """What the folder says of an earlier run; None where there is none. Refused where that was of another run."""
    path = folder / RUN
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf8"))
        assert isinstance(kept, dict) and isinstance(kept["options"], dict) and isinstance(kept["arms"], list)
    except (ValueError, KeyError, AssertionError):
        raise Refused(f"{path} is not a file that this command wrote; remove {folder}, or add --out NAME") from None
    todo = f"remove {folder}, or add --out NAME"
    if kept.get("table") != run["table"]:
        raise Refused(f"{folder} belongs to {kept.get('table')}; pass another --out")
    if kept.get("checksum") != run["checksum"]:
        raise Refused(f"{run['table']} has changed since {folder} was made; {todo}")
    if kept.get("version") != run["version"]:
        raise Refused(f"{folder} is of version {kept.get('version')}, and this is {run['version']}; {todo}")
    for name, value in run["options"].items():
        if kept["options"].get(name) != value:
            was = kept["options"].get(name)
            raise Refused(f"--{name} was {_word(was)} when {folder} was made, and is {_word(value)}; {todo}")
    return kept


def stored(path: Path) -> set[tuple[str, str]]:
    """Trial and arm of each fit that a store holds; none where it cannot be read, which `compare` will say."""
    try:
        table = pd.read_csv(path, usecols=["trial", "arm"], dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        return set()
    return set(zip(table["trial"], table["arm"]))


def keep_run(folder: Path, run: dict[str, Any]) -> None:
    """Make the folder, and write down what it belongs to."""
    folder.mkdir(exist_ok=True)
    put(folder / RUN, json.dumps(run, indent=1) + "\n")


def put(path: Path, text: str) -> None:
    """Write a file beside its place, then put it there: never half a file, and no link is followed."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="utf8", newline="") as file:
        file.write(text)
    os.replace(draft, path)


def _word(value: Any) -> str:
    return "not given" if value in (None, [], "") else str(value)

"""Fits by trial and method in a CSV file, known again by fingerprints.

The file has one writer and every label as it was. Each fit is appended, and each line has a check of its own: whatever
ends a process, what is read again is what was written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from mtgp_tutorial.data import TaskData
from mtgp_tutorial.writing import not_written, write

Key = tuple[str, str]  # trial and method
Row = tuple[Any, ...]  # in the order of COLUMNS
LABELS = ["trial", "method", "task"]
JOINT = "joint NLPD"  # NaN where it was not asked for, or has no one law
NUMBERS = ["MSE", "MAE", "SMSE", "MSLL", "NLPD", "CRPS", "coverage", "log likelihood", "on floor", "interpolated"]
FINGERPRINTS = ["numbers", "start", "data"]  # of the model (how many are fitted, where they begin), and of all cells
COLUMNS = [*LABELS, *NUMBERS, JOINT, *FINGERPRINTS]
TEXTS, WHOLE = {*LABELS, "data"}, {"on floor", "interpolated", "numbers"}  # the other columns are floats
CHECK = "check"  # the last column, by which a line that has changed is known; up to version 0.25 there was none
HEAD = f"{','.join(COLUMNS)},{CHECK}\n".encode()
# up to version 0.10 with "hidden" in the place of "data": a sum, in which large inputs drowned what was hidden
BEFORE_0_11 = "trial,method,task,MSE,MAE,SMSE,MSLL,NLPD,CRPS,coverage,log likelihood,on floor,numbers,start,hidden"
RENAMED = {"arm": "method", "bridged": "interpolated"}  # up to version 0.22
LACKING = {"interpolated": "0", JOINT: ""}  # up to versions 0.12 and 0.13


class StoreError(ValueError):
    """A store that cannot be used: of other data, of another process, or no store at all."""


@contextmanager
def opened(path: str | Path | None) -> Iterator[Store]:
    """A store, under a lock beside its file that falls when its process ends, however it ends.

    Raises StoreError for a folder that is not there, a file that is no store or has changed, and one that another
    process writes; NotWritten where it cannot be written.
    """
    if path is None:
        yield Store(None)
        return
    target = Path(path).expanduser().resolve()
    if not os.path.isdir(target.parent):
        raise StoreError(f"store: {path} lies in a folder that does not exist; make it, or pass another path")
    try:
        lock = FileLock(f"{target}.lock").acquire(timeout=0)
    except OSError as error:
        if isinstance(error, Timeout) and os.path.exists(f"{target}.lock"):  # elsewhere no lock could be made
            raise StoreError(f"store: another process writes {target}; wait for it, or pass another path") from None
        raise not_written(target, "store", error) from None
    with lock:
        kept = Store(target)
        for row in _read(target) if target.exists() else ():
            kept.done.setdefault(row[:2], []).append(row)
        kept.tidy()
        yield kept
        kept.tidy()


@dataclass
class Store:
    """The rows of each fit, by trial and method; in a CSV file, unless path is None.

    size: of the file in bytes, as it was left; one of another size is not appended to.
    """

    path: Path | None
    done: dict[Key, list[Row]] = field(default_factory=dict)
    size: int = 0

    def holds(self, key: Key, fingerprints: dict[str, float | str], tasks: int, joint: bool) -> bool:
        """Whether a fit is done: all rows are there, with the joint score if asked. StoreError where it was one of
        other data or model."""
        if key not in self.done:
            return False
        *_, joints, numbers, start, data = zip(*self.done[key])
        near = np.allclose(start, fingerprints["start"], rtol=1e-6)
        if not ({*numbers} == {fingerprints["numbers"]} and near and {*data} == {fingerprints["data"]}):
            label, method = key
            raise StoreError(
                f"store: {self.path} holds {method!r} on trial {label!r}, of other data or by another model; pass "
                "another path"
            )
        return len(joints) == tasks and not (joint and np.isnan(joints).all())

    def add(self, key: Key, table: pd.DataFrame) -> None:
        """Keep the rows of one fit, on the disk at the end of the file. NotWritten leaves the file as it was."""
        self.done[key] = rows = [(*key, *row) for row in zip(*(table[name].tolist() for name in COLUMNS[2:]))]
        if self.path is None:
            return
        if not self.path.exists() or self.path.stat().st_size != self.size:
            self.tidy()
            return
        left = _lines(rows)
        try:
            with open(self.path, "ab", buffering=0) as file:
                while left:  # a disk that fills up takes a part
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
                self.size = file.tell()
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, self.size)
            raise not_written(self.path, "store", error) from None

    def tidy(self) -> None:
        """Write the file anew where it is anything but a line for each row: torn, twice, of an earlier version."""
        if self.path is None or not self.done:
            return
        wanted = HEAD + _lines(row for rows in self.done.values() for row in rows)
        if not self.path.exists() or self.path.read_bytes() != wanted:
            write(self.path, wanted, "store")
        self.size = len(wanted)


def _lines(rows: Iterable[Row]) -> bytes:
    """Lines of the file, each with its check; NaN is empty."""
    lines: list[str] = []
    writer = csv.writer(SimpleNamespace(write=lines.append))  # its lines end in both, and so it quotes either
    for row in rows:
        fields = ["" if value != value else str(value) for value in row]
        writer.writerow([*fields, _check(fields)])
    return "".join(f"{line[:-2]}\n" for line in lines).encode("utf8")


def _check(fields: list[str]) -> str:
    return hashlib.sha256("\n".join(fields).encode()).hexdigest()[:8]


def _read(path: Path) -> Iterable[Row]:
    """The rows of a file in this or an earlier format, of those that stand there twice the last."""
    try:
        head, _, body = path.read_bytes().decode("utf8", "replace").partition("\n")
    except OSError as error:
        raise StoreError(f"store: {path} could not be read ({error.strerror}); pass another path") from None
    names = [RENAMED.get(name, name) for name in head.strip().split(",")]
    if ",".join(names) == BEFORE_0_11:
        warnings.warn(
            f"store: {path} was written before version 0.11, whose fingerprints miss some changes of the data; its "
            "fits are done again",
            stacklevel=6,
        )
        return []
    if not {*COLUMNS} - {*LACKING} <= {*names} - {CHECK} <= {*COLUMNS}:
        raise StoreError(f"store: {path} is not a file that compare wrote; pass another path")
    return _rows(path, names, body)


def _rows(path: Path, names: list[str], body: str) -> Iterable[Row]:
    """What stands below the head. A last line without its end is what a killed process left, and no row."""
    reader, number = csv.reader(io.StringIO(body[: body.rfind("\n") + 1], newline="")), 2
    rows: dict[Row, Row] = {}
    try:
        for fields in reader:
            row = _row(LACKING | dict(zip(names, fields, strict=True)))
            if fields[-1] != _check(fields[:-1]) if CHECK in names else row[:3] in rows or not _possible(row):
                raise ValueError
            rows[row[:3]], number = row, reader.line_num + 2
    except (ValueError, csv.Error):
        changed = (
            f"has changed in line {number} since it was written; take that line out, and its fit is done again, or"
        )
        why = changed if CHECK in names else "is not a file that compare wrote;"
        raise StoreError(f"store: {path} {why} pass another path") from None
    return rows.values()


def _row(texts: dict[str, str]) -> Row:
    """What the texts mean. Only numbers may be missing: a task may be called NA."""
    numbers = {name: float(texts[name] or "nan") for name in COLUMNS if name not in TEXTS}
    return tuple(texts[name] if name in TEXTS else (int if name in WHOLE else float)(numbers[name]) for name in COLUMNS)


def _possible(row: Row) -> bool:
    """Whether the numbers of a file without checks can be scores."""
    named = dict(zip(COLUMNS, row))
    negative = any(named[name] < 0 for name in ("MSE", "MAE", "SMSE", "CRPS", "coverage", *WHOLE))
    small = named["MAE"] ** 2 > named["MSE"] * (1 + 1e-9)  # the mean of squares is not below the squared mean
    return not (negative or small or named["coverage"] > 1)


def digest(*tables: TaskData) -> str:
    """A hash of all cells, to a billionth of the range of their column: a last digit may differ between machines."""
    found = hashlib.sha256()
    for table in tables:
        found.update(repr((table.tasks, table.units)).encode())
        for block in (table.x, table.y) if table.sd is None else (table.x, table.y, table.sd):
            for values in block.T.cpu().numpy():
                seen = values[~np.isnan(values)]
                low, high = (seen.min(), seen.max()) if len(seen) else (0.0, 0.0)
                steps = np.rint((values - low) / max(high - low, np.finfo(float).tiny) * 1e9)
                found.update(f"{low:.9g} {high:.9g} ".encode() + np.nan_to_num(steps, nan=-1).astype("<i8").tobytes())
    return found.hexdigest()[:16]

"""Fits by trial and method in a CSV file, known again by fingerprints.

The file has one writer and every label as it was, and each fit is appended: what ends a process costs no earlier fit.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from mtgp_tutorial.data import TaskData
from mtgp_tutorial.scores import SCORES
from mtgp_tutorial.writing import not_written, write

Key = tuple[str, str]  # trial and method
Row = tuple[Any, ...]  # in the order of COLUMNS
LABELS = ["trial", "method", "task"]
NUMBERS = [*SCORES, "log likelihood", "on floor"]
COLUMNS = [*LABELS, *NUMBERS, "numbers", "start", "data"]  # how many are fitted, where they begin; all cells
KINDS = dict.fromkeys([*LABELS, "data"], str) | dict.fromkeys(["on floor", "numbers"], int)


class StoreError(ValueError):
    """A store that cannot be used: of other data, of another process, or no store at all."""


@contextmanager
def opened(path: str | Path | None) -> Iterator[Store]:
    """A store, under a lock beside its file that falls when its process ends, however it ends.

    Raises StoreError for a folder that is not there, a file that is no store, and one that another process writes;
    NotWritten where it cannot be written.
    """
    if path is None:
        yield Store(None, {})
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
        kept = Store(target, _read(target) if target.exists() else {})
        kept.tidy()
        yield kept
        kept.tidy()


class Store:
    """The rows of each fit, by trial and method; in a CSV file, unless path is None."""

    def __init__(self, path: Path | None, done: dict[Key, list[Row]]):
        self.path, self.done = path, done

    def holds(self, key: Key, fingerprints: dict[str, float | str], tasks: int) -> bool:
        """Whether a fit is done: all rows are there. StoreError where it was one of other data or model."""
        if key not in self.done:
            return False
        *_, numbers, start, data = zip(*self.done[key])
        near = np.allclose(start, fingerprints["start"], rtol=1e-6)
        if not ({*numbers} == {fingerprints["numbers"]} and near and {*data} == {fingerprints["data"]}):
            label, method = key
            raise StoreError(
                f"store: {self.path} holds {method!r} on trial {label!r}, of other data or by another model; pass "
                "another path"
            )
        return len(data) == tasks

    def add(self, key: Key, table: pd.DataFrame) -> None:
        """Keep the rows of one fit, on the disk at the end of the file. NotWritten leaves the file as it was."""
        self.done[key] = rows = [(*key, *row) for row in zip(*(table[name].tolist() for name in COLUMNS[2:]))]
        if self.path is None:
            return
        if not self.path.exists():
            self.tidy()
            return
        size = self.path.stat().st_size
        try:
            with open(self.path, "ab") as file:
                file.write(_lines(rows))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, size)
            raise not_written(self.path, "store", error) from None

    def tidy(self) -> None:
        """Write the file anew where it is anything but a line for each row: torn, twice, of an earlier version."""
        if self.path is None or not self.done:
            return
        wanted = _lines([row for rows in self.done.values() for row in rows], head=True)
        if not self.path.exists() or self.path.read_bytes() != wanted:
            write(self.path, wanted, "store")


def _lines(rows: Iterable[Row], head: bool = False) -> bytes:
    """Lines of the file; NaN is empty, and texts are quoted, for a task may have any name."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.to_csv(index=False, header=head, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").encode("utf8")


def _read(path: Path) -> dict[Key, list[Row]]:
    """What a file of version 0.23 or later holds; of rows that stand there twice the last. A last line without its end
    is what a killed process left, and no row; of a score that came after the file there is no value."""
    kinds = {name: KINDS.get(name, float) for name in COLUMNS}
    try:
        text = path.read_bytes()
        text = text[: text.rfind(b"\n") + 1]
        table = pd.read_csv(
            io.BytesIO(text), usecols=COLUMNS.__contains__, dtype=str, index_col=False, keep_default_na=False
        )
        table = table.assign(**{name: "" for name in SCORES if name not in table})
        table = table[COLUMNS].drop_duplicates(LABELS, keep="last")
        table = table.replace({name: {"": "nan"} for name in COLUMNS if kinds[name] is float}).astype(kinds)
    except OSError as error:
        raise StoreError(f"store: {path} could not be read ({error.strerror}); pass another path") from None
    except (KeyError, ValueError):
        why = "is not a file that compare wrote since version 0.23, or was changed"
        raise StoreError(f"store: {path} {why}; pass another path") from None
    done: dict[Key, list[Row]] = {}
    for row in table.itertuples(index=False, name=None):
        done.setdefault(row[:2], []).append(row)
    return done


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

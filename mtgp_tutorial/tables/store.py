"""Fits by trial and method in a CSV file, known again by fingerprints.

The file has one writer and every label as it was, and is at no moment half written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from mtgp_tutorial.data import TaskData

Key = tuple[str, str]  # trial and method
LABELS = ["trial", "method", "task"]
JOINT = "joint NLPD"  # NaN where it was not asked for, or has no one law
NUMBERS = ["MSE", "MAE", "SMSE", "MSLL", "NLPD", "CRPS", "coverage", "log likelihood", "on floor", "interpolated"]
FINGERPRINTS = [
    "numbers",
    "start",
    "data",
]  # change when the model (how many numbers are fitted) or a cell of the tables does
COLUMNS = [*LABELS, *NUMBERS, JOINT, *FINGERPRINTS]  # of the file
# up to version 0.10 with "hidden" in the place of "data": a sum, in which large inputs drowned what was hidden
BEFORE_0_11 = "trial,method,task,MSE,MAE,SMSE,MSLL,NLPD,CRPS,coverage,log likelihood,on floor,numbers,start,hidden"


class StoreError(ValueError):
    """A store that cannot be used: of other data, of another process, or no store at all."""


@contextmanager
def opened(path: str | Path | None) -> Iterator[Store]:
    """A store, under a lock beside its file that falls when its process ends, however it ends.

    Raises StoreError for a folder that is not there, a file that is no store, and one that another process writes.
    """
    if path is None:
        yield Store(None, {})
        return
    target = Path(path).expanduser().resolve()
    if not target.parent.is_dir():
        raise StoreError(f"store: {path} lies in a folder that does not exist; make it, or pass another path")
    try:
        lock = FileLock(f"{target}.lock").acquire(timeout=0)
    except Timeout:
        raise StoreError(f"store: another process writes {target}; wait for it, or pass another path") from None
    with lock:
        yield Store(target, _read(target) if target.exists() else {})


@dataclass
class Store:
    """The rows of each fit, by trial and method; in a CSV file, unless path is None."""

    path: Path | None
    done: dict[Key, pd.DataFrame]

    def holds(self, key: Key, fingerprints: dict[str, float | str], joint: bool) -> bool:
        """Whether a fit is done, with its joint score if asked; StoreError where it was one of other data or model."""
        if key not in self.done:
            return False
        numbers, start, data = (self.done[key][name] for name in FINGERPRINTS)
        near = np.allclose(start, fingerprints["start"], rtol=1e-6)
        if not ((numbers == fingerprints["numbers"]).all() and near and (data == fingerprints["data"]).all()):
            label, method = key
            raise StoreError(
                f"store: {self.path} holds {method!r} on trial {label!r}, of other data or by another model; pass "
                "another path"
            )
        return not (joint and self.done[key][JOINT].isna().all())

    def add(self, key: Key, table: pd.DataFrame) -> None:
        """Keep the rows of one fit: written beside the file, then put in its place."""
        self.done[key] = table.assign(trial=key[0], method=key[1])[COLUMNS]
        if self.path is not None:
            draft = Path(f"{self.path}.part")
            pd.concat(self.done.values()).to_csv(draft, index=False)
            if self.path.exists():
                shutil.copymode(self.path, draft)
            os.replace(draft, self.path)


def _read(path: Path) -> dict[Key, pd.DataFrame]:
    """The stored fits. Only numbers may be missing: a task may be called NA."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, engine="python")
        frame = frame.rename(columns={"arm": "method", "bridged": "interpolated"})  # up to version 0.22
        if ",".join(frame.columns) == BEFORE_0_11:
            warnings.warn(
                f"store: {path} was written before version 0.11, whose fingerprints miss some changes of the data; its "
                "fits are done again",
                UserWarning,
                stacklevel=6,
            )
            return {}
        if "interpolated" not in frame:  # up to version 0.12 no method had it
            frame["interpolated"] = "0"
        if JOINT not in frame:  # up to version 0.13
            frame[JOINT] = ""
        for name in NUMBERS + [JOINT] + FINGERPRINTS[:2]:  # by Python: the parser of older pandas misses the last digit
            frame[name] = [float(text or "nan") for text in frame[name]]
        frame = frame.astype({"on floor": int, "interpolated": int, "numbers": int})[COLUMNS]
    except (ValueError, KeyError):  # not text, no columns, no numbers
        frame = None
    if frame is None or frame.duplicated(LABELS).any() or not _possible(frame):
        raise StoreError(f"store: {path} is not a file that compare wrote; pass another path")
    return {key: rows for key, rows in frame.groupby(["trial", "method"], sort=False)}  # type: ignore[misc]


def _possible(frame: pd.DataFrame) -> bool:
    """Whether the numbers can be scores; one that was changed to another possible value is not noticed."""
    errors = frame[["MSE", "MAE", "SMSE", "CRPS", "on floor", "interpolated", "numbers"]]
    small = (frame["MAE"] ** 2 > frame["MSE"] * (1 + 1e-9)).any()  # the mean of squares is not below the squared mean
    return not ((errors < 0).any(axis=None) or small or (frame["coverage"] < 0).any() or (frame["coverage"] > 1).any())


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

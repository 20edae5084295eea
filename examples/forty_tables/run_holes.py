"""Runs the methods of rivals.py on tables full of holes, and stores what they predict, cell by cell.

    python examples/forty_tables/run_holes.py great_lakes     # CPU seconds of each method on one table; stores nothing
    python examples/forty_tables/run_holes.py                 # the 29 tables that decide
    python examples/forty_tables/run_holes.py --aside         # the tables of further.csv, which judge: once

Writes full_of_holes/METHOD.csv.xz: error and sd of each asked cell in standard deviations of its column, and of
mixtures the CRPS, and whether the cell lies in the 95 % band. Adds to seconds_holes.csv: CPU seconds of a table's
twenty trials, and in how many of them the method had no answer ("failed"), so that the mean of the column had to
answer; a value that is no number, or FAR from all others, is no answer either. What is done lies under _build/studies,
as for run.py.
"""

import os
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "studies"))

import full_of_holes
import numpy as np
import pandas as pd
from rivals import OF_STATES, RIVALS, regular
from running import ROOT, cpu_count, fingerprint, in_parallel
from score import of_mixture
from sources import HERE, made_of, specs, table
from tqdm import tqdm

from mtgp_tutorial import Mixture, Prediction, TaskData

FOLDER, SECONDS = HERE / "full_of_holes", HERE / "seconds_holes.csv"
FAR = 100  # standard deviations from a column's mean at which a value is no answer


def trials(name: str, data: TaskData):
    """Kind, number, the seen table and the asked cells [N, T] of each trial."""
    every = full_of_holes.stored()
    for (kind, number), lines in every[every["table"] == name].groupby(["kind", "trial"], sort=False):
        hidden, asked = np.zeros((2, *data.y.shape), bool)
        for column, *rows in lines[["column", "hidden", "asked"]].itertuples(index=False):
            for mask, text in zip((hidden, asked), rows):
                mask[full_of_holes.numbers(text), data.tasks.index(column)] = True
        yield kind, number, made_of(data.x, np.where(hidden, np.nan, data.y.numpy()), data.tasks, data.x_name), asked


def answer(method: str, seen: TaskData, asked: TaskData) -> tuple[Prediction, int]:
    """What a method says, and 1 if the mean had to answer in its place."""
    try:
        found = RIVALS[method](seen, asked)
        off = ((found.mean - seen.scale().mean) / seen.scale().sd)[asked.observed]
        if bool((off.abs() < FAR).all() and (found.variance[asked.observed] > 0).all()):
            return found, 0
    except Exception as error:  # whatever a rival stumbles over, the trial counts
        print(f"{method}: {type(error).__name__}: {error}", file=sys.stderr)
    return RIVALS["mean"](seen, asked), 1


def rows(method: str, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and seconds of a method on a table, in standard deviations of its columns; both empty for none."""
    warnings.simplefilter("ignore")
    data = table(name)
    if method in OF_STATES and not regular(data):
        return pd.DataFrame(), pd.DataFrame()
    y, scale = data.y.numpy(), np.nanstd(data.y.numpy(), 0)
    parts, start, failed = [], time.process_time(), 0
    for kind, number, seen, cells in trials(name, data):
        found, other = answer(method, seen, made_of(data.x, np.where(cells, 0.0, np.nan), data.tasks, data.x_name))
        failed += other
        r, t = np.nonzero(cells)
        frame = pd.DataFrame(
            {"table": name, "kind": kind, "trial": number, "column": np.array(data.tasks)[t], "row": r}
        )
        frame["error"] = (found.mean[r, t].numpy() - y[r, t]) / scale[t]
        frame["sd"] = found.sd[r, t].numpy() / scale[t]
        if isinstance(found, Mixture):  # what mean and sd do not say
            means, sds = ((one[:, r, t].numpy()) for one in (found.means, found.variances.sqrt()))
            low, high = (end[r, t].numpy() for end in found.band(0.95))
            frame["crps"] = of_mixture(means, sds, y[r, t])[1] / scale[t]
            frame["inside"] = ((low <= y[r, t]) & (y[r, t] <= high)).astype(int)
        parts.append(frame)
    seconds = {"method": method, "table": name, "seconds": round(time.process_time() - start, 2), "failed": failed}
    return pd.concat(parts), pd.DataFrame([seconds])


def store(method: str, parts: list[pd.DataFrame]) -> None:
    """Adds a method's answers to those stored of other tables."""
    file, new = FOLDER / f"{method}.csv.xz", pd.concat(parts)
    if file.exists():
        old = pd.read_csv(file)
        new = pd.concat([old[~old["table"].isin(new["table"])], new])
    FOLDER.mkdir(exist_ok=True)
    order = {name: k for k, name in enumerate([*specs().index, *specs("further.csv").index])}
    new = new.sort_values("table", key=lambda names: names.map(order), kind="stable")
    new.to_csv(file, index=False, float_format="%.3g", lineterminator="\n")


def main() -> None:
    """Does what is left, and writes."""
    words = [word for word in sys.argv[1:] if word != "--aside"]
    if words:
        for method in RIVALS:
            print(rows(method, words[0])[1].to_string(index=False, header=method == "mean"), flush=True)
        return
    names = specs("further.csv").index if "--aside" in sys.argv else specs().query("aside == 0").index
    folder = ROOT / "_build" / "studies" / f"full_of_holes-{fingerprint(HERE / 'rivals.py')}"
    folder.mkdir(parents=True, exist_ok=True)
    todo = [(method, name, folder / f"{method}-{name}.pkl") for name in names for method in RIVALS]
    left = [("run_holes", (method, name), file) for method, name, file in todo if not file.exists()]
    done = in_parallel(left, int(os.environ.get("MTGP_JOBS", cpu_count())))
    sum(tqdm(done, total=len(left), unit="table", disable=None))
    seconds = [pd.read_csv(SECONDS)] if SECONDS.exists() else []
    for method in RIVALS:
        found = [pd.read_pickle(file) for one, _, file in todo if one == method]
        store(method, [part for part, _ in found if len(part)])
        seconds += [part for _, part in found if len(part)]
    every = pd.concat(seconds).drop_duplicates(["method", "table"], keep="last").sort_values(["method", "table"])
    every.to_csv(SECONDS, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()

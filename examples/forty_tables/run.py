"""Runs methods on the tables and stores what they predict, cell by cell.

    python examples/forty_tables/run.py                    # every method on every table that is not set aside
    python examples/forty_tables/run.py "ICM" "LMC"        # some methods
    python examples/forty_tables/run.py --aside            # the tables that are set aside

Writes predictions/METHOD.csv.xz (and seconds.csv: CPU seconds, and trials in which the optimiser found no optimum and
"ICM, full noise" answered, or where it is the method itself the rule "interpolation"). What is done lies under
_build/studies as for a study (book/studies/running.py, whose MTGP_JOBS and MTGP_SCHEDULER are used), so a run can be
interrupted.
"""

import os
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "studies"))

import numpy as np
import pandas as pd
import torch
from methods import METHODS
from running import ROOT, cpu_count, fingerprint, in_parallel
from score import FOLDER, NAMED, of_mixture, truth
from sources import HERE, made_of, specs
from tqdm import tqdm
from trials import Trial, trials

from mtgp_tutorial import FitError, Mixture, Prediction, TaskData
from mtgp_tutorial.tables import NotApplicable

SEASON, NONE = "regression + GP, season", "regression + GP"
COMBINED = {
    "half and half": (
        NONE,
        "full noise, Matern32",
        SEASON,
        "full noise, Matern32, season",
    ),  # the report's first method
    "half and half, no season": (NONE, "full noise, Matern32"),
    "half and half, kernels chosen": (NONE, "ICM, full noise", SEASON, "ICM, full noise, season"),
    "half and half, kernels chosen, no season": (NONE, "ICM, full noise"),
}


def asked(trial: Trial) -> TaskData:
    """A table in which the cells that are asked for are 0, and no other has a value."""
    y = np.full(tuple(trial.seen.y.shape), np.nan)
    y[trial.rows, trial.columns] = 0
    return made_of(trial.seen.x, y, trial.seen.tasks, trial.seen.x_name)


def cells(trial: Trial, found: Prediction) -> dict:
    """What is stored of the asked cells."""
    at = trial.rows, trial.columns
    values = {"mean": found.mean[at].numpy(), "sd": found.sd[at].numpy()}
    if isinstance(found, Mixture):
        means, sds = found.means[:, *at].numpy(), found.variances[:, *at].sqrt().numpy()
        values |= dict(zip(("nlpd", "crps"), of_mixture(means, sds, trial.truth)))
        values |= {name: end[at].numpy() for name, end in zip(("low", "high"), found.band(0.95))}
    return values


def answer(method: str, trial: Trial) -> tuple[Prediction, int]:
    """What a method says, and 1 if another had to answer in its place."""
    try:
        return METHODS[method](trial.seen, asked(trial)), 0
    except FitError:
        other = "interpolation" if method == "ICM, full noise" else "ICM, full noise"
        return answer(other, trial)[0], 1


def rows(method: str, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and seconds of a method on a table; both empty where it has no answer to the table."""
    warnings.simplefilter("ignore")
    parts, start, instead = [], time.process_time(), 0
    for number, trial in enumerate(trials(name)):
        try:
            found, other = answer(method, trial)
        except NotApplicable:
            return pd.DataFrame(), pd.DataFrame()
        instead += other
        named = {"table": name, "trial": number, "row": trial.rows}
        named["column"] = [trial.seen.tasks[t] for t in trial.columns]
        parts.append(pd.DataFrame(named | cells(trial, found)))
    seconds = {"method": method, "table": name, "seconds": [round(time.process_time() - start, 2)], "instead": instead}
    return pd.concat(parts), pd.DataFrame(seconds)


def store(method: str, parts: list[pd.DataFrame]) -> None:
    """Adds a method's predictions to those stored of other tables."""
    file = FOLDER / f"{method}.csv.xz"
    new = rounded(pd.concat(parts))
    if file.exists():
        old = pd.read_csv(file)
        new = pd.concat([old[~old["table"].isin(new["table"])], new])
    FOLDER.mkdir(exist_ok=True)
    order = {name: k for k, name in enumerate(specs().index)}
    new = new.sort_values("table", key=lambda names: names.map(order), kind="stable")
    new.to_csv(file, index=False, float_format="%.10g", lineterminator="\n")


def rounded(cells: pd.DataFrame) -> pd.DataFrame:
    """Values to four decimals of the sd of their column, which may be far from 0; scores and sd to four digits."""
    scale = truth().groupby(["table", "column"])["scale"].first()
    places = 4 - np.floor(np.log10(scale.loc[list(zip(cells["table"], cells["column"]))].to_numpy()))
    found = cells.copy()
    for name in [name for name in ("mean", "low", "high") if name in cells]:
        found[name] = np.rint(cells[name].to_numpy() * 10**places) / 10**places
    for name in [name for name in ("sd", "nlpd", "crps") if name in cells]:
        found[name] = [float(f"{value:.4g}") for value in cells[name]]
    return found


def combined(methods: tuple[str, ...]) -> pd.DataFrame:
    """The mixture of what normal methods of equal weights have stored, on the tables that all of them answer."""
    parts = [pd.read_csv(FOLDER / f"{method}.csv.xz").set_index(NAMED) for method in methods]
    asked = truth().set_index(NAMED)["y"]
    index = parts[0].index
    for part in parts[1:]:
        index = index[index.isin(part.index)]
    means, sds = (np.stack([part.loc[index, name] for part in parts]) for name in ("mean", "sd"))
    values = {"mean": means.mean(0), "sd": np.sqrt((sds**2).mean(0) + means.var(0))}
    values |= dict(zip(("nlpd", "crps"), of_mixture(means, sds, asked.loc[index].to_numpy())))
    shape = torch.tensor(means)[..., None], torch.tensor(sds**2)[..., None]
    law = Mixture(
        shape[0][0], shape[0].mean(0), shape[1].mean(0), ("y",), ("",), True, means=shape[0], variances=shape[1]
    )
    values |= {name: end[:, 0].numpy() for name, end in zip(("low", "high"), law.band(0.95))}
    return pd.DataFrame(values, index).reset_index()


def main() -> None:
    """Does what is left, and writes."""
    wanted = [method for method in sys.argv[1:] if method != "--aside"] or list(METHODS)
    spec = specs()
    names = spec.index[spec["aside"] == int("--aside" in sys.argv)]
    folder = ROOT / "_build" / "studies" / f"forty_tables-{fingerprint(HERE / 'methods.py')}"
    folder.mkdir(parents=True, exist_ok=True)
    todo = [(method, name, folder / f"{method}-{name}.pkl") for method in wanted for name in names]
    left = [("run", (method, name), file) for method, name, file in todo if not file.exists()]
    done = in_parallel(left, int(os.environ.get("MTGP_JOBS", cpu_count())))
    sum(tqdm(done, total=len(left), unit="table", disable=None))
    seconds = [pd.read_csv(HERE / "seconds.csv")] if (HERE / "seconds.csv").exists() else []
    for method in wanted:
        found = [pd.read_pickle(file) for one, _, file in todo if one == method]
        answered = [part for part, _ in found if len(part)]
        if answered:
            store(method, answered)
        seconds += [part for _, part in found if len(part)]
    for method, of in COMBINED.items():
        if set(of) & set(wanted) and all((FOLDER / f"{one}.csv.xz").exists() for one in of):
            store(method, [combined(of)])
    table = pd.concat(seconds).drop_duplicates(["method", "table"], keep="last").sort_values(["method", "table"])
    table.to_csv(HERE / "seconds.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()

"""Scores what is stored of tables full of holes, and compares over families of tables.

    python examples/forty_tables/score_holes.py             # the 29 tables: what decides
    python examples/forty_tables/score_holes.py --aside     # the tables of further.csv: what judges

Prints ratios of CRPS by kind of hole, and writes the study full_of_holes.csv of the module: means of each table, kind
and method over the asked cells. Beside the stored methods there are:

- "ICM": the one with full noise where NOISE takes it, else with noise per task.
- "ICM, instead": the same, but where full noise found no optimum (then the column's mean stands for it) with noise per
  task, as `fill` does.
- "half and half": the mixture of the latter and "regression + GP" in equal parts; "by the row": the same where at least
  three fifths of the row's other columns are seen, and the ICM alone elsewhere.
- "best simpler method, in hindsight": of each table and kind, of those that are no ICM and have no part in one.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from run_holes import FOLDER, trials
from score import WIDTH, normal, of_mixture, ratio_of
from sources import specs, table

from mtgp_tutorial import Mixture, datasets

CELL = ["table", "kind", "trial", "column", "row"]
RESULTS = Path(datasets.__file__).parent / "studies" / "full_of_holes.csv"
FIT = "regression + GP, 15 to spare"  # what half and half takes
ENOUGH = 0.6  # of a row's other columns, from which on the regression has a say "by the row"
NOISE = {  # rows that hold several values, of so many columns, from which on a rule takes full noise
    "never": lambda T: np.inf,
    "40 and ten a column": lambda T: max(40, 10 * T),
    "T (T + 1)": lambda T: T * (T + 1),
    "ten a column": lambda T: 10 * T,
    "40": lambda T: 40,
}
RULE, INSTEAD = "40 and ten a column", "ICM, instead"


def patterns(names) -> pd.DataFrame:
    """Of each asked cell: the share of its row's other columns that is seen, rows that hold several values, columns."""
    parts = []
    for name in names:
        data = table(name)
        for kind, number, seen, asked in trials(name, data):
            r, t = np.nonzero(asked)
            seen = seen.observed.numpy()
            frame = pd.DataFrame(
                {"table": name, "kind": kind, "trial": number, "column": np.array(data.tasks)[t], "row": r}
            )
            beside = seen[r].sum(1) / (data.num_tasks - 1)  # the cell itself is hidden
            parts.append(frame.assign(beside=beside, several=(seen.sum(1) > 1).sum(), columns=data.num_tasks))
    return pd.concat(parts).set_index(CELL)


def stored(method: str, names) -> pd.DataFrame:
    """What a method says of the cells of some tables."""
    found = pd.read_csv(FOLDER / f"{method}.csv.xz")
    found = found[found["table"].isin(set(names))].set_index(CELL)
    if "crps" in found:
        return found
    crps = normal(found["error"], found["sd"], 0.0)[1]
    return found.assign(crps=crps, inside=(found["error"].abs() <= WIDTH * found["sd"]).astype(int))


def pooled(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The mixture of two normal answers in equal parts."""
    second = second.loc[first.index]
    means, sds = (np.stack([one[name] for one in (first, second)]) for name in ("error", "sd"))
    m, v = torch.tensor(means)[..., None], torch.tensor(sds**2)[..., None]
    law = Mixture(m[0], m.mean(0), v.mean(0) + m.var(0, correction=0), ("y",), ("",), True, means=m, variances=v)
    low, high = (end[:, 0].numpy() for end in law.band(0.95))
    how = {"sd": law.sd[:, 0].numpy(), "crps": of_mixture(means, sds, np.zeros(len(first)))[1]}
    return first.assign(error=means.mean(0), **how, inside=((low <= 0) & (high >= 0)).astype(int))


def chosen(rule, seen: pd.DataFrame, full: pd.DataFrame, per_task: pd.DataFrame) -> pd.DataFrame:
    """Full noise in trials with rows enough by a rule, else noise per task."""
    takes = seen["several"] >= seen["columns"].map(rule)
    return full.where(takes.reindex(full.index, fill_value=False), per_task.loc[full.index])


def stuck(found: dict[str, pd.DataFrame]) -> pd.Series:
    """Whether a cell's trial is one in which full noise had no answer, so that the mean stands there."""
    full, mean = found["ICM, full noise"], found["mean"]
    off = (full["error"] - mean["error"].loc[full.index]).abs()
    return off.groupby(CELL[:3]).transform("max") < 1e-9


def answers(names) -> dict[str, pd.DataFrame]:
    """Every method, stored or combined, on some tables."""
    found = {
        file.name.removesuffix(".csv.xz"): stored(file.name.removesuffix(".csv.xz"), names)
        for file in FOLDER.glob("*.xz")
    }
    seen = patterns(names)
    found["ICM"] = chosen(NOISE[RULE], seen, found["ICM, full noise"], found["ICM, noise per task"])
    found[INSTEAD] = chosen(
        NOISE[RULE], seen[~stuck(found).loc[seen.index]], found["ICM, full noise"], found["ICM, noise per task"]
    )
    found["half and half"] = half = pooled(found[INSTEAD], found[FIT])
    found["by the row"] = half.where((seen["beside"] >= ENOUGH - 1e-9).loc[half.index], found[INSTEAD])
    return found


def means(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each table, kind and method: cells, and means of CRPS, squared error and coverage."""
    rows = {}
    for method, cells in found.items():
        cells = cells.assign(MSE=cells["error"] ** 2)
        rows[method] = cells.groupby(["table", "kind"]).agg(
            cells=("crps", "size"), CRPS=("crps", "mean"), MSE=("MSE", "mean"), coverage=("inside", "mean")
        )
    return pd.concat(rows, names=["method"]).reset_index()[
        ["table", "kind", "method", "cells", "CRPS", "MSE", "coverage"]
    ]


SIMPLER = [  # methods without an ICM
    "mean",
    "interpolation",
    "regression",
    FIT,
    "own curve",
    "EM",
    "EM, then regression + GP",
    "regression + GP in turns",
    "IterativeImputer, lags",
    "structural",
    "dynamic factor",
]
BEST = "best simpler method, in hindsight"


def log_ratios(scores: pd.DataFrame, first: str) -> pd.DataFrame:
    """Logarithm of the CRPS of a method over that of each other: tables and kinds in rows, methods in columns."""
    wide = np.log(scores.pivot(index=["table", "kind"], columns="method", values="CRPS"))
    wide[BEST] = wide[[name for name in SIMPLER if name in wide]].min(axis=1)
    return wide.rsub(wide[first], axis=0).drop(columns=first)


def over_kinds(logs: pd.DataFrame) -> pd.DataFrame:
    """`ratio_of` of each method, the kinds of a table counting the same."""
    return pd.DataFrame({method: ratio_of(logs[method].dropna().groupby("table").mean()) for method in logs}).T


def by_kind(logs: pd.DataFrame) -> pd.DataFrame:
    """Ratios of each method for each kind, as texts."""
    kinds = logs.index.unique("kind")
    found = {kind: over_kinds(logs.xs(kind, level="kind")) for kind in kinds}
    return pd.DataFrame(
        {kind: [of_text(row) for _, row in one.iterrows()] for kind, one in found.items()}, logs.columns
    )


def of_text(row: pd.Series) -> str:
    return f"{row['ratio']:.2f} ({row['low']:.2f}-{row['high']:.2f}; {row['ahead']:.0f}/{row['tables']:.0f})"


def noise_rules(found: dict[str, pd.DataFrame], names) -> pd.DataFrame:
    """Each rule over never, and both coverages, on the trials of the tables in which they differ."""
    seen, rows = patterns(names), {}
    never = found["ICM, noise per task"]
    for name, rule in NOISE.items():
        cells = chosen(rule, seen, found["ICM, full noise"], never)
        logs = log_ratios(means({"rule": cells, "never": never}), "rule")
        differ = (seen["several"] >= seen["columns"].map(rule)).loc[cells.index]
        row = over_kinds(logs).loc["never"]
        rows[name] = row.to_dict() | {
            "differ": differ.mean(),
            "inside": cells["inside"][differ].mean(),
            "never": never["inside"][differ].mean(),
        }
    return pd.DataFrame(rows).T


def main() -> None:
    aside = "--aside" in sys.argv
    names = list(specs("further.csv").index if aside else specs().query("aside == 0").index)
    found = answers(names)
    scores = means(found)
    for first in ("ICM", "by the row", "half and half"):
        logs = log_ratios(scores, first)
        print(
            f"\nCRPS of {first!r} over that of each method, below 1 where it is ahead",
            over_kinds(logs).round(3),
            sep="\n",
        )
        print(by_kind(logs).T.to_string())
    print("\ncoverage of 95 % bands by kind")
    cells = pd.concat(found, names=["method"]).reset_index()
    print(
        cells.pivot_table("inside", "method", "kind")
        .mul(100)
        .round(0)
        .assign(least=cells.groupby(["method", "table"])["inside"].mean().groupby("method").min().mul(100).round(0))
        .to_string()
    )
    print("\nnoise", noise_rules(found, names).round(3).to_string(), sep="\n")
    family = pd.concat([specs(), specs("further.csv")])["family"]
    scores.insert(1, "family", scores["table"].map(family))
    scores.insert(2, "aside", int(aside))
    scores.insert(7, "log CRPS", np.log(scores["CRPS"]))
    old = pd.read_csv(RESULTS) if RESULTS.exists() else scores[:0]
    every = pd.concat([old[~old["table"].isin(names)], scores]).sort_values(["aside", "table"], kind="stable")
    every.to_csv(RESULTS, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()

"""Scores predictions of the benchmark, and compares methods over families of tables.

    python examples/forty_tables/score.py                     # the stored methods; writes the studies forty_tables*.csv
    python examples/forty_tables/score.py MINE.csv ...        # checks yours, and prints it beside the stored ones
    python examples/forty_tables/score.py --aside MINE.csv    # the same of the tables that are set aside: once

A file of predictions has the columns table, trial, row, column, mean and sd: one line for each cell that trials.csv.xz
asks for, of some tables or all; what it answers of a table it answers whole. sd is that of the noisy value, empty where
a method says no more than a number (its CRPS is then the absolute error). Where an answer is not normal the columns
nlpd, crps, low and high say what the law of the cell scores, and its 2.5 and 97.5 % quantiles.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sources import HERE, specs, table
from trials import stored

from mtgp_tutorial import datasets

NAMED = ["table", "trial", "row", "column"]
OTHER = ["nlpd", "crps", "low", "high"]
FOLDER = HERE / "predictions"
RESULTS = Path(datasets.__file__).parent / "studies" / "forty_tables.csv"
SHOWN = ["half and half", "regression + GP", "ICM, full noise", "regression", "independent", "interpolation"]
WIDTH = stats.norm.ppf(0.975)


def normal(mean, sd, y):
    """NLPD and CRPS of y under N(mean, sd^2), cell by cell."""
    z = (y - mean) / sd
    crps = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    return -stats.norm.logpdf(z) + np.log(sd), crps


def of_mixture(means, sds, y):
    """NLPD and CRPS of y [n] under mixtures of normal laws [D, n] of equal weights. (CRPS: Grimit et al. 2006)"""
    log = stats.norm.logpdf(y, means, sds)
    top = log.max(0)
    far = _distance(y - means, sds).mean(0)
    pairs = [_distance(one - means, np.hypot(sd, sds)).mean(0) for one, sd in zip(means, sds)]
    return -top - np.log(np.exp(log - top).mean(0)), far - np.mean(pairs, 0) / 2


def _distance(mean, sd):
    """E|Y| of Y ~ N(mean, sd^2)."""
    z = mean / sd
    return 2 * sd * stats.norm.pdf(z) + mean * (2 * stats.norm.cdf(z) - 1)


def truth() -> pd.DataFrame:
    """All asked cells: table, trial, kind, column, row, y, and the sd of the column's known values.

    A kind "others ..." becomes "others ..., nothing left" where no other column is seen in the cell's row.
    """
    every = stored()
    asked, gone = every.query("asked == 1").drop(columns="asked"), every.groupby(["table", "trial", "row"]).size()
    parts = []
    for name, cells in asked.groupby("table", sort=False):
        data = table(name)
        columns, y = cells["column"].map(data.tasks.index).to_numpy(), data.y.numpy()
        known = np.isfinite(y).sum(1)[cells["row"]]
        left = known - gone.loc[list(zip(cells["table"], cells["trial"], cells["row"]))].to_numpy()
        empty = cells["kind"].str.startswith("others") & (left == 0)
        kind = cells["kind"].where(~empty, cells["kind"] + ", nothing left")
        parts.append(cells.assign(kind=kind, y=y[cells["row"], columns], scale=np.nanstd(y, 0)[columns]))
    return pd.concat(parts)


def checked(file: str | Path, asked: pd.DataFrame) -> pd.DataFrame:
    """Predictions of a file beside the truth; exits with one sentence where they do not fit."""
    try:
        found = pd.read_csv(file, dtype={"table": str, "column": str})
    except pd.errors.EmptyDataError:
        found = pd.DataFrame()
    except FileNotFoundError:
        sys.exit(f"{file}: is no file; pass the CSV of your predictions")
    found = found[[name for name in [*NAMED, "mean", "sd", *OTHER] if name in found]]
    why = _columns(found) or _values(found)
    both = asked if why else asked.merge(found, on=NAMED, how="outer", indicator=True)
    if not why:
        odd = both[both["_merge"] == "right_only"]
        lost = both[(both["_merge"] == "left_only") & both["table"].isin(found["table"])]
        if len(odd):
            why = f"{_cell(odd)} is not asked for; {_odd(odd.iloc[0], asked)}"
        elif len(lost):
            why = f"{_cell(lost)} has no line; a table is answered whole, or left out"
    if why:
        sys.exit(f"{file}: {why}")
    return both[both["_merge"] == "both"].drop(columns="_merge")


def _odd(row: pd.Series, asked: pd.DataFrame) -> str:
    """What may be wrong with a cell that is not asked for."""
    table = asked[asked["table"] == row["table"]]
    if row["table"] not in specs().index:
        return "no table has this name; tables.csv has them"
    if not len(table):
        return "the table is set aside, or your call has --aside and it is not"
    if row["column"] not in set(table["column"]):
        return f"its columns are {', '.join(sorted(set(table['column'])))}"
    return "rows and trials count from 0, and trials.csv.xz names the cells"


def _columns(found: pd.DataFrame) -> str:
    """What is wrong with the columns of a file, or nothing."""
    for name in [*NAMED, "mean", "sd"]:
        if name not in found:
            return f"has no column {name!r}; it needs {', '.join([*NAMED, 'mean', 'sd'])}, with commas between"
    if not len(found):
        return "has no line below its names; write one for each cell that is asked for"
    for name in [name for name in ("trial", "row", "mean", "sd", *OTHER) if name in found]:
        if found[name].dtype.kind not in "if":
            text = next((value for value in found[name] if isinstance(value, str)), found[name].iloc[0])
            return f"the column {name!r} holds {text!r}, no number"
    for name in [name for name in ("sd", *OTHER) if name in found]:
        if found[name].isna().any() and found[name].notna().any():
            return f"{name} is empty at {_cell(found[found[name].isna()])}, and not elsewhere; give all or none"
    return ""


def _values(found: pd.DataFrame) -> str:
    """What is wrong with its cells, or nothing."""
    if found.duplicated(NAMED).any():
        return f"{_cell(found[found.duplicated(NAMED)])} stands there twice; a cell has one line"
    wrong = found[~np.isfinite(found["mean"]) | (found["sd"] <= 0) | np.isinf(found["sd"])]
    if len(wrong):
        return f"{_cell(wrong)} has no finite mean, or an sd that is not above 0"
    below = found[found["crps"] <= 0] if "crps" in found else found[:0]
    if len(below):
        return f"{_cell(below)} has a crps that is not above 0"
    turned = found[found["low"] >= found["high"]] if {"low", "high"} <= set(found) else found[:0]
    return f"{_cell(turned)} has a low that is not below its high" if len(turned) else ""


def _cell(frame: pd.DataFrame) -> str:
    row = frame.iloc[0]
    return f"table {row['table']!r}, trial {row['trial']}, row {row['row']}, column {row['column']!r}"


def by_cell(both: pd.DataFrame) -> pd.DataFrame:
    """CRPS and squared error in sd of the column, NLPD of values in that unit, and coverage, for each cell."""
    y, mean, sd = (both[name].to_numpy() for name in ("y", "mean", "sd"))
    nlpd, crps = normal(mean, sd, y)
    low, high = mean - WIDTH * sd, mean + WIDTH * sd
    crps = np.where(np.isnan(sd), np.abs(y - mean), crps)
    own = {name: both.get(name, pd.Series(np.nan, both.index)).to_numpy() for name in OTHER}
    nlpd, crps, low, high = (np.where(np.isnan(own[n]), v, own[n]) for n, v in zip(OTHER, (nlpd, crps, low, high)))
    inside = np.where(np.isnan(sd), np.nan, (low <= y) & (y <= high))
    scale = both["scale"].to_numpy()
    values = {"CRPS": crps / scale, "NLPD": nlpd - np.log(scale), "MSE": ((y - mean) / scale) ** 2, "coverage": inside}
    return both[[*NAMED, "kind"]].assign(cells=1, **values)


def scored(both: pd.DataFrame) -> pd.DataFrame:
    """One row for each table and kind: how many cells, and means of the scores of `by_cell`."""
    groups = by_cell(both).groupby(["table", "kind"], sort=False)
    return groups.agg({"cells": "size", **dict.fromkeys(("CRPS", "NLPD", "MSE", "coverage"), "mean")}).reset_index()


def means(scores: pd.DataFrame, score: str = "CRPS", kinds=None) -> pd.DataFrame:
    """Mean over the asked cells of a table, of some kinds or all: tables in rows, methods in columns."""
    some = scores if kinds is None else scores[scores["kind"].isin(kinds)]
    sums = some.assign(total=some[score] * some["cells"]).groupby(["table", "method"])
    total = sums[["total", "cells"]].sum(min_count=1)
    return (total["total"] / total["cells"]).unstack()


def of_tables(scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each table and method, with the family: means over the asked cells, and the logarithm of the CRPS."""
    found = pd.concat(
        {name: means(scores, name).stack() for name in ("CRPS", "NLPD", "coverage")}, axis=1
    ).reset_index()
    found = found.merge(specs()[["family", "field", "aside"]].reset_index(), on="table")
    found = found[found["CRPS"].notna()].assign(**{"log CRPS": lambda rows: np.log(rows["CRPS"])})
    return found[["table", "family", "field", "aside", "method", "CRPS", "log CRPS", "NLPD", "coverage"]]


def ratio(wide: pd.DataFrame, first: str, second: str) -> pd.Series:
    """`ratio_of` first / second, tables in rows."""
    return ratio_of(np.log(wide[first] / wide[second]).dropna())


def ratio_of(log: pd.Series) -> pd.Series:
    """Geometric mean over families with its 95 % interval (Student), and counts; log: of a ratio, by table."""
    family = pd.concat([specs(), specs("further.csv")])["family"]
    families = log.groupby(family.reindex(log.index)).mean()
    half = stats.t.ppf(0.975, len(families) - 1) * families.sem()
    ends = {"ratio": families.mean(), "low": families.mean() - half, "high": families.mean() + half, "worst": log.max()}
    counts = {"ahead": int((log < 0).sum()), "tables": len(log), "families": len(families)}
    return pd.Series({**{name: float(np.exp(value)) for name, value in ends.items()}, **counts})


def told(name: str, mine: pd.DataFrame, others: pd.DataFrame) -> None:
    """Prints the scores of a method beside the stored ones: table by table, and as ratios."""
    wide = means(pd.concat([others, mine.assign(method="yours")]))
    rows = {method: ratio(wide, "yours", method) for method in wide if method != "yours"}
    found = pd.DataFrame({method: row for method, row in rows.items() if row["tables"]}).T
    if not len(found):
        sys.exit(f"{name}: no stored method answers these tables; run.py stores what methods say, then score.py")
    first = [method for method in SHOWN if method in found.index]
    print(f"{name}: CRPS of each table, in sd of the columns")
    print(wide.dropna(subset="yours")[["yours", *first]].round(3).to_string())
    covered = np.average(mine["coverage"], weights=mine["cells"])
    print(f"coverage of your 95 % bands, mean of all cells: {covered:.3f}\n")
    print("CRPS of yours over that of each method, below 1 where yours is ahead: geometric mean over families, 95 %")
    print("interval, the largest ratio of a table, and on how many tables yours is ahead (README.md names the methods)")
    order = first + [method for method in found.index if method not in SHOWN]
    print(found.loc[order].round(2).astype(dict.fromkeys(["ahead", "tables", "families"], int)).to_string())


def main() -> None:
    """Scores what is stored, or files that are named."""
    asked, aside = truth(), specs()["aside"] == 1
    named = [name for name in sys.argv[1:] if name != "--aside"]
    if not named:
        files = sorted(FOLDER.glob("*.csv.xz"))
        parts = [scored(checked(file, asked)).assign(method=file.name.removesuffix(".csv.xz")) for file in files]
        columns = ["table", "kind", "method", "cells", "CRPS"]
        order = {name: k for k, name in enumerate(specs().index)}
        every = pd.concat(parts).sort_values(["table", "kind"], key=lambda s: s.map(order).fillna(0), kind="stable")
        how = {"index": False, "float_format": "%.5g", "lineterminator": "\n"}
        every[columns].to_csv(RESULTS, **how)
        of_tables(every).to_csv(RESULTS.with_name("forty_tables_means.csv"), **how)
        return
    asked = asked[asked["table"].map(aside) == ("--aside" in sys.argv)]
    others = pd.read_csv(RESULTS)
    for file in map(Path, named):
        told(file.name, scored(checked(file, asked)), others)


if __name__ == "__main__":
    main()

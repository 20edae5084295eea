"""Where bands hold too little: coverage, width and CRPS by the place of the hole, and what mixing and averaging change.

    python examples/forty_tables/bands.py             # prints the tables of docs/decisions/bands.md; a minute

The ICM has the noise that it takes when told nothing; averaged is the one with full noise. Widths are standard
deviations of the answer over that of the column. A column is trending where a line has R^2 above STEEP with its input.
"""

import numpy as np
import pandas as pd
from scipy import stats
from score import FOLDER, NAMED, checked, of_mixture, ratio_of, truth
from sources import specs, table

from mtgp_tutorial.noise import usual_noise

STEEP = 0.8
NOISES = {"full": "full noise, Matern32", "per task": "noise per task, Matern32"}
MIXED = {
    "ICM": ["ICM"],
    "ICM, averaged": ["averaged"],
    "half and half": ["regression + GP", "ICM"],
    "half and half, averaged": ["regression + GP", "averaged"],
}


def trending(name: str) -> dict[str, bool]:
    """Whether each column of a table is."""
    data = table(name)
    x, known = data.x.numpy()[:, 0], zip(data.tasks, data.y.numpy().T)
    along = data.x.shape[1] == 1
    return {task: along and np.corrcoef(x[~np.isnan(y)], y[~np.isnan(y)])[0, 1] ** 2 > STEEP for task, y in known}


def usual_icm(stored: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Of each table the answers with the noise that `icm` takes. stored: by method, the table first in the index."""
    names = specs().index
    return pd.concat([stored[NOISES[usual_noise(table(name))[0]]].loc[[name]] for name in names])


def cells() -> pd.DataFrame:
    """One line for each asked cell and answer."""
    asked = truth()
    methods = [*NOISES.values(), "regression + GP", "averaged"]
    stored = {method: checked(FOLDER / f"{method}.csv.xz", asked).set_index(NAMED) for method in methods}
    stored["ICM"] = usual_icm(stored)
    index = stored["averaged"].index
    true = stored["ICM"].loc[index]
    y, scale = true["y"].to_numpy(), true["scale"].to_numpy()
    steep = {name: trending(name) for name in specs().index}
    edge = true["kind"].where(true["kind"].isin(["late start", "early end"]), "inside")
    named = index.to_frame(index=False)[["table", "column"]].assign(place=edge.to_numpy())
    named["trending"] = [steep[name][column] for name, column in zip(named["table"], named["column"])]
    named["field"], named["aside"] = (specs().loc[named["table"], what].to_numpy() for what in ("field", "aside"))
    found = []
    for answer, parts in MIXED.items():
        means, sds = (np.stack([stored[part].loc[index, what] for part in parts]) for what in ("mean", "sd"))
        below = stats.norm.cdf(y, means, sds).mean(0)
        scores = {"CRPS": of_mixture(means, sds, y)[1] / scale, "coverage": (0.025 < below) & (below < 0.975)}
        width = np.sqrt((sds**2).mean(0) + means.var(0)) / scale
        found.append(named.assign(answer=answer, **scores, width=width))
    return pd.concat(found)


def of_tables(some: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Means of the cells of a table, then over tables; least: the lowest coverage of a table."""
    each = some.groupby([*by, "table"])[["coverage", "width", "CRPS"]].mean()
    found = each.groupby(by).mean()
    return found.assign(least=each.groupby(by)["coverage"].min(), tables=each.groupby(by).size())


def main() -> None:
    """Prints the tables."""
    every = cells()
    print(of_tables(every, ["aside", "place", "answer"]).round(3).to_string(), end="\n\n")
    series = every[every["trending"] & (every["field"] == "economy")]
    ends = series.assign(place=series["place"].where(series["place"] == "inside", "at an end"))
    print(of_tables(ends, ["place", "answer"]).round(3).to_string(), end="\n\n")
    wide = every.groupby(["aside", "place", "answer", "table"])["CRPS"].mean().unstack("answer")
    for first, second in (("half and half", "ICM"), ("half and half, averaged", "half and half")):
        for at, log in np.log(wide[first] / wide[second]).groupby(["aside", "place"]):
            row = ratio_of(log.droplevel(["aside", "place"])).round(3)
            print(*at, f"{first} / {second}: {row['ratio']} ({row['low']} to {row['high']})")


if __name__ == "__main__":
    main()

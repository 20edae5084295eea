"""What a choice by trials of one's own costs: each trial is answered by the method that the table's other seven choose.

    python examples/forty_tables/choosing.py            # on the tables that are not set aside
    python examples/forty_tables/choosing.py --aside    # on those that are

Of the other trials only cells count that the answered one does not ask for, too. A method is chosen as by `choose`: the
smallest mean, or an earlier one of the list at most `errors` standard errors behind it.
"""

import sys

import pandas as pd
from score import FOLDER, NAMED, by_cell, checked, ratio, truth
from sources import specs

FIRST = "half and half"
SIMPLE = ["mean", "interpolation", "regression", "regression + GP", "independent", "ICM", "ICM, full noise"]
RIVAL = "regression + GP"


def chosen(rest: pd.DataFrame, errors: float) -> str:
    """The method for mean CRPS of trials [trials, methods], the columns in the order of preference."""
    best = rest.mean().idxmin()
    behind = rest.sub(rest[best], axis=0)
    return next(method for method in rest if method == best or behind[method].mean() <= errors * behind[method].sem())


def mean_of(cells: pd.DataFrame, methods: list[str], errors: float) -> float:
    """Mean CRPS over the asked cells of a table, each trial answered by what the others choose."""
    total = 0.0
    for trial, own in cells.groupby(level="trial"):
        places = own.index.droplevel("trial")
        others = cells.drop(trial, level="trial")
        others = others[~others.index.droplevel("trial").isin(places)]
        total += own[chosen(others.groupby(level="trial")[methods].mean(), errors)].sum()
    return total / len(cells)


def main() -> None:
    """Prints the ratio over the regression with a GP: of each method, and of choices from two lists."""
    asked, aside = truth(), int("--aside" in sys.argv)
    names = specs().index[specs()["aside"] == aside]
    methods = [FIRST, *SIMPLE]
    found = {
        method: by_cell(checked(FOLDER / f"{method}.csv.xz", asked)).set_index(NAMED)["CRPS"] for method in methods
    }
    cells = pd.DataFrame(found)
    cells = cells[cells.index.get_level_values("table").isin(names)]
    wide = cells.groupby(level="table").mean()
    for name, some, errors in (
        ("half and half first", methods, 1.0),
        ("the simplest first", SIMPLE, 1.0),
        ("the smallest mean", methods, 0.0),
    ):
        wide[name] = [mean_of(part.droplevel("table"), some, errors) for _, part in cells.groupby(level="table")]
    rows = {f"{method} / {RIVAL}": ratio(wide, method, RIVAL) for method in wide}
    rows |= {f"{method} / {FIRST}": ratio(wide, method, FIRST) for method in wide if method not in cells}
    print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()

"""What a choice by trials of one's own costs: each trial is answered by the arm that the table's other seven choose.

    python examples/forty_tables/choosing.py            # on the tables that are not set aside
    python examples/forty_tables/choosing.py --aside    # on those that are

Of the other trials only cells count that the answered one does not ask for, too. An arm is chosen as by `choose`: the
smallest mean, or an earlier one of the list at most `errors` standard errors behind it.
"""

import sys

import pandas as pd
from score import FOLDER, NAMED, by_cell, checked, ratio, truth
from sources import specs

FIRST = "half and half"
SIMPLE = ["climatology", "bridge", "regression", "regression + GP", "independent", "ICM", "ICM, full noise"]
RIVAL = "regression + GP"


def chosen(rest: pd.DataFrame, errors: float) -> str:
    """The arm for mean CRPS of trials [trials, arms], the columns in the order of preference."""
    best = rest.mean().idxmin()
    behind = rest.sub(rest[best], axis=0)
    return next(arm for arm in rest if arm == best or behind[arm].mean() <= errors * behind[arm].sem())


def mean_of(cells: pd.DataFrame, arms: list[str], errors: float) -> float:
    """Mean CRPS over the asked cells of a table, each trial answered by what the others choose."""
    total = 0.0
    for trial, own in cells.groupby(level="trial"):
        places = own.index.droplevel("trial")
        others = cells.drop(trial, level="trial")
        others = others[~others.index.droplevel("trial").isin(places)]
        total += own[chosen(others.groupby(level="trial")[arms].mean(), errors)].sum()
    return total / len(cells)


def main() -> None:
    """Prints the ratio over the regression with a GP: of each arm, and of choices from two lists."""
    asked, aside = truth(), int("--aside" in sys.argv)
    names = specs().index[specs()["aside"] == aside]
    arms = [FIRST, *SIMPLE]
    found = {arm: by_cell(checked(FOLDER / f"{arm}.csv.xz", asked)).set_index(NAMED)["CRPS"] for arm in arms}
    cells = pd.DataFrame(found)
    cells = cells[cells.index.get_level_values("table").isin(names)]
    wide = cells.groupby(level="table").mean()
    for name, some, errors in (
        ("half and half first", arms, 1.0),
        ("the simplest first", SIMPLE, 1.0),
        ("the smallest mean", arms, 0.0),
    ):
        wide[name] = [mean_of(part.droplevel("table"), some, errors) for _, part in cells.groupby(level="table")]
    rows = {f"{arm} / {RIVAL}": ratio(wide, arm, RIVAL) for arm in wide}
    rows |= {f"{arm} / {FIRST}": ratio(wide, arm, FIRST) for arm in wide if arm not in cells}
    print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()

"""What a choice by trials of one's own costs: each trial is answered by the method that the table's others choose.

    python examples/forty_tables/choosing.py            # one hole: eight trials of each table that is not set aside
    python examples/forty_tables/choosing.py --aside    # on those that are
    python examples/forty_tables/choosing.py --holes    # tables full of holes: twenty trials of each of the 29

Of the other trials only cells count that the answered one does not ask for, too. A method is chosen as by `choose`: the
smallest mean, or an earlier one of the list at most `errors` standard errors behind it.
"""

import sys

import pandas as pd
from score import FOLDER, NAMED, by_cell, checked, ratio, truth
from score_holes import FIT, answers
from sources import specs
from trials import trials

from mtgp_tutorial.noise import usual_noise

FIRST = "ICM"  # what `fill` takes when told nothing, with the noise that `icm` takes
HALF, RIVAL = "half and half", "regression + GP"
NOISES = ["noise per task, Matern32", "full noise, Matern32"]
SIMPLE = ["mean", "interpolation", "regression", RIVAL, "independent", *NOISES]
METHODS = [FIRST, HALF, *SIMPLE]  # in the order of preference


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


def one_hole(names: pd.Index) -> pd.DataFrame:
    """CRPS of the asked cells of the trials of trials.py, methods in columns."""
    asked, found = truth(), {}
    for method in [HALF, *SIMPLE]:
        found[method] = by_cell(checked(FOLDER / f"{method}.csv.xz", asked)).set_index(NAMED)["CRPS"]
    cells = pd.DataFrame(found)
    cells = cells[cells.index.get_level_values("table").isin(names)]
    noise = {
        (name, number): NOISES[usual_noise(trial.seen)[0] == "full"]
        for name in names
        for number, trial in enumerate(trials(name))
    }
    taken = pd.Series([noise[cell[:2]] for cell in cells.index], cells.index)
    return cells.assign(**{FIRST: cells[NOISES[1]].where(taken == NOISES[1], cells[NOISES[0]])})[METHODS]


def full_of_holes(names: pd.Index) -> pd.DataFrame:
    """The same of the trials of full_of_holes.py, which a kind and a number name."""
    stored = answers(names)
    of = {RIVAL: FIT, "independent": "own curve", NOISES[0]: "ICM, noise per task", NOISES[1]: "ICM, full noise"}
    cells = pd.DataFrame({method: stored[of.get(method, method)]["crps"] for method in METHODS}).reset_index()
    cells["trial"] = cells["kind"] + " " + cells["trial"].astype(str)
    return cells.drop(columns="kind").set_index(NAMED)


def main() -> None:
    """Prints ratios over the regression with a GP, and over the first: of each method, and of choices by rules."""
    names = specs().index[specs()["aside"] == int("--aside" in sys.argv)]
    cells = full_of_holes(names) if "--holes" in sys.argv else one_hole(names)
    wide = cells.groupby(level="table").mean()
    for name, some in ((f"{FIRST} first", METHODS), (f"{HALF} first", METHODS[1:]), ("the simplest first", SIMPLE)):
        for errors in (1.0, 0.5, 0.0):
            wide[f"{name}, {errors:g} errors"] = [
                mean_of(part.droplevel("table"), some, errors) for _, part in cells.groupby(level="table")
            ]
    rows = {f"{method} / {RIVAL}": ratio(wide, method, RIVAL) for method in wide}
    rows |= {f"{method} / {FIRST}": ratio(wide, method, FIRST) for method in wide if method not in cells}
    print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()

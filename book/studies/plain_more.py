"""Plain rules on the trials of more_cases.py: mtgp_tutorial/datasets/studies/plain_more.csv.

The rules make no use of known errors, which are taken off the seen table. The residual of "regression + GP" chooses its
kernel by its restricted likelihood, from Matern 1/2, Matern 3/2 and RBF.

"by hand", for silent states: the mean of the states that report, and an interpolation in this state's distance from it.
"""

from dataclasses import replace

import more_cases
from running import run

from mtgp_tutorial import scores
from mtgp_tutorial.tables import NotApplicable, plain_methods

SCORES = ["NLPD", "CRPS", "MSE", "coverage"]


def apart(seen, hidden):
    """Both tables less the mean of the tasks without hidden cells, row by row."""
    others = seen.y[:, ~hidden.observed.any(0)].mean(1, keepdim=True)
    return replace(seen, y=seen.y - others), replace(hidden, y=hidden.y - others)


def scored(named, seen, hidden):
    """One row for each rule and task with hidden cells."""
    seen, hidden, found = replace(seen, sd=None), replace(hidden, sd=None), []
    asked = {method: (build, seen, hidden) for method, build in plain_methods().items()}
    if named["case"] == "flu":
        asked["by hand"] = (plain_methods()["interpolation"], *apart(seen, hidden))
    for method, (build, known, gone) in asked.items():
        try:
            answer = build(known).forecast(gone)
        except NotApplicable:
            continue
        for task, values in scores.table(answer, gone, known).iterrows():
            found.append(named | {"method": method, "task": task.split(" [")[0], **values[SCORES]})
    return found


def rows(case, *label):
    """The rows of one trial."""
    seen, hidden, groups = more_cases.CASES[case][0](*label)
    named = {"case": case, "trial": " ".join(map(str, label)), "group": groups["cluster"]} | groups
    return scored(named, seen, hidden)


if __name__ == "__main__":
    run(__file__, ((case, *label) for case, (_, _, labels) in more_cases.CASES.items() for label in labels))

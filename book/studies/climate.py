"""Days above 70 and 90 degrees at 150 stations: mtgp_tutorial/datasets/studies/climate.csv.

Two questions, twenty random splits each. "sparse": days above 70 F in 2018 are seen at a third of the stations,
those of 1948 at all of them. "stations": a third of the stations has no counts at all, for two tasks and for four.
Scores are those of hidden cells.
"""

from functools import partial

import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, datasets, fit, icm, impute, independent, predict, scores

CLIMATE = datasets.climate70()
QUESTIONS, SPLITS = ("sparse", "stations, 2 tasks", "stations, 4 tasks"), 20
METHODS = {
    "own": independent,
    "shared": lambda data, **kwargs: independent(data, hyperparameters="shared", **kwargs),
    "ICM": partial(icm, noise="per task"),
    "ICM, full noise": lambda data, **kwargs: icm(data, noise="full", **kwargs),
}


def part(rows, num_tasks):
    """The table of some stations and of the first tasks."""
    tasks, units = CLIMATE.tasks[:num_tasks], CLIMATE.units[:num_tasks]
    return TaskData(CLIMATE.x[rows], CLIMATE.y[rows, :num_tasks], tasks, units)


def split(question, number):
    """Seen and hidden table of one split."""
    if question == "sparse":
        return part(slice(None), 2).hide_random(CLIMATE.tasks[1], 2 / 3, seed=number)
    order = torch.randperm(150, generator=torch.Generator().manual_seed(number))
    num_tasks = int(question.split()[1])
    return part(order[50:], num_tasks), part(order[:50], num_tasks)


def rows(question, number):
    """Scores of every method, one row for each task with hidden cells."""
    seen, hidden = split(question, number)
    found = []
    for method, build in METHODS.items():
        fitted = fit(build(seen, kernel=MaternKernel(nu=1.5, ard_num_dims=2)))
        filled = impute(fitted) if question == "sparse" else predict(fitted, hidden.x)
        for label, values in scores.table(filled, hidden, seen).drop(columns=["MSE", "MAE"]).iterrows():
            found.append(
                {
                    "question": question,
                    "split": number,
                    "cluster": number,
                    "task": label.split(" [")[0],
                    "method": method,
                    **values,
                }
            )
    return found


if __name__ == "__main__":
    run(__file__, ((question, number) for question in QUESTIONS for number in range(SPLITS)))

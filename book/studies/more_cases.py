"""Four further tables, case by case: mtgp_tutorial/datasets/studies/more_cases.csv.

Each case hides what its question asks for. Clusters: regions of a map, stretches of time; "group" is a second one,
where there is one. Beside the scores of single cells stands that of all hidden cells of a trial together (joint NLPD),
and "scale", the standard deviation of the task's seen cells. Methods from outside the book: ordinary least squares, and
no change. The error of a count that was hidden is not known either: it is taken from the count that is predicted.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, datasets, fit, icm, impute, independent, scores

SCORES = ["NLPD", "CRPS", "MSE", "SMSE", "coverage"]
METALS, OTHERS = ["Cd", "Cu", "Pb", "Zn"], ["consumption", "industrial_production", "payrolls"]
LATE = ["imports", "exports", "inventories", "construction"]  # published a month after the rest
STATES = {  # regions of the Census Bureau; four states are silent at a time
    "South": "AL AR DE FL GA KY LA MD MS NC OK SC TN TX VA WV".split(),
    "Midwest": "IA IL IN KS MI MN MO ND NE OH SD WI".split(),
    "West": "AK AZ CA CO HI ID MT NM NV OR UT WA WY".split(),
}


def blocks(x, levels):
    """Numbers [N] of 2^levels blocks of a map, equal in sites: halved in longitude, in latitude, and so on."""
    number = np.zeros(len(x), dtype=int)
    for level in range(levels):
        parts = [np.flatnonzero(number == one) for one in range(2**level)]
        for one, sites in enumerate(parts):
            order = sites[np.argsort(x[sites, level % 2].numpy(), kind="stable")]
            number[order] = 2 * one + (np.arange(len(order)) >= len(order) // 2)
    return number


def only(table, columns, rows=slice(None), change=lambda y: y):
    """Some tasks and rows of a table, without its standard errors."""
    y = change(table.y[rows][:, [table.task_index(name) for name in columns]])
    units = [table.units[table.task_index(name)] for name in columns]
    return TaskData(table.x[rows], y, columns, units, table.x_name, table.x_unit)


@cache
def colorado():
    """Logarithms of four metals, and the region of each site."""
    table = datasets.colorado_soils()
    return only(table, METALS, change=torch.log), blocks(table.x, 3)


def cadmium(question, region, draw):
    """Cadmium hidden at two thirds of a region's sites; for "sites" the other metals there as well."""
    table, regions = colorado()
    table = only(table, METALS, regions == region)
    seen, hidden = table.hide_random("Cd", 2 / 3, seed=draw)
    if question == "sites":
        seen = table.split(hidden.observed[:, :1].expand(-1, len(METALS)).clone())[0]
    return seen, hidden, {"cluster": region}


def quarter(number):
    """Sixty months that end with a quarter, and the edge of 29 June 2016 moved there."""
    table = datasets.us_ragged()
    last = 59 + 3 * number  # December 2009 is the first
    table = only(table, table.tasks, slice(last - 59, last + 1))
    mask = torch.zeros_like(table.observed)
    mask[-1] = table.observed[-1]
    mask[-2, [table.task_index(name) for name in LATE]] = True
    return *table.split(mask), {"cluster": number * 4 // 26, "group": number // 4}


@cache
def admissions(where):
    """Logarithms of weekly counts in the states of a region, with the standard errors of counting."""
    table = datasets.flu_admissions()
    counts = only(table, STATES[where], change=lambda y: y + 0.5)
    return replace(counts, x=counts.x / 7, x_name="week", y=counts.y.log(), sd=counts.y**-0.5, units=())


def silent(where, first, group):
    """Four states silent for four weeks."""
    table = admissions(where)
    mask = torch.zeros_like(table.observed)
    mask[first : first + 4, 4 * group : 4 * group + 4] = True
    return *table.split(mask), {"cluster": first, "group": group}


def uplift(levels, question, number):
    """`up` hidden at the stations of a block of the map; for "all", east and north as well."""
    table = datasets.alps_gps()
    mask = torch.zeros_like(table.observed)
    rows = torch.as_tensor(blocks(table.x, levels) == number)
    mask[:, 0 if question == "all" else 2 :] = rows[:, None]
    return *table.split(mask), {"cluster": number >> levels - 3}


def known(build):
    """The model as it is, and the same without known errors."""
    return build, lambda data, **more: build(replace(data, sd=None), **more)


def shared(data, **more):
    return independent(data, hyperparameters="shared", **more)


def each(data, **more):
    """An ICM with noise per task."""
    return icm(data, noise="per task", **more)


def full(data, **more):
    return icm(data, noise="full", **more)


PLAIN = {"shared": shared, "ICM": each, "ICM, full noise": full}
WITH, WITHOUT = zip(*map(known, (shared, each)))
ERRORS = {"shared": WITH[0], "ICM": WITH[1], "shared, no errors": WITHOUT[0], "ICM, no errors": WITHOUT[1]}
COUNTS = {**ERRORS, "ICM, counting alone": lambda data, **more: icm(data, noise="none", **more)}
CASES = {  # seen and hidden table, methods, trials
    "Colorado": (cadmium, PLAIN, [(q, r, d) for q in ("metals", "sites") for r in range(8) for d in range(4)]),
    "US ragged": (quarter, PLAIN, [(number,) for number in range(26)]),
    "flu": (silent, COUNTS, [(w, f, g) for w in STATES for f in range(4, 28, 4) for g in range(len(STATES[w]) // 4)]),
    "Alps": (uplift, ERRORS | {"ICM, full noise": known(full)[1]}, [
        (levels, q, n) for levels in (3, 5) for q in ("up", "all") for n in range(2**levels)]),
}  # fmt: skip


def filled(fitted, hidden, case):
    """The hidden cells with all their noise: what was learned, and the known errors where the model has them."""
    if fitted.model.data.sd is None:
        return impute(fitted, covariance=True)
    predicted = torch.exp(-impute(fitted, noise=False).mean / 2) if case == "flu" else hidden.sd
    return impute(fitted, covariance=True, sd=torch.where(hidden.observed, predicted, torch.nan))


def line(design, y, at):
    """Mean [k] and variance of new values by least squares, fitted where y is known."""
    rows, design = ~np.isnan(y), np.column_stack([np.ones(len(design)), design])
    slopes, (left,), *_ = np.linalg.lstsq(design[rows], y[rows], rcond=None)
    return design[at] @ slopes, left / (rows.sum() - design.shape[1])


def outside(case, seen, hidden):
    """What there is besides: method, number of the task, means of its hidden cells and their variance."""
    if case == "Colorado" and seen.observed[:, 1].all():
        yield "regression", 0, *line(seen.y[:, 1:].numpy(), seen.y[:, 0].numpy(), hidden.observed[:, 0].numpy())
    if case == "US ragged":
        gdp = seen.y[2::3, -1].numpy()
        months = only(seen, OTHERS).y.reshape(len(gdp), 3, 3)[:, :2].mean(1).numpy()  # the first two of each quarter
        yield "no change", seen.num_tasks - 1, gdp[-2:-1], np.mean(np.diff(gdp[:-1]) ** 2)
        yield "regression", seen.num_tasks - 1, *line(months, gdp, np.isnan(gdp))


def score(t, mean, variance, seen, hidden):
    """Scores of one task's hidden cells."""
    y, average = hidden.y[hidden.observed[:, t], t], seen.scale().mean[t]
    mean = torch.as_tensor(mean)
    spread = torch.full_like(y, variance)
    values = [scores.nlpd(mean, spread, y), scores.crps(mean, spread, y), scores.mse(mean, y)]
    values += [scores.smse(mean, y, average), scores.coverage(mean, spread, y)]
    return dict(zip(SCORES, map(float, values)))


def joint(answer, hidden):
    """Negative log density of all hidden cells together, over their number."""
    wanted = hidden.observed
    asked = [bool(wanted[row, hidden.tasks.index(task)]) for row, task in answer.cells]
    covariance = answer.covariance[asked][:, asked]
    return float(scores.joint_nlpd(answer.mean[wanted], covariance, hidden.y[wanted]))


def rows(case, label):
    """One row for each method and task with hidden cells."""
    make, methods, _ = CASES[case]
    seen, hidden, named = make(*label)
    kernel, found = MaternKernel(nu=1.5, ard_num_dims=seen.x.shape[1]), []
    named = {"case": case, "trial": " ".join(map(str, label)), "group": named["cluster"]} | named
    for method, build in methods.items():
        answer = filled(fit(build(seen, kernel=kernel)), hidden, case)
        for task, values in scores.table(answer, hidden, seen).iterrows():
            row = {"method": method, "task": task.split(" [")[0], **values[SCORES], "joint NLPD": joint(answer, hidden)}
            found.append(named | row | {"scale": float(seen.scale().sd[seen.tasks.index(row["task"])])})
    for method, t, mean, variance in outside(case, seen, hidden):
        row = {"method": method, "task": seen.tasks[t], **score(t, mean, variance, seen, hidden)}
        found.append(named | row | {"joint NLPD": np.nan, "scale": float(seen.scale().sd[t])})
    return found


if __name__ == "__main__":
    run(__file__, ((case, label) for case, (_, _, labels) in CASES.items() for label in labels))

"""Where to read next, replayed: mtgp_tutorial/datasets/studies/next_cells.csv and next_cells_closing.csv.

Soil: cadmium is wanted (as a logarithm; mean of squared errors over sites). Reading it costs 1, and reading nickel at a
site a tenth. A replay draws 300 of the 959 sites of Colorado, at which one may read and where cadmium is wanted. Both
metals are read at the first twenty of them, and an ICM with full noise is fitted to these alone. Each way then spends a
budget of 6, 12 or 20:

    next cells            `next_cells` of that first fit, cadmium and nickel
    next cells, Cd        the same, of cadmium alone
    grid                  cadmium at the sites that are nearest to the middles of 3 x 2, 4 x 3 or 5 x 4 equal cells
    farthest              cadmium, each time at the site that is farthest from all that were read
    random                cadmium at random sites
    random, both          both metals at random sites (5, 10 and 18 of them)
    none                  nothing more is read (budget 0)

Then the same ICM is fitted again to all that was read, and log cadmium is predicted at all of the 959 sites where no
way has read it in this replay: the same sites for all. "RMSE, all not read" is of all sites that this way did not read,
"RMSE of the mean" that of the mean of what this way read, the plainest map. Nothing is planned with readings that are
still hidden. 40 replays, each a cluster: they are starts on one map, so that intervals speak of starts and not of maps.
54 values of Cd lay below the limit of determination and stand as 0.65 of it.

"parameters" is "fitted" for this, and "map" where plan and predictions take the parameters of a fit to all 959 sites in
its place, which nobody has who is still to sample: it shows what the plan is worth once parameters are known. In "plan
fitted" the plan is that of "fitted", and the predictions are made as in "map".

Closing: an ICM is fitted to the four lakes up to a year; then one gauge is closed for ten years, and the other three
are read on. "sd" is what the fit expects its errors to be before any of these years is known; "RMSE" what they were.
Seven stretches of ten years, each a cluster.
"""

import copy
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from running import run

from mtgp_tutorial import TaskData, datasets, fit, icm, impute, next_cells, scores

FIRST, POOL, REPLAYS, NICKEL = 20, 300, 40, 0.1
GRIDS = {6: (3, 2), 12: (4, 3), 20: (5, 4)}
LAKES, YEARS, CLOSED = ("Erie", "Michigan-Huron", "Ontario", "St. Clair"), range(1939, 2009, 10), 10


@cache
def soil():
    """Logarithms of cadmium and nickel."""
    table = datasets.colorado_soils()
    y = table.y[:, [table.task_index("Cd"), table.task_index("Ni")]].log()
    return TaskData(table.x, y, ["Cd", "Ni"], ["log mg/kg"] * 2, table.x_name, table.x_unit)


@cache
def kilometres():
    """Places of the sites on a plane [N, 2]."""
    longitude, latitude = soil().x.numpy().T
    return np.column_stack([longitude * np.cos(np.radians(39)), latitude]) * 111.2


def fitted(read):
    """An ICM of the cells that were read, [N, 2]; the other sites are rows without a value."""
    table = soil()
    return fit(icm(replace(table, y=table.y.where(torch.as_tensor(read), torch.nan)), noise="full"), starts=2)


@cache
def of_the_map():
    """An ICM of all sites."""
    return fit(icm(soil(), noise="full"), starts=2)


def held(read):
    """The cells that were read, under the parameters of the whole map."""
    model, hidden = copy.deepcopy(of_the_map().model), torch.as_tensor(~read)
    model.data = replace(model.data, y=model.data.y.masked_fill(hidden, torch.nan))
    model.unit = replace(model.unit, y=model.unit.y.masked_fill(hidden, torch.nan))
    return replace(of_the_map(), model=model)


PARAMETERS = {"fitted": (fitted, fitted), "map": (held, held), "plan fitted": (fitted, held)}  # for plan, predictions


def distances(places):
    """From each site [N] to each of some places [K, 2]."""
    return np.linalg.norm(kilometres()[:, None] - places, axis=2)


def grid(budget, free):
    """The free sites that are nearest to the middles of a grid, each site once."""
    low, high = kilometres().min(0), kilometres().max(0)
    steps = [(np.arange(n) + 0.5) / n * (b - a) + a for n, a, b in zip(GRIDS[budget], low, high)]
    free, chosen = free.copy(), []
    for away in distances(np.stack(np.meshgrid(*steps), 2).reshape(-1, 2)).T:
        chosen.append(int(np.where(free, away, np.inf).argmin()))
        free[chosen[-1]] = False
    return chosen


def farthest(budget, free, read):
    """Each time the free site that is farthest from all that were read."""
    away, chosen = distances(kilometres()[read]).min(1), []
    for _ in range(budget):
        chosen.append(int(np.where(free, away, -1).argmax()))
        away = np.minimum(away, distances(kilometres()[chosen[-1:]])[:, 0])
    return chosen


def plans(first, pool):
    """The cells [N, 2] of each way and budget. pool: sites in the order of a draw, of which the first were read."""
    read, most = first.model.data.observed.numpy(), max(GRIDS)
    wanted, free, order = cadmium(pool), cadmium(pool[FIRST:]), pool[FIRST:]
    both = next_cells(first, wanted, free | free[:, ::-1], cost={"Ni": NICKEL}, count=int(most / NICKEL))
    alone = next_cells(first, wanted, free, count=most)
    away = farthest(most, free[:, 0], read[:, 0])
    yield "none", 0, cadmium([])
    for budget in GRIDS:
        pairs = cadmium(order[: int(budget / (1 + NICKEL))])
        yield "next cells", budget, afforded(both, budget)
        yield "next cells, Cd", budget, afforded(alone, budget)
        yield "grid", budget, cadmium(grid(budget, free[:, 0]))
        yield "farthest", budget, cadmium(away[:budget])
        yield "random", budget, cadmium(order[:budget])
        yield "random, both", budget, pairs | pairs[:, ::-1]


def cadmium(sites):
    """Cells [N, 2]: cadmium at some sites."""
    cells = np.zeros((len(soil().y), 2), dtype=bool)
    cells[sites, 0] = True
    return cells


def afforded(found, budget):
    """The cells [N, 2] of `next_cells`, in its order; a line that is too dear for what is left is passed over."""
    cells, spent = cadmium([]), 0.0
    for line in found.itertuples():
        if spent + line.price <= budget + 1e-9:
            cells[line.row, int(line.task == "Ni")] = True
            spent += line.price
    return cells


def replayed(start):
    """A replay: a row for each way, budget and kind of parameters."""
    pool = np.random.default_rng(start).permutation(len(soil().y))[:POOL]
    read = cadmium(pool[:FIRST]) | cadmium(pool[:FIRST])[:, ::-1]
    found = {known: list(plans(known(read), pool)) for known in (fitted, held)}
    ways = [(kind, *way) for kind, (known, _) in PARAMETERS.items() for way in found[known]]
    never, found = ~(read | np.any([cells for *_, cells in ways], axis=0))[:, 0], []
    for kind, way, budget, cells in ways:
        said, (cd, ni), seen = impute(PARAMETERS[kind][1](read | cells)), cells.sum(0), (read | cells)[:, 0]
        row = {"start": start, "cluster": start, "parameters": kind, "budget": budget, "method": way}
        row |= {"price": cd + NICKEL * ni, "Cd": cd, "Ni": ni, "sites": never.sum()}
        mean = soil().y[seen, 0].mean().expand(int(never.sum()))  # of the readings: the plainest map
        plain = float(scores.mse(mean, soil().y[never, 0]) ** 0.5)
        more = {"RMSE of the mean": plain, "RMSE, all not read": errors(said, ~seen)["RMSE"]}
        found.append(row | errors(said, never) | more)
    return found


def errors(said, rows):
    """Of log cadmium at some sites."""
    mean, variance, y = said.mean[rows, 0], said.variance[rows, 0], soil().y[rows, 0]
    rmse, crps = scores.mse(mean, y) ** 0.5, scores.crps(mean, variance, y)
    return {"RMSE": float(rmse), "CRPS": float(crps), "sd": float(variance.mean().sqrt())}


def closed(year):
    """A row for each lake that is closed in the ten years after this one."""
    table, found = datasets.great_lakes(), []
    years = table.x[:, 0].numpy()
    before, later = years <= year, (years > year) & (years <= year + CLOSED)
    known = fit(icm(TaskData(table.x[before], table.y[before], table.tasks, table.units), noise="full"), starts=2)
    for lake in LAKES:
        t, y = table.task_index(lake), table.y[later].clone()
        y[:, t] = torch.nan
        said, truth = impute(known, TaskData(table.x[later], y, table.tasks, table.units)), table.y[later, t]
        row = {"after": year, "cluster": year, "lake": lake, "sd": float(said.variance[:, t].mean().sqrt())}
        found.append(row | {"RMSE": float(scores.mse(said.mean[:, t], truth) ** 0.5)})
    return found


def rows(part, number):
    """Those of soil, and those of lakes."""
    return (replayed(number), []) if part == "soil" else ([], closed(number))


if __name__ == "__main__":
    trials = [("soil", start) for start in range(REPLAYS)] + [("lakes", year) for year in YEARS]
    run(__file__, trials, ["next_cells", "next_cells_closing"])

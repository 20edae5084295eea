"""Five models in twelve worlds: mtgp_tutorial/datasets/studies/comparison.csv.

Every trial is one call of `compare`. Shown in book/compare.ipynb.
"""

import climate
import great_lakes
import numpy as np
import us_macro
from gpytorch.kernels import MaternKernel, RBFKernel
from running import run

from mtgp_tutorial import TaskData, datasets, detrend, icm, independent, simulate
from mtgp_tutorial.tables import compare, standard_methods

COLUMNS = ["world", "trial", "cluster", "method", "task", "MSE", "SMSE", "NLPD", "CRPS", "coverage", "log likelihood"]
COLUMNS += ["on floor"]


def sines(n):
    """Two sines at n inputs; hidden: fresh noisy values at 101."""
    return lambda seed: (simulate.two_sines(n, seed=seed), simulate.two_sines(101, seed=10_000 + seed))


def bell(x, length):
    """RBF kernel matrix of inputs x [N]."""
    return np.exp(-0.5 * ((x[:, None] - x) / length) ** 2)


RELATED, DIAGONAL = [[1, 0.9], [0.9, 1]], [[0.09, 0], [0, 0.09]]
TRUTHS = {  # terms (length-scale, B) and Sigma; each is named after the simplest method that contains it
    "independent, own": ([(0.5, [[1, 0], [0, 0]]), (2.0, [[0, 0], [0, 1]])], DIAGONAL),
    "independent, shared": ([(1.0, [[1, 0], [0, 1]])], DIAGONAL),
    "ICM": ([(1.0, RELATED)], DIAGONAL),
    "ICM, full noise": ([(1.0, RELATED)], [[0.09, -0.072], [-0.072, 0.09]]),
    "LMC": ([(3.0, RELATED), (0.5, [[0.5, -0.3], [-0.3, 0.5]])], DIAGONAL),
}


def truth(name):
    """Forty rows drawn from a known model; half the cells of task 2 are hidden."""
    terms, Sigma = TRUTHS[name]

    def trial(seed):
        rng = np.random.default_rng(seed)
        x = np.sort(rng.uniform(0, 10, 40))
        C = sum(np.kron(bell(x, length), B) for length, B in terms) + np.kron(np.eye(40), Sigma)
        y = np.linalg.cholesky(C) @ rng.standard_normal(80)
        return TaskData(x, y.reshape(40, 2)).hide_random("task 2", 0.5, seed=seed)

    return trial


def el_nino(seed):
    """Four months of the sea off Peru; June is hidden in two years of three."""
    months = datasets.el_nino()
    four = [months.task_index(month) for month in ("March", "June", "September", "December")]
    sea = TaskData(months.x, months.y[:, four], [months.tasks[t] for t in four], ["°C"] * 4)
    return sea.hide_random("June", 2 / 3, seed=seed)


def outage(name):
    """A lake without fifteen years, the others whole; name: "Erie 1923", for example."""
    lake, start = name.rsplit(" ", 1)
    return datasets.great_lakes().hide(lake, int(start), int(start) + great_lakes.YEARS - 1)


MATERN, PLACES = MaternKernel(nu=1.5), MaternKernel(nu=1.5, ard_num_dims=2)
SEA_METHODS = {  # where does the correlation sit? The first has it in Sigma alone, the second has a B without limits
    "independent, full noise": lambda data: independent(data, hyperparameters="shared", noise="full", kernel=MATERN),
    "ICM, rank 4": lambda data: icm(data, rank=4, noise="per task", kernel=MATERN),
}
OUTAGES = [f"{lake} {start}" for lake in datasets.great_lakes().tasks for start in great_lakes.STARTS]
WORLDS = {  # trial, trials, methods, options
    "sines, 10 rows, ML": (sines(10), range(100, 200), standard_methods(RBFKernel()), {"priors": False}),
    "sines, 10 rows, priors": (sines(10), range(100, 200), standard_methods(RBFKernel()), {}),
    "sines, 50 rows, priors": (sines(50), range(100, 140), standard_methods(RBFKernel()), {}),
    **{f"truth: {name}": (truth(name), range(40), standard_methods(RBFKernel()), {}) for name in TRUTHS},
    "El Niño": (el_nino, range(20), standard_methods(MATERN) | SEA_METHODS, {}),
    "climate": (lambda seed: climate.split("sparse", seed), range(20), standard_methods(PLACES), {}),
    "Great Lakes": (outage, OUTAGES, standard_methods(MATERN), {}),
    "US macro": (lambda gap: detrend(*us_macro.hide("gap", gap)), range(15), standard_methods(MATERN), {}),
}


CLUSTERS = {  # what could have turned out differently as a whole: the years that are hidden; else the seed or split
    "Great Lakes": lambda label: label.rsplit(" ", 1)[1],
    "US macro": lambda label: us_macro.GAPS[label][1],
}


def rows(world, label):
    """Scores of all methods on one trial."""
    trial, _, methods, options = WORLDS[world]
    table = compare(trial, [label], methods, progress=False, **options)
    return table.assign(world=world, cluster=CLUSTERS.get(world, lambda label: label)(label))[COLUMNS]


if __name__ == "__main__":
    run(__file__, ((world, label) for world, (_, labels, _, _) in WORLDS.items() for label in labels))

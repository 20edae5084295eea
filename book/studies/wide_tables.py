"""What B is good for with fifty columns: mtgp_tutorial/datasets/studies/wide_tables.csv.

Tables of 40 rows and 50 columns with known truth, and weekly admissions with influenza in 52 states. Each column loses
three stretches of rows, an eighth of the table each (flu: three weeks), at places of its own. Ranks 1, 2 and 4, one
correlation for all columns, groups, and no sharing are scored at the cells that were taken. Shown in
book/wide.ipynb.
"""

import time

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel
from running import run
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.linalg import block_diag
from scipy.optimize import minimize
from scipy.spatial.distance import squareform

from mtgp_tutorial import TaskData, at_parameters, datasets, fit, icm, impute, independent
from mtgp_tutorial.objective import objective
from mtgp_tutorial.parameters import free_sizes, free_vector, put_vector

SEEDS, ROWS, COLUMNS, NOISE = 3, 40, 50, 0.3
TRUTHS = ("one signal", "one signal, either sign", "three groups", "nothing shared")


def loads(truth, rng):
    """W [T, R] of a truth; what is left of variance 1 is each column's own."""
    group = np.eye(3)[rng.permutation(COLUMNS) % 3]
    one = rng.uniform(0.6, 0.95, (COLUMNS, 1))
    sign = np.where(rng.uniform(size=(COLUMNS, 1)) < 0.5, -1, 1)
    return dict(zip(TRUTHS, (one, sign * one, one * group, 0 * one)))[truth]


def draw(truth, seed):
    """A table over eight length-scales with its holes, all values [N, T], and W."""
    rng, x = np.random.default_rng(seed), 8 * np.arange(ROWS) / ROWS
    kernel = MaternKernel(nu=1.5).double()
    kernel.lengthscale = 1.0
    K = kernel(torch.as_tensor(x)[:, None]).to_dense().detach().numpy()
    root, W = np.linalg.cholesky(K + 1e-10 * np.eye(ROWS)), loads(truth, rng)
    own = np.sqrt(1 - (W**2).sum(1)) * rng.normal(size=(ROWS, COLUMNS))
    y = root @ (rng.normal(size=(ROWS, W.shape[1])) @ W.T + own) + NOISE * rng.normal(size=(ROWS, COLUMNS))
    table = TaskData(torch.as_tensor(x), torch.as_tensor(holes(y, seed, ROWS // 8)))
    return table, y, W


def one_number(data):
    """A Fit with B = a 11' + b I and one noise: an ICM in which all entries of W, and all of kappa, are one number."""
    model = icm(data, noise="shared")
    tie = block_diag(*[np.ones((size, 1)) for _, size in free_sizes(model)])  # [P, numbers]; each mean is its own

    def loss(numbers):
        put_vector(model, tie @ numbers)
        model.zero_grad()
        value = -objective(model, True)
        value.backward()
        return value.item(), tie.T @ torch.cat([p.grad.ravel() for p in model.parameters()]).numpy()

    start = tie.T @ free_vector(model) / tie.sum(0)
    start[[name.endswith("covar_factor") for name, _ in free_sizes(model)].index(True)] = 0.7
    put_vector(model, tie @ minimize(loss, start, jac=True, method="L-BFGS-B").x)
    return at_parameters(model)


def truth_of(data, W):
    """A Fit at the true parameters."""
    model = icm(data, rank=W.shape[1])
    sd, own = model.scale.sd, torch.as_tensor(1 - (W**2).sum(1))
    values = {"kernel.task_covar_module.covar_factor": torch.as_tensor(W) / sd[:, None]}
    values |= {"kernel.task_covar_module.var": own / sd**2, "likelihood.task_noises": NOISE**2 / sd**2}
    values |= {f"mean.base_means.{t}.constant": -m for t, m in enumerate(model.scale.mean / sd)}
    return at_parameters(model, values | {"kernel.data_covar_module.lengthscale": 1.0})


def clusters(correlation, count):
    """The cluster [T] of each column, by Ward's rule on 1 - |r|."""
    far = 1 - np.abs(np.nan_to_num(correlation))
    return fcluster(linkage(squareform(far, checks=False), "ward"), count, "maxclust")


def in_groups(data, labels):
    """Mean and sd [N, T] by an ICM of each group alone."""
    mean, sd = np.empty_like(data.y.numpy()), np.empty_like(data.y.numpy())
    for label in np.unique(labels):
        columns = np.flatnonzero(labels == label)
        filled = impute(fit(icm(TaskData(data.x, data.y[:, columns])), starts=1))
        mean[:, columns], sd[:, columns] = filled.mean, filled.sd
    return mean, sd


def line(y):
    """Each column's holes on the straight line between their neighbours."""
    return pd.DataFrame(y).interpolate(limit_direction="both").to_numpy()


def scored(y, gone, mean, sd=None):
    """Scores at the cells that were taken."""
    off = (mean - y)[gone]
    found = {"RMSE": np.sqrt((off**2).mean())}
    if sd is not None:
        v = sd[gone] ** 2
        found |= {"NLPD": (np.log(2 * np.pi * v) / 2 + off**2 / (2 * v)).mean()}
        found |= {"coverage": (off**2 < 1.96**2 * v).mean()}
    return found


FITS = {
    "own, each": lambda data: fit(independent(data), starts=1),
    "own, alike": lambda data: fit(independent(data, hyperparameters="shared"), starts=1),
    "one number": one_number,
    "rank 1": lambda data: fit(icm(data, noise="per task"), starts=1),
    "rank 2": lambda data: fit(icm(data, rank=2, noise="per task"), starts=1),
    "rank 4": lambda data: fit(icm(data, rank=4, noise="per task"), starts=1),
}


def of_correlation(found, W):
    """How a fitted correlation differs from the true one, and its largest eigenvalue as a share of the columns."""
    shares = {"largest": np.linalg.eigvalsh(found)[-1] / len(found)}
    if W is None:
        return shares
    true, pairs = W @ W.T + np.diag(1 - (W**2).sum(1)), np.triu_indices(len(W), 1)
    shares |= {"true largest": np.linalg.eigvalsh(true)[-1] / len(W)}
    shares |= {"entries off": np.sqrt(((found - true)[pairs] ** 2).mean())}
    return shares | ({"pairs right": pairs_right(clusters(found, 3), W)} if W.shape[1] > 1 else {})


def pairs_right(labels, W):
    """The share of pairs of columns that are rightly put together or apart."""
    pairs, true = np.triu_indices(len(W), 1), np.abs(W).argmax(1)
    return ((labels[:, None] == labels) == (true[:, None] == true))[pairs].mean()


def rows(truth, seed):
    """One table: scores of all methods."""
    data, y, W = flu(seed) if truth == "flu" else draw(truth, seed)
    gone, found = ~data.observed.numpy(), []

    def keep(method, make):
        began = time.process_time()
        made = make()
        more = {}
        if not isinstance(made, tuple):
            more = of_correlation(made.correlation.to_numpy(), W)
            filled = impute(made)
            made = filled.mean.numpy(), filled.sd.numpy()
        row = (
            {"truth": truth, "rows": len(y), "trial": seed, "cluster": seed, "method": method}
            | scored(y, gone, *made)
            | more
        )
        found.append(row | {"seconds": time.process_time() - began})

    keep("line", lambda: (line(data.y.numpy()),))
    for method, make in FITS.items():
        keep(method, lambda make=make: make(data))
    labels = clusters(pd.DataFrame(data.y.numpy()).corr(), 3)
    keep("three groups found", lambda: in_groups(data, labels))
    if W is not None and W.shape[1] > 1:
        found[-1]["pairs right"] = pairs_right(labels, W)
    keep("groups of ten as they stand", lambda: in_groups(data, np.arange(data.num_tasks) // 10))
    if W is not None:
        if W.shape[1] > 1:
            keep("true groups", lambda: in_groups(data, np.abs(W).argmax(1)))
        keep("truth", lambda: truth_of(data, W))
    return found


def holes(y, seed, length):
    """Three stretches are taken from each column, at places of its own."""
    rng, seen = np.random.default_rng(seed), y.copy()
    for column in seen.T:
        for start in rng.choice(len(y) // length, 3, replace=False):
            column[length * start : length * (start + 1)] = np.nan
    return seen


def flu(seed):
    """Logarithms of the admissions of 52 states in 31 weeks; nine weeks are taken from each."""
    table = datasets.flu_admissions()
    y = (table.y + 0.5).log().numpy()
    return TaskData(table.x, torch.as_tensor(holes(y, seed, 3)), table.tasks), y, None


if __name__ == "__main__":
    run(__file__, [(truth, seed) for seed in range(SEEDS) for truth in (*TRUTHS, "flu")])

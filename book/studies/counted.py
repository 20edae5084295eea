"""Hidden counts and hidden days of rain, by models and plain rules: mtgp_tutorial/datasets/studies/counted.csv.

Table "mice": each of three mice in turn loses seven separate stretches of two years. Table "rain": thirteen separate
fortnights of one year. The other columns stay. Fits have one start, to save time. Shown in book/counts.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from log_counts import LogNormal
from patsy import dmatrix
from running import run
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from mtgp_tutorial import Bernoulli, NegativeBinomial, TaskData, datasets, fit, icm, impute, independent

MICE, VISITS = datasets.portal_rodents()
RAIN = datasets.newark_rain()
VISITS = VISITS.to_numpy(float)
RIDGE = 0.01  # on slopes of standardised columns: a plain rule must not end at infinity


class Drawn:
    """The law of a count that SciPy has."""

    def __init__(self, law):
        self.law = law

    def log_density(self, y):
        return self.law.logpmf(y)

    def crps(self, y):
        return sum(
            (self.law.cdf(k) - (y <= k)) ** 2 for k in range(int(max(self.law.ppf(1 - 1e-9).max(), y.max())) + 1)
        )


def regression(X, y, e, gone):
    """A GLM with the columns X [n, p] beside a constant: the law of y where it is gone. Likeliest but for the ridge.

    e: exposures of counts, which are negative binomial; None for yes or no.
    """
    X = np.c_[np.ones(len(y)), (X - X.mean(0)) / X.std(0)] if X.shape[1] else np.ones((len(y), 1))

    def law(v, at):
        mean = np.exp((X[at] @ v[:-1]).clip(-30, 30))
        if e is None:
            return stats.bernoulli(expit(X[at] @ v[:-1]))
        r = np.exp(-v[-1].clip(-8, 8))
        return stats.nbinom(r, r / (r + e[at] * mean))

    def loss(v):
        return -law(v, ~gone).logpmf(y[~gone]).sum() + RIDGE * (v[1:-1] ** 2).sum() / 2 + RIDGE * v[-1] ** 2 / 2

    middle = y[~gone].mean() if e is None else y[~gone].sum() / e[~gone].sum()
    start = np.r_[np.log(middle / (1 - middle) if e is None else middle), np.zeros(X.shape[1] - 1), 0]
    return Drawn(law(minimize(loss, start).x, gone))


def of_model(build, gone, t):
    """What a model with the likelihood of a count says of the cells of column t that are gone."""
    filled = impute(fit(build, starts=1))
    return filled.law_of(t, torch.as_tensor(gone))


def laws(table, t, gone):
    """method -> the law of the cells of column t that are gone."""
    data, mice = (MICE, True) if table == "mice" else (RAIN, False)
    y, e = data.y.numpy().copy(), VISITS if table == "mice" else None
    true = y[:, t].copy()
    y[gone, t] = np.nan
    seen = TaskData(data.x, y, tasks=data.tasks, units=data.units)
    others = np.delete(y, t, 1)
    if mice:
        others[:, :2] = np.log((others[:, :2] + 0.5) / e[:, None])
    spline = np.asarray(dmatrix("cr(x, df=6) - 1", {"x": data.x[:, 0].numpy()}))[:, 1:]
    kind = NegativeBinomial(exposure=e) if mice else Bernoulli()
    counts = {name: kind for name in (data.tasks[:3] if mice else data.tasks[:1])}
    logs = y.copy()
    if mice:
        logs[:, :3] = np.log((y[:, :3] + 0.5) / e[:, None])
    alone = TaskData(data.x, y[:, [t]], tasks=[data.tasks[t]], units=[data.units[t]])
    filled = impute(fit(icm(TaskData(data.x, logs, tasks=data.tasks)), starts=1))
    mean, variance = filled.mean[gone, t].numpy(), filled.variance[gone, t].numpy()
    as_number = LogNormal(mean, variance, e[gone]) if mice else Drawn(stats.bernoulli(mean.clip(0.01, 0.99)))
    own = independent(alone, likelihood={data.tasks[t]: kind}, kernel=MaternKernel(nu=1.5))
    return true[gone], {
        "mean": regression(others[:, :0], true, e, gone),
        "GLM": regression(others, true, e, gone),
        "GLM, spline": regression(np.c_[others, spline], true, e, gone),
        "own curve": of_model(own, gone, 0),
        "ICM of numbers": as_number,
        "ICM": of_model(icm(seen, likelihood=counts), gone, t),
    }


def rows(table, t, start):
    """Scores of all methods on one stretch."""
    data, length = (MICE, 8) if table == "mice" else (RAIN, 14)
    place = np.arange(len(data.x))
    y, said = laws(table, t, (start <= place) & (place < start + length))
    where = {"table": table, "task": data.tasks[t], "start": start, "cluster": start}
    return [
        where | {"method": method, "NLPD": -law.log_density(y).mean(), "CRPS": law.crps(y).mean()}
        for method, law in said.items()
    ]


if __name__ == "__main__":
    trials = [("mice", t, start) for t in range(3) for start in range(4, 102 - 8, 14)]
    run(__file__, trials + [("rain", 0, start) for start in range(7, 364 - 14, 28)])

"""What a lag costs an ICM, and what a delayed kernel makes of it: mtgp_tutorial/datasets/studies/delay.csv.

Task 2 repeats task 1 one length-scale later, with a correlation of 0.9, and has a gap of four length-scales. Both
methods are one program, fitted by maximum likelihood; in the ICM the lag is held at 0. Shown in
book/lag.ipynb.
"""

import numpy as np
import torch
from running import run
from scipy.optimize import minimize

from mtgp_tutorial import TaskData, coregionalization, correlation, gaussian, scores

SEEDS, LAG, LENGTH = 100, 1.5, 1.5
STARTS = (-4, -2, 0, 2, 4)


def late(seed):
    """Seen and hidden cells of two tasks in 61 rows, the second LAG later."""
    x = torch.linspace(0, 30, 61).double()
    moments = torch.cat([x, x - LAG])
    K = torch.exp(-0.5 * ((moments[:, None] - moments) / LENGTH) ** 2)
    B = torch.tensor([[1.0, 0.9], [0.9, 1.0]]).double()
    C = K * B.repeat_interleave(61, 0).repeat_interleave(61, 1) + 0.01 * torch.eye(122).double()
    y = gaussian.sample(torch.zeros(122).double(), C, 1, seed=seed)
    return TaskData(x, y.reshape(2, 61).T).hide("task 2", 12, 18)


def delayed(v, x, cells, others):
    """Covariance of two lists of cells (row, task); v: log length, w, log kappa, log noise variance, lag."""
    B = coregionalization(v[1:3, None], v[3:5].exp())
    tau = torch.stack([0 * v[6], v[6]])
    (i, s), (j, t) = cells, others
    apart = (x[i] - tau[s])[:, None] - (x[j] - tau[t])[None, :]
    return B[s][:, t] * torch.exp(-0.5 * (apart / v[0].exp()) ** 2)


def evidence(v, data):
    """Log marginal likelihood; means are zero."""
    cells = data.observed.nonzero(as_tuple=True)
    C = delayed(v, data.x[:, 0], cells, cells) + v[5].exp() * torch.eye(len(cells[0])).double()
    return gaussian.log_likelihood(data.y[cells], C)


def maximise(data, lag, free=True):
    """Height and place of the optimum above a lag; free=False holds it, by taking away its slope."""

    def loss(v):
        v = torch.tensor(v, requires_grad=True)
        value = -evidence(v, data)
        (slope,) = torch.autograd.grad(value, v)
        slope[6] *= free
        return value.item(), slope.numpy()

    start = np.array([0, 0.8, 0.8, -1.5, -1.5, -3, lag])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-5, 4)] * 6 + [(-6, 6)])
    return -found.fun, torch.tensor(found.x)


def scored(v, seen, hidden):
    """Scores of the hidden cells; "trivial" is the MSE of the training mean, "joint" the joint NLPD of the gap."""
    cells, wanted = (table.observed.nonzero(as_tuple=True) for table in (seen, hidden))
    x, noise, y = seen.x[:, 0], v[5].exp(), hidden.y[wanted]
    C = delayed(v, x, cells, cells) + noise * torch.eye(len(cells[0])).double()
    mean, spread = gaussian.posterior(seen.y[cells], C, delayed(v, x, wanted, cells), delayed(v, x, wanted, wanted))
    spread = spread + noise * torch.eye(len(y)).double()
    variance, trivial = spread.diagonal(), seen.scale().mean[1]
    found = {"MSE": scores.mse(mean, y), "trivial": scores.mse(trivial, y), "NLPD": scores.nlpd(mean, variance, y)}
    found |= {"joint": scores.joint_nlpd(mean, spread, y), "coverage": scores.coverage(mean, variance, y)}
    return {name: float(value) for name, value in found.items()}


def rows(seed):
    """One row for the delayed kernel, the best of five starts, and one for the ICM."""
    seen, hidden = late(seed)
    runs = {"delayed": max((maximise(seen, lag) for lag in STARTS), key=lambda run: run[0])}
    runs["ICM"] = maximise(seen, 0, free=False)
    found = []
    for method, (height, v) in runs.items():
        rho = correlation(coregionalization(v[1:3, None], v[3:5].exp()))[0, 1]
        first = {"seed": seed, "cluster": seed, "method": method, "height": height, "lag": float(v[6])}
        found.append(first | {"correlation": float(rho), **scored(v, seen, hidden)})
    return found


if __name__ == "__main__":
    run(__file__, ((seed,) for seed in range(SEEDS)))

"""How much rows say about a task correlation: mtgp_tutorial/datasets/studies/correlation_rows.csv.

Forty pairs of curves with task correlation 0.7 and length-scale 0.3. Each is seen at ten and at a hundred rows of the
same window, 1 wide; and forty other pairs at a hundred rows of a window of 10. The posterior of the model and priors of
`fit(icm(data, noise="per task"))`, by importance sampling: a Student distribution at the mode, moved once to where the
weights are.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run
from scipy import linalg, optimize, stats

from mtgp_tutorial import TaskData, fit, icm, simulate
from mtgp_tutorial.objective import objective

SEEDS, RHO, LENGTH, NOISE, POINTS = 40, 0.7, 0.3, 0.02, 3000
METHODS = ("10 rows, window 1", "100 rows, window 1", "100 rows, window 10")


def table(method, seed):
    """Rows of a pair of curves; the ten of the first method are among the hundred of the second."""
    kernel, B = RBFKernel().double(), torch.tensor([[1, RHO], [RHO, 1]]).double()
    kernel.lengthscale = LENGTH
    x = np.linspace(0, 10 if method.endswith("10") else 1, 100)
    _, y = simulate.draw_icm(x, kernel, B, NOISE * torch.eye(2).double(), seed=seed)
    return TaskData(y.x[::11], y.y[::11]) if method.startswith("10 ") else y


def log_det(z):
    """Of the correlation matrix with rho = tanh z: log(1 - rho^2), without overflow."""
    return 2 * (np.log(2) - np.logaddexp(z, -z))


def log_posterior(data):
    """Log density, up to a constant, of (arctanh rho, log length / range, log B [2], log Sigma [2], mean [2])."""
    x, y = data.x[:, 0].numpy(), data.standardise()[0].y.numpy()
    squares = (np.subtract.outer(x, x) / np.ptp(x)) ** 2

    def density(point):
        rho, d, s = np.tanh(point[0]), np.exp(point[2:4] / 2), np.exp(point[4:6] / 2)
        lam, V = np.linalg.eigh(np.outer(d / s, d / s) * np.array([[1, rho], [rho, 1]]))
        z, K = ((y - point[6:]) / s) @ V, np.exp(-0.5 * squares / np.exp(2 * point[1]))
        value = -len(x) * np.log(s).sum()
        for t in range(2):
            L = linalg.cholesky(lam[t] * K + np.eye(len(x)), lower=True, check_finite=False)
            half = linalg.solve_triangular(L, z[:, t], lower=True, check_finite=False)
            value -= np.log(L.diagonal()).sum() + 0.5 * half @ half
        off = np.append((point[1] - np.log(0.3), *point[2:4]), (*(point[4:6] - np.log(0.05)), *point[6:]))
        return value - 0.5 * off @ off + 2 * log_det(point[0])  # LKJ, and once more for the axis arctanh

    return density


def start(fitted):
    """The fit's point, and the module's objective there."""
    model, sd = fitted.model, fitted.model.scale.sd.numpy()
    logs = [np.log(np.diag(matrix) / sd**2) for matrix in (fitted.B, fitted.Sigma)]
    length = np.log(float(fitted.length_scales[0]) / float(np.ptp(model.unit.x)))
    means = [float(base.constant.detach()) for base in model.mean.base_means]
    with torch.no_grad():
        height = float(objective(model, priors=True))
    return np.array([np.arctanh(fitted.correlation.iloc[0, 1]), length, *logs[0], *logs[1], *means]), height


def curvature(density, point, step=1e-2):
    """Minus the second derivatives of the log density, by differences."""
    moves = step * np.eye(len(point))

    def second(a, b):
        return sum(i * j * density(point + i * a + j * b) for i in (-1, 1) for j in (-1, 1)) / (4 * step**2)

    return -np.array([[second(a, b) for b in moves] for a in moves])


def weighted(density, mean, covariance, size, seed):
    """Points of a Student distribution, and their weights for the density."""
    proposal = stats.multivariate_t(mean, covariance, df=5)
    points = proposal.rvs(size, random_state=seed)
    logs = np.array([density(point) for point in points]) - proposal.logpdf(points)
    weights = np.exp(logs - logs.max())
    return points, weights / weights.sum()


def rows(method, seed):
    """Quantiles of the correlation, the mode's and maximum likelihood's, and what the draws are worth."""
    data = table(method, seed)
    model = icm(data, noise="per task", kernel=RBFKernel())
    density, (point, height) = log_posterior(data), start(fit(model))
    rho = np.tanh(point[0])
    constant = density(point) - log_det(point[0]) - height
    assert abs(constant - data.y.shape[0] * np.log(2 * np.pi)) < 1e-6  # the module's density
    mean = optimize.minimize(lambda p: -density(p), point, method="BFGS").x
    covariance = np.linalg.inv(curvature(density, mean))
    for stage in range(2):
        points, weights = weighted(density, mean, covariance, POINTS // 2, 2 * seed + stage)
        mean, covariance = weights @ points, 1.3 * np.cov(points.T, aweights=weights)
    points, weights = weighted(density, mean, covariance, POINTS, seed)
    order = np.argsort(points[:, 0])
    at = np.searchsorted(np.cumsum(weights[order]), (0.05, 0.5, 0.95))
    found = dict(zip(("5%", "50%", "95%"), np.tanh(points[order[at], 0])))
    ml = fit(model, priors=False).correlation.iloc[0, 1]
    return [
        {"method": method, "seed": seed, "cluster": seed, **found, "MAP": rho, "ML": ml, "ess": 1 / (weights**2).sum()}
    ]


if __name__ == "__main__":
    run(__file__, ((method, seed) for method in METHODS for seed in range(SEEDS)))

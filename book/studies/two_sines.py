"""The two sines, 200 seeds: one row for each seed and method in mtgp_tutorial/datasets/studies/two_sines.csv.

Two programs in plain GPyTorch, and the module with and without priors. Shown in book/compare.ipynb and
book/priors.ipynb.
"""

import gpytorch
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import Prediction, correlation, fit, icm, independent, predict, scores, simulate

FLOOR = 1e-4  # smallest noise variance: GPyTorch's default, and the module's in units of each task's variance
SEEDS, TRUTH_AT = 200, torch.linspace(0, 1, 101, dtype=torch.float64)


class ICM(gpytorch.models.ExactGP):
    """The model of the first experiment: RBF, B of rank 1 plus its diagonal, constant means."""

    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ConstantMean(), num_tasks=2)
        self.covar_module = gpytorch.kernels.MultitaskKernel(gpytorch.kernels.RBFKernel(), num_tasks=2, rank=1)

    def forward(self, x):
        return gpytorch.distributions.MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))


class SingleTaskGP(gpytorch.models.ExactGP):
    """One GP for one task, with a kernel, a scale and a noise of its own."""

    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ConstantMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


def train(model, y):
    """500 Adam steps; the step size starts at 0.1 and is halved every 50."""
    model.double().train()
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=50, gamma=0.5)
    for _ in range(500):
        optimizer.zero_grad()
        loss = -mll(model(*model.train_inputs), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    return model.eval()


def height(model, y):
    """Log marginal likelihood in nats; GPyTorch divides it by the number of values."""
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model.train())
    with torch.no_grad():
        value = float(mll(model(*model.train_inputs), y)) * y.numel()
    model.eval()
    return value


def plain_icm(data, seed):
    """Prediction and readings of the ICM in plain GPyTorch."""
    torch.manual_seed(seed)
    likelihood = gpytorch.likelihoods.MultitaskGaussianLikelihood(num_tasks=2, rank=1)
    model = train(ICM(data.x, data.y, likelihood), data.y)
    with torch.no_grad():
        p = likelihood(model(TRUTH_AT[:, None]))
        prediction = Prediction(TRUTH_AT[:, None], p.mean, p.variance, data.tasks, data.units, noise=True)
        B = model.covar_module.task_covar_module.covar_matrix.to_dense()
        L = likelihood.task_noise_covar_factor
        Sigma = L @ L.T + likelihood.noise * torch.eye(2)
    return prediction, {
        "correlation": float(correlation(B)[0, 1]),
        "noise correlation": float(correlation(Sigma)[0, 1]),
        "log likelihood": height(model, data.y),
        "on floor": float(likelihood.noise) < 1.01 * FLOOR,
    }


def plain_independent(data, seed):
    """Prediction and readings of one plain GPyTorch GP for each task."""
    torch.manual_seed(seed)
    mean, variance, heights, noises = [], [], [], []
    for y in data.y.T:
        model = train(SingleTaskGP(data.x, y, gpytorch.likelihoods.GaussianLikelihood()), y)
        with torch.no_grad():
            p = model.likelihood(model(TRUTH_AT[:, None]))
            mean.append(p.mean)
            variance.append(p.variance)
        heights.append(height(model, y))
        noises.append(float(model.likelihood.noise))
    columns = torch.stack(mean, 1), torch.stack(variance, 1)
    prediction = Prediction(TRUTH_AT[:, None], *columns, data.tasks, data.units, noise=True)
    return prediction, {"log likelihood": sum(heights), "on floor": min(noises) < 1.01 * FLOOR}


def with_module(build, priors):
    """The same through the module."""

    def run(data, seed):
        fitted = fit(build(data), priors=priors, seed=seed)
        return predict(fitted, TRUTH_AT), {
            "correlation": fitted.correlation.iloc[0, 1],
            "noise correlation": fitted.noise_correlation.iloc[0, 1],
            "log likelihood": fitted.log_likelihood,
            "on floor": len(fitted.on_floor) > 0,
        }

    return run


METHODS = {
    "ICM, plain GPyTorch": plain_icm,
    "independent, plain GPyTorch": plain_independent,
}
for label, priors in (("ML", False), ("priors", True)):
    METHODS |= {
        f"ICM, full noise, {label}": with_module(lambda data: icm(data, noise="full", kernel=RBFKernel()), priors),
        f"ICM, {label}": with_module(lambda data: icm(data, kernel=RBFKernel()), priors),
        f"independent, own, {label}": with_module(lambda data: independent(data, kernel=RBFKernel()), priors),
        f"independent, shared, {label}": with_module(
            lambda data: independent(data, hyperparameters="shared", kernel=RBFKernel()), priors
        ),
    }


def rows(seed, method):
    """Scores of one method on one seed: MSE against the truth, the others on fresh noisy data."""
    data, fresh = simulate.two_sines(seed=seed), simulate.two_sines(n=101, seed=10_000 + seed)
    prediction, readings = METHODS[method](data, seed)
    table = scores.table(prediction, fresh, data).mean()
    only = {
        "seed": seed,
        "cluster": seed,
        "method": method,
        "MSE": scores.mse(prediction.mean, simulate.sines(TRUTH_AT).y).item(),
        "NLPD": table["NLPD"],
        "CRPS": table["CRPS"],
        "coverage": table["coverage"],
        **readings,
    }
    return [only]


if __name__ == "__main__":
    run(__file__, ((seed, method) for seed in range(SEEDS) for method in METHODS))

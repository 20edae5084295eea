"""The two sines, 200 seeds: one row for each seed and method in mtgp_tutorial/datasets/studies/two_sines.csv.

Three programs in plain GPyTorch, and the module with and without priors. Shown in book/compare.ipynb and
book/priors.ipynb.
"""

from functools import partial

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


def train(*models):
    """500 Adam steps on the sum of the losses; the step size starts at 0.1 and is halved every 50."""
    mlls = [gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model.double().train()) for model in models]
    parameters = {id(p): p for model in models for p in model.parameters()}  # one that two models share counts once
    optimizer = torch.optim.Adam(parameters.values(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=50, gamma=0.5)
    for _ in range(500):
        optimizer.zero_grad()
        loss = -sum(mll(model(*model.train_inputs), model.train_targets) for mll, model in zip(mlls, models))
        loss.backward()
        optimizer.step()
        scheduler.step()
    return [model.eval() for model in models]


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
    [model] = train(ICM(data.x, data.y, likelihood))
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


def plain_independent(data, seed, shared=False):
    """Prediction and readings of one plain GPyTorch GP for each task, or of two with one length-scale."""
    torch.manual_seed(seed)
    models = [SingleTaskGP(data.x, y, gpytorch.likelihoods.GaussianLikelihood()) for y in data.y.T]
    if shared:
        models[1].covar_module.base_kernel = models[0].covar_module.base_kernel
    train(*models)
    with torch.no_grad():
        parts = [model.likelihood(model(TRUTH_AT[:, None])) for model in models]
    columns = torch.stack([p.mean for p in parts], 1), torch.stack([p.variance for p in parts], 1)
    prediction = Prediction(TRUTH_AT[:, None], *columns, data.tasks, data.units, noise=True)
    return prediction, {
        "log likelihood": sum(height(model, model.train_targets) for model in models),
        "on floor": min(model.likelihood.noise.item() for model in models) < 1.01 * FLOOR,
    }


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
    "independent, shared, plain GPyTorch": partial(plain_independent, shared=True),
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

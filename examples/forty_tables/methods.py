"""The methods of the benchmark: functions from a seen table, and which cells are asked for, to a prediction.

A method is handed the seen table and a table of the asked cells whose values are all 0; it answers with a `Prediction`
of their noisy values, of which the asked cells count. Every method with a kernel chooses it by its own likelihood of
the seen cells, from one list: Matern 1/2, Matern 3/2 and RBF.
"""

from collections.abc import Callable

import numpy as np
import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel

from mtgp_tutorial import FitError, Prediction, TaskData, Trend, fit, icm, impute, independent, lmc, sample_posterior
from mtgp_tutorial.tables import NotApplicable, plain, plain_methods, propose_season
from mtgp_tutorial.trends import UnfixedError

Method = Callable[[TaskData, TaskData], Prediction]

KERNELS: dict[str, Callable[[int | None], Kernel]] = {
    "matern12": lambda inputs: MaternKernel(nu=0.5, ard_num_dims=inputs),
    "matern32": lambda inputs: MaternKernel(nu=1.5, ard_num_dims=inputs),
    "rbf": lambda inputs: RBFKernel(ard_num_dims=inputs),
}
PERIODS = {"year": (0.25, 1.0), "day": (7.0,), "hour": (24.0,)}  # that a season may have, by the unit of x
STEEP = 0.25  # R^2 of a line from which on a trend is taken off
SMALL = 400  # seen cells up to which slow methods are run


def kernel(name: str, seen: TaskData) -> Kernel:
    """A kernel of the list; on a map with a length-scale for each input."""
    return KERNELS[name](seen.x.shape[1] if seen.x.shape[1] > 1 else None)


def best(build, seen, **options):
    """The kernel of the highest likelihood, and its fit. Kernels whose fit does not end are left out."""
    fits = {}
    for name in KERNELS:
        try:
            fits[name] = fit(build(seen, kernel(name, seen)), **options)
        except FitError as error:
            failed = error
    if not fits:
        raise failed
    return max(fits.items(), key=lambda one: one[1].log_likelihood)


def by_model(build, **options) -> Method:
    """A method of a function from a table and a kernel to a model; options go to `fit`."""
    return lambda seen, asked: impute(best(build, seen, **options)[1])


def by_rule(name: str, season: float | None = None) -> Method:
    """One of `plain_methods`."""
    return lambda seen, asked: plain_methods(season, kernels=tuple(KERNELS))[name](seen).forecast(asked)


def spared(count: int) -> Method:
    """The regression with a GP of `plain_methods`, with that many rows beyond its coefficients."""

    def answer(seen: TaskData, asked: TaskData) -> Prediction:
        kept, plain.WITH_GP = plain.WITH_GP, count
        try:
            return by_rule("regression + GP")(seen, asked)
        finally:
            plain.WITH_GP = kept

    return answer


def season_of(seen: TaskData):
    """What `propose_season` finds in the seen cells; None on a map and where x is no time."""
    periods = PERIODS.get(seen.x_name) if seen.x.shape[1] == 1 else None
    return propose_season(seen, periods) if periods else None


def trend_of(seen: TaskData, line: bool = True) -> Trend | None:
    """The season that is found and, if asked, a line where one column has R^2 above STEEP with x; None without."""
    if seen.x.shape[1] > 1:
        return None
    x, y = seen.x.numpy()[:, 0], seen.y.numpy()
    ok = ~np.isnan(y)
    steep = line and any(np.corrcoef(x[ok[:, t]], y[ok[:, t], t])[0, 1] ** 2 > STEEP for t in range(y.shape[1]))
    season = season_of(seen)
    how = {"season": season.season, "harmonics": season.harmonics} if season else {}
    try:
        return Trend(seen, line=steep, **how) if steep or season else None
    except UnfixedError:
        return None


def without_trend(method: Method, line: bool = True) -> Method:
    """A method that answers for what a season of the seen cells, and a line if asked, leave, with both put back."""

    def answer(seen: TaskData, asked: TaskData) -> Prediction:
        trend = trend_of(seen, line)
        return method(seen, asked) if trend is None else trend.restore(method(trend.remove(seen), asked))

    return answer


def seasonal(name: str) -> Method:
    """A rule with the season that is found; NotApplicable where none is."""

    def answer(seen: TaskData, asked: TaskData) -> Prediction:
        season = season_of(seen)
        if season is None:
            raise NotApplicable("seen: its cells speak for no season")
        return by_rule(name, season.season)(seen, asked)

    return answer


def averaged(build) -> Method:
    """The fit of the best kernel, averaged over its parameters."""
    return lambda seen, asked: impute(sample_posterior(best(build, seen)[1]))


def with_kernel_of(first, build) -> Method:
    """A method whose kernels are all that which another model chooses: fits of several kernels take long."""
    return lambda seen, asked: impute(fit(build(seen, kernel(best(first, seen)[0], seen))))


def small(method: Method) -> Method:
    """A method for tables of at most SMALL seen cells: its fits take long."""

    def answer(seen: TaskData, asked: TaskData) -> Prediction:
        if int(seen.observed.sum()) > SMALL:
            raise NotApplicable("seen: is no small table")
        return method(seen, asked)

    return answer


def full(rank: int | None = None):
    """ICM with full noise; rank None: one less than tasks."""
    return lambda seen, kernel: icm(seen, rank=rank or seen.num_tasks - 1, noise="full", kernel=kernel)


def imputer(name: str) -> Method:
    """scikit-learn's imputers, with the inputs as further columns, all standardised."""

    def answer(seen: TaskData, asked: TaskData) -> Prediction:
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer, KNNImputer
        from sklearn.linear_model import BayesianRidge

        x, y = seen.x.numpy(), seen.y.numpy()
        centre, width = np.nanmean(y, 0), np.nanstd(y, 0)
        z = np.c_[(x - x.mean(0)) / x.std(0), (y - centre) / width]
        sd = np.full(y.shape, np.nan)
        if name == "KNN":
            filled = KNNImputer(n_neighbors=5, weights="distance").fit_transform(z)
        else:
            rule = IterativeImputer(BayesianRidge(), max_iter=30, random_state=0)
            filled = rule.fit_transform(z)
            for step in rule.imputation_sequence_[-np.isnan(z).any(0).sum() :]:
                others = filled[:, step.neighbor_feat_idx]
                sd[:, step.feat_idx - x.shape[1]] = step.estimator.predict(others, return_std=True)[1]
        mean = filled[:, x.shape[1] :] * width + centre
        variance = (sd * width) ** 2
        return Prediction(
            seen.x, torch.tensor(mean), torch.tensor(variance), tuple(seen.tasks), tuple(seen.units), True
        )

    return answer


def hadamard(seen: TaskData, asked: TaskData) -> Prediction:
    """GPyTorch's multi-task model for cells, as its page "Hadamard Multitask GP Regression" shows it.

    IndexKernel of rank 1, RBF, one noise, Adam with step 0.1 for 50 steps; inputs in [0, 1], columns standardised.
    """
    import gpytorch

    x = (seen.x - seen.x.amin(0)) / (seen.x.amax(0) - seen.x.amin(0))
    scale = seen.scale()
    rows, tasks = seen.observed.nonzero(as_tuple=True)
    y = ((seen.y - scale.mean) / scale.sd)[rows, tasks]

    class Hadamard(gpytorch.models.ExactGP):
        def __init__(self, inputs, values, likelihood):
            super().__init__(inputs, values, likelihood)
            self.mean_module = gpytorch.means.ConstantMean()
            self.covar_module = gpytorch.kernels.RBFKernel()
            self.task_covar_module = gpytorch.kernels.IndexKernel(num_tasks=seen.num_tasks, rank=1)

        def forward(self, x, i):
            covar = self.covar_module(x).mul(self.task_covar_module(i))
            return gpytorch.distributions.MultivariateNormal(self.mean_module(x), covar)

    torch.manual_seed(0)
    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    model = Hadamard((x[rows], tasks[:, None]), y, likelihood).double()
    model.train(), likelihood.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
    for _ in range(50):
        optimizer.zero_grad()
        loss = -mll(model(x[rows], tasks[:, None]), y)
        loss.backward()
        optimizer.step()
    model.eval(), likelihood.eval()
    at, which = asked.observed.nonzero(as_tuple=True)
    with torch.no_grad():
        found = likelihood(model(x[at], which[:, None]))
    mean, variance = torch.full_like(seen.y, torch.nan), torch.full_like(seen.y, torch.nan)
    mean[at, which] = found.mean * scale.sd[which] + scale.mean[which]
    variance[at, which] = found.variance * scale.sd[which] ** 2
    return Prediction(seen.x, mean, variance, tuple(seen.tasks), tuple(seen.units), True)


def apart(seen, kernel):
    """Tasks that share a kernel and nothing else."""
    return independent(seen, hyperparameters="shared", kernel=kernel)


def per_task(seen, kernel):
    """An ICM with noise per task."""
    return icm(seen, noise="per task", kernel=kernel)


def two_kernels(noise: str):
    """LMC of two kernels of one kind, rank 1."""
    return lambda seen, kernel: lmc(seen, kernels=[kernel, kernel], noise=noise)


def matern(seen: TaskData, asked: TaskData) -> Prediction:
    """Full noise with the kernel that the report takes."""
    return impute(fit(full(1)(seen, kernel("matern32", seen))))


def by_task(seen: TaskData, asked: TaskData) -> Prediction:
    """Noise per task with the kernel that the report takes."""
    return impute(fit(per_task(seen, kernel("matern32", seen))))


DRIFT, FULL = by_rule("regression + GP"), by_model(full(1))
METHODS: dict[str, Method] = {
    "mean": by_rule("mean"),
    "interpolation": by_rule("interpolation"),
    "season before": seasonal("season before"),
    "regression": by_rule("regression"),
    "regression + GP": DRIFT,
    "independent": by_model(apart),
    "ICM": by_model(per_task),
    "ICM, full noise": FULL,
    "regression + GP, trend": without_trend(DRIFT),
    "independent, trend": without_trend(by_model(apart)),
    "ICM, full noise, trend": without_trend(FULL),
    "regression + GP, season": without_trend(DRIFT, line=False),
    "ICM, full noise, season": without_trend(FULL, line=False),
    "averaged": averaged(full(1)),
    "IterativeImputer": imputer("iterative"),
    "KNNImputer": imputer("KNN"),
    "GPyTorch": small(hadamard),
    "ICM, RBF": lambda seen, asked: impute(fit(per_task(seen, kernel("rbf", seen)))),
    "full noise, RBF": lambda seen, asked: impute(fit(full(1)(seen, kernel("rbf", seen)))),
    "full noise, Matern32": matern,
    "full noise, Matern32, season": without_trend(matern, line=False),
    "noise per task, Matern32": by_task,
    "full noise, no priors": by_model(full(1), priors=False),
    "rank 2": with_kernel_of(full(1), full(2)),
    "rank T - 1": with_kernel_of(full(1), full()),
    "LMC": small(with_kernel_of(per_task, two_kernels("per task"))),
    "LMC, full noise": small(with_kernel_of(full(1), two_kernels("full"))),
}

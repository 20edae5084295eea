"""The objective, its priors, and the optimiser."""

import math

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel, RQKernel
from scipy.stats import norm
from torch.nn.utils import parameters_to_vector

from laws.common import (
    RANDOM,
    close,
    random_psd,
    table,
    tensor,
)
from mtgp_tutorial import (
    TaskData,
    fit,
    icm,
    independent,
    lmc,
    predict,
    simulate,
)
from mtgp_tutorial.exact.covariance import (
    correlation,
)
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.fits.objective import objective
from mtgp_tutorial.fits.starting import starting_point
from mtgp_tutorial.models.priors import log_prior


def law_same_optimum_from_parametrisations_that_span_the_same_B():
    two = simulate.two_sines(n=12, seed=3)
    three = simulate.draw_icm(
        np.linspace(0, 4, 10),
        RBFKernel(),
        tensor([[1, 0.8, 0.3], [0.8, 1, 0.5], [0.3, 0.5, 1]]),
        0.05 * torch.eye(3).double(),
        seed=4,
    )[1]
    for data, ranks in ((two, (1, 2)), (three, (2, 3))):
        a, b = (fit(icm(data, rank=rank), priors=False, starts=4) for rank in ranks)
        assert abs(a.log_likelihood - b.log_likelihood) < 1e-3, (a.log_likelihood, b.log_likelihood)


def law_fit_follows_the_scale_of_data_and_inputs():
    data, factor = simulate.two_sines(seed=5), tensor([1e-6, 1e5])
    moved = TaskData(1e4 * data.x + 7, factor * data.y - tensor([3e-6, 3e5]))
    starts = [
        starting_point(icm(one), 0, torch.Generator()).kernel.data_covar_module.lengthscale for one in (data, moved)
    ]
    close(starts[1] / starts[0], [[1e4]], 1e-12)
    a, b = fit(icm(data)), fit(icm(moved))
    close(a.correlation, b.correlation, 1e-4)
    p, q = predict(a, data.x), predict(b, moved.x)
    close(q.mean / factor + 3, p.mean, 1e-4)
    close(q.variance / factor**2, p.variance, 1e-4)
    close(b.log_likelihood, a.log_likelihood - 10 * math.log(1e-6 * 1e5), 1e-4)


def law_prior_is_the_stated_density():
    rng = RANDOM(16)
    B, Sigma, mean = random_psd(rng, 3, extra=0.3), random_psd(rng, 3, extra=0.1), tensor(rng.normal(size=3))
    scale, spread = tensor([[0.5, 3.0]]), tensor([2.0, 4.0])
    signal, noise = np.diag(B.numpy()), np.diag(Sigma.numpy())
    value = norm.logpdf(mean.numpy()).sum() + norm.logpdf(np.log([0.25, 0.75]), np.log(0.3), 1).sum()
    value += norm.logpdf(np.log(signal), 0, 1).sum() + norm.logpdf(np.log(noise), np.log(0.05), 1).sum()
    value += sum(np.log(np.linalg.det(correlation(matrix).numpy())) for matrix in (B, Sigma))
    constants = -0.5 * math.log(2 * math.pi) * 11
    close(log_prior([scale], spread, B.diagonal(), Sigma.diagonal(), [B, Sigma], mean), value - constants)


def law_a_singular_B_has_no_prior_on_its_correlation():
    data = table(RANDOM(27), holes=False)
    for model, coupled in ((lmc(data, own=False), False), (lmc(data, rank=2, own=False), True), (lmc(data), True)):
        with torch.no_grad():
            model = starting_point(model, 0, torch.Generator())
            value = objective(model, True) - objective(model, False)
            scales = [part.data_covar_module.lengthscale for part in model.kernel.coregional]
            spread, matrices = data.x.max(0).values - data.x.min(0).values, [model.B(), model.Sigma()]
            mean, noise = torch.zeros(3).double(), model.Sigma().diagonal()
            close(value, log_prior(scales, spread, model.B().diagonal(), noise, matrices[not coupled :], mean))


def law_B_is_coupled_when_its_rank_is_full():
    """W of R columns and a kappa for some tasks: positive definite for almost all W when they are T together."""
    data = table(RANDOM(29), holes=False)
    for absent, rank, coupled in (([0], 1, True), ([0, 1], 1, False), ([0, 1], 2, True), ([0, 1, 2], 3, True)):
        model = icm(data, rank=rank)
        with torch.no_grad():
            model.kernel.task_covar_module.raw_var[absent] = -math.inf
            model.kernel.task_covar_module.covar_factor.copy_(tensor(RANDOM(1).normal(size=(3, rank))))
        assert model.coupled() == coupled == bool(torch.linalg.eigvalsh(model.B())[0] > 1e-9), (absent, rank)


def law_the_flat_objective_is_the_models():
    """Value and every slope, against autograd through GPyTorch: every model, noise and closed kernel, with holes."""
    for width in (1, 2):
        for holes in (False, True):
            rng = RANDOM(50 + width)
            y = table(rng, rows=9, holes=holes).y
            data = TaskData(rng.uniform(0, 3, (9, width)), y)
            for noise in ("shared", "per task", "full"):
                for model in (
                    independent(data, noise=noise, kernel=MaternKernel(nu=2.5)),
                    independent(data, hyper="shared", noise=noise),
                    icm(data, rank=2, noise=noise, kernel=RQKernel()),
                    icm(data, noise=noise, kernel=MaternKernel(nu=0.5, ard_num_dims=width)),
                    lmc(data, kernels=[RBFKernel(), MaternKernel(nu=1.5)], rank=[1, 2], noise=noise),
                    lmc(data, own=False, noise=noise),
                ):
                    _flat_against_autograd(model)


def _flat_against_autograd(model):
    free = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with torch.no_grad():
        for parameter in free:
            parameter.add_(0.3 * tensor(RANDOM(parameter.numel()).normal(size=parameter.shape)))
    for priors in (False, True):
        value = objective(model, priors)
        slopes = parameters_to_vector(torch.autograd.grad(value, free))
        flat, vector = Flat(model, priors), parameters_to_vector(free).detach().numpy()
        minus, downhill = flat(vector)
        close(-minus, value, 1e-11)
        close(flat.value(vector), value, 1e-11)
        close(-downhill, slopes, 1e-10)


def law_the_prior_does_not_ask_what_is_frozen():
    """The objective of a fitted model, whose parameters are frozen, is the one that its fit reports."""
    data = table(RANDOM(28), holes=False)
    for model in (icm(data), lmc(data), lmc(data, own=False)):
        fitted = fit(model, starts=1)
        close(objective(fitted.model, True), fitted.starts["objective"].max())


def law_a_shared_variance_is_counted_once():
    for data in (simulate.two_sines(n=6, seed=1), table(RANDOM(20), tasks=4, holes=False)):
        model = independent(data, hyper="shared", noise="shared")
        with torch.no_grad():
            model.likelihood.noise, model.kernel.kernels[0].outputscale = 0.05 * math.e, tensor(math.e)
            model.kernel.kernels[0].base_kernel.lengthscale = 0.3 * (data.x.max() - data.x.min())
            prior = objective(model, True) - objective(model, False)
        close(prior, -0.5 - 0.5)  # one standard deviation for each of the two, whatever T

"""What the laws share: random tables, models at random parameters, and the one equation by loops."""

import math

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from scipy.optimize import minimize

from mtgp_tutorial import TaskData, icm, independent, lmc
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.noise import KINDS
from mtgp_tutorial.parameters import box_around, free_sizes, put_vector
from mtgp_tutorial.priors import log_prior
from mtgp_tutorial.result import Fit
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers.markov import Markov
from mtgp_tutorial.starts import starting_point

RANDOM = np.random.default_rng


def tensor(values):
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


def close(a, b, tolerance=1e-9):
    """Equal to the tolerance times the largest entry, or times 1 if that is larger."""
    a, b = (np.asarray(v.detach() if torch.is_tensor(v) else v, dtype=float) for v in (a, b))
    assert a.shape == b.shape, (a.shape, b.shape)
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def dense_objective(model, priors):
    """What a fit maximises, by the dense specification."""
    value = model.log_likelihood(solver="dense")
    return value + log_prior(model) if priors else value


def prior_by_hand(model, coupled=True):
    """The stated density of one input, noise per task, in numpy; coupled: with |R| of B."""
    B, spread = model.B().detach().numpy(), float(model.unit.x.max() - model.unit.x.min())
    lengths = [part.data_covar_module.lengthscale.item() / spread / 0.3 for part in model.kernel.coregional]
    noise = model.Sigma().detach().diagonal().numpy()[model.noisy] / 0.05
    logs = [np.log(lengths), np.log(np.diag(B)), np.log(noise), (model.raw_dispersion.detach() - math.log(0.1)).numpy()]
    value = -0.5 * (np.concatenate([*logs, model.means().detach().numpy()]) ** 2).sum()
    sd = np.sqrt(np.diag(B))
    return value + (np.linalg.slogdet(B / np.outer(sd, sd))[1] if coupled else 0.0)


def climbed_by_scipy(model, priors, starts):
    """Where L-BFGS-B comes to by autograd on the dense objective, from each vector of free parameters: heights."""
    model = starting_point(model, 0, torch.Generator())
    free = [p for p in model.parameters() if p.requires_grad]

    def loss(vector):
        put_vector(model, vector)
        try:
            value = -dense_objective(model, priors)
        except NotPositiveDefiniteError:
            return 1e10, np.zeros_like(vector)
        slopes = torch.cat([slope.flatten() for slope in torch.autograd.grad(value, free)])
        return float(value.detach()), slopes.numpy()

    options = {"maxiter": 1000, "maxfun": 10**6, "maxcor": 50, "ftol": 1e-13, "gtol": 1e-5}
    how = {"jac": True, "method": "L-BFGS-B", "options": options}
    boxes = [box_around(start, free_sizes(model)).T for start in starts]
    return [-minimize(loss, start, bounds=box, **how).fun for start, box in zip(starts, boxes)]


def random_psd(rng, size, rank=None, extra=0.0):
    root = rng.normal(size=(size, rank or size))
    return tensor(root @ root.T + extra * np.eye(size))


def rbf(x, z, length):
    return np.exp(-0.5 * ((x[:, None] - z[None]) ** 2).sum(-1) / length**2)


def table(rng, rows=7, tasks=3, holes=True, known=False):
    """A random table; with holes some cells and one whole row are missing, and no task is empty.

    known: with standard errors, from tiny to larger than the values' spread; that of one cell is not known.
    """
    y = rng.normal(size=(rows, tasks)) * 10.0 ** np.arange(tasks) + 5
    if holes:
        y[1, 0] = y[2, tasks - 1] = np.nan
        y[4] = np.nan
    x = np.sort(rng.uniform(0, 3, rows))
    if not known:
        return TaskData(x, y)
    sd = rng.choice([1e-3, 0.1, 0.5, 3.0], y.shape) * 10.0 ** np.arange(tasks)
    sd[3, 1] = np.nan
    return TaskData(x, y, sd=sd)


def unfitted(model, seed=0, move=0.3):
    """A model at random parameters, wrapped as if it had been fitted."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(
                    move * torch.randn(parameter.shape, generator=generator, dtype=torch.float64).to(parameter.device)
                )
    return Fit(model.requires_grad_(False), False, math.nan, None)


def height(flat, vector):
    """The objective of a flat form at one vector, minus infinity where there is none."""
    return float(flat.many(np.asarray(vector)[None], slopes=False)[0][0])


def dense_numpy(fitted):
    """Standardised covariance of the observed cells, and their residual, by loops over the one equation."""
    model = fitted.model
    x, y = model.unit.x.numpy(), model.unit.y.numpy()
    terms, Sigma = model.terms(model.unit.x), model.Sigma().numpy()
    cells = [(i, t) for i in range(len(x)) for t in range(y.shape[1]) if not np.isnan(y[i, t])]
    C = np.zeros((len(cells), len(cells)))
    for a, (i, s) in enumerate(cells):
        for b, (j, t) in enumerate(cells):
            C[a, b] = sum(float(K[i, j]) * float(B[s, t]) for K, B in terms) + (Sigma[s, t] if i == j else 0)
    if model.unit.sd is not None:
        for a, (i, s) in enumerate(cells):
            C[a, a] += np.nan_to_num(float(model.unit.sd[i, s])) ** 2
    mean = np.array([float(base.constant) for base in model.mean.base_means])
    return C, np.array([y[i, t] - mean[t] for i, t in cells]), cells


cheapest, preferred = solvers.cheapest, []
solvers.cheapest = lambda shape: next((form for form in preferred if takes(form, shape)), cheapest(shape))


def takes(form, shape):
    """Whether the form takes a table of this shape. Markov does whatever its size; it chooses itself for long ones."""
    return shape.state > 0 if form is Markov else form.cost(shape) < math.inf


def in_each_form(fitted):
    """The same fit, once for each form that takes its table, with that form in use wherever it can be."""
    shape = solvers.with_values(solvers.problem_of(fitted.model))[0].shape()
    try:
        for form in solvers.SOLVERS:
            if takes(form, shape):
                preferred[:] = [form]
                fitted.__dict__.pop("_kept", None)
                yield fitted
    finally:
        preferred.clear()


def models_of(data):
    """One model of every kind on a table, at random parameters, in each form that takes it."""
    T = data.num_tasks
    for noise in [word for word, kind in KINDS.items() if kind.learned] + ["rank 1"]:
        for model in (
            independent(data, noise=noise, kernel=MaternKernel(nu=2.5)),
            independent(data, hyperparameters="shared", noise=noise),
            icm(data, rank=min(2, T), noise=noise, kernel=RBFKernel()),
            icm(data, kappa=False, noise=noise),
            lmc(data, kernels=[RBFKernel(), MaternKernel(nu=1.5)], rank=[1, T], noise=noise),
            lmc(data, kernels=2, kappa=False, noise=noise),
        ):
            yield from in_each_form(unfitted(model, T))


def copied_noise_and_mean(target, source):
    """Give one model the noise and the means of another."""
    target.likelihood.load_state_dict(source.likelihood.state_dict())
    for ours, theirs in zip(target.mean.base_means, source.mean.base_means, strict=True):
        ours.constant = theirs.constant.detach().clone()

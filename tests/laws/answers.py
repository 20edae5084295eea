"""Predictions, missing cells and parts are conditionals of one joint Gaussian."""

import math

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from scipy.stats import multivariate_normal

from laws.common import (
    RANDOM,
    close,
    dense_numpy,
    in_each_form,
    models_of,
    rbf,
    table,
    tensor,
    unfitted,
)
from mtgp_tutorial import (
    TaskData,
    at_parameters,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    parts,
    predict,
    sample,
)
from mtgp_tutorial.result import Fit


def law_predictive_is_the_conditional_of_the_joint():
    new = tensor([[-0.5], [1.3], [4.0]])
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(4), holes=holes)):
            mean, covariance = _conditional(fitted, new)
            f, y = (predict(fitted, new, noise=noise, covariance=True) for noise in (False, True))
            sd = np.tile(fitted.model.scale.sd.numpy(), 3)
            close(f.mean.flatten() / sd, (mean + np.tile(fitted.model.scale.mean.numpy(), 3)) / sd, 1e-8)
            close(f.covariance / np.outer(sd, sd), covariance / np.outer(sd, sd), 1e-8)
            close((y.covariance - f.covariance) / np.outer(sd, sd), np.kron(np.eye(3), fitted.model.Sigma()), 1e-8)
            for p in (f, y):
                lean = predict(fitted, new, noise=p.noise)
                close(lean.variance / p.variance, np.ones((3, p.mean.shape[1])), 1e-7)
                close(p.variance.flatten() / sd**2, p.covariance.diagonal() / sd**2, 1e-8)


def _conditional(fitted, new):
    """Latent mean and covariance at new rows, data units, by numpy."""
    model, T = fitted.model, fitted.model.unit.num_tasks
    C, residual, cells = dense_numpy(fitted)
    rows, columns = [i for i, _ in cells], [t for _, t in cells]
    cross, prior = np.zeros((3 * T, len(cells))), np.zeros((3 * T, 3 * T))
    for (K, B), (K_new, _) in zip(model.terms(new, model.unit.x), model.terms(new), strict=True):
        cross += np.kron(K, B)[:, [i * T + t for i, t in zip(rows, columns, strict=True)]]
        prior += np.kron(K_new, B)
    constant = np.tile([float(base.constant) for base in model.mean.base_means], 3)
    sd = np.tile(model.scale.sd.numpy(), 3)
    mean = constant + cross @ np.linalg.solve(C, residual)
    return mean * sd, (prior - cross @ np.linalg.solve(C, cross.T)) * np.outer(sd, sd)


def law_parts_and_latent_functions():
    """Against the joint Gaussian of u, of the tasks' own parts v, and of y, written out with loops; in each form."""
    holes, complete = table(RANDOM(26), rows=5), table(RANDOM(26), rows=5, holes=False)
    for model, names in (
        (lmc(holes, kernels=[RBFKernel(), MaternKernel(nu=0.5)], rank=[2, 1], noise="full"), ("u1,1", "u1,2", "u2")),
        (lmc(complete, kernels=2, kappa=False, noise="full"), ("u1", "u2")),
        (icm(holes, rank=2, noise="full"), ("u1,1", "u1,2")),
        (icm(complete), ("u1",)),
        (independent(holes), ()),
    ):
        for fitted in in_each_form(unfitted(model, 11)):
            _latent_by_loops(fitted, np.array([0.7, 2.2]), names)


def _latent_by_loops(fitted, new, names):
    model, C, residual, cells = fitted.model, *dense_numpy(fitted)
    solved = np.linalg.solve(C, residual)
    terms = model.terms(tensor(new[:, None]), model.unit.x)
    columns = []  # of each W_q, with its K_q
    for part, (K, _) in zip(model.kernel.coregional, terms):
        columns += [(K, w) for w in part.task_covar_module.covar_factor.detach().numpy().T]
    u = latent_functions(fitted, new) if names else None
    assert names == () or u.tasks == names
    for column, (K, w) in enumerate(columns):
        cross = np.array([[float(K[m, i]) * w[t] for i, t in cells] for m in range(2)])
        close(u.mean[:, column], cross @ solved)
        close(u.variance[:, column], 1 - np.einsum("mi,im->m", cross, np.linalg.solve(C, cross.T)))
    f, pieces = predict(fitted, new, noise=False), parts(fitted, new)
    sd = model.scale.sd.numpy()
    close(sum(piece.mean for piece in pieces) + model.scale.to_data(model.means()), f.mean)
    for piece, (K, B) in zip(pieces, terms):
        for m in range(2):
            for s in range(3):
                cross = np.array([float(K[m, i]) * float(B[s, t]) for i, t in cells])
                close(piece.variance[m, s] / sd[s] ** 2, float(B[s, s]) - cross @ np.linalg.solve(C, cross))


def law_missing_cells_have_the_joint_covariance_of_the_loops():
    """Also with further rows, one of which nothing was observed in; `cells` names row and task."""
    data, more = table(RANDOM(13)), table(RANDOM(30), rows=5)
    for fitted in models_of(data):
        for further in (None, more):
            for noise in (True, False):
                rows = data if further is None else further
                filled = impute(fitted, further, noise=noise, covariance=True)
                lean = impute(fitted, further, noise=noise)
                assert list(filled.cells) == [
                    (i, rows.tasks[t]) for i in range(len(rows.x)) for t in range(3) if not rows.observed[i, t]
                ]
                mean, covariance = _missing_by_loops(fitted, further, noise)
                missing, scale = ~rows.observed, fitted.model.scale
                sd = scale.sd.expand(rows.y.shape)[missing]
                close(scale.to_unit(filled.mean)[missing], mean, 1e-8)
                close(filled.covariance / torch.outer(sd, sd), covariance, 1e-8)
                close(filled.variance[missing], filled.covariance.diagonal(), 1e-12)
                close(lean.variance / scale.sd**2, filled.variance / scale.sd**2, 1e-8)
                close(lean.mean / scale.sd, filled.mean / scale.sd, 1e-9)


def _missing_by_loops(fitted, further, noise):
    """Mean and covariance of the missing cells, standardised, from one big covariance of all cells of all rows."""
    model = fitted.model
    x, y, first = model.unit.x, model.unit.y, 0
    if further is not None:
        x, y, first = torch.cat([x, further.x]), torch.cat([y, model.scale.to_unit(further.y)]), len(x)
    signal, noises = sum(np.kron(K, B) for K, B in model.terms(x)), np.kron(np.eye(len(x)), model.Sigma())
    mean, flat = np.tile(model.means().numpy(), len(x)), y.flatten().numpy()
    seen = ~np.isnan(flat)
    wanted = np.isnan(flat) & (np.arange(len(flat)) >= 3 * first)
    own = signal + noises if noise else signal  # between unknowns and cells, and among unknowns
    weights = np.linalg.solve((signal + noises)[np.ix_(seen, seen)], own[np.ix_(seen, wanted)])
    return (
        mean[wanted] + weights.T @ (flat - mean)[seen],
        own[np.ix_(wanted, wanted)] - own[np.ix_(wanted, seen)] @ weights,
    )


def law_samples_of_missing_cells_have_their_moments():
    data = table(RANDOM(31), rows=5)
    fitted = unfitted(icm(data, noise="full"), 3)
    filled = impute(fitted, covariance=True)
    draws = sample(fitted, data, 5000, seed=1, noise=True)
    assert torch.equal(draws, sample(fitted, data, 5000, seed=1, noise=True)) and draws.shape == (5000, *data.y.shape)
    assert not torch.equal(draws, sample(fitted, data, 5000, seed=2, noise=True))
    sd, kept = fitted.model.scale.sd, data.observed
    close(draws[:, kept] / sd.expand(data.y.shape)[kept], (data.y / sd)[kept].expand(5000, -1), 1e-12)
    missing = draws[:, ~kept]
    outer = torch.outer(*[filled.covariance.diagonal().sqrt()] * 2)
    assert ((torch.cov(missing.T) - filled.covariance) / outer).abs().max() < 0.06
    assert ((missing.mean(0) - filled.mean[~kept]) / filled.sd[~kept]).abs().max() < 0.06


def law_a_table_without_holes_has_nothing_missing():
    """With closed kernels and with one that GPyTorch computes: no cell, an empty covariance, the table as it was."""
    data, more = table(RANDOM(37), holes=False), table(RANDOM(38), rows=3, holes=False)
    for kernel in (RBFKernel(), RBFKernel() * MaternKernel(nu=0.5)):
        fitted = unfitted(icm(data, noise="full", kernel=kernel), 2)
        for given in (None, more):
            filled = impute(fitted, given, covariance=True)
            assert filled.covariance.shape == (0, 0) and len(filled.cells) == 0
            whole = data if given is None else given
            assert torch.equal(filled.mean, whole.y) and float(filled.variance.abs().max()) == 0
            assert torch.equal(sample(fitted, whole, 2, seed=0, noise=True), whole.y.expand(2, -1, -1))
        latent = impute(fitted, noise=False, covariance=True)
        close(latent.mean, impute(fitted, noise=False).mean, 1e-9)


def law_samples_survive_the_rounding_of_a_large_prior():
    """What is left of a variance of 900 at the noise floor is rounding; it is drawn, not refused."""
    data = TaskData(np.linspace(0, 1, 80), np.column_stack([np.linspace(0, 1, 80) ** 2, np.linspace(1, 0, 80) ** 3]))
    for noise in ("per task", "full"):
        model = icm(data, noise=noise, kernel=RBFKernel())
        fitted = at_parameters(model, {"kernel.task_covar_module.covar_factor": [[30.0], [40.0]]})
        with torch.no_grad():
            for name, parameter in fitted.model.likelihood.named_parameters():
                parameter.fill_(1e-3 if name == "task_noise_covar_factor" else -12.0)
        for again in in_each_form(fitted):
            draws = sample(again, data.x, 2, seed=0)
            close(draws.mean(0), predict(again, data.x, noise=False).mean, 1e-2)


def law_a_kernels_own_variance_is_asked_at_new_inputs():
    """A user's kernel that is 1 at the data and 4 elsewhere: variances are those of the joint covariance."""

    class Swelling(RBFKernel):
        def forward(self, x1, x2, diag=False, **params):
            scale = [1 + (x[..., 0] > 5).double() for x in (x1, x2)]
            K = super().forward(x1, x2, diag=diag, **params)
            return K * scale[0] * scale[1] if diag else K * scale[0][..., :, None] * scale[1][..., None, :]

    fitted, x = unfitted(icm(table(RANDOM(39)), kernel=Swelling()), 1), tensor([[1.0], [6.0]])
    for noise in (True, False):
        joint = predict(fitted, x, noise=noise, covariance=True)
        close(predict(fitted, x, noise=noise).variance / joint.variance, np.ones((2, 3)), 1e-9)
    close(fitted.model.terms(x)[0][0].diagonal(), [1.0, 4.0], 1e-12)


def law_leave_out_is_what_is_left_when_cells_are_hidden():
    """Each cell, row or block, against `impute` of a table that lacks it, parameters, means and scale held."""
    data = table(RANDOM(32))
    labels = RANDOM(33).integers(0, 3, data.y.shape)
    years = np.repeat(["a", "b"], [3, 4])
    for fitted in models_of(data):
        for by, blocks in (
            ("cell", np.arange(21).reshape(7, 3)),
            ("row", np.repeat(np.arange(7)[:, None], 3, 1)),
            (labels, labels),
            (torch.as_tensor(labels), labels),
            (years, np.repeat(years[:, None], 3, 1)),
        ):
            left, sd = leave_out(fitted, by), fitted.model.scale.sd
            assert torch.equal(left.mean.isnan(), ~data.observed) and left.noise
            assert (left.tasks, left.units) == (data.tasks, data.units)
            mean, variance = _refilled(fitted, blocks)
            close((left.mean / sd)[data.observed], (mean / sd)[data.observed], 1e-8)
            close((left.variance / sd**2)[data.observed], (variance / sd**2)[data.observed], 1e-8)


def law_a_probability_stands_where_a_prediction_does():
    """Of what is left out that of the normal law, NaN at a hole; of what is known 0 or 1."""
    fitted = unfitted(icm(table(RANDOM(36)), noise="full"), 2)
    left, filled = leave_out(fitted), impute(fitted)
    z = (left.mean - 0.3) / left.sd
    close(left.probability(above=0.3), 0.5 * torch.erfc(-z / 2**0.5))
    seen = fitted.model.data.observed
    assert torch.equal(left.probability(above=0.3).isnan(), ~seen)
    assert torch.equal(filled.probability(above=0.3)[seen], (filled.mean[seen] > 0.3).double())


def _refilled(fitted, blocks):
    """Mean and variance [N, T] of each cell from a table without its block."""
    data, model = fitted.model.data, fitted.model
    mean, variance = torch.full_like(data.y, torch.nan), torch.full_like(data.y, torch.nan)
    for block in np.unique(blocks):
        hidden = torch.as_tensor(blocks == block)
        keep = model.unit, model.data
        model.unit = TaskData(data.x, torch.where(hidden, torch.nan, model.unit.y))
        model.data = TaskData(data.x, torch.where(hidden, torch.nan, data.y), data.tasks)
        filled = impute(fitted)
        mean[hidden], variance[hidden] = filled.mean[hidden], filled.variance[hidden]
        model.unit, model.data = keep
    return mean, variance


def law_a_fit_keeps_its_factor_until_something_changes():
    """By whichever way a parameter or the table is changed, the next answer is that of the changed model."""
    data, new = table(RANDOM(34)), tensor([[0.3], [1.1]])

    def fresh():
        return unfitted(icm(data, noise="full", kernel=MaternKernel(nu=1.5)), 5)

    def setter(model):
        model.kernel.data_covar_module.lengthscale = 0.11

    def in_place(model):
        model.kernel.task_covar_module.covar_factor.add_(0.5)

    def behind_autograd(model):
        model.likelihood.task_noise_covar_factor.data.mul_(2)

    def through_numpy(model):
        model.mean.base_means[1].raw_constant.numpy()[...] = 0.7

    def loaded(model):
        model.load_state_dict({name: value + 0.1 for name, value in model.state_dict().items()})

    def other_table(model):
        model.unit.y[0, 1] += 0.5

    for change in (setter, in_place, behind_autograd, through_numpy, loaded, other_table):
        fitted = fresh()
        before = predict(fitted, new)
        kept = fitted.conditioned()
        predict(fitted, new, covariance=True), impute(fitted), leave_out(fitted), sample(fitted, new, 2, seed=0)
        assert fitted.conditioned() is kept, "factored again, though nothing had changed"
        with torch.no_grad():
            change(fitted.model)
        after = predict(fitted, new)
        assert fitted.conditioned() is not kept and not torch.equal(before.mean, after.mean), change.__name__
        again = Fit(fitted.model, False, math.nan, None)
        assert torch.equal(after.mean, predict(again, new).mean), change.__name__


def law_parameters_can_be_set_without_a_fit():
    """The numbers arrive as they were given, and the answers are the closed form's."""
    data, new = table(RANDOM(35), holes=False), tensor([[0.4]])
    model = icm(data, noise="per task", kernel=RBFKernel())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fitted = at_parameters(
        model,
        {
            "kernel.data_covar_module.lengthscale": 0.3,
            "kernel.task_covar_module.covar_factor": [[0.9], [-0.4], [0.1]],
            "kernel.task_covar_module.var": [0.1, 0.2, 0.7],
            "likelihood.task_noises": [0.01, 0.02, 0.05],
            "mean.base_means.0.constant": 0.1,
        },
    )
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    W, sd = np.array([0.9, -0.4, 0.1]), fitted.model.scale.sd.numpy()
    B, Sigma = np.outer(W, W) + np.diag([0.1, 0.2, 0.7]), np.diag([0.01, 0.02, 0.05])
    close(fitted.B / np.outer(sd, sd), B, 1e-15)
    close(fitted.Sigma / np.outer(sd, sd), Sigma, 1e-15)
    x, y = data.x.numpy(), fitted.model.unit.y.numpy() - [0.1, 0, 0]
    K, k = rbf(x, x, 0.3), rbf(new.numpy(), x, 0.3)
    C = np.kron(K, B) + np.kron(np.eye(7), Sigma)
    mean = np.kron(k, B) @ np.linalg.solve(C, y.ravel()) + [0.1, 0, 0]
    close(fitted.model.scale.to_unit(predict(fitted, new).mean)[0], mean, 1e-12)
    expected = multivariate_normal(np.zeros(21), C).logpdf(y.ravel()) - 7 * np.log(sd).sum()
    close(fitted.log_likelihood, expected, 1e-10)
    close(at_parameters(fitted.model).log_likelihood, expected, 1e-10)


def law_predictions_do_not_depend_on_their_companions():
    """With closed kernels, and with one that GPyTorch computes."""
    for holes in (True, False):
        data = table(RANDOM(19), holes=holes)
        product = unfitted(icm(data, kernel=RBFKernel() * MaternKernel(nu=0.5)), 1)
        for fitted in [*models_of(data), product]:
            alone = predict(fitted, tensor([[0.5], [1.0]]), covariance=True)
            beside = predict(fitted, tensor([[0.5], [1.0], [1e9]]), covariance=True)
            sd = fitted.model.scale.sd
            close(beside.mean[:2] / sd, alone.mean / sd)
            close(beside.variance[:2] / sd**2, alone.variance / sd**2)
            T = len(sd)
            outer = torch.outer(sd.repeat(2), sd.repeat(2))
            close(beside.covariance[: 2 * T, : 2 * T] / outer, alone.covariance / outer)

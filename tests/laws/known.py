"""Known standard errors: their squares on the diagonal of C, in every answer."""

import math
from dataclasses import replace

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel

from laws.common import RANDOM, close, dense_numpy, table, tensor, unfitted
from mtgp_tutorial import TaskData, fit, icm, impute, independent, leave_out, lmc, predict, sample, simulate


def known_models(data):
    """Models of every family at random parameters; without learned noise where all errors are known."""
    kinds = ("shared", "per task", "full") + (("none",) if not data.sd[data.observed].isnan().any() else ())
    for noise in kinds:
        yield unfitted(independent(data, noise=noise, kernel=MaternKernel(nu=1.5)), 1)
        yield unfitted(icm(data, rank=2, noise=noise), 2)
        yield unfitted(lmc(data, kernels=[RBFKernel(), MaternKernel(nu=0.5)], kappa=False, noise=noise), 3)


def tables():
    some = table(RANDOM(70), known=True)
    yield some
    yield replace(some, sd=some.sd.nan_to_num(0.3))


def law_known_errors_stand_on_the_diagonal():
    """Likelihood, new rows, holes of the table, and leave-one-out, against the matrix written out."""
    x = tensor(RANDOM(71).uniform(0, 3, 2))[:, None]
    for data in tables():
        for fitted in known_models(data):
            C, r, cells = dense_numpy(fitted)
            value = -0.5 * (r @ np.linalg.solve(C, r) + np.linalg.slogdet(C)[1] + len(r) * math.log(2 * math.pi))
            close(fitted.model.log_likelihood(), value)
            model, sd = fitted.model, data.scale().sd.numpy()
            terms = [(K.numpy(), B.numpy()) for K, B in model.terms(x, model.unit.x)]
            cross = np.array([[sum(K[0, i] * B[1, t] for K, B in terms) for i, t in cells]])
            answer = predict(fitted, x[:1], noise=False)
            prior = float(model.B()[1, 1])
            close(answer.variance[0, 1], sd[1] ** 2 * (prior - cross @ np.linalg.solve(C, cross.T))[0, 0], 1e-8)
            rest = [k for k in range(len(cells)) if k != 5]
            i, t = cells[5]
            mean = C[5, rest] @ np.linalg.solve(C[rest][:, rest], r[rest])
            spread = C[5, 5] - C[5, rest] @ np.linalg.solve(C[rest][:, rest], C[rest, 5])
            left = leave_out(fitted)
            unit = (float(left.mean[i, t]) - float(model.scale.to_data(model.means())[t])) / sd[t]
            close([unit, float(left.variance[i, t]) / sd[t] ** 2], [mean, spread], 1e-8)


def law_a_predicted_cell_has_the_learned_noise_and_what_the_call_gives():
    """sd of a call adds its square to single variances and to the diagonal of joint ones; draws have it."""
    data = table(RANDOM(72), known=True)
    x, errors = tensor([0.3, 1.1])[:, None], tensor([[0.5, np.nan, 200.0], [1.0, 2.0, 3.0]])
    for fitted in known_models(data):
        plain, given = predict(fitted, x), predict(fitted, x, sd=errors)
        close(given.variance - plain.variance, errors.nan_to_num() ** 2)
        joint = predict(fitted, x, sd=errors, covariance=True).covariance
        close(joint - predict(fitted, x, covariance=True).covariance, torch.diag(errors.nan_to_num().flatten() ** 2))
        f = predict(fitted, x, noise=False)
        close(plain.variance - f.variance, np.tile(fitted.Sigma.to_numpy().diagonal(), (2, 1)), 1e-8)
        holes, asked = ~data.observed, torch.full_like(data.y, 2.0)
        gap = impute(fitted, sd=asked).variance - impute(fitted).variance
        close(gap[holes], torch.full_like(gap[holes], 4.0))
        assert bool((gap[data.observed] == 0).all())
        whole, bare = (impute(fitted, sd=sd, covariance=True) for sd in (asked, None))
        close(whole.variance[holes] - impute(fitted).variance[holes], torch.full_like(gap[holes], 4.0))
        close(whole.covariance - bare.covariance, 4 * torch.eye(len(whole.cells)).double())
        draws = sample(fitted, x, 4000, seed=1, noise=True, sd=tensor(np.full((2, 3), 1e4)))
        assert abs(float(draws.std(0).mean()) / 1e4 - 1) < 0.03


def law_further_rows_bring_their_errors():
    """Conditioning on more rows is fitting-free refitting: as if they had stood in the table from the start."""
    rng = RANDOM(76)
    data = table(rng, rows=9, holes=False, known=True)
    first = TaskData(data.x[:6], data.y[:6], sd=data.sd[:6])
    y = data.y[6:].clone()
    y[0, 1] = torch.nan
    more = TaskData(data.x[6:], y, sd=data.sd[6:])
    fitted = unfitted(icm(first, noise="full"), 6)
    answer = impute(fitted, more)
    C, r, cells = dense_numpy(fitted)
    model, sd = fitted.model, fitted.model.scale.sd
    joined = TaskData(data.x, torch.cat([data.y[:6], y]), sd=data.sd)
    whole = unfitted(icm(first, noise="full"), 6)
    whole.model.data, whole.model.unit = joined, replace(joined, y=model.scale.to_unit(joined.y), sd=joined.sd / sd)
    close(answer.mean[0, 1], impute(whole).mean[6, 1], 1e-8)
    close(answer.variance[0, 1], impute(whole).variance[6, 1], 1e-8)


def law_fits_know_the_errors():
    """On a simulated table with errors of very different size, the fit finds the small noise beneath."""
    x = torch.linspace(0, 10, 60).double()
    errors = tensor(RANDOM(77).choice([0.02, 0.6], (60, 2)))
    B, Sigma = tensor([[1.0, 0.8], [0.8, 1.0]]), 0.01 * torch.eye(2).double()
    kernel = RBFKernel()
    kernel.lengthscale = 1.5
    _, observed = simulate.draw_icm(x, kernel, B, Sigma, seed=3, sd=errors)
    assert torch.equal(observed.sd, errors)
    plain = simulate.draw_icm(x, kernel, B, Sigma, seed=3)[1]
    close(((observed.y - plain.y) / errors).std(), 1.0, 0.15)
    informed, ignorant = fit(icm(observed), starts=2), fit(icm(replace(observed, sd=None)), starts=2)
    for t in range(2):
        assert 0.003 < informed.Sigma.iloc[t, t] < 0.03 < ignorant.Sigma.iloc[t, t]
    alone = fit(icm(observed, noise="none"), starts=2)
    assert alone.log_likelihood < informed.log_likelihood + 3 and not alone.on_floor
    close(alone.Sigma, np.zeros((2, 2)))

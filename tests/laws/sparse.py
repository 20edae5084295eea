"""The collapsed bound: written out cell by cell; below the log likelihood, and equal to it with all rows inducing."""

import math
import tempfile
from dataclasses import replace

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel, ProductKernel, RBFKernel

from laws.common import RANDOM, close, table, tensor, unfitted
from laws.solvers import by_loops, problems
from mtgp_tutorial import (
    TaskData,
    at_parameters,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    lmc,
    load,
    parts,
    predict,
    sample,
    simulate,
    sparse,
)
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers import collapsed_bound
from mtgp_tutorial.solvers.collapsed_bound import CollapsedBound


def sparse_problems(number=4):
    """The tables of the other forms, without empty rows, and inducing inputs that are none of theirs."""
    for name, problem in problems():
        lean, _ = solvers.with_values(problem)
        Z = tensor(RANDOM(5).uniform(0, 2, (number, problem.x.shape[1])))
        yield name, lean._replace(solver=CollapsedBound, inducing=Z)


def smoothed(K):
    """Q [N, N] from K of Z and X against Z [M + N, M]."""
    M = K.shape[1]
    return K[M:] @ torch.linalg.solve(K[:M] + collapsed_bound.JITTER * torch.eye(M), K[M:].mT)


def bound_by_cells(problem, Ks, Bs, Sigma, residual):
    """log N(r | 0, Q + R) - trace(R^-1 (K - Q)) / 2 with all matrices [cells, cells]; differentiable."""
    rows, tasks = (~residual.isnan()).nonzero(as_tuple=True)
    same, r = rows[:, None] == rows, residual[rows, tasks]
    R = same * Sigma[tasks][:, tasks]
    if problem.variances is not None:
        R = R + torch.diag(problem.variances[rows, tasks])
    Qs, left = [smoothed(K) for K in Ks], torch.zeros_like(R)
    B_cells = [B[tasks][:, tasks] for B in Bs]
    C = R + sum(Q[rows][:, rows] * B for Q, B in zip(Qs, B_cells))
    for Q, B in zip(Qs, B_cells):
        left = left + same * (1 - Q.diagonal())[rows] * B
    missed = torch.linalg.solve(R, left).trace()
    return -0.5 * (r @ torch.linalg.solve(C, r) + torch.logdet(C) + len(r) * math.log(2 * math.pi) + missed)


def symmetric(slope):
    return (slope + slope.mT) / 2


def law_the_bound_has_the_value_and_gradient_of_the_cells():
    for name, problem in sparse_problems():
        Ks = [term.kernel(*CollapsedBound.inputs(problem)).requires_grad_() for term in problem.terms]
        Bs, M = [term.B.clone().requires_grad_() for term in problem.terms], len(problem.inducing)
        Sigma, residual = problem.Sigma.clone().requires_grad_(), problem.residual.clone().requires_grad_()
        value = bound_by_cells(problem, Ks, Bs, Sigma, residual)
        slopes = torch.autograd.grad(value, [*Ks, *Bs, Sigma, residual])
        form = CollapsedBound(problem)
        assert abs(float(form.value() - value.detach())) < 1e-9 * abs(float(value.detach())), name
        dKs, dBs, dSigma = form.gradients()
        pairs = [(a, torch.cat([symmetric(b[:M]), b[M:]])) for a, b in zip(dKs, slopes)]
        pairs += [(dSigma, symmetric(slopes[-2])), (-form.weights, slopes[-1].nan_to_num())]
        for a, b, root in zip(dBs, slopes[len(Ks) :], form.roots):  # beyond a root's span B does not move
            pairs.append((a @ root, symmetric(b) @ root))
        for ours, theirs in pairs:
            assert float((ours - theirs).abs().max()) < 1e-7 * float(theirs.abs().max()), name


def law_sparse_answers_are_those_of_a_gaussian_model():
    """The posterior under the covariance Q + R of the cells: new inputs, rows whose noise is shared, chosen cells."""
    for name, problem in sparse_problems():
        _, r, cells = by_loops(problem)
        x = torch.cat([tensor(RANDOM(7).uniform(0, 2, (2, problem.x.shape[1]))), problem.x[:3]])
        rows = torch.tensor([-1, -1, 0, 1, 2])
        Z, S = problem.inducing, problem.Sigma.numpy()
        every = torch.cat([x, problem.x])
        Qs = [smoothed(term.kernel(torch.cat([Z, every]), Z)).numpy() for term in problem.terms]
        Bs = [term.B.numpy() for term in problem.terms]
        known = np.zeros(problem.residual.shape) if problem.variances is None else problem.variances.numpy()
        wanted, L = [(m, s) for m in range(len(x)) for s in range(4)], len(x)
        C = np.array(
            [
                [sum(Q[L + i, L + j] * B[s, t] for Q, B in zip(Qs, Bs)) + (i == j) * S[s, t] for j, t in cells]
                for i, s in cells
            ]
        )
        C += np.diag([known[cell] for cell in cells])
        cross = np.array(
            [
                [sum(Q[m, L + j] * B[s, t] for Q, B in zip(Qs, Bs)) + (int(rows[m]) == j) * S[s, t] for j, t in cells]
                for m, s in wanted
            ]
        )
        mean, explained = cross @ np.linalg.solve(C, r), cross @ np.linalg.solve(C, cross.T)
        chosen = [1, 4, 10, 12, 19]
        some = torch.tensor([k // 4 for k in chosen]), torch.tensor([k % 4 for k in chosen])
        conditioned = solvers.BySolver(problem)
        size = max(float(sum(term.B for term in problem.terms).max()), float(problem.Sigma.max()))
        for which, at in ((None, slice(None)), (some, chosen)):
            found, joint = conditioned.posterior(x, problem.terms, rows, which, joint=True)
            each = conditioned.posterior(x, problem.terms, rows, which)[1]
            assert np.abs(found.numpy() - mean[at]).max() < 1e-6 * max(size, np.abs(mean).max()), name
            assert np.abs(joint.numpy() - explained[at][:, at]).max() < 1e-6 * size, name
            assert np.abs(each.numpy() - explained[at][:, at].diagonal()).max() < 1e-6 * size, name


def sparse_models(data, known=False):
    """Models of every family and kind of noise; a kernel that is not closed, and one with a length-scale an input."""
    product = ProductKernel(RBFKernel(), PeriodicKernel())
    for noise in ("shared", "per task", "full") + (("none",) if known else ()):
        yield independent(data, noise=noise, kernel=MaternKernel(nu=1.5))
        yield independent(data, hyperparameters="shared", noise=noise)
        yield icm(data, rank=2, noise=noise, kernel=product)
        yield lmc(
            data, kernels=[RBFKernel(ard_num_dims=data.x.shape[1]), MaternKernel(nu=0.5)], rank=[1, 3], noise=noise
        )
        yield lmc(data, kappa=False, noise=noise)
    yield icm(data, noise="rank 2")


def sparse_tables():
    one, some = table(RANDOM(80)), table(RANDOM(81), known=True)
    two = TaskData(RANDOM(82).uniform(0, 3, (7, 2)), one.y)
    return one, two, replace(some, sd=torch.maximum(some.sd.nan_to_num(0.3), tensor([0.1, 1.0, 10.0])))


def law_with_every_row_a_sparse_model_is_the_exact_one():
    """All answers, of every family, kind of noise, several inputs, known errors; a product kernel by autograd."""
    for data in sparse_tables():
        x = tensor(RANDOM(83).uniform(0, 3, (2, data.x.shape[1])))
        for model in sparse_models(data, data.sd is not None):
            full, few = unfitted(model, 3), unfitted(sparse(model, int(data.observed.any(1).sum())), 3)
            close(few.model.log_likelihood(), full.model.log_likelihood(), 2e-5)
            both = [(predict(one, x, covariance=True), predict(one, x, noise=False), one) for one in (few, full)]
            sd = full.model.scale.sd
            for ours, theirs in zip(
                *[[a.mean / sd, a.variance / sd**2, b.mean / sd, b.variance / sd**2] for a, b, _ in both]
            ):
                close(ours, theirs, 2e-5)
            close(both[0][0].covariance, both[1][0].covariance, 2e-5)
            ours, theirs = (impute(one, covariance=True) for one in (few, full))
            close((ours.mean / sd).nan_to_num(), (theirs.mean / sd).nan_to_num(), 2e-5)
            close(ours.covariance, theirs.covariance, 2e-5)
            for a, b in zip(parts(few, x), parts(full, x)):
                close(a.mean / sd, b.mean / sd, 2e-5)
                close(a.variance / sd**2, b.variance / sd**2, 2e-5)
            if model.kernel.coregional:
                close(latent_functions(few, x).mean, latent_functions(full, x).mean, 2e-5)
                close(latent_functions(few, x).variance, latent_functions(full, x).variance, 2e-5)
            close(sample(few, x, 2, seed=1) / sd, sample(full, x, 2, seed=1) / sd, 1e-3)


def law_the_flat_gradient_of_a_sparse_model_is_that_of_autograd():
    for data in sparse_tables()[:2]:
        for model in (icm(data, noise="full"), lmc(data, kappa=False), independent(data), lmc(data, rank=[1, 2])):
            few = unfitted(sparse(model, 4), 5).model.requires_grad_(True)
            for name, parameter in few.named_parameters():
                parameter.requires_grad_(bool(torch.isfinite(parameter).all()) and name != "likelihood.raw_noise")
            free = [p for p in few.parameters() if p.requires_grad]
            value = objective(few, True)
            slopes = torch.cat([slope.flatten() for slope in torch.autograd.grad(value, free)])
            ours = Objective(few, True)(torch.cat([p.detach().flatten() for p in free]).numpy())
            close([-ours[0]], [float(value.detach())])
            close(-ours[1], slopes, 1e-7)


def law_rows_in_chunks_are_the_whole_table():
    """One row at a time, and one unknown at a time."""
    data = table(RANDOM(84), rows=12)
    model, x = sparse(lmc(data, noise="full"), 5), tensor([[0.1], [1.0], [2.0]])

    def found():
        fitted = unfitted(model, 6)
        form = fitted.conditioned().solver
        dKs, dBs, dSigma = form.gradients()
        return [form.value(), *dKs, *dBs, dSigma, form.weights, predict(fitted, x).variance, impute(fitted).variance]

    whole, kept = found(), collapsed_bound.CHUNK
    try:
        collapsed_bound.CHUNK = collapsed_bound.CHUNK = 1
        pieces = found()
    finally:
        collapsed_bound.CHUNK = collapsed_bound.CHUNK = kept
    for a, b in zip(whole, pieces, strict=True):
        close(a, b, 1e-9)


def law_a_sparse_fit_comes_to_the_exact_fit():
    seen, hidden = simulate.two_sines(40, seed=3).hide("sine", 0.3, 0.5)
    model = icm(seen, noise="full", kernel=RBFKernel())
    exact, few = fit(model), fit(sparse(model, 20))
    assert -0.01 < few.log_likelihood - exact.log_likelihood <= 1e-6
    gap = hidden.observed
    close(impute(few).mean[gap], impute(exact).mean[gap], 1e-3)
    close(few.noise_correlation, exact.noise_correlation, 1e-3)
    assert "lower bound of the log likelihood" in repr(few) and "20 inducing inputs" in repr(few)
    assert "bound" not in repr(exact)
    assert at_parameters(sparse(exact.model, 3)).log_likelihood < exact.log_likelihood - 1  # too few say so


def law_inducing_inputs_are_rows_that_are_spread():
    x = np.r_[np.linspace(0, 1, 30), 5, 5, 9]
    data = TaskData(x, RANDOM(85).normal(size=(33, 2)))
    rows = torch.as_tensor(np.unique(x))[:, None]
    Z = sparse(icm(data), 16).inducing
    assert len(Z) == 16 and bool((Z == rows.mT).any(1).all()) and float(Z[0]) == 0 and float(Z[-1]) == 9
    torch.testing.assert_close(sparse(icm(data), 32).inducing, rows)
    places = RANDOM(88).uniform(size=(33, 2))
    Z = sparse(icm(TaskData(places, data.y)), 6).inducing
    assert float((torch.cdist(Z, Z) + 9 * torch.eye(6)).min()) > 0.3 and bool(
        (Z[:, None] == tensor(places)).all(2).any(1).all()
    )
    close(
        sparse(icm(TaskData(places * [1, 1000], data.y)), 6).inducing, Z * tensor([1, 1000])
    )  # a unit changes nothing
    given = sparse(icm(data), [0.5, 2.5])
    assert given.inducing.tolist() == [[0.5], [2.5]] and not icm(data).bounded


def law_a_sparse_fit_is_kept_in_a_file():
    data = table(RANDOM(86))
    fitted = fit(sparse(icm(data), 4), starts=1)
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(f"{folder}/sparse.npz")
        again = load(f"{folder}/sparse.npz")
    assert torch.equal(again.model.inducing, fitted.model.inducing) and again.log_likelihood == fitted.log_likelihood
    assert torch.equal(predict(again, [0.3]).variance, predict(fitted, [0.3]).variance)

"""The Markov form: its state has the Matern covariance, and what it says is what the dense form says."""

import math

import numpy as np
import torch
from gpytorch.kernels import MaternKernel

from laws.common import RANDOM, close, in_each_form, random_psd, table, tensor, unfitted
from mtgp_tutorial import icm, leave_out
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers import markov, state_space
from mtgp_tutorial.solvers.dense import Dense
from mtgp_tutorial.solvers.filters import matrix_by_loops, times, vector_by_loops, whitener, whitener_by_loops
from mtgp_tutorial.solvers.markov import Markov
from mtgp_tutorial.solvers.solver import Matern, Problem, SolverTerm
from mtgp_tutorial.solvers.state_space import FAR, matern_steps, stationary

PROFILES = {0.5: lambda r: 1, 1.5: lambda r: 1 + r, 2.5: lambda r: 1 + r + r**2 / 3}  # times exp(-r)
ROWS, TASKS = 24, 3


def matern(x, z, nu, length):
    """K of inputs [N, 1] and [M, 1] by the textbook (Rasmussen and Williams 2006, eqs. 4.16 and 4.17)."""
    r = math.sqrt(2 * nu) * (x - z.mT).abs() / length
    return PROFILES[nu](r) * torch.exp(-r)


def term(nu, length, B):
    """A term of one Matern kernel."""
    return SolverTerm(lambda x, z=None: matern(x, x if z is None else z, nu, length), B, Matern(nu, length))


def problems():
    """Noise from the floor up, each nu and sums, B of any rank, holes, an empty row, rows at one x and near to one."""
    for seed in range(12):
        rng, noise = RANDOM(900 + seed), [1e-4, 1e-2, 1.0][seed % 3]
        x = rng.uniform(0, 3, (ROWS, 1))
        x[3], x[4], x[9] = x[1], x[1], x[7] + 1e-9
        y = rng.normal(size=(ROWS, TASKS))
        y[rng.uniform(size=y.shape) < 0.3] = y[5] = np.nan
        nus = [[0.5], [1.5], [2.5], [1.5, 0.5], [2.5, 1.5], [2.5, 2.5]][seed % 6]
        lengths = tensor(np.exp(rng.uniform(-2, 1.5, len(nus))))
        terms = [term(nu, length, random_psd(rng, TASKS, 1 + seed % 3)) for nu, length in zip(nus, lengths)]
        Sigma = noise * (random_psd(rng, TASKS) + 0.01 * torch.eye(TASKS).double())
        known = tensor(noise * rng.choice([0.0, 0.1, 30.0], y.shape)) if seed % 2 else None
        yield Problem(tensor(x), tensor(y), terms, Sigma, variances=known)


def law_the_state_of_a_matern_kernel():
    """A carries the covariance from input to input, noise makes up for what A loses, and two steps are one."""
    for nu, profile in PROFILES.items():
        order = round(nu + 0.5)
        P = stationary(order)
        for z in (0.0, 1e-9, 1e-3, 0.4, 3.0, 40.0):
            one, two = matern_steps(np.array([z]), order), matern_steps(np.array([2 * z]), order)
            A, Q = one.A[0], one.Q[0]
            close((A @ P)[0, 0], profile(z) * math.exp(-z), 1e-14)
            close(A @ P @ A.T + Q, P, 1e-14)
            twice, size = A @ Q @ A.T + Q, two.Q[0].diagonal() ** 0.5
            assert np.abs(twice - two.Q[0]).max() <= 1e-14
            assert (np.abs(twice - two.Q[0]) <= 1e-10 * np.outer(size, size)).all()  # digits of small entries, too
            assert np.linalg.eigvalsh(Q).min() >= -1e-15
        assert not matern_steps(np.array([FAR]), order).A.any()


def with_gradient(form, problem):
    """Value, and gradient against length-scales, each B, Sigma and the residual."""
    lengths = [one.matern.length.clone().requires_grad_() for one in problem.terms]
    Bs = [one.B.clone().requires_grad_() for one in problem.terms]
    Sigma, residual = problem.Sigma.clone().requires_grad_(), problem.residual.clone().requires_grad_()
    terms = [term(one.matern.nu, length, B) for one, length, B in zip(problem.terms, lengths, Bs)]
    value = form.log_likelihood(problem._replace(terms=terms, Sigma=Sigma, residual=residual))
    return value.detach(), torch.autograd.grad(value, [*lengths, *Bs, Sigma, residual])


def same_likelihood(problem):
    """Markov as dense: value to 1e-9, gradients to 1e-7, of their size."""
    lean, _ = solvers.with_values(problem)
    (value, slopes), (expected, dense) = with_gradient(Markov, lean), with_gradient(Dense, lean)
    assert abs(value - expected) < 1e-9 * abs(expected)
    for ours, theirs in zip(slopes, dense, strict=True):
        assert (ours - theirs).abs().max() < 1e-7 * theirs.abs().max()


def law_the_markov_solver_has_the_likelihood_of_the_dense_solver():
    for problem in problems():
        same_likelihood(problem)


def law_segments_change_nothing():
    """Short ones, with all of the filter kept and with their ends alone."""
    usual = state_space.SHORTEST, state_space.KEPT
    try:
        for kept in (usual[1], 0):
            state_space.SHORTEST, state_space.KEPT, markov.KEPT = 7, kept, kept
            for problem in list(problems())[3:5]:
                same_likelihood(problem)
                same_answers(problem)
                same_inverse(problem)
    finally:
        (state_space.SHORTEST, state_space.KEPT), markov.KEPT = usual, usual[1]


def same_answers(problem):
    """Means and what is explained, of new rows, of rows of the table, of one kernel's part, joint and not."""
    dense, markov = solvers.BySolver(problem, Dense), solvers.BySolver(problem, Markov)
    prior = float((sum(one.B for one in problem.terms) + problem.Sigma).diagonal().max())
    x = torch.cat([tensor([[-1.0], [0.7], [5.0]]), problem.x[[2]], problem.x[:8]])
    rows = torch.cat([torch.full((4,), -1), torch.arange(8)])
    W = torch.linalg.eigh(problem.terms[0].B)[1][:, -1:]
    for terms, shared in (
        (problem.terms, rows),
        (problem.terms, None),
        (problem.terms[:1], None),
        ([problem.terms[0]._replace(B=W.mT @ problem.terms[0].B)], None),
    ):
        for cells in (None, (torch.tensor([0, 2, 2, 7, 8]), torch.tensor([0, 0, 0, 0, 0]))):
            for joint in (False, True):
                (mean, explained), (means, theirs) = (
                    each.posterior(x, terms, shared, cells, joint) for each in (markov, dense)
                )
                assert (mean - means).abs().max() < 1e-8 * max(prior, float(means.abs().max()))
                assert (explained - theirs).abs().max() < 1e-8 * prior


def law_the_markov_solver_has_the_posterior_of_the_dense_solver():
    for problem in problems():
        same_answers(problem)


def same_inverse(problem):
    """Weights, and blocks of C^-1 and its diagonal: of all cells, of some, of one row."""
    dense, markov = solvers.BySolver(problem, Dense), solvers.BySolver(problem, Markov)
    cells = (~problem.residual.isnan()).nonzero(as_tuple=True)
    some, row = tuple(index[[3, 20, 4, 11]] for index in cells), tuple(index[cells[0] == 2] for index in cells)
    for which in (cells, some, row):
        inverse, theirs = markov.inverse(which), dense.inverse(which)
        size = dense.inverse(cells).abs().max()
        assert (inverse - theirs).abs().max() < 1e-8 * size
    close(markov.row_blocks() / size, dense.row_blocks() / size, 1e-8)
    close(markov.weights, dense.weights, 1e-8)
    assert float(markov.weights[problem.residual.isnan()].abs().sum()) == 0


def law_the_markov_solver_has_the_inverse_of_the_dense_solver():
    for problem in problems():
        same_inverse(problem)


def law_loops_are_what_they_stand_for():
    """What numba compiles in the place of products and factors: zeros, holes, and a pivot that is too small."""
    rng = RANDOM(905)
    for keep, scale in ((0, 1.0), (1, -1.0), (0, 0.5)):
        X, Y, Z = rng.normal(size=(4, 5)) * (rng.uniform(size=(4, 5)) < 0.5), rng.normal(size=(3, 5)).T, np.ones((4, 3))
        for loops, right, room in ((matrix_by_loops, Y, Z), (vector_by_loops, Y[:, 0], Z[:, 0])):
            found, expected = room.copy(), room.copy()
            loops(X, right, found, keep, scale), times(X, right, expected, keep, scale)
            close(found, expected, 1e-14)
            close(expected, keep * room + scale * X @ right, 1e-14)
    S, R, known, least = random_psd(rng, 4).numpy(), random_psd(rng, 4).numpy(), rng.uniform(size=4), np.full(4, 1e-9)
    for seen in np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]], float):
        W, loops, at = np.ones((4, 4)), np.zeros((4, 4)), np.ix_(seen > 0, seen > 0)
        half = whitener(S, R, seen, known, least, W)
        close(whitener_by_loops(S.copy(), R, seen, known, least, loops), half, 1e-13)
        close(loops, W, 1e-13)
        C, inverse = (S + R + np.diag(known))[at], np.zeros((4, 4))
        inverse[at] = np.linalg.inv(C)
        close(W.T @ W, inverse, 1e-12)
        close(half, 0.5 * np.linalg.slogdet(2 * math.pi * C)[1], 1e-12)
    for one in (whitener, whitener_by_loops):
        assert math.isnan(one(S.copy(), R, np.ones(4), known, least + [0, 0, 1e3, 0], np.zeros((4, 4))))


def law_the_markov_form_takes_no_table_without_a_covariance():
    """Repeated inputs without noise, an indefinite B or Sigma, and parameters that are no number."""
    x, eye, odd = tensor([[0.0], [1.0], [1.0], [2.0]]), torch.eye(2).double(), tensor([[1.0, 2.0], [2.0, 1.0]])
    y, length = tensor(RANDOM(3).normal(size=(4, 2))), torch.tensor(0.7).double()
    for B, Sigma, size in ((odd, 0.01 * eye, 1), (eye, odd, 1), (eye, 1e-30 * eye, 1), (eye, 0.1 * eye, math.nan)):
        for nu in PROFILES:
            try:
                Markov.log_likelihood(Problem(x, y, [term(nu, size * length, B)], Sigma))
            except NotPositiveDefiniteError:
                continue
            raise AssertionError("took a matrix that is no covariance")


def law_draws_along_the_rows_have_the_moments_of_the_posterior():
    """Of f and y, of new rows (two at one x, whose noise is not shared) and of rows of the table."""
    problem = list(problems())[9]._replace(Sigma=0.3 * random_psd(RANDOM(4), TASKS, extra=0.2))
    form, x = Markov(solvers.with_values(problem)[0]), torch.cat([tensor([[0.4], [0.4], [9.0]]), problem.x[:3]])
    rows, count = torch.tensor([-1, -1, -1, 0, 1, 2]), 600
    cells = torch.ones(6, TASKS).nonzero(as_tuple=True)
    prior = torch.cat(
        [torch.cat([one.B * k for k in one.kernel(x, x)[i]], 1) for i in range(6) for one in problem.terms]
    )
    prior = prior.reshape(6, len(problem.terms), TASKS, 6 * TASKS).sum(1).reshape(6 * TASKS, -1)
    for noise in (False, True):
        mean, explained = form.posterior(x, problem.terms, rows if noise else None, cells, True)
        left = prior - explained + noise * torch.kron(torch.eye(6).double(), problem.Sigma)
        draws = form.draws(x, rows if noise else None, noise, count, torch.Generator().manual_seed(1))
        again = form.draws(x, rows if noise else None, noise, 2, torch.Generator().manual_seed(1))
        assert torch.equal(draws[:2], again)
        at = left.diagonal() > 1e-9  # a seen cell of y has no variance left, but for its own known error
        draws, sd = draws.reshape(count, -1), left.diagonal().clamp_min(0).sqrt()
        assert ((draws - mean).abs().max(0).values[~at] < 1e-4).all()
        z = (draws - mean)[:, at] / sd[at]
        assert z.mean(0).abs().max() < 4.5 / count**0.5
        assert (torch.cov(z.mT) - left[at][:, at] / torch.outer(sd[at], sd[at])).abs().max() < 5 / count**0.5


def law_large_blocks_are_left_out_as_by_a_matrix():
    """Each hidden and predicted, and all cells together: of a table with holes, known errors and full noise."""
    usual, data = solvers.MANY, table(RANDOM(70), rows=20, known=True)
    model = icm(data, kernel=MaternKernel(nu=1.5), noise="full")
    try:
        solvers.MANY = 3
        for labels in (np.arange(20) // 8, np.zeros(20)):
            found = [leave_out(fitted, labels) for fitted in in_each_form(unfitted(model, 2))]
            assert len(found) > 1
            for other in found[1:]:
                for one, two in ((found[0].mean, other.mean), (found[0].variance, other.variance)):
                    close(one.nan_to_num(), two.nan_to_num(), 1e-7)
    finally:
        solvers.MANY = usual

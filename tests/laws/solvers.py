"""Every form equals the one equation, written out cell by cell in numpy: value, gradient, posterior, inverse."""

import math

import numpy as np
import torch

from laws.common import RANDOM, close, random_psd, rbf, takes, tensor
from mtgp_tutorial import TaskData, icm, lmc
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_vector
from mtgp_tutorial.solvers import batched
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers.by_columns import ByColumns
from mtgp_tutorial.solvers.solver import Problem, Solver, SolverTerm

ROWS = 9


def input_kernel(length):
    """A kernel as a form gets it: K(x) or K(x, z)."""
    return lambda x, z=None: tensor(rbf(x.numpy(), (x if z is None else z).numpy(), length))


def problems():
    """Random tables for each form: noise from the floor up, repeated inputs, B of low rank, holes, an empty row."""
    for seed, noise in enumerate([1e-4, 1e-4, 1e-2, 1.0]):
        rng = RANDOM(100 + seed)
        x = rng.uniform(0, 2, (ROWS, 1 + seed % 2))
        x[3] = x[1]
        full = noise * (random_psd(rng, 4) + 0.01 * torch.eye(4).double())
        diagonal = torch.diag(tensor(noise * rng.uniform(1, 3, 4)))
        low, whole = random_psd(rng, 4, 1), random_psd(rng, 4)
        W, kappa = tensor(RANDOM(200 + seed).normal(size=(4, 2))), tensor([0.7, 0.0, 1.9, 0.2])
        alone = [torch.diag(tensor(row)) for row in np.eye(4) * rng.uniform(0.5, 2, 4)]
        few, many = rng.uniform(size=(ROWS, 4)) < 0.1, rng.uniform(size=(ROWS, 4)) < 0.5
        few[6, 2] = few[0, 1] = many[2] = True
        many[:2] = False
        for name, Bs, Sigma, gone, apart, width in (
            ("two kernels, many holes", [whole, low], full, many, False, None),
            ("one kernel, complete", [whole], full, None, False, None),
            ("one kernel of low rank, complete", [low], diagonal, None, False, 1),
            ("one kernel, few holes", [whole], full, few, False, None),
            ("one kernel of low rank, few holes", [low], diagonal, few, False, 1),
            ("apart, many holes", alone, diagonal, many, True, None),
            ("apart, one kernel, complete", [sum(alone)], diagonal, None, True, None),
            ("fewer functions than tasks", [low, random_psd(rng, 4, 1)], full, None, False, 2),
            ("shared functions, many holes", 1, diagonal, many, False, None),
            ("shared functions, complete", 1, diagonal, None, False, None),
            ("shared functions of two kernels, many holes", 2, diagonal, many, False, None),
        ):
            factors = [(W, kappa), (W[:, :1].flip(0), kappa.flip(0))][:Bs] if isinstance(Bs, int) else [None] * 4
            Bs = [W @ W.mT + torch.diag(kappa) for W, kappa in factors] if isinstance(Bs, int) else Bs
            residual = tensor(np.where(gone if gone is not None else False, np.nan, rng.normal(size=(ROWS, 4))))
            terms = [SolverTerm(input_kernel(0.3 + 0.4 * q), B, factor=factors[q]) for q, B in enumerate(Bs)]
            problem = Problem(tensor(x), residual, terms, Sigma, apart, width)
            yield f"{name}, noise {noise:g}", problem
            known = tensor(noise * rng.choice([0.0, 0.1, 30.0], (ROWS, 4)))
            yield f"{name}, noise {noise:g}, known variances", problem._replace(variances=known)


def applicable(problem):
    """The forms that take this table."""
    lean, _ = solvers.with_values(problem)
    return [form for form in solvers.SOLVERS if takes(form, lean.shape())]


def by_loops(problem):
    """Covariance and residual of the observed cells, and the cells."""
    r, Sigma = problem.residual.numpy(), problem.Sigma.numpy()
    known = np.zeros(r.shape) if problem.variances is None else problem.variances.numpy()
    terms = [(term.kernel(problem.x).numpy(), term.B.numpy()) for term in problem.terms]
    cells = [(i, t) for i in range(len(r)) for t in range(r.shape[1]) if not np.isnan(r[i, t])]
    C = np.array(
        [[sum(K[i, j] * B[s, t] for K, B in terms) + (i == j) * Sigma[s, t] for j, t in cells] for i, s in cells]
    )
    return C + np.diag([known[cell] for cell in cells]), np.array([r[cell] for cell in cells]), cells


def law_every_solver_has_the_value_and_gradient_of_the_loops():
    for name, problem in [one for one in problems() if one[1].terms[0].factor is None]:
        C, r, cells = by_loops(problem)
        a, inverse = np.linalg.solve(C, r), np.linalg.inv(C)
        parts = [-0.5 * r @ a, -0.5 * np.linalg.slogdet(C)[1], -0.5 * len(r) * math.log(2 * math.pi)]
        expected = gradients_by_loops(problem, 0.5 * (np.outer(a, a) - inverse), cells)
        for form in applicable(problem):
            Ks = [term.kernel(problem.x).requires_grad_() for term in problem.terms]
            Bs = [term.B.clone().requires_grad_() for term in problem.terms]
            Sigma, residual = problem.Sigma.clone().requires_grad_(), problem.residual.clone().requires_grad_()
            terms = [SolverTerm(lambda x, K=K: K, B) for K, B in zip(Ks, Bs)]
            value = form.log_likelihood(problem._replace(terms=terms, Sigma=Sigma, residual=residual))
            assert abs(value.item() - sum(parts)) < 1e-8 * max(map(abs, parts)), (name, form.__name__)
            found = torch.autograd.grad(value, [*Ks, *Bs, Sigma, residual])
            weights = np.zeros(residual.shape)
            weights[tuple(np.array(cells).T)] = -a
            # tasks that are apart have nothing but variances: no form need know the derivative of a 0 that stays 0
            free = [torch.ones_like(K) for K in Ks] + [(B != 0) if problem.separate else torch.ones_like(B) for B in Bs]
            free += [torch.eye(4) if problem.separate else torch.ones(4, 4), torch.ones_like(residual)]
            for ours, loops, mask in zip(found, [*expected, weights], free, strict=True):
                gap = np.abs((ours.numpy() - loops) * mask.numpy()).max()
                assert gap < 1e-8 * np.abs(loops).max(), (name, form.__name__)


def law_shared_functions_have_the_value_and_gradient_of_the_loops():
    """Against K, W, kappa, the noise variances and the residual; against W it is twice that against B, times W."""
    seen = 0
    for name, problem in problems():
        if problem.terms[0].factor is None:
            continue
        seen += 1
        C, r, cells = by_loops(problem)
        a, inverse = np.linalg.solve(C, r), np.linalg.inv(C)
        value = -0.5 * (r @ a + np.linalg.slogdet(C)[1] + len(r) * math.log(2 * math.pi))
        Q, by_hand = len(problem.terms), gradients_by_loops(problem, 0.5 * (np.outer(a, a) - inverse), cells)
        Ks = [term.kernel(problem.x).requires_grad_() for term in problem.terms]
        factors = [tuple(each.clone().requires_grad_() for each in term.factor) for term in problem.terms]
        Sigma, residual = problem.Sigma.clone().requires_grad_(), problem.residual.clone().requires_grad_()
        terms = [one._replace(kernel=lambda x, K=K: K, factor=f) for one, K, f in zip(problem.terms, Ks, factors)]
        found = ByColumns.log_likelihood(problem._replace(terms=terms, Sigma=Sigma, residual=residual))
        precise = 1e-8 if float(problem.Sigma.diagonal().min()) >= 0.01 else 1e-6  # the loops lose digits, too
        assert abs(found.item() - value) < precise * max(abs(value), abs(r @ a)), name
        weights = np.zeros(residual.shape)
        weights[tuple(np.array(cells).T)] = -a
        expected = [*by_hand[:Q], np.diag(by_hand[-1].diagonal()), weights]
        for (W, _), dB in zip(factors, by_hand[Q : 2 * Q]):
            expected += [2 * dB @ W.detach().numpy(), dB.diagonal()]
        asked = [*Ks, Sigma, residual, *(each for factor in factors for each in factor)]
        for ours, loops in zip(torch.autograd.grad(found, asked), expected, strict=True):
            assert np.abs(ours.numpy() - loops).max() < precise * np.abs(loops).max(), name
    assert seen == 24


def law_small_noise_leaves_a_wide_table_its_digits():
    """A variance of 2,500 beside a noise of 6e-6: variances of new values and of rows as by the whole covariance."""
    x = torch.linspace(0, 1, 40).double()[:, None]
    W, kappa = tensor([[30.0], [40.0], [10.0]]), tensor([0.0, 1e-3, 0.1])
    term = SolverTerm(input_kernel(0.3), W @ W.mT + torch.diag(kappa), factor=(W, kappa))
    problem = Problem(x, tensor(RANDOM(61).normal(size=(40, 3))), [term], torch.diag(tensor([6e-6, 6e-6, 1e-5])))
    whole, mine = (solvers.BySolver(problem, solver) for solver in (solvers.Dense, ByColumns))
    at, rows = torch.cat([x[:5], x[:5] + 0.011]), torch.cat([torch.arange(5), torch.full((5,), -1)])
    for joint in (False, True):
        found, expected = (one.posterior(at, [term], rows, None, joint)[1] for one in (mine, whole))
        assert np.abs((found - expected).numpy()).max() < 1e-8, joint


def law_a_wide_table_climbs_as_by_the_whole_covariance():
    """The objective and its gradient through W and kappa, with priors, of one kernel and two."""
    rng = RANDOM(60)
    y = rng.normal(size=(9, 12)).cumsum(0)
    y[rng.uniform(size=y.shape) < 0.4] = np.nan
    data = TaskData(np.arange(9.0), y)
    for model in (icm(data, rank=2, noise="per task"), icm(data, noise="shared"), lmc(data, kernels=2, rank=[1, 2])):
        objectives = [Objective(model, True, solver) for solver in (solvers.Dense, ByColumns)]
        vector = free_vector(model) + 0.1 * rng.normal(size=len(free_vector(model)))
        (value, slope), (other, by_columns) = (objective(vector) for objective in objectives)
        assert abs(value - other) < 1e-9 * abs(value) and np.abs(slope - by_columns).max() < 1e-8 * np.abs(slope).max()
    assert solvers.cheapest(solvers.Shape(60, 30, 1200, 1, False, 30, latent=1)) is ByColumns


def gradients_by_loops(problem, G, cells):
    """Derivatives against each K_q, each B_q and Sigma, given that against C."""
    terms = [(term.kernel(problem.x).numpy(), term.B.numpy()) for term in problem.terms]
    dKs, dBs = [np.zeros_like(K) for K, _ in terms], [np.zeros_like(B) for _, B in terms]
    dSigma = np.zeros_like(problem.Sigma.numpy())
    for a, (i, s) in enumerate(cells):
        for b, (j, t) in enumerate(cells):
            for (K, B), dK, dB in zip(terms, dKs, dBs):
                dK[i, j] += G[a, b] * B[s, t]
                dB[s, t] += G[a, b] * K[i, j]
            dSigma[s, t] += (i == j) * G[a, b]
    return [*dKs, *dBs, dSigma]


def law_every_solver_has_the_posterior_of_the_loops():
    """New inputs, rows of the table whose noise is shared, and chosen cells; variances and joint."""
    for name, problem in problems():
        C, r, cells = by_loops(problem)
        x = torch.cat([tensor(RANDOM(7).uniform(0, 2, (2, problem.x.shape[1]))), problem.x[:4]])
        rows = torch.tensor([-1, -1, 0, 1, 2, 3])
        cross, prior = unknowns_by_loops(problem, x.numpy(), rows.tolist(), cells)
        mean, explained = cross @ np.linalg.solve(C, r), cross @ np.linalg.solve(C, cross.T)
        size = prior.max()
        chosen = [1, 4, 10, 12, 23]
        some = torch.tensor([k // 4 for k in chosen]), torch.tensor([k % 4 for k in chosen])
        for form in applicable(problem):
            conditioned = solvers.BySolver(problem, form)
            for which, at in ((None, slice(None)), (some, chosen)):
                found, joint = conditioned.posterior(x, problem.terms, rows, which, joint=True)
                _, each = conditioned.posterior(x, problem.terms, rows, which)
                assert np.abs(found.numpy() - mean[at]).max() < 1e-8 * max(size, np.abs(mean).max()), (name, form)
                assert np.abs(joint.numpy() - explained[at][:, at]).max() < 1e-8 * size, (name, form.__name__)
                assert np.abs(each.numpy() - explained[at][:, at].diagonal()).max() < 1e-8 * size, (name, form.__name__)


def unknowns_by_loops(problem, x, rows, cells):
    """Covariance of y at the inputs x, whose noise is that of `rows`, with the cells; and their prior variances."""
    kernels = [(term.kernel(tensor(x), problem.x).numpy(), term.B.numpy()) for term in problem.terms]
    Sigma, wanted = problem.Sigma.numpy(), [(m, s) for m in range(len(x)) for s in range(4)]
    cross = [
        [sum(K[m, i] * B[s, t] for K, B in kernels) + (rows[m] == i) * Sigma[s, t] for i, t in cells] for m, s in wanted
    ]
    prior = [sum(B[s, s] for _, B in kernels) + Sigma[s, s] for _, s in wanted]
    return np.array(cross), np.array(prior)


def law_every_solver_has_the_inverse_of_the_loops():
    for name, problem in problems():
        C, _, cells = by_loops(problem)
        inverse, where = np.linalg.inv(C), tuple(torch.tensor(cells).T)
        some = [0, len(cells) // 2, len(cells) - 1]
        precise = 1e-10 if float(problem.Sigma.diagonal().min()) >= 0.01 else 1e-8
        of_rows = row_blocks_by_loops(problem.residual, inverse, cells)
        for form in applicable(problem):
            conditioned = solvers.BySolver(problem, form)
            few = tuple(index[some] for index in where)
            for ours, loops in (
                (conditioned.inverse(where), inverse),
                (conditioned.inverse(few), inverse[some][:, some]),
                (conditioned.row_blocks(), of_rows),
                (conditioned.solver.row_blocks(), Solver.row_blocks(conditioned.solver).numpy()),
                (conditioned.weights[where], np.linalg.solve(C, problem.residual[where].numpy())),
            ):
                assert np.abs(ours.numpy() - loops).max() < precise * np.abs(loops).max(), (name, form.__name__)
            assert float(conditioned.weights[problem.residual.isnan()].abs().sum()) == 0


def row_blocks_by_loops(residual, inverse, cells):
    """Blocks [N, T, T] of the inverse [n, n] of the cells, the identity at holes."""
    blocks = np.array([np.diag(holes) for holes in residual.isnan().double().numpy()])
    for a, (i, s) in enumerate(cells):
        for b, (j, t) in enumerate(cells):
            if i == j:
                blocks[i, s, t] = inverse[a, b]
    return blocks


def law_every_solver_is_the_cheapest_somewhere():
    shapes = [
        solvers.Shape(rows, tasks, rows * tasks - holes, terms, apart, min(tasks, width))
        for rows in (10, 300)
        for tasks in (2, 4, 10)
        for holes in (0, 5, rows)
        for terms in (1, 2)
        for apart in (False, True)
        for width in (2, 10)
    ]
    shapes.append(solvers.Shape(20_000, 3, 50_000, 1, False, 3, False, 6))
    shapes.append(solvers.Shape(200, 500, 95_000, 1, False, 500, latent=1))
    assert {solvers.cheapest(shape) for shape in shapes} == set(solvers.SOLVERS)
    short = solvers.Shape(660, 3, 1980, 1, False, 3, False, 6)
    assert (
        solvers.cheapest(short) is solvers.KroneckerCholesky
        and solvers.cheapest(short._replace(known_variances=True)) is solvers.Dense
    )
    complete = solvers.Shape(1000, 2, 2000, 1, False, 2)
    assert (
        solvers.cheapest(complete) is solvers.KroneckerCholesky
        and solvers.cheapest(complete._replace(cells=1990)) is not solvers.KroneckerCholesky
    )
    assert solvers.cheapest(complete._replace(tasks=10, cells=10_000, width=10)) is solvers.KroneckerEigen
    for tasks in (3, 4):  # at a thousand rows one eigendecomposition costs as much as four to six factorisations
        assert (
            solvers.cheapest(complete._replace(tasks=tasks, cells=1000 * tasks, width=tasks))
            is solvers.KroneckerCholesky
        )


def law_no_solver_takes_what_is_no_covariance():
    """Repeated inputs without noise, and an indefinite B or Sigma: refused by every form that is asked."""
    x, eye, odd = tensor([[0.0], [1.0], [1.0], [2.0]]), torch.eye(2).double(), tensor([[1.0, 2.0], [2.0, 1.0]])
    y = tensor(RANDOM(3).normal(size=(4, 2)))
    for B, Sigma, apart in ((odd, 0.01 * eye, False), (eye, odd, False), (eye, 1e-30 * eye, True)):
        problem = Problem(x, y, [SolverTerm(input_kernel(0.5), B)], Sigma, apart)
        for form in applicable(problem):
            if form is solvers.KroneckerEigen and apart:
                continue  # rounding decides what an eigenvalue of 0 becomes, so it is the whitened form's to refuse
            try:
                form.log_likelihood(problem)
            except NotPositiveDefiniteError:
                continue
            raise AssertionError((form.__name__, "took a matrix that is no covariance"))


def law_an_eigenvalue_far_below_zero_is_refused():
    """K = diag(-1, 1) with B = Sigma = I: its spectral form has an entry of exactly 0."""
    K = torch.diag(tensor([-1.0, 1.0]))
    problem = Problem(
        tensor([[0.0], [1.0]]),
        torch.ones(2, 2).double(),
        [SolverTerm(lambda x, z=None: K, torch.eye(2).double())],
        torch.eye(2).double(),
    )
    for form in applicable(problem):
        try:
            form.log_likelihood(problem)
        except NotPositiveDefiniteError:
            continue
        raise AssertionError((form.__name__, "took a matrix that is no covariance"))


def law_forms_are_deterministic_and_leave_their_arguments():
    for _, problem in problems():
        given = [problem.x, problem.residual, problem.Sigma, *(term.B for term in problem.terms)]
        before = [value.clone() for value in given]
        for form in applicable(problem):
            close(form.log_likelihood(problem), form.log_likelihood(problem), 1e-12)
        assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(before, given))


def law_batches_are_the_solvers():
    """Values and gradients of several problems on one table, both ways, and of one alone.

    Complete and with holes: two in one row, two in one task, and in the first row.
    """
    rng = RANDOM(91)
    N, n, T = 3, 9, 3
    x = np.sort(rng.uniform(0, 4, n))
    K = np.exp(-0.5 * np.subtract.outer(x, x) ** 2 / rng.uniform(0.3, 2, N)[:, None, None])
    B, Sigma = (np.array([random_psd(rng, T, extra=extra).numpy() for _ in range(N)]) for extra in (0.3, 0.1))
    for holes in (batched.NO_HOLES, (np.array([4, 7, 4, 0]), np.array([0, 1, 1, 2]))):
        residual = rng.normal(size=(N, n, T))
        for way in (batched.BatchedEigen, batched.BatchedCholesky):
            found = way(residual, K, B, Sigma, holes)
            dK, dB, dSigma, of_means = found.gradients()
            for i in range(N):
                one = [tensor(each[i]).clone() for each in (residual, K, B, Sigma)]
                one[0][holes] = math.nan
                form = (solvers.Dense if len(holes[0]) else solvers.KroneckerCholesky)(_of_matrices(*one))
                close(found.value[i], form.value(), 1e-12)
                (own_dK,), (own_dB,), own_dSigma = form.gradients()
                close(dB[i], own_dB, 1e-12), close(dSigma[i], own_dSigma, 1e-12)
                close(of_means[i], form.weights.sum(0), 1e-12)
                direction = rng.normal(size=(n, n))  # of K, whose diagonal stays
                direction = (direction + direction.T) * (1 - np.eye(n))
                close((dK[i] * direction).sum(), (own_dK.numpy() * direction).sum(), 1e-12)


def _of_matrices(residual, K, B, Sigma):
    return Problem(torch.zeros_like(residual), residual, [SolverTerm(lambda x, z=None: K, B)], Sigma)

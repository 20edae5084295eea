"""All solvers, and the choice between them: the only place that knows there are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from gpytorch.kernels import Kernel, MaternKernel
from torch import Tensor

from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.kernels import IndependentKernel, Term, covariance_of_inputs
from mtgp_tutorial.solvers.by_columns import ByColumns
from mtgp_tutorial.solvers.collapsed_bound import CollapsedBound
from mtgp_tutorial.solvers.dense import Dense, Projected, Separate
from mtgp_tutorial.solvers.kronecker_solvers import KroneckerCholesky, KroneckerEigen, LowRankCorrection
from mtgp_tutorial.solvers.markov import Markov
from mtgp_tutorial.solvers.solver import Matern, Problem, Shape, Solver, SolverTerm

if TYPE_CHECKING:
    from mtgp_tutorial.model import Model

SOLVERS: list[type[Solver]] = [Dense, Separate, KroneckerCholesky, KroneckerEigen, LowRankCorrection, Projected]
SOLVERS += [ByColumns, Markov]
MANY = 1000  # cells from which draws of a long series go along its rows


@dataclass(frozen=True)
class InputKernel:
    """K [N, M] of inputs x and z by a GPyTorch kernel. Two are equal when their kernel is the same, so that a solver
    finds the term which an unknown belongs to.
    """

    kernel: Kernel

    def __call__(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        return covariance_of_inputs(self.kernel, x, z)


def solver_term(term: Term) -> SolverTerm:
    """The term as solvers take it. By exact type, as a user's subclass keeps its own arithmetic."""
    kernel, B = term
    plain = type(kernel) is MaternKernel and kernel.batch_shape == torch.Size() and kernel.raw_lengthscale.numel() == 1
    matern = Matern(float(kernel.nu), kernel.lengthscale.reshape(())) if plain else None
    return SolverTerm(InputKernel(kernel), B, matern)


def cheapest(shape: Shape) -> type[Solver]:
    """The solver with the lowest cost for tables of this shape."""
    return min(SOLVERS, key=lambda solver: solver.cost(shape))


def select(problem: Problem) -> type[Solver]:
    """The solver that the model insists on, or else the cheapest."""
    return problem.solver or cheapest(problem.shape())


def with_values(problem: Problem) -> tuple[Problem, Tensor]:
    """The problem without the rows that hold no value, and which rows [N] it keeps."""
    kept = ~problem.residual.isnan().all(1)
    if not bool(kept.all()):
        known = None if problem.variances is None else problem.variances[kept]
        problem = problem._replace(x=problem.x[kept], residual=problem.residual[kept], variances=known)
    return problem, kept


def problem_of(model: Model, given: Evidence | None = None) -> Problem:
    """Table and parameters of a model, as solvers take them. given: other rows than the table's."""
    x, residual, variances = model.evidence() if given is None else given
    terms, Sigma = [solver_term(term) for term in model.kernel.terms()], model.Sigma()
    separate = isinstance(model.kernel, IndependentKernel) and not model.kind.correlated
    width = None if any(bool((kappa > 0).any()) for kappa in model.kappas()) else model.columns()
    if model.kernel.coregional and not model.kind.correlated:
        parts = [part.task_covar_module for part in model.kernel.coregional]
        terms = [one._replace(factor=(part.covar_factor, part.var)) for one, part in zip(terms, parts)]
    inducing = model.get_buffer("inducing") if model.bounded else None
    solver = None if inducing is None else CollapsedBound
    return Problem(x, residual, terms, Sigma, separate, width, variances, solver, inducing)


def log_likelihood(model: Model) -> Tensor:
    """`Model.log_likelihood` by the solver of choice, differentiable once; of a sparse model the bound."""
    problem, _ = with_values(problem_of(model))
    return select(problem).log_likelihood(problem)


OPERATIONS = 2.5e10  # a second, of one core, as `Solver.cost` counts them


def expected_seconds(model: Model) -> float:
    """Of an evaluation, roughly."""
    shape = with_values(problem_of(model))[0].shape()
    return cheapest(shape).cost(shape) / OPERATIONS


def conditioned(model: Model, given: Evidence) -> Conditioned:
    """`Model.conditioned`."""
    return BySolver(problem_of(model, given))


def entries(model: Model, given: Evidence) -> float:
    """Of the matrices that the solver of choice holds at once, roughly."""
    lean, _ = with_values(problem_of(model, given))
    return select(lean).matrices(lean.shape())


class BySolver(Conditioned):
    """What the observed cells say, by the solver of choice (or a given one), in the numbering of the whole table."""

    def __init__(self, problem: Problem, solver: type[Solver] | None = None):
        self.problem = problem
        lean, self.kept = with_values(problem)
        with torch.no_grad():
            self.solver = (solver or select(lean))(lean)
        self.place = torch.where(self.kept, self.kept.cumsum(0) - 1, -1)  # of each row among those kept

    def value(self) -> Tensor:
        return self.solver.value()

    @property
    def weights(self) -> Tensor:  # type: ignore[override]
        weights = self.solver.weights.new_zeros(len(self.kept), self.solver.weights.shape[1])
        weights[self.kept] = self.solver.weights
        return weights

    def posterior(
        self,
        x: Tensor,
        terms: Sequence[Term | SolverTerm],
        rows: Tensor | None = None,
        cells: Cells | None = None,
        joint: bool = False,
    ) -> tuple[Tensor, Tensor]:
        if cells is None:
            cells = all_cells(torch.ones(len(x), len(terms[0].B), dtype=torch.bool, device=x.device))
        taken = [solver_term(term) if isinstance(term, Term) else term for term in terms]
        return self.solver.posterior(x, taken, self.lean(rows), cells, joint)

    def lean(self, rows: Tensor | None) -> Tensor | None:
        """Numbers of rows among those kept, -1 for others."""
        return None if rows is None else torch.where(rows >= 0, self.place[rows], -1)

    def draws(
        self, x: Tensor, rows: Tensor | None, cells: Cells, noise: bool, count: int, own: torch.Generator
    ) -> Tensor | None:
        """Joint draws [count, k] of cells at x, without the mean, where their covariance need not be built, else None.

        So it is for more than MANY cells of a table in the Markov solver. noise: of y instead of f; rows as above.
        """
        if not isinstance(self.solver, Markov) or len(cells[0]) <= MANY:
            return None
        return self.solver.draws(x, self.lean(rows), noise, count, own)[:, *cells]

    def left_out(self, block: Cells) -> tuple[Tensor, Tensor]:
        """As everywhere, but for large blocks of a long series: by one more pass over a table without them."""
        if not isinstance(self.solver, Markov) or len(block[0]) <= MANY:
            return super().left_out(block)
        problem, rest = self.problem, self.problem.residual.clone()
        prior = sum((term.B for term in problem.terms), problem.Sigma).diagonal()[block[1]]  # k(x, x) = 1
        prior = prior if problem.variances is None else prior + problem.variances[block]
        rest[block] = torch.nan
        if bool(rest.isnan().all()):  # nothing else is known
            return problem.residual[block], prior
        used, row = block[0].unique(return_inverse=True)
        others = BySolver(problem._replace(residual=rest))
        mean, reduction = others.posterior(problem.x[used], problem.terms, used, (row, block[1]))
        return problem.residual[block] - mean, prior - reduction

    def inverse(self, cells: Cells) -> Tensor:
        return self.solver.inverse((self.place[cells[0]], cells[1]))

    def diagonal(self, cells: Cells) -> Tensor:
        return self.solver.diagonal((self.place[cells[0]], cells[1]))

    def row_blocks(self) -> Tensor:
        T = self.solver.weights.shape[1]
        blocks = torch.eye(T).to(self.solver.weights).repeat(len(self.kept), 1, 1)
        blocks[self.kept] = self.solver.row_blocks() + torch.diag_embed((~self.solver.observed).to(blocks))
        return blocks

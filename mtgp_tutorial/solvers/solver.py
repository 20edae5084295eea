"""What every solver is given, and what it answers.

A *solver* is a way to factor C, the covariance of the observed cells. With the residual r it is asked for the
log likelihood log N(r | 0, C) and its gradient, for the weights C^-1 r, and for cross C^-1 cross^T: the
reduction of the variance of unknowns whose covariance with the cells is `cross`. From these follow predictions,
missing cells, samples and leave-one-out. The gradient is against K_q, B_q and Sigma; how K_q depends on a length-scale
is the kernel's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.covariance import KB, Cells

Crosses = Sequence[KB]  # covariance of unknowns and cells: K_q [M, N] of new and old inputs, B_q [S, T] of outputs
Gradients = tuple[list[Tensor], list[Tensor], Tensor]  # against each K_q, each B_q (or other loads), and Sigma


class Matern(NamedTuple):
    """That a kernel is a Matern kernel of one input: nu (0.5, 1.5 or 2.5), and the length-scale as a tensor []."""

    nu: float
    length: Tensor


class SolverTerm(NamedTuple):
    """A term of the one equation, as solvers take it: kernel(x, z) gives K_q [N, M], kernel(x) that of x with itself.

    matern: what the kernel is, where it is a Matern kernel with one length-scale. factor: W [T, R] and kappa [T] with
    B = W W^T + diag(kappa), where no noise is shared among tasks.
    """

    kernel: Callable[..., Tensor]
    B: Tensor
    matern: Matern | None = None
    factor: tuple[Tensor, Tensor] | None = None


class Shape(NamedTuple):
    """All that the cost of a solver depends on. width: columns of all W_q together, where B_q = W_q W_q^T, else T.

    known_variances: whether some cells have a variance of their own, which the Kronecker solvers and Projected cannot
    take. state: numbers in a row's state where all kernels are Matern kernels of one input (see `markov`), else 0.
    inducing: how many inducing inputs there are, for a solver that has such. latent: columns of all W_q, where
    factors are known (see `SolverTerm`), else 0.
    """

    rows: int
    tasks: int
    cells: int
    terms: int
    separate: bool
    width: int
    known_variances: bool = False
    state: int = 0
    inducing: int = 0
    latent: int = 0


class Problem(NamedTuple):
    """A table and the parameters: x [N, D], residual [N, T] with NaN at holes, Q terms, Sigma [T, T].

    separate: no two tasks share any covariance, whatever the parameters; entries of B_q and Sigma that are 0 then stay
    0, and a solver need not know their derivatives. width: see Shape. variances [N, T]: known ones of the single
    values, on top of Sigma's, 0 where none is known. solver: the one that the model insists on, in place of the
    cheapest; inducing [M, D]: inputs that it takes besides.
    """

    x: Tensor
    residual: Tensor
    terms: Sequence[SolverTerm]
    Sigma: Tensor
    separate: bool = False
    width: int | None = None
    variances: Tensor | None = None
    solver: type[Solver] | None = None
    inducing: Tensor | None = None

    def shape(self) -> Shape:
        """Its sizes."""
        (rows, tasks), cells = self.residual.shape, self.residual.numel() - int(self.residual.isnan().sum())
        known_variances, points = self.variances is not None, 0 if self.inducing is None else len(self.inducing)
        orders = [round(term.matern.nu + 0.5) if term.matern else 0 for term in self.terms]
        state = tasks * sum(orders) if all(orders) and self.x.shape[1] == 1 else 0
        factors, width = [term.factor for term in self.terms], self.width or tasks
        latent = sum(W.shape[1] for W, _ in factors) if all(factors) else 0  # type: ignore[misc]
        return Shape(rows, tasks, cells, len(self.terms), self.separate, width, known_variances, state, points, latent)


class Solver:
    """A factored C. Subclasses say what it costs, factor it, and answer; each has one derivation in the book."""

    weights: Tensor  # C^-1 r, [N, T], 0 at holes
    by_length = False  # whether it takes the length-scale of each kernel where others take K
    by_factor = False  # whether it takes W and kappa where others take B

    def __init__(self, problem: Problem, Ks: Sequence[Tensor] | None = None):
        self.problem = problem
        self.Ks = [self.of_kernel(term, problem) for term in problem.terms] if Ks is None else list(Ks)
        self.Bs = [term.B for term in problem.terms]
        self.observed = ~problem.residual.isnan()
        self.residual = problem.residual.nan_to_num()
        self.factor(self.residual, problem.Sigma)

    @staticmethod
    def inputs(problem: Problem) -> tuple[Tensor, ...]:
        """What a kernel is called with: the rows' inputs, or two sets of inputs."""
        return (problem.x,)

    @classmethod
    def of_kernel(cls, term: SolverTerm, problem: Problem) -> Tensor:
        """What the solver takes of a term's kernel, and what its gradient is against: K_q; Markov differs."""
        return term.kernel(*cls.inputs(problem))

    @classmethod
    def loads(cls, problem: Problem) -> list[Tensor]:
        """What the solver takes of the tasks, and what its gradient is against: each B_q [T, T]; ByColumns differs."""
        return [term.B for term in problem.terms]

    @classmethod
    def with_loads(cls, problem: Problem, loads: Sequence[Tensor]) -> Problem:
        """The problem with other loads."""
        return problem._replace(terms=[term._replace(B=B) for term, B in zip(problem.terms, loads)])

    @staticmethod
    def cost(shape: Shape) -> float:
        """Value and gradient in floating-point operations, roughly; infinite where the solver does not apply."""
        raise NotImplementedError

    @staticmethod
    def matrices(shape: Shape) -> float:
        """Entries of the matrices that value and gradient hold at once, roughly."""
        raise NotImplementedError

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        """Factor C and set `weights`; residual [N, T] has 0 at holes."""
        raise NotImplementedError

    def value(self) -> Tensor:
        """log N(r | 0, C), in nats."""
        raise NotImplementedError

    def gradients(self) -> Gradients:
        """Derivatives of the value: against each K_q [N, N], each B_q [T, T], and Sigma [T, T]."""
        raise NotImplementedError

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """cross C^-1 cross^T of the unknowns `cells` (input m, output s): [k, k], or its diagonal [k]."""
        raise NotImplementedError

    @classmethod
    def log_likelihood(cls, problem: Problem) -> Tensor:
        """log N(r | 0, C), differentiable once."""
        Ks, loads = [cls.of_kernel(term, problem) for term in problem.terms], cls.loads(problem)
        with torch.no_grad():
            solver = cls(problem, Ks)
        return solver.differentiable(problem.residual, problem.Sigma, Ks, loads)

    def differentiable(self, residual: Tensor, Sigma: Tensor, Ks: Sequence[Tensor], loads: Sequence[Tensor]) -> Tensor:
        """The value, differentiable once in what it was made of."""
        return _LogLikelihood.apply(self, residual, Sigma, *Ks, *loads)

    def posterior(
        self, x: Tensor, terms: Sequence[SolverTerm], rows: Tensor | None, cells: Cells, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """Mean [k] of unknowns at x [M, D], and the reduction of their variance, [k], or [k, k] when joint.

        terms: their covariance with the cells, B_q [S, T] for S outputs. rows [M]: whose noise they share, -1 for
        none: one more cross term, with the kernel [same row] and Sigma for B. cells: which (input m, output s)
        are wanted.
        """
        crosses = [(term.kernel(x, self.problem.x), term.B) for term in terms]
        if rows is not None:
            same_row = rows[:, None] == torch.arange(len(self.residual), device=x.device)
            crosses.append((same_row.to(x.dtype), self.problem.Sigma))
        mean = sum(K @ self.weights @ B.mT for K, B in crosses)
        return mean[cells], self.variance_reduction(crosses, cells, joint)  # type: ignore[index]

    def inverse(self, cells: Cells) -> Tensor:
        """Block [k, k] of C^-1 for the observed cells (row i, task t); a hole has zeros."""
        rows, position = cells[0].unique(return_inverse=True)
        unit_rows = (rows[:, None] == torch.arange(len(self.residual), device=rows.device)).to(self.residual)
        unit_tasks = torch.eye(self.residual.shape[1]).to(self.residual)
        return self.variance_reduction([(unit_rows, unit_tasks)], (position, cells[1]), True)

    def diagonal(self, cells: Cells) -> Tensor:
        """Entries [k] on the diagonal of C^-1, of observed cells."""
        return self.row_blocks().diagonal(dim1=1, dim2=2)[cells]

    def row_blocks(self) -> Tensor:
        """Blocks [N, T, T] of C^-1 for the cells of each row, 0 at holes (to rounding): here row by row."""
        tasks = torch.arange(self.residual.shape[1], device=self.residual.device)
        return torch.stack([self.inverse((torch.full_like(tasks, row), tasks)) for row in range(len(self.residual))])


class _LogLikelihood(Function):
    """The gradient of every solver, by hand: autograd would keep more and, through eigh, lose all digits."""

    @staticmethod
    def forward(ctx: Any, solver: Solver, *made_of: Tensor) -> Tensor:
        ctx.solver = solver
        return solver.value()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        dKs, dBs, dSigma = ctx.solver.gradients()
        return None, -grad * ctx.solver.weights, grad * dSigma, *(each.mul_(grad) for each in [*dKs, *dBs])

"""All forms, and the choice between them: the only place that knows there are several.

A model as a problem that forms take.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.fast.bound import Collapsed
from mtgp_tutorial.fast.closed import form_term
from mtgp_tutorial.fast.dense import Dense, Projected, Separate
from mtgp_tutorial.fast.form import Form, FormTerm, Problem, Shape
from mtgp_tutorial.fast.markov import Markov
from mtgp_tutorial.fast.sparse import SparseModel
from mtgp_tutorial.fast.split import FewHoles, Spectral, Split
from mtgp_tutorial.kernels import IndependentKernel, Term
from mtgp_tutorial.model import Model

FORMS: list[type[Form]] = [Dense, Separate, Split, Spectral, FewHoles, Projected, Markov]
MANY = 1000  # cells from which draws of a long series go along its rows


def cheapest(shape: Shape) -> type[Form]:
    """The form with the lowest cost for tables of this shape."""
    return min(FORMS, key=lambda form: form.cost(shape))


def chosen(problem: Problem) -> type[Form]:
    """The form that the model insists on, or else the cheapest."""
    return problem.form or cheapest(problem.shape())


def with_values(problem: Problem) -> tuple[Problem, Tensor]:
    """The problem without the rows that hold no value, and which rows [N] it keeps."""
    kept = ~problem.residual.isnan().all(1)
    if not bool(kept.all()):
        known = None if problem.variances is None else problem.variances[kept]
        problem = problem._replace(x=problem.x[kept], residual=problem.residual[kept], variances=known)
    return problem, kept


def log_likelihood(problem: Problem) -> Tensor:
    """log N(r | 0, C) of the observed cells in nats, by the form of choice; differentiable once."""
    problem, _ = with_values(problem)
    return chosen(problem).log_likelihood(problem)


def problem_of(model: Model, given: Evidence | None = None) -> Problem:
    """Table and parameters of a model, as forms take them. given: other rows than the table's."""
    x, residual, variances = model.evidence() if given is None else given
    terms, Sigma = [form_term(term) for term in model.kernel.terms()], model.Sigma()
    apart = isinstance(model.kernel, IndependentKernel) and not model.kind.correlated
    width = None if any(bool((kappa > 0).any()) for kappa in model.kappas()) else model.columns()
    inducing = model.inducing if isinstance(model, SparseModel) else None
    form = None if inducing is None else Collapsed
    return Problem(x, residual, terms, Sigma, apart, width, variances, form, inducing)


def of_model(model: Model) -> Tensor:
    """`Model.log_likelihood`; of a sparse model the bound."""
    return log_likelihood(problem_of(model))


def conditioned(model: Model, given: Evidence) -> Conditioned:
    """`Model.conditioned`."""
    return ByForm(problem_of(model, given))


def entries(model: Model, given: Evidence) -> float:
    """Of the matrices that the form of choice holds at once, roughly."""
    lean, _ = with_values(problem_of(model, given))
    return chosen(lean).matrices(lean.shape())


class ByForm(Conditioned):
    """What the observed cells say, by the form of choice (or a given one), in the numbering of the whole table."""

    def __init__(self, problem: Problem, form: type[Form] | None = None):
        self.problem = problem
        lean, self.kept = with_values(problem)
        with torch.no_grad():
            self.form = (form or chosen(lean))(lean)
        self.place = torch.where(self.kept, self.kept.cumsum(0) - 1, -1)  # of each row among those kept

    @property
    def weights(self) -> Tensor:  # type: ignore[override]
        """C^-1 r [N, T], 0 at holes."""
        weights = self.form.weights.new_zeros(len(self.kept), self.form.weights.shape[1])
        weights[self.kept] = self.form.weights
        return weights

    def posterior(
        self,
        x: Tensor,
        terms: Sequence[Term | FormTerm],
        rows: Tensor | None = None,
        cells: Cells | None = None,
        joint: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean [k] of unknowns, and what is explained of their prior (co)variance: see `Form.posterior`.

        rows [M] are rows of the whole table, -1 for none. cells: all of the unknowns, point-major, by default.
        """
        if cells is None:
            cells = all_cells(torch.ones(len(x), len(terms[0].B), dtype=torch.bool, device=x.device))
        taken = [form_term(term) if isinstance(term, Term) else term for term in terms]
        return self.form.posterior(x, taken, self.lean(rows), cells, joint)

    def lean(self, rows: Tensor | None) -> Tensor | None:
        """Numbers of rows among those kept, -1 for others."""
        return None if rows is None else torch.where(rows >= 0, self.place[rows], -1)

    def draws(
        self, x: Tensor, rows: Tensor | None, cells: Cells, noise: bool, count: int, own: torch.Generator
    ) -> Tensor | None:
        """Joint draws [count, k] of cells at x, without the mean, where their covariance need not be built, else None.

        So it is for more than MANY cells of a table in the Markov form. noise: of y instead of f; rows as above.
        """
        if not isinstance(self.form, Markov) or len(cells[0]) <= MANY:
            return None
        return self.form.draws(x, self.lean(rows), noise, count, own)[:, *cells]

    def left_out(self, block: Cells) -> tuple[Tensor, Tensor]:
        """As everywhere, but for large blocks of a long series: by one more pass over a table without them."""
        if not isinstance(self.form, Markov) or len(block[0]) <= MANY:
            return super().left_out(block)
        problem, rest = self.problem, self.problem.residual.clone()
        prior = sum((term.B for term in problem.terms), problem.Sigma).diagonal()[block[1]]  # k(x, x) = 1
        prior = prior if problem.variances is None else prior + problem.variances[block]
        rest[block] = torch.nan
        if bool(rest.isnan().all()):  # nothing else is known
            return problem.residual[block], prior
        used, row = block[0].unique(return_inverse=True)
        others = ByForm(problem._replace(residual=rest))
        mean, explained = others.posterior(problem.x[used], problem.terms, used, (row, block[1]))
        return problem.residual[block] - mean, prior - explained

    def inverse(self, cells: Cells) -> Tensor:
        """Block [k, k] of C^-1 for cells (row i, task t) that were observed."""
        return self.form.inverse((self.place[cells[0]], cells[1]))

    def row_blocks(self) -> Tensor:
        """Blocks [N, T, T] of C^-1 for the observed cells of each row, the identity at holes."""
        T = self.form.weights.shape[1]
        blocks = torch.eye(T).to(self.form.weights).repeat(len(self.kept), 1, 1)
        blocks[self.kept] = self.form.row_blocks() + torch.diag_embed((~self.form.observed).to(blocks))
        return blocks


def long_form(conditioned: Conditioned) -> tuple[Markov, Tensor] | None:
    """The form of a long series with the place of each row in it, where it is that."""
    if isinstance(conditioned, ByForm) and isinstance(conditioned.form, Markov):
        return conditioned.form, conditioned.place
    return None

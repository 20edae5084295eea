"""All forms, and the choice between them: the only place that knows there are several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtgp_tutorial.exact.covariance import Cells
from mtgp_tutorial.exact.dense import Dense
from mtgp_tutorial.exact.few_holes import FewHoles
from mtgp_tutorial.exact.form import Form, Problem, Shape, Term
from mtgp_tutorial.exact.memory import check_memory
from mtgp_tutorial.exact.projected import Projected
from mtgp_tutorial.exact.separate import Separate
from mtgp_tutorial.exact.small import Small
from mtgp_tutorial.exact.split import Spectral, Split

FORMS: list[type[Form]] = [Dense, Separate, Split, Spectral, Small, FewHoles, Projected]


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


def check_size(problem: Problem) -> None:
    """Raise MemoryError where the form of choice needs more memory than there is, and warn where more than is free."""
    lean, _ = with_values(problem)
    shape = lean.shape()
    check_memory(8 * chosen(lean).matrices(shape), shape.cells, problem.x.device)


def log_likelihood(problem: Problem) -> Tensor:
    """log N(r | 0, C) of the observed cells in nats, by the form of choice; differentiable once."""
    problem, _ = with_values(problem)
    return chosen(problem).log_likelihood(problem)


class Conditioned:
    """What the observed cells say, by the form of choice (or a given one), in the numbering of the whole table."""

    def __init__(self, problem: Problem, form: type[Form] | None = None):
        check_size(problem)
        lean, self.kept = with_values(problem)
        with torch.no_grad():
            self.form = (form or chosen(lean))(lean)
        self.place = torch.where(self.kept, self.kept.cumsum(0) - 1, -1)  # of each row among those kept

    @property
    def weights(self) -> Tensor:
        """C^-1 r [N, T], 0 at holes."""
        weights = torch.zeros(len(self.kept), self.form.weights.shape[1]).to(self.form.weights)
        weights[self.kept] = self.form.weights
        return weights

    def posterior(
        self,
        x: Tensor,
        terms: Sequence[Term],
        rows: Tensor | None = None,
        cells: Cells | None = None,
        joint: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean [k] of unknowns, and what is explained of their prior (co)variance: see `Form.posterior`.

        rows [M] are rows of the whole table, -1 for none.
        """
        if rows is not None:
            rows = torch.where(rows >= 0, self.place[rows], -1)
        return self.form.posterior(x, terms, rows, cells, joint)

    def inverse(self, cells: Cells) -> Tensor:
        """Block [k, k] of C^-1 for cells (row i, task t) that were observed."""
        return self.form.inverse((self.place[cells[0]], cells[1]))

    def inverse_diagonal(self, cells: Cells) -> Tensor:
        """Diagonal [k] of C^-1 for cells (row i, task t) that were observed."""
        return self.form.inverse((self.place[cells[0]], cells[1]), joint=False)

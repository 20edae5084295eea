"""What the collapsed bound says of unknowns: the posterior of the Gaussian model whose covariance is Q + R."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtgp_tutorial.approximate.bound import CHUNK, Bound
from mtgp_tutorial.exact.covariance import Cells, all_cells
from mtgp_tutorial.exact.form import Term


class Collapsed(Bound):
    """The bound, with answers."""

    def posterior(
        self, x: Tensor, terms: Sequence[Term], rows: Tensor | None, cells: Cells | None, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """As `Form.posterior`. Explained is what u tells, and the noise of a row where it is shared; what Q lacks of an
        unknown's own variance stays in it."""
        if cells is None:
            cells = all_cells(torch.ones(len(x), len(terms[0].B), dtype=torch.bool, device=x.device))
        size = len(cells[0]) if joint else max(1, CHUNK // max(1, len(self.L)))
        parts = [self.some(x, terms, rows, (a, b), joint) for a, b in zip(cells[0].split(size), cells[1].split(size))]
        mean, explained = zip(*parts)
        return torch.cat(mean), torch.cat(explained)

    def some(
        self, x: Tensor, terms: Sequence[Term], rows: Tensor | None, cells: Cells, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """The posterior of some cells: their features, less what the noise of their rows says of these."""
        phi = self.features_of(x, terms, cells)
        mean, told = phi @ self.mean, phi
        explained = phi @ phi.mT if joint else (phi**2).sum(1)
        if rows is not None:
            own = rows[cells[0]]
            shared = self.problem.Sigma[cells[1]] * (own >= 0)[:, None]  # of its noise with the row's, [k, T]
            g = (self.U[own] @ shared[..., None])[..., 0]
            pairs = [(A[:, own].mT[:, :, None], (g[:, None] @ E[own])) for A, E in zip(self.As, self.Es)]
            told = phi - torch.cat([(A * E).flatten(1) for A, E in pairs], 1)
            mean = mean + (g * self.error[own]).sum(1)
            explained = explained + ((own[:, None] == own) * (g @ g.mT) if joint else (g**2).sum(1))
        half = torch.linalg.solve_triangular(self.L, told.mT, upper=False)
        return mean, explained - (half.mT @ half if joint else (half**2).sum(0))

    def features_of(self, x: Tensor, terms: Sequence[Term], cells: Cells) -> Tensor:
        """phi [k, F] of unknowns: A_q at their inputs times J, with B_q = J root_q^T; 0 for kernels not in `terms`."""
        used, place = cells[0].unique(return_inverse=True)
        phi, known = x.new_zeros(len(place), len(self.L)), [term.kernel for term in self.problem.terms]
        for term in terms:
            q = known.index(term.kernel)
            across = term.kernel(x[used], self.problem.inducing).mT
            A = torch.linalg.solve_triangular(self.Ls[q], across, upper=False).mT[place]
            J = (term.B @ torch.linalg.pinv(self.roots[q]).mT)[cells[1]]
            phi[:, self.spans[q]] = (A[:, :, None] * J[:, None]).flatten(1)
        return phi

    def inverse(self, cells: Cells, joint: bool = True) -> Tensor:
        raise ValueError(
            "fit: has the sparse bound, which has no exact leave-one-out; hide cells (TaskData.hide) and impute them, "
            "or fit without sparse"
        )

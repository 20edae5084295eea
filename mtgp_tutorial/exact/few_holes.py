"""The form for few holes: a table with one kernel that is complete but for m cells, without the dense matrix.

Let C be the covariance of the complete table, P = C^-1 (from its split form), M the missing cells. By block inversion
the inverse for the observed cells is P - P_:M (P_MM)^-1 P_M:, with zeros at M, and |C_oo| = |C| |P_MM|. So the split
form serves, with a correction of rank m. (Rasmussen and Williams 2006, eqs. A.11 and A.12)
"""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.exact.covariance import Cells, all_cells
from mtgp_tutorial.exact.form import Crosses, Shape
from mtgp_tutorial.exact.gaussian import LOG_2PI, cholesky
from mtgp_tutorial.exact.split import Spectral


class FewHoles(Spectral):
    """The spectral form of the complete table, corrected for its holes."""

    @staticmethod
    def cost(shape: Shape) -> float:
        N, T, m = shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells
        if shape.terms > 1 or m == 0 or shape.known:
            return torch.inf
        return 6.7 * N**3 + 1400 * N**2 + (4.5 * m + 1.8 * N + 400) * m * N * T + 2.3e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        N, T, m = shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells
        return 11 * N**2 + 5 * m * N * T + 3 * m**2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        """With its holes at their conditional mean the complete table has the weights of the observed cells."""
        self.missing = all_cells(~self.observed)
        super().factor(residual, Sigma)
        rows, tasks = self.missing
        self.root = self.d.sqrt().mT * self.P[tasks][:, :, None] * self.Q[rows][:, None]  # [m, T, N]
        wide = self.root.flatten(1)  # root root^T over T and N is P_MM
        self.F = cholesky(wide @ wide.mT, "inverse covariance of the missing cells")
        fill = -torch.cholesky_solve(self.weights[self.missing][:, None], self.F)[:, 0]
        self.residual = residual.index_put(self.missing, fill)
        self.weights = self.solve(self.residual).index_put(self.missing, torch.zeros_like(fill))
        self.log_det = self.log_det + 2 * self.F.diagonal().log().sum()

    def value(self) -> Tensor:
        return super().value() + 0.5 * len(self.F) * LOG_2PI

    def sums(self) -> tuple[Tensor, Tensor, Tensor]:
        """Those of the complete table less those of the correction U^T U, with U = F^-1 P_M: [m, T, N]."""
        U = torch.linalg.solve_triangular(self.F, self.root.flatten(1), upper=False).view_as(self.root)
        U.mul_(self.d.sqrt().mT)
        traces_I = torch.diag(self.d.sum(0)) - torch.einsum("ari,aqi->rq", U, U)
        traces_K = torch.diag(self.s @ self.d) - torch.einsum("ari,aqi->rq", U * self.s, U)
        of_K = U.mul_(self.lam.sqrt()[:, None]).flatten(0, 1)
        weighted = self.Q @ (torch.diag(self.d @ self.lam) - of_K.mT @ of_K) @ self.Q.mT
        return weighted, traces_I, traces_K

    def explained(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """cross P cross^T less H H^T with H = cross P_:M F^-T."""
        both = torch.zeros(len(cells[0]), len(self.F)).to(self.F)
        for K, B in crosses:
            for load, half, root in zip((B @ self.P).unbind(1), self.halves(K), self.root.unbind(1)):
                both += load[cells[1]][:, None] * (half.mT @ root.mT)[cells[0]]
        H = torch.linalg.solve_triangular(self.F, both.mT, upper=False)
        whole = super().explained(crosses, cells, joint)
        return whole - (H.mT @ H if joint else (H**2).sum(0))

    def row_blocks(self) -> Tensor:
        both = (self.root * self.d.sqrt().mT) @ self.Q.mT  # P_M:, tasks whitened: [m, T, N]
        H = torch.linalg.solve_triangular(self.F, both.flatten(1), upper=False).view_as(both)
        return super().row_blocks() - self.P @ torch.einsum("arn,aqn->nrq", H, H) @ self.P.mT

"""The separate form: tasks that share no covariance, one by one."""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.exact.covariance import Cells
from mtgp_tutorial.exact.dense import Dense
from mtgp_tutorial.exact.form import Crosses, Form, Gradients, Shape


class Separate(Form):
    """T dense problems of one task each: sum_q B_q[t, t] K_q + Sigma[t, t] I, holes or not."""

    @staticmethod
    def cost(shape: Shape) -> float:
        size = shape.cells / shape.tasks
        return shape.tasks * (1.2 * size**3 + 300 * size**2 + 1.1e7) + 4e6 if shape.apart else torch.inf

    @staticmethod
    def matrices(shape: Shape) -> float:
        return (shape.tasks + 3) * (shape.cells / shape.tasks) ** 2 + 8 * shape.terms * shape.rows**2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        self.tasks = [self.alone(t, slice(t, t + 1)) for t in range(residual.shape[1])]
        self.weights = torch.cat([task.weights for task in self.tasks], 1)

    def alone(self, t: int, column: slice) -> Dense:
        """The problem of task t, with the terms that it has a part in."""
        mine = [q for q, B in enumerate(self.Bs) if B[t, t] != 0]
        terms = [self.problem.terms[q]._replace(B=self.Bs[q][column, column]) for q in mine]
        known = self.problem.variances
        given = self.problem._replace(
            residual=self.problem.residual[:, column],
            terms=terms,
            variances=None if known is None else known[:, column],
        )
        return Dense(given._replace(Sigma=self.problem.Sigma[column, column]), [self.Ks[q] for q in mine])

    def value(self) -> Tensor:
        return sum(task.value() for task in self.tasks)  # type: ignore[return-value]

    def gradients(self) -> Gradients:
        dKs, dBs = [torch.zeros_like(K) for K in self.Ks], [torch.zeros_like(B) for B in self.Bs]
        dSigma = torch.zeros_like(self.problem.Sigma)
        for t, task in enumerate(self.tasks):
            own_dKs, own_dBs, own_dSigma = task.gradients()
            dSigma[t, t] = own_dSigma[0, 0]
            mine = [q for q, B in enumerate(self.Bs) if B[t, t] != 0]
            for q, dK, dB in zip(mine, own_dKs, own_dBs):
                dKs[q] += dK
                dBs[q][t, t] = dB[0, 0]
        return dKs, dBs, dSigma

    def explained(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """An unknown of output t depends on task t alone."""
        total = torch.zeros(len(cells[0]), *([len(cells[0])] if joint else [])).to(self.residual)
        for t, task in enumerate(self.tasks):
            at = (cells[1] == t).nonzero()[:, 0]
            own = [(K, B[t : t + 1, t : t + 1]) for K, B in crosses]
            part = task.explained(own, (cells[0][at], torch.zeros_like(at)), joint)
            total[(at[:, None], at) if joint else at] = part
        return total

"""The projected form: fewer latent functions than tasks, on a complete table.

With kappa = 0 every B_q lies in the span of R < T columns. Whitened with Sigma = L L^T and rotated into that span, V
[T, R], the table is R tasks with unit noise, and T - R columns outside that are noise alone. (Exact for any W and any
Sigma; Bruinsma et al. 2020 build a restricted model on the same projection.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.exact.covariance import Cells, signal_covariance
from mtgp_tutorial.exact.dense import Dense
from mtgp_tutorial.exact.form import Crosses, Form, Gradients, Problem, Shape, Term
from mtgp_tutorial.exact.gaussian import LOG_2PI, cholesky


class Projected(Form):
    """The dense form of R columns instead of T."""

    @staticmethod
    def cost(shape: Shape) -> float:
        if shape.width >= shape.tasks or shape.cells < shape.rows * shape.tasks or shape.known:
            return torch.inf
        return Dense.cost(shape._replace(tasks=shape.width, cells=shape.rows * shape.width)) + 1e6

    @staticmethod
    def matrices(shape: Shape) -> float:
        return Dense.matrices(shape._replace(tasks=shape.width, cells=shape.rows * shape.width))

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        L, R = cholesky(Sigma, "Sigma"), self.problem.shape().width
        self.root = torch.linalg.solve_triangular(L, torch.eye(len(L)).to(L), upper=False)
        self.V = torch.linalg.eigh(self.root @ sum(self.Bs) @ self.root.mT)[1][:, -R:]
        self.inside = self.root.mT @ self.V  # [T, R]
        r, z = residual @ self.root.mT, residual @ self.inside
        terms = [Term(term.kernel, self.inside.mT @ term.B @ self.inside) for term in self.problem.terms]
        self.core = Dense(Problem(self.problem.x, z, terms, torch.eye(R).to(L)), self.Ks)
        self.outside = r - z @ self.V.mT
        self.rest = torch.eye(len(L)).to(L) - self.V @ self.V.mT
        self.weights = (self.core.weights @ self.V.mT + self.outside) @ self.root
        log_det, noise_alone = 2 * L.diagonal().log().sum(), (len(L) - R) * LOG_2PI
        self.beyond = (self.outside**2).sum() + len(residual) * (log_det + noise_alone)

    def value(self) -> Tensor:
        return self.core.value() - 0.5 * self.beyond

    def gradients(self) -> Gradients:
        dKs, dBs, dSigma = self.core.gradients()
        identity = torch.eye(len(self.residual)).to(self.residual)
        return dKs, [self.lift(K, dB) for K, dB in zip(self.Ks, dBs)], self.lift(identity, dSigma)

    def lift(self, K: Tensor, inner: Tensor) -> Tensor:
        """From R columns to T: what the columns outside add, alone and together with those inside."""
        mixed = self.V @ self.core.weights.mT @ K @ self.outside
        alone = self.outside.mT @ K @ self.outside - K.diagonal().sum() * self.rest
        return self.root.mT @ (self.V @ inner @ self.V.mT + 0.5 * (mixed + mixed.mT + alone)) @ self.root

    def explained(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        inside = self.core.explained([(K, B @ self.inside) for K, B in crosses], cells, joint)
        pairs = [(one, other) for one in crosses for other in crosses]
        outer = self.root.mT @ self.rest @ self.root  # 0 for what runs through the latent functions
        if joint:
            return inside + signal_covariance([(K @ J.mT, B @ outer @ A.mT) for (K, B), (J, A) in pairs], cells, cells)
        each = [((K * J).sum(1), (B @ outer * A).sum(1)) for (K, B), (J, A) in pairs]
        return inside + sum(k[cells[0]] * b[cells[1]] for k, b in each)

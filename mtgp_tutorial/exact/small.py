"""The spectral form of a small table, in numpy and LAPACK: at ten rows a call costs more than the arithmetic in it, and
torch's calls cost three times numpy's."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg.lapack import dsyevd
from torch import Tensor

from mtgp_tutorial.device import as_array, as_tensor
from mtgp_tutorial.exact.form import Gradients, Shape
from mtgp_tutorial.exact.gaussian import LOG_2PI, NotPositiveDefiniteError
from mtgp_tutorial.exact.split import Spectral, whiten


class Small(Spectral):
    """Value and gradient of `Spectral`, on the CPU whatever the table's device; predictions are inherited."""

    @staticmethod
    def cost(shape: Shape) -> float:
        return 6 * shape.rows**3 + 1700 * shape.rows**2 + 3e6 if Spectral.cost(shape) < torch.inf else torch.inf

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        lam, P, log_det_Sigma = whiten(self.Bs[0], Sigma)
        self.arrays = r, K, _ = as_array(residual), as_array(self.Ks[0]), as_array(self.Bs[0])
        s, Q, fails = dsyevd(K)
        spectrum = s[:, None] * lam + 1  # [N, T]
        if fails or not spectrum.min() > 0:
            raise NotPositiveDefiniteError("lambda K + I: K has an eigenvalue far below 0; pass a covariance function")
        d = 1 / spectrum
        self.A = Q @ (d * (Q.T @ r @ P)) @ P.T
        self.log_det_C = float(np.log(spectrum).sum()) + len(r) * log_det_Sigma
        self.spectral = lam, P, s, Q, d
        self.lam, self.P, self.s, self.Q, self.d = (as_tensor(one, residual) for one in self.spectral)
        self.weights = as_tensor(self.A, residual)

    def value(self) -> Tensor:
        r, A = self.arrays[0], self.A
        return self.residual.new_tensor(-0.5 * (r.ravel() @ A.ravel() + self.log_det_C + r.size * LOG_2PI))

    def gradients(self) -> Gradients:
        (_, K, B), (lam, P, s, Q, d), A = self.arrays, self.spectral, self.A
        dK = 0.5 * (A @ B @ A.T - (Q * (d @ lam)) @ Q.T)
        dB = 0.5 * (A.T @ K @ A - (P * (s @ d)) @ P.T)
        dSigma = 0.5 * (A.T @ A - (P * d.sum(0)) @ P.T)
        return [as_tensor(dK, self.residual)], [as_tensor(dB, self.residual)], as_tensor(dSigma, self.residual)

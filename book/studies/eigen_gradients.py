"""Digits of a gradient that autograd loses through eigh: mtgp_tutorial/datasets/studies/eigen_gradients.csv.

An ICM on a complete table of two tasks, with an RBF kernel. Series "B": 12 rows, B with eigenvalues 1 + g and 1 - g,
gradient against B. Series "K" and "length-scale": more and more rows of [0, 10], gradient against the whole of K, and
against the logarithm of its length-scale. Three ways to the same number: the module's gradient by hand, autograd
through `torch.linalg.eigh`, and the dense covariance in numbers of 40 digits, the truth. The error is relative to the
largest entry. How many digits are left is rounding: another machine has other numbers of the same size. Shown in
book/proofs.ipynb.
"""

import mpmath
import numpy as np
import torch
from running import run

from mtgp_tutorial import kronecker

GAPS = [10.0**-k for k in range(1, 16)] + [0.0]
ROWS = [5, 10, 15, 20, 30, 40, 60]
LENGTH, NOISE = 2.0, 0.1
DIGITS = 40


def through_eigh(residual, K, B, Sigma):
    """The log likelihood by two eigendecompositions, left to autograd."""
    L = torch.linalg.cholesky(Sigma)
    half = torch.linalg.solve_triangular(L, B, upper=False)
    lam, U = torch.linalg.eigh(torch.linalg.solve_triangular(L, half.mT, upper=False))
    s, Q = torch.linalg.eigh(K)
    z = Q.mT @ residual @ torch.linalg.solve_triangular(L.mT, U, upper=True)
    variances = s[:, None] * lam + 1
    log_det = variances.log().sum() + 2 * len(K) * L.diagonal().log().sum()
    return -0.5 * ((z**2 / variances).sum() + log_det)


def truth(residual, K, B, Sigma):
    """G = (a a^T - C^-1) / 2 [N T, N T] with 40 digits; arguments are matrices of mpmath."""
    N, T = residual.rows, residual.cols
    C, r = mpmath.zeros(N * T), mpmath.zeros(N * T, 1)
    for i in range(N):
        for s in range(T):
            r[i * T + s] = residual[i, s]
            for j in range(N):
                for t in range(T):
                    C[i * T + s, j * T + t] = K[i, j] * B[s, t] + (Sigma[s, t] if i == j else 0)
    inverse = C**-1
    a = inverse * r
    return (a * a.T - inverse) / 2


def made(N, gap):
    """Inputs [N], residual [N, 2], B and Sigma [2, 2]."""
    rng = np.random.default_rng(0)
    residual = torch.from_numpy(rng.normal(size=(N, 2)))
    B = torch.tensor([[1.0, gap], [gap, 1.0]], dtype=torch.float64)
    return torch.linspace(0, 10, N, dtype=torch.float64), residual, B, NOISE * torch.eye(2, dtype=torch.float64)


def rbf(x, log_length):
    return torch.exp(-0.5 * ((x[:, None] - x) / log_length.exp()) ** 2)


def exact_gradients(N, gap):
    """The truth, rounded to float64: against B [2, 2], K [N, N] and the logarithm of the length-scale [1]."""
    x, residual, B, Sigma = made(N, gap)
    with mpmath.workdps(DIGITS):
        x, residual, B, Sigma = (mpmath.matrix(one.tolist()) for one in (x, residual, B, Sigma))
        pairs, tasks = [(i, j) for i in range(N) for j in range(N)], [(0, 0), (0, 1), (1, 0), (1, 1)]
        r2 = {(i, j): ((x[i] - x[j]) / mpmath.mpf(LENGTH)) ** 2 for i, j in pairs}
        K = mpmath.matrix(N, N)
        for i, j in pairs:
            K[i, j] = mpmath.exp(-r2[i, j] / 2)
        G = truth(residual, K, B, Sigma)
        dB = [sum(G[2 * i + s, 2 * j + t] * K[i, j] for i, j in pairs) for s, t in tasks]
        dK = {(i, j): sum(G[2 * i + s, 2 * j + t] * B[s, t] for s, t in tasks) for i, j in pairs}
        dl = sum(dK[i, j] * r2[i, j] * K[i, j] for i, j in pairs)
        whole = [dK[pair] for pair in pairs]
        return {"B": np.array(dB, float), "K": np.array(whole, float), "length-scale": np.array([dl], float)}


def gradients(way, N, gap):
    """The same by automatic differentiation of `way`, in float64, flat."""
    x, residual, B, Sigma = made(N, gap)
    log_length = torch.tensor(LENGTH, dtype=torch.float64).log().requires_grad_()
    K = rbf(x, log_length)
    dB, dK, dl = torch.autograd.grad(way(residual, K, B.requires_grad_(), Sigma), (B, K, log_length))
    both = {"B": 0.5 * (dB + dB.mT), "K": 0.5 * (dK + dK.mT), "length-scale": dl}
    return {name: one.numpy().ravel() for name, one in both.items()}


def rows(N, gap, series):
    """Relative error of both ways, for each series."""
    right = exact_gradients(N, gap)
    found = []
    for name, way in (("by hand", kronecker.log_likelihood), ("through eigh", through_eigh)):
        ours = gradients(way, N, gap)
        for one in series:
            error = np.abs(ours[one] - right[one]).max() / np.abs(right[one]).max()
            found.append({"series": one, "rows": N, "gap": gap, "way": name, "relative error": error})
    return found


if __name__ == "__main__":
    trials = [(12, gap, ["B"]) for gap in GAPS] + [(N, 0.5, ["K", "length-scale"]) for N in ROWS]
    run(__file__, trials)

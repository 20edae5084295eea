"""Matern kernels of one input as a state that moves from row to row (Hartikainen and Sarkka 2010).

A Matern kernel of order nu = p - 1/2 is the covariance of the first entry of a state of p numbers: f, f'/lam, ...,
with lam = sqrt(2 nu) / l. Over a step d, in units z = lam d, the state becomes A times itself plus noise with the
covariance Q:

    A(z) = exp(F z) = e^-z (I + N z + N^2 z^2 / 2),     N = F + I, whose power p is 0
    Q(z) = q int_0^z e^-2u a(u) a(u)^T du,              a(u) the polynomials in the last column of e^u A(u)

Each int_0^z u^n e^-2u du is a sum of positive numbers, so Q keeps all its digits as z goes to 0 and is exactly 0
there. Nothing inverts it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammainc

FAR = 1e3  # e^-FAR is 0: the first row, and any row beyond a longer step, starts anew


class Steps(NamedTuple):
    """Of n steps: A and Q [n, p, p], and their derivatives in log l."""

    A: np.ndarray
    Q: np.ndarray
    dA: np.ndarray
    dQ: np.ndarray


def companion(order: int) -> np.ndarray:
    """F [p, p]: every entry's derivative is the next entry; (d/dz + 1)^p f is white noise."""
    F = np.eye(order, k=1)
    F[-1] = [-math.comb(order, j) for j in range(order)]
    return F


def powers(order: int) -> np.ndarray:
    """N^j / j! [p, p, p], j = 0, ..., p - 1."""
    N = companion(order) + np.eye(order)
    return np.array([np.linalg.matrix_power(N, j) / math.factorial(j) for j in range(order)])


def products(order: int) -> np.ndarray:
    """Coefficients [p, p, 2p - 1] of a_i(u) a_j(u), without q."""
    a = powers(order)[:, :, -1].T
    return np.array([[np.convolve(one, other) for other in a] for one in a])


def integrals(z: np.ndarray, order: int) -> np.ndarray:
    """int_0^z u^n e^-2u du [2p - 1, n steps], by the incomplete gamma function P of the highest n and the recurrence
    P(a, x) = P(a + 1, x) + x^a e^-x / a!, in the direction that only adds."""
    top, x = 2 * order - 1, 2 * z
    share, found = gammainc(top, x), []
    for n in range(top - 1, -1, -1):
        found.append(share * math.factorial(n) / 2.0 ** (n + 1))
        share = share + x**n * np.exp(-x) / math.factorial(n)
    return np.array(found[::-1])


def stationary(order: int) -> np.ndarray:
    """Covariance [p, p] of the state at one input; its first entry is 1."""
    return steps(np.array([FAR]), order).Q[0]


def steps(z: np.ndarray, order: int) -> Steps:
    """A, Q and their derivatives in log l for the steps z = lam d [n], each between 0 and FAR; dz / d log l = -z."""
    decay, by_power = np.exp(-z), z[:, None] ** np.arange(2 * order - 1)
    A = decay[:, None, None] * np.tensordot(by_power[:, :order], powers(order), 1)
    coefficients = products(order)
    ends = [math.factorial(n) / 2.0 ** (n + 1) for n in range(2 * order - 1)]
    q = 1 / float(coefficients[0, 0] @ ends)  # 2, 4 and 16/3: f has the variance 1
    Q = q * np.tensordot(integrals(z, order).T, coefficients, (1, 2))
    dQ = (-z * q * decay**2)[:, None, None] * np.tensordot(by_power, coefficients, (1, 2))
    return Steps(A, Q, -z[:, None, None] * (companion(order) @ A), dQ)

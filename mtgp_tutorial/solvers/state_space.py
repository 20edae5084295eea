"""A table in the order of its one input, as arrays: the filter over it, and the way back, in segments.

A state has p entries for each kernel (below), each of them for every task: s = T times the sum of all p. Its
transition is kron(A, I_T), its noise kron(Q, B_q), and the rows read the first entry of every kernel. The matrices
[s, s] are built for one segment of some thousand rows at a time. Of the filter's results only those at the ends of
segments are kept where all of them would be too many; the way back then computes them again.

Matern kernels of one input as a state that moves from row to row (Hartikainen and Sarkka 2010).

A Matern kernel of order nu = p - 1/2 is the covariance of the first entry of a state of p numbers: f, f'/lam, ...,
with lam = sqrt(2 nu) / l. Over a step d, in units z = lam d, the state becomes A times itself plus noise with the
covariance Q:

    A(z) = exp(F z) = e^-z (I + E z + E^2 z^2 / 2),     E = F + I, whose power p is 0
    Q(z) = q int_0^z e^-2u a(u) a(u)^T du,              a(u) the polynomials in the last column of e^u A(u)

Each int_0^z u^n e^-2u du is a sum of positive numbers, so Q keeps all its digits as z goes to 0 and is exactly 0
there. Nothing inverts it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import gammainc

from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.solvers.filters import adjoint, filtered, runner

SHORTEST = 2**15  # numbers of the states of a segment, at least; longer ones cost memory, shorter ones time
KEPT = 2**25  # numbers of the filter that are kept (a quarter of a GiB); beyond, the way back computes them again
EPSILON = np.finfo(float).eps


class MaternPart(NamedTuple):
    """One kernel: p = nu + 1/2, its length-scale, and B_q [T, T]."""

    order: int
    length: float
    B: np.ndarray


class Segment(NamedTuple):
    """Some rows on the way back: which, their steps, and what `filtered` and `adjoint` say of them (see there)."""

    at: slice
    steps: list[Steps]
    A: np.ndarray
    P: np.ndarray  # of the state after the row before, [n, s, s], and its mean
    m: np.ndarray
    before: np.ndarray
    spread: np.ndarray
    r: np.ndarray
    M: np.ndarray
    u: np.ndarray
    D: np.ndarray
    K: np.ndarray
    Y: np.ndarray


class Known(NamedTuple):
    """Some rows on the way forward: the steps to them, what the recursions take, and what `filtered` says."""

    steps: list[Steps]
    arrays: tuple[np.ndarray, ...]
    ms: np.ndarray
    Ps: np.ndarray


class StateSpace:
    """x [N] ascending, y [N, T] with NaN at holes, variances [N, T] or None, the kernels, and Sigma [T, T]."""

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        variances: np.ndarray | None,
        parts: Sequence[MaternPart],
        Sigma: np.ndarray,
    ):
        self.x, self.seen, self.y = x, (~np.isnan(y)).astype(float), np.nan_to_num(y)
        self.variances = np.zeros_like(y) if variances is None else np.nan_to_num(variances)
        self.parts, self.Sigma, T = parts, np.ascontiguousarray(Sigma), y.shape[1]
        ends = list(accumulate((part.order for part in parts), initial=0))
        self.places = [slice(a, b) for a, b in pairwise(ends)]  # of each kernel among the p of all
        first = np.zeros(ends[-1])
        first[ends[:-1]] = 1
        self.H, self.size = np.kron(first, np.eye(T)), T * ends[-1]  # of the state: entry by entry, tasks inside
        self.B = np.zeros((ends[-1], ends[-1], T, T))
        for place, part in zip(self.places, parts):
            self.B[place, place] = part.B
        self.stationary = self.noise(self.one_by_one([stationary(part.order)[None] for part in parts]))[0]
        largest = (self.H @ self.stationary @ self.H.T + self.Sigma).diagonal()
        self.least = 4 * self.size * EPSILON * largest  # a pivot below it is rounding error
        length = max(SHORTEST // self.size, math.isqrt(len(x)))
        self.segments = [slice(a, min(a + length, len(x))) for a in range(0, len(x), length)]
        self.keeps = len(x) * self.size * (3 * self.size + 1) <= KEPT
        self.value = self.forward()

    def steps(self, at: slice) -> list[Steps]:
        """Of each kernel over the steps to these rows from those before them; the first row starts anew."""
        d = np.diff(self.x[max(at.start - 1, 0) : at.stop], prepend=[] if at.start else [-np.inf])
        return [
            matern_steps(np.minimum(math.sqrt(2 * part.order - 1) / part.length * d, FAR), part.order)
            for part in self.parts
        ]

    def one_by_one(self, blocks: Sequence[np.ndarray]) -> np.ndarray:
        """The blocks [n, p, p] of all kernels on one diagonal."""
        whole = np.zeros((len(blocks[0]), len(self.B), len(self.B)))
        for place, block in zip(self.places, blocks):
            whole[:, place, place] = block
        return whole

    def transition(self, A: np.ndarray) -> np.ndarray:
        """kron(A, I_T) [n, s, s]."""
        eye = np.eye(self.y.shape[1])
        return (A[:, :, None, :, None] * eye[:, None, :]).reshape(len(A), self.size, self.size)

    def noise(self, Q: np.ndarray) -> np.ndarray:
        """kron(Q, B_q) [n, s, s]."""
        B = self.B.transpose(0, 2, 1, 3)
        return (Q[:, :, None, :, None] * B).reshape(len(Q), self.size, self.size)

    def arrays(self, at: slice, found: Sequence[Steps]) -> tuple[np.ndarray, ...]:
        """What the recursions take of these rows and the steps to them."""
        A, Q = self.one_by_one([one.A for one in found]), self.one_by_one([one.Q for one in found])
        rows = self.variances[at], self.y[at], self.seen[at]
        return self.transition(A), self.noise(Q), self.H, self.Sigma, *rows

    def forward(self) -> float:
        """The log likelihood; keeps the state before each segment, and all that is known of all where it is little."""
        m, P, value = np.zeros(self.size), np.zeros((self.size, self.size)), 0.0
        self.starts, self.kept = [], []
        for number in range(len(self.segments)):
            self.starts.append((m, P))
            part, found = self.filter(number)
            m, P, value = found.ms[-1].copy(), found.Ps[-1].copy(), value + part
            if self.keeps:
                self.kept.append(found)
        return value

    def known(self, number: int) -> Known:
        """Of a segment, as it was kept or once more."""
        return self.kept[number] if self.keeps else self.filter(number)[1]

    def filter(self, number: int) -> tuple[float, Known]:
        """`filtered` over a segment. Raises NotPositiveDefiniteError where a row's covariance is not."""
        at = self.segments[number]
        steps = self.steps(at)
        arrays = self.arrays(at, steps)
        given = *arrays, *self.starts[number], self.least
        try:
            value, ms, Ps = runner(filtered, len(self.x))(*given)
        except np.linalg.LinAlgError:
            value = math.nan
        if math.isnan(value):
            raise NotPositiveDefiniteError(
                "covariance: a row's, given the rows before it, is not positive definite to working precision; look "
                "for duplicate inputs without noise, or add noise"
            )
        return value, Known(steps, arrays, ms, Ps)

    def backward(self) -> Iterator[Segment]:
        """The segments from the last to the first, with what all rows say of each."""
        r, M = np.zeros(self.size), np.zeros((self.size, self.size))
        run = runner(adjoint, len(self.x))
        for number in reversed(range(len(self.segments))):
            at, (m, P), (steps, arrays, ms, Ps) = self.segments[number], self.starts[number], self.known(number)
            *found, r, M = run(*arrays, ms, Ps, m, P, r, M)
            before = np.concatenate([P[None], Ps[:-1]]), np.concatenate([m[None], ms[:-1]])
            yield Segment(at, steps, arrays[0], *before, *found)


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
    """E^j / j! [p, p, p], j = 0, ..., p - 1."""
    E = companion(order) + np.eye(order)
    return np.array([np.linalg.matrix_power(E, j) / math.factorial(j) for j in range(order)])


def products(order: int) -> np.ndarray:
    """Coefficients [p, p, 2p - 1] of a_i(u) a_j(u), without q."""
    a = powers(order)[:, :, -1].T
    return np.array([[np.convolve(one, other) for other in a] for one in a])


def integrals(z: np.ndarray, order: int) -> np.ndarray:
    """int_0^z u^n e^-2u du [2p - 1, n steps], by the incomplete gamma function g of the highest n and the recurrence
    g(a, x) = g(a + 1, x) + x^a e^-x / a!, in the direction that only adds."""
    top, x = 2 * order - 1, 2 * z
    share, found = gammainc(top, x), []
    for n in range(top - 1, -1, -1):
        found.append(share * math.factorial(n) / 2.0 ** (n + 1))
        share = share + x**n * np.exp(-x) / math.factorial(n)
    return np.array(found[::-1])


def stationary(order: int) -> np.ndarray:
    """Covariance [p, p] of the state at one input; its first entry is 1."""
    return matern_steps(np.array([FAR]), order).Q[0]


def matern_steps(z: np.ndarray, order: int) -> Steps:
    """A, Q and their derivatives in log l for the steps z = lam d [n], each between 0 and FAR; dz / d log l = -z."""
    decay, by_power = np.exp(-z), z[:, None] ** np.arange(2 * order - 1)
    A = decay[:, None, None] * np.tensordot(by_power[:, :order], powers(order), 1)
    coefficients = products(order)
    ends = [math.factorial(n) / 2.0 ** (n + 1) for n in range(2 * order - 1)]
    q = 1 / float(coefficients[0, 0] @ ends)  # 2, 4 and 16/3: f has the variance 1
    Q = q * np.tensordot(integrals(z, order).T, coefficients, (1, 2))
    dQ = (-z * q * decay**2)[:, None, None] * np.tensordot(by_power, coefficients, (1, 2))
    return Steps(A, Q, -z[:, None, None] * (companion(order) @ A), dQ)

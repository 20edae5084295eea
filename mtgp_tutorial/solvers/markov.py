"""The Markov solver: Matern kernels of one input, in time and memory that grow with the rows alone.

The cells of a long series are read off a state that moves from row to row, so a Kalman filter gives the likelihood, its
adjoint the gradient, and both together every prediction (Hartikainen and Sarkka 2010). Holes, repeated inputs, rows
without any value, full noise, known variances and any B_q are taken; the price is (T times the kernels' orders)^3 a
row. The gradient is against length-scales, where other solvers have K.

Blocks of C^-1 between rows of a system: Cov[u, u'] of the entries u of C^-1 r (de Jong 1989; see `smoother`).

The gradient of a system's log likelihood: against each length-scale, each B_q, and Sigma.

With E = (r r^T - M) / 2 of each row that against its transition is r m^T + 2 E A P, where m and P are those after the
row before, that against its noise covariance is E, and that against R is (u u^T - D) / 2 (Koopman and Shephard 1992).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.solvers.filters import available, carried, runner
from mtgp_tutorial.solvers.smoother import Unknowns, draw
from mtgp_tutorial.solvers.solver import Gradients, Matern, Problem, Shape, Solver, SolverTerm
from mtgp_tutorial.solvers.state_space import KEPT, SHORTEST, MaternPart, Segment, StateSpace

LONG = 2000  # observed cells from which this solver is chosen by itself: of the book's tables by a year of hours alone


class Markov(Solver):
    """A `StateSpace`, and the way between its rows and those of the table."""

    by_length = True

    @classmethod
    def of_kernel(cls, term: SolverTerm, problem: Problem) -> Tensor:
        """The length-scale. Raises ValueError for several inputs, and for a kernel that has no state."""
        if (columns := problem.x.shape[1]) != 1:
            raise ValueError(f"x: has {columns} columns, and the Markov solver goes along one; take another solver")
        if term.matern is None:
            raise ValueError(
                "kernel: is no MaternKernel with nu 0.5, 1.5 or 2.5 and one length-scale, as the Markov solver needs; "
                "take such a kernel, or another solver"
            )
        return term.matern.length

    @staticmethod
    def cost(shape: Shape) -> float:
        if not shape.state or shape.cells < LONG:
            return torch.inf
        s = shape.state
        interpreted = 0.0 if available() else 5e6  # what numpy's calls cost a row
        return shape.rows * (8e5 + interpreted + 3e3 * s**2 + 120 * s**3)

    @staticmethod
    def matrices(shape: Shape) -> float:
        filtered = 2 * min(shape.rows * shape.state * (3 * shape.state + 1), KEPT)  # and as many for blocks of C^-1
        segment = 40 * max(SHORTEST // shape.state, math.isqrt(shape.rows)) * shape.state**2
        return shape.rows * (12 * shape.tasks + shape.tasks**2) + filtered + segment

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        for name, matrix in [("B", B) for B in self.Bs] + [("Sigma", Sigma)]:
            values = np.linalg.eigvalsh(as_array(matrix))
            if not values[0] >= -1e-8 * abs(values[-1]):
                raise NotPositiveDefiniteError(f"{name}: has the eigenvalue {values[0]:.3g}; pass none below 0")
        parts = [
            MaternPart(round(term.matern.nu + 0.5), float(length), as_array(B))  # type: ignore[union-attr]
            for term, length, B in zip(self.problem.terms, self.Ks, self.Bs)
        ]
        x, y, known = as_array(self.problem.x[:, 0]), as_array(self.problem.residual), self.problem.variances
        self.order = np.argsort(x, kind="stable")
        self.position = np.argsort(self.order)  # of each row of the table in the system, [N]
        variances = None if known is None else as_array(known)[self.order]
        self.system = StateSpace(x[self.order], y[self.order], variances, parts, as_array(Sigma))

    @cached_property
    def looked_back(self) -> Inverse:
        """C^-1 r and blocks of C^-1, in the order of the system."""
        return self.back(None)

    def back(self, slopes: Slopes | None) -> Inverse:
        """The way back, which may add up the gradient too."""
        found = Inverse(self.system)
        for one in self.system.backward():
            found.add(one)
            if slopes is not None:
                slopes.add(one)
        return found

    @cached_property
    def weights(self) -> Tensor:  # type: ignore[override]
        return as_tensor(self.looked_back.u[self.position], self.residual)

    def value(self) -> Tensor:
        return self.residual.new_tensor(self.system.value)

    def gradients(self) -> Gradients:
        """Against each length-scale, each B_q, and Sigma."""
        slopes = Slopes(self.system)
        self.looked_back = self.back(slopes)
        lengths = [self.residual.new_tensor(slope) for slope in slopes.lengths]
        return lengths, [as_tensor(dB, self.residual) for dB in slopes.Bs], as_tensor(slopes.Sigma, self.residual)

    def posterior(
        self, x: Tensor, terms: Sequence[SolverTerm], rows: Tensor | None, cells: Cells, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """See `Solver.posterior`. Unknowns that share the noise of a row must stand at its x."""
        loads = loads_of(self.problem.terms, terms)
        L = loaded(loads, self.system)
        system, places, shared = self.placed(x, rows)
        G = np.zeros((len(L), len(system.Sigma))) if rows is None else system.Sigma
        unknowns = Unknowns(system, places, L, G, shared)
        if joint:
            each = [np.multiply.outer(as_array(load.kernel(x, x)), load.L @ load.B @ load.L.T) for load in loads]
            reduction = unknowns.joint(np.sum(each, 0).transpose(0, 2, 1, 3))
        else:
            reduction = unknowns.single()
        mean, found = as_tensor(unknowns.mean, self.residual), as_tensor(reduction, self.residual)
        return mean[cells], found[*cells][:, *cells] if joint else found[cells]

    def draws(self, x: Tensor, rows: Tensor | None, noise: bool, count: int, own: torch.Generator) -> Tensor:
        """Draws [count, n, T] of f, or with noise of y, at x [n, 1] given the cells; rows as for `posterior`.

        own: gives the normals, on the CPU. Time and memory grow with the rows, and time with the count.
        """
        system, places, shared = self.placed(x, rows)

        def normals(*shape: int) -> np.ndarray:
            return torch.randn(shape, dtype=torch.float64, generator=own).numpy()

        drawn = [draw(system, places, shared if noise else None, normals) for _ in range(count)]
        return as_tensor(np.array(drawn).reshape(count, len(x), len(system.Sigma)), self.residual)

    def placed(self, x: Tensor, rows: Tensor | None) -> tuple[StateSpace, np.ndarray, np.ndarray]:
        """A system that holds the inputs x, their places in it, and which share the noise of a row of the table."""
        numbers = np.full(len(x), -1) if rows is None else as_array(rows)
        places = np.where(numbers >= 0, self.position[numbers], -1)
        return *merged(self.system, as_array(x[:, 0]), places), numbers >= 0

    def inverse(self, cells: Cells) -> Tensor:
        places, tasks = self.position[as_array(cells[0])], as_array(cells[1])
        used, which = np.unique(places, return_inverse=True)
        if len(used) == 1:
            return as_tensor(self.looked_back.D[used[0]][tasks[:, None], tasks], self.residual)
        blocks = self.looked_back.blocks(used)
        return as_tensor(blocks[which, tasks][:, which, tasks], self.residual)

    def row_blocks(self) -> Tensor:
        return as_tensor(self.looked_back.D[self.position], self.residual)


class Inverse:
    """u [N, T] and D [N, T, T] of all rows in the order of the system; K and Y [N, s, T] too, where there is room."""

    def __init__(self, system: StateSpace):
        (N, T), s = system.y.shape, system.size
        self.system, self.u, self.D = system, np.empty((N, T)), np.empty((N, T, T))
        self.keeps = 2 * N * s * T <= KEPT
        self.K, self.Y = (np.empty((N if self.keeps else 0, s, T)) for _ in range(2))

    def add(self, one: Segment) -> None:
        """What a segment says."""
        self.u[one.at], self.D[one.at] = one.u, one.D
        if self.keeps:
            self.K[one.at], self.Y[one.at] = one.K, one.Y

    def between(self, at: slice) -> tuple[np.ndarray, np.ndarray]:
        """K and Y of some rows, as they are kept, or from one more way back."""
        if self.keeps:
            return self.K[at], self.Y[at]
        found = [one for one in self.system.backward() if one.at.stop > at.start and one.at.start < at.stop][::-1]
        inner = slice(at.start - found[0].at.start, at.stop - found[0].at.start)
        return np.concatenate([one.K for one in found])[inner], np.concatenate([one.Y for one in found])[inner]

    def blocks(self, places: np.ndarray) -> np.ndarray:
        """[n, T, n, T] of C^-1 for different rows [n]; between two of them it is -K^T X^T Y'."""
        at, system = slice(int(places.min()), int(places.max()) + 1), self.system
        K, Y = self.between(at)
        asked = np.zeros(len(K), bool)
        asked[places - at.start] = True
        A = system.transition(system.one_by_one([one.A for one in system.steps(at)]))
        X, _ = runner(carried, len(system.x))(A, K, system.H, asked, np.eye(system.size))
        n, T = len(places), system.y.shape[1]
        before: list[int] = []
        found, W = np.empty((n, T, n, T)), np.empty((0, T, system.size))
        for i in np.argsort(places):
            row = places[i] - at.start
            block = -W @ Y[row]
            found[before, :, i], found[i, :, before], found[i, :, i] = block, block.swapaxes(1, 2), self.D[places[i]]
            F = np.eye(system.size) - K[row] @ system.H
            W = np.concatenate([W @ F.T, K[row].T[None]]) @ X[row].T
            before.append(i)
        return found


class Slopes:
    """Derivatives that add up over segments: `lengths` [Q], `Bs`, each [T, T], and `Sigma` [T, T]."""

    def __init__(self, system: StateSpace):
        self.system, T = system, len(system.Sigma)
        self.lengths = np.zeros(len(system.parts))
        self.Bs, self.Sigma = [np.zeros((T, T)) for _ in system.parts], np.zeros((T, T))

    def add(self, one: Segment) -> None:
        """What a segment adds."""
        self.Sigma += 0.5 * (one.u.T @ one.u - one.D.sum(0))
        n, T = one.u.shape
        p = self.system.size // T
        r, m = one.r.reshape(n, p, T), one.m.reshape(n, p, T)
        twice_E, PA = one.r[:, :, None] * one.r[:, None] - one.M, one.P @ one.A.swapaxes(1, 2)
        dA = r @ m.swapaxes(1, 2)  # [n, p, p]: A is kron(.., I_T), so tasks are alike
        dA += twice_E.reshape(n, p, -1) @ PA.reshape(n, p, -1).swapaxes(1, 2)
        dQ = 0.5 * twice_E.reshape(n, p, T, p, T).transpose(0, 1, 3, 2, 4)  # [n, p, p, T, T]
        for q, (steps, place, part) in enumerate(zip(one.steps, self.system.places, self.system.parts)):
            own = dQ[:, place, place]
            self.Bs[q] += np.tensordot(steps.Q, own, 3)
            by_log = (dA[:, place, place] * steps.dA).sum() + (np.tensordot(own, part.B) * steps.dQ).sum()
            self.lengths[q] += by_log / part.length


class Load(NamedTuple):
    """Unknowns are L [S, T] times the part of f that runs through some kernels, all alike; that part has B [T, T]."""

    kernel: Callable[..., Tensor]
    which: list[int]
    B: np.ndarray
    L: np.ndarray


def alike(one: Matern | None, other: Matern | None) -> bool:
    """Whether two kernels are the same."""
    return one is not None and other is not None and one.nu == other.nu and float(one.length) == float(other.length)


def loads_of(table: Sequence[SolverTerm], terms: Sequence[SolverTerm]) -> list[Load]:
    """How unknowns whose covariance with the cells has these terms hang on the kernels of the table: B_u = L B.

    Raises ValueError where they do not: their covariance with the cells is then not that of anything in the state.
    """
    found: dict[tuple[int, ...], Load] = {}
    for term in terms:
        which = [q for q, own in enumerate(table) if alike(own.matern, term.matern)]
        wanted = as_array(term.B)
        B = sum((as_array(table[q].B) for q in which), np.zeros_like(as_array(table[0].B)))
        L = np.eye(len(B)) if np.array_equal(wanted, B) else wanted @ np.linalg.pinv(B, hermitian=True)
        if not which or np.abs(L @ B - wanted).max() > 1e-8 * np.abs(wanted).max():
            raise ValueError("terms: are of another kernel or another B than the table's; pass those of its model")
        before = found.get(tuple(which))
        found[tuple(which)] = Load(term.kernel, which, B, L if before is None else before.L + L)
    return list(found.values())


def loaded(loads: Sequence[Load], system: StateSpace) -> np.ndarray:
    """L [S, s] on the state: each kernel's first entries are its part of f."""
    T = len(system.Sigma)
    L = np.zeros((len(loads[0].L), system.size))
    for load in loads:
        for q in load.which:
            start = T * system.places[q].start
            L[:, start : start + T] += load.L
    return L


def merged(system: StateSpace, x: np.ndarray, places: np.ndarray) -> tuple[StateSpace, np.ndarray]:
    """The system with a row without values for each new input, and the places [n] of all x [n] in it.

    places: of inputs that are a row of the system, -1 for new ones. Raises ValueError where such a row has another x.
    """
    old, own = system, places >= 0
    if (old.x[places[own]] != x[own]).any():
        raise ValueError("rows: name rows of the table that stand at another x; pass the x of each row")
    if own.all():
        return old, places
    new, which = np.unique(x[~own], return_inverse=True)
    together, empty = np.concatenate([old.x, new]), np.zeros((len(new), old.y.shape[1]))
    order = np.argsort(together, kind="stable")
    at = np.argsort(order)
    y = np.concatenate([np.where(old.seen > 0, old.y, np.nan), empty + np.nan])
    variances = np.concatenate([old.variances, empty])
    places = np.where(own, at[places], 0)
    places[~own] = at[len(old.x) + which]
    return StateSpace(together[order], y[order], variances[order], old.parts, old.Sigma), places

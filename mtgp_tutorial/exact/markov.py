"""The Markov form: Matern kernels of one input, in time and memory that grow with the rows alone.

The cells of a long series are read off a state that moves from row to row, so a Kalman filter gives the likelihood, its
adjoint the gradient, and both together every prediction (Hartikainen and Sarkka 2010). Holes, repeated inputs, rows
without any value, full noise, known variances and any B_q are taken; the price is (T times the kernels' orders)^3 a
row. The gradient is against length-scales, where other forms have K.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.device import as_array, as_tensor
from mtgp_tutorial.exact.chain import Chain, Part
from mtgp_tutorial.exact.covariance import Cells, all_cells
from mtgp_tutorial.exact.filtering import available
from mtgp_tutorial.exact.form import Form, Gradients, Matern, Shape, Term
from mtgp_tutorial.exact.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.exact.slopes import Slopes
from mtgp_tutorial.exact.unknowns import Unknowns

LONG = 10_000  # observed cells from which this form is chosen by itself: above all tables of the book


class Load(NamedTuple):
    """How unknowns hang on kernels that are alike: L [S, T] times the sum of their parts of f, which has B [T, T]."""

    term: Term
    which: list[int]
    B: np.ndarray
    L: np.ndarray


class Markov(Form):
    """A `Chain`, and the way between its rows and those of the table."""

    by_length = True

    @staticmethod
    def of_kernel(term: Term, x: Tensor) -> Tensor:
        """The length-scale. Raises ValueError for several inputs, and for a kernel that has no state."""
        if x.shape[1] != 1:
            raise ValueError(f"x: has {x.shape[1]} columns, and the Markov form goes along one; take another form")
        if term.matern is None:
            raise ValueError(
                "kernel: is no MaternKernel with nu 0.5, 1.5 or 2.5 and one length-scale, as the Markov form needs; "
                "take such a kernel, or another form"
            )
        return term.matern.length

    @staticmethod
    def cost(shape: Shape) -> float:
        if not shape.state or shape.cells < LONG:
            return torch.inf
        interpreted = 0.0 if available() else 5e6  # what numpy's calls cost a row
        return shape.rows * (8e5 + interpreted + 3e3 * shape.state**2 + 120 * shape.state**3)

    @staticmethod
    def matrices(shape: Shape) -> float:
        return shape.rows * (8 * shape.tasks + shape.tasks**2 + 2 * shape.state) + 2**25

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        for name, matrix in [("B", B) for B in self.Bs] + [("Sigma", Sigma)]:
            values = np.linalg.eigvalsh(as_array(matrix))
            if not values[0] >= -1e-8 * abs(values[-1]):
                raise NotPositiveDefiniteError(f"{name}: has the eigenvalue {values[0]:.3g}; pass none below 0")
        parts = [
            Part(round(term.matern.nu + 0.5), float(length), as_array(B))  # type: ignore[union-attr]
            for term, length, B in zip(self.problem.terms, self.Ks, self.Bs)
        ]
        x, y = as_array(self.problem.x[:, 0]), as_array(self.problem.residual)
        known = None if self.problem.variances is None else as_array(self.problem.variances)
        self.order = np.argsort(x, kind="stable")
        self.chain = Chain(
            x[self.order], y[self.order], None if known is None else known[self.order], parts, as_array(Sigma)
        )

    @cached_property
    def position(self) -> np.ndarray:
        """Of each row of the table in the chain, [N]."""
        return np.argsort(self.order)

    @cached_property
    def looked_back(self) -> tuple[np.ndarray, np.ndarray]:
        """C^-1 r [N, T], and the blocks [N, T, T] of C^-1 for each row, in the order of the table."""
        return self.back(None)

    def back(self, slopes: Slopes | None) -> tuple[np.ndarray, np.ndarray]:
        """The way back, which may add up the gradient too."""
        (N, T), order = self.chain.y.shape, self.order
        u, D = np.empty((N, T)), np.empty((N, T, T))
        for one in self.chain.backward():
            u[order[one.at]], D[order[one.at]] = one.u, one.D
            if slopes is not None:
                slopes.add(one)
        return u, D

    @cached_property
    def weights(self) -> Tensor:  # type: ignore[override]
        return as_tensor(self.looked_back[0], self.residual)

    def value(self) -> Tensor:
        return self.residual.new_tensor(self.chain.value)

    def gradients(self) -> Gradients:
        """Against each length-scale, each B_q, and Sigma."""
        slopes = Slopes(self.chain)
        self.__dict__["looked_back"] = self.back(slopes)
        lengths = [
            as_tensor(np.full(1, slope), self.residual).reshape(K.shape) for slope, K in zip(slopes.lengths, self.Ks)
        ]
        return lengths, [as_tensor(dB, self.residual) for dB in slopes.Bs], as_tensor(slopes.Sigma, self.residual)

    def posterior(
        self, x: Tensor, terms: Sequence[Term], rows: Tensor | None, cells: Cells | None, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """See `Form.posterior`. Unknowns that share the noise of a row must stand at its x."""
        loads, M = self.loads(terms), len(x)
        S, T = len(loads[0].L), self.chain.y.shape[1]
        L = np.zeros((S, self.chain.size))
        for load in loads:
            for q in load.which:
                start = T * self.chain.places[q].start
                L[:, start : start + T] += load.L
        numbers = np.full(M, -1) if rows is None else as_array(rows)
        chain, places = self.placed(as_array(x[:, 0]), numbers)
        G = self.chain.Sigma if rows is not None else np.zeros((S, T))
        unknowns = Unknowns(chain, places, L, G, numbers >= 0)
        if joint:
            prior = sum(
                np.einsum("mn,st->msnt", as_array(load.term.kernel(x, x)), load.L @ load.B @ load.L.T) for load in loads
            )
            explained = unknowns.joint(prior)
        else:
            explained = unknowns.single()
        if cells is None:
            cells = all_cells(torch.ones(M, S, dtype=torch.bool, device=x.device))
        mean, found = as_tensor(unknowns.mean, self.residual), as_tensor(explained, self.residual)
        return mean[cells], found[*cells][:, *cells] if joint else found[cells]

    def loads(self, terms: Sequence[Term]) -> list[Load]:
        """How unknowns with these covariances hang on the kernels of the table: B_u = L B.

        Raises ValueError where they do not: their covariance with the cells is then not that of anything in the state.
        """
        found: dict[tuple[int, ...], Load] = {}
        for term in terms:
            which = [q for q, own in enumerate(self.problem.terms) if alike(own.matern, term.matern)]
            wanted = as_array(term.B)
            B = np.sum([self.chain.parts[q].B for q in which], 0)
            fits = wanted.shape == B.shape and np.array_equal(wanted, B)
            L = np.eye(len(wanted)) if fits else wanted @ np.linalg.pinv(B, hermitian=True) if which else wanted
            if not which or np.abs(L @ B - wanted).max() > 1e-8 * np.abs(wanted).max():
                raise ValueError("terms: are of another kernel or another B than the table's; pass those of one model")
            one = found.get(tuple(which))
            found[tuple(which)] = Load(term, which, B, L if one is None else one.L + L)
        return list(found.values())

    def placed(self, x: np.ndarray, rows: np.ndarray) -> tuple[Chain, np.ndarray]:
        """The chain with a row without values for each new x, and where in it the inputs x stand."""
        own = rows >= 0
        places = np.where(own, self.position[rows], 0)
        if (self.chain.x[places[own]] != x[own]).any():
            raise ValueError("rows: name rows of the table that stand at another x; pass the x of each row")
        if own.all():
            return self.chain, places
        new, which = np.unique(x[~own], return_inverse=True)
        old, T = self.chain, self.chain.y.shape[1]
        merged = np.concatenate([old.x, new])
        order = np.argsort(merged, kind="stable")
        at = np.argsort(order)
        y = np.concatenate([np.where(old.seen > 0, old.y, np.nan), np.full((len(new), T), np.nan)])
        variances = np.concatenate([old.variances, np.zeros((len(new), T))])
        places = at[places]
        places[~own] = at[len(old.x) + which]
        return Chain(merged[order], y[order], variances[order], old.parts, old.Sigma), places

    def inverse(self, cells: Cells, joint: bool = True) -> Tensor:
        rows, tasks = as_array(cells[0]), as_array(cells[1])
        D = self.looked_back[1]
        if not joint:
            return as_tensor(D[rows, tasks, tasks], self.residual)
        used, which = np.unique(rows, return_inverse=True)
        if len(used) == 1:
            return as_tensor(D[used[0]][tasks[:, None], tasks], self.residual)
        T = self.chain.y.shape[1]
        found = Unknowns(self.chain, self.position[used], np.zeros((T, self.chain.size)), np.eye(T), used >= 0)
        blocks = found.joint(np.zeros((len(used), T, len(used), T)))
        return as_tensor(blocks[which, tasks][:, which, tasks], self.residual)


def alike(one: Matern | None, other: Matern | None) -> bool:
    """Whether two kernels are the same."""
    return one is not None and other is not None and one.nu == other.nu and float(one.length) == float(other.length)

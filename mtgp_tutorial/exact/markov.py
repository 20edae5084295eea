"""The Markov form: Matern kernels of one input, in time and memory that grow with the rows alone.

The cells of a long series are read off a state that moves from row to row, so a Kalman filter gives the likelihood, its
adjoint the gradient, and both together every prediction (Hartikainen and Sarkka 2010). Holes, repeated inputs, rows
without any value, full noise, known variances and any B_q are taken; the price is (T times the kernels' orders)^3 a
row. The gradient is against length-scales, where other forms have K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.device import as_array, as_tensor
from mtgp_tutorial.exact.blocks import Inverse
from mtgp_tutorial.exact.chain import KEPT, SHORTEST, Chain, Part
from mtgp_tutorial.exact.covariance import Cells, all_cells
from mtgp_tutorial.exact.drawing import draw
from mtgp_tutorial.exact.form import Form, Gradients, Problem, Shape, Term
from mtgp_tutorial.exact.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.exact.loading import loaded, loads_of, merged
from mtgp_tutorial.exact.running import WIDE, available
from mtgp_tutorial.exact.slopes import Slopes
from mtgp_tutorial.exact.unknowns import Unknowns

LONG = 2000  # observed cells from which this form is chosen by itself: of the book's tables by a year of hours alone


class Markov(Form):
    """A `Chain`, and the way between its rows and those of the table."""

    by_length = True

    @classmethod
    def of_kernel(cls, term: Term, problem: Problem) -> Tensor:
        """The length-scale. Raises ValueError for several inputs, and for a kernel that has no state."""
        if (columns := problem.x.shape[1]) != 1:
            raise ValueError(f"x: has {columns} columns, and the Markov form goes along one; take another form")
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
        s = shape.state
        if s < WIDE and not available():
            return shape.rows * (2e5 + 1.2e5 * s + 1.4e4 * s**2)  # as a scan
        interpreted = 0.0 if available() else 5e6  # what numpy's calls cost a row
        return shape.rows * (8e5 + interpreted + 3e3 * s**2 + 120 * s**3)

    @staticmethod
    def matrices(shape: Shape) -> float:
        filtered = 2 * min(shape.rows * shape.state * (shape.state + 1), KEPT)  # and as many for blocks of C^-1
        stretch = 40 * max(SHORTEST // shape.state, math.isqrt(shape.rows)) * shape.state**2
        return shape.rows * (12 * shape.tasks + shape.tasks**2) + filtered + stretch

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        for name, matrix in [("B", B) for B in self.Bs] + [("Sigma", Sigma)]:
            values = np.linalg.eigvalsh(as_array(matrix))
            if not values[0] >= -1e-8 * abs(values[-1]):
                raise NotPositiveDefiniteError(f"{name}: has the eigenvalue {values[0]:.3g}; pass none below 0")
        parts = [
            Part(round(term.matern.nu + 0.5), float(length), as_array(B))  # type: ignore[union-attr]
            for term, length, B in zip(self.problem.terms, self.Ks, self.Bs)
        ]
        x, y, known = as_array(self.problem.x[:, 0]), as_array(self.problem.residual), self.problem.variances
        self.order = np.argsort(x, kind="stable")
        variances = None if known is None else as_array(known)[self.order]
        device = self.problem.residual.device
        self.chain = Chain(x[self.order], y[self.order], variances, parts, as_array(Sigma), device)

    @cached_property
    def position(self) -> np.ndarray:
        """Of each row of the table in the chain, [N]."""
        return np.argsort(self.order)

    @cached_property
    def looked_back(self) -> Inverse:
        """C^-1 r and blocks of C^-1, in the order of the chain."""
        return self.back(None)

    def back(self, slopes: Slopes | None) -> Inverse:
        """The way back, which may add up the gradient too."""
        found = Inverse(self.chain)
        for one in self.chain.backward():
            found.add(one)
            if slopes is not None:
                slopes.add(one)
        return found

    @cached_property
    def weights(self) -> Tensor:  # type: ignore[override]
        return as_tensor(self.looked_back.u[self.position], self.residual)

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
        loads, M = loads_of(self.problem.terms, terms), len(x)
        L = loaded(loads, self.chain)
        chain, places, shared = self.placed(x, rows)
        G = np.zeros((len(L), len(chain.Sigma))) if rows is None else chain.Sigma
        unknowns = Unknowns(chain, places, L, G, shared)
        if joint:
            each = [np.multiply.outer(as_array(load.kernel(x, x)), load.L @ load.B @ load.L.T) for load in loads]
            explained = unknowns.joint(np.sum(each, 0).transpose(0, 2, 1, 3))
        else:
            explained = unknowns.single()
        if cells is None:
            cells = all_cells(torch.ones(M, len(L), dtype=torch.bool, device=x.device))
        mean, found = as_tensor(unknowns.mean, self.residual), as_tensor(explained, self.residual)
        return mean[cells], found[*cells][:, *cells] if joint else found[cells]

    def draws(self, x: Tensor, rows: Tensor | None, noise: bool, count: int, own: torch.Generator) -> Tensor:
        """Draws [count, M, T] of f, or with noise of y, at x [M, 1] given the cells; rows as for `posterior`.

        own: gives the normals, on the CPU. Time and memory grow with the rows, and time with the count.
        """
        chain, places, shared = self.placed(x, rows)

        def normals(*shape: int) -> np.ndarray:
            return torch.randn(shape, dtype=torch.float64, generator=own).numpy()

        drawn = [draw(chain, places, shared if noise else None, normals) for _ in range(count)]
        return as_tensor(np.array(drawn).reshape(count, len(x), len(chain.Sigma)), self.residual)

    def placed(self, x: Tensor, rows: Tensor | None) -> tuple[Chain, np.ndarray, np.ndarray]:
        """A chain that holds the inputs x, their places in it, and which share the noise of a row of the table."""
        numbers = np.full(len(x), -1) if rows is None else as_array(rows)
        places = np.where(numbers >= 0, self.position[numbers], -1)
        return *merged(self.chain, as_array(x[:, 0]), places), numbers >= 0

    def inverse(self, cells: Cells, joint: bool = True) -> Tensor:
        places, tasks = self.position[as_array(cells[0])], as_array(cells[1])
        if not joint:
            return as_tensor(self.looked_back.D[places, tasks, tasks], self.residual)
        used, which = np.unique(places, return_inverse=True)
        if len(used) == 1:
            return as_tensor(self.looked_back.D[used[0]][tasks[:, None], tasks], self.residual)
        blocks = self.looked_back.blocks(used)
        return as_tensor(blocks[which, tasks][:, which, tasks], self.residual)

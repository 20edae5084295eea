"""The residuals of `residuals`; for a fit in the Markov form the same numbers, without a matrix of all cells.

There a block that is too large for a matrix of its cells is hidden, and one more pass over the rows says what its
errors are then, for the table and for tables drawn from the fit. Those go through in chunks of HELD numbers: one pass
over the rows for all 499 up to some 17,000 cells with their holes, one for each chunk above.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import generator
from mtgp_tutorial.device import as_array
from mtgp_tutorial.exact.chain import Chain
from mtgp_tutorial.exact.covariance import Cells
from mtgp_tutorial.exact.forms import MANY
from mtgp_tutorial.exact.gaussian import cholesky
from mtgp_tutorial.exact.markov import Markov
from mtgp_tutorial.exact.whitening import coloured, one_step, smoothed, weighed
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging import residuals

HELD = 2**23  # numbers of drawn tables that are held at once (64 MiB, a few times)
Drawn = Iterator[dict[str, np.ndarray]]  # residuals [n, S] of drawn tables: each "cell" left out, and with its "block"


def whitened(
    fit: Fit, cells: Cells, labels: Tensor, sd: dict[str, np.ndarray], draws: int, seed: int
) -> tuple[np.ndarray, Drawn]:
    """One-step errors [n] of the cells, and the residuals of `draws` tables drawn from the fit, some at a time.

    labels [n]: blocks. sd [n] of "cell" and "block": of cells given all others outside, in standardised units.
    """
    form = fit.conditioned().form
    if isinstance(form, Markov):
        series = Along(fit, form, cells, labels)
        return series.one_step(), series.drawn(sd, draws, seed)
    U = residuals.root(fit, cells)
    weights = residuals.drawn_weights(U, draws, seed)
    found = {"cell": residuals.left_out(U, weights), "block": residuals.left_out(U, weights, labels)}
    drawn = {what: as_array(z) for what, z in found.items()}
    return as_array(residuals.one_step(fit, U, cells)), iter([drawn])


class Along:
    """A fit's chain, and where its observed cells [n], in the order of x, stand in it. labels [n]: blocks."""

    def __init__(self, fit: Fit, form: Markov, cells: Cells, labels: Tensor):
        self.conditioned, self.chain, self.of = fit.conditioned(), form.chain, cells
        self.cells = form.position[as_array(self.conditioned.place[cells[0]])], as_array(cells[1])
        codes = as_array(labels)
        self.blocks = [np.flatnonzero(codes == code) for code in np.unique(codes)]

    def one_step(self) -> np.ndarray:
        """w [n] = L^-1 r: each cell less its mean given the cells before it, over the standard deviation."""
        return one_step(self.chain)[self.cells]

    def drawn(self, sd: dict[str, np.ndarray], draws: int, seed: int) -> Drawn:
        """Of so many tables: see `whitened`."""
        own, n = generator(seed), len(self.cells[0])
        for start in range(0, draws, chunk := max(1, HELD // self.chain.y.size)):
            normals = torch.randn(n, min(chunk, draws - start), dtype=torch.float64, generator=own).numpy()
            e = np.zeros((*self.chain.y.shape, normals.shape[1]))
            e[self.cells] = normals
            weights = weighed(self.chain, e)[self.cells]
            errors = self.left_out(weights, e)
            yield {"cell": weights * sd["cell"][:, None], "block": errors / sd["block"][:, None]}

    def left_out(self, weights: np.ndarray, e: np.ndarray) -> np.ndarray:
        """Errors [n, S] of cells given all outside their block, of the tables r = L e with C^-1 r = weights [n, S]."""
        errors, r = np.empty_like(weights), None
        for block in self.blocks:
            if len(block) <= MANY:
                inverse = self.conditioned.inverse((self.of[0][block], self.of[1][block]))
                factor = cholesky(inverse, "inverse covariance of a block")
                errors[block] = as_array(torch.cholesky_solve(torch.from_numpy(weights[block]).to(factor), factor))
                continue
            r, of = coloured(self.chain, e) if r is None else r, (self.cells[0][block], self.cells[1][block])
            errors[block] = r[of] if len(block) == len(weights) else self.hidden(r, of)
        return errors

    def hidden(self, r: np.ndarray, block: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """r of a block less its mean given all other cells."""
        rows = slice(int(block[0].min()), int(block[0].max()) + 1)
        return r[block] - smoothed(self.without(block), r, rows)[block[0] - rows.start, block[1]]

    def without(self, block: tuple[np.ndarray, np.ndarray]) -> Chain:
        """The chain in which the cells of a block are holes."""
        chain, y = self.chain, np.where(self.chain.seen > 0, self.chain.y, np.nan)
        y[block] = np.nan
        return Chain(chain.x, y, chain.variances, chain.parts, chain.Sigma, chain.device)

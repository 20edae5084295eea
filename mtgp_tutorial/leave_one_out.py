"""Leave-one-out in closed form: each cell, row or block predicted from all others, from one factorisation of C.

With C the covariance of the observed cells and r their residual, what is left out at cells I given the rest has
the covariance (C^-1_II)^-1 and the error r_I - mean = (C^-1_II)^-1 (C^-1 r)_I (book: leave-one-out).
(Rasmussen and Williams 2006, eq. 5.12, for one cell; by block inversion for several)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import count
from mtgp_tutorial.covariance import all_cells
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.gaussian import lower_factor
from mtgp_tutorial.prediction import Prediction, check_row_labels, prediction
from mtgp_tutorial.result import Fit, fitted, of_each
from mtgp_tutorial.sites import through


@of_each
@torch.no_grad()
def leave_out(fit: Fit, by: Any = "cell") -> Prediction:
    """Prediction of every observed y from the cells outside its block; parameters, means and units are held.

    Since the parameters have seen what is left out, errors are smaller than those of a fit without it. Large blocks of
    a long series are hidden and predicted, in time and memory that grow with the rows alone. Of counts the sites are
    held, too: that is near what a fit of sites without the block says, and not it.

    Args:
        fit (Fit, or PosteriorSamples): of the table.
        by (str or labels): "cell", "row", or labels [N] of rows or [N, T] of cells: those with one label are left out
            together. Default: "cell".
    Returns:
        Mean and variance [N, T] in data units, NaN where nothing was observed.
    Raises:
        ValueError: for labels of another shape, and for a pandas Series or DataFrame of labels with another index than
            the table.

    >>> from mtgp_tutorial import fit, icm, leave_out, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> left = leave_out(fit(icm(data)), by="row")
    >>> z = (data.y - left.mean) / left.sd
    >>> tuple(z.shape), bool((z.abs() < 4).all())
    ((10, 2), True)
    """
    model, conditioned = fitted(fit).model, fit.conditioned()
    observed, weights = model.unit.observed, conditioned.weights
    error, variance = torch.full_like(weights, torch.nan), torch.full_like(weights, torch.nan)
    cells, rows = all_cells(observed), torch.arange(len(observed), device=observed.device)[:, None]
    if isinstance(by, str) and by == "cell":
        variance[cells] = 1 / conditioned.row_blocks().diagonal(dim1=1, dim2=2)[cells]
        error[cells] = variance[cells] * weights[cells]
    elif bool(((labels := block_labels(by, model.data)) == rows).all()):
        left = torch.cholesky_inverse(lower_factor(conditioned.row_blocks(), "inverse covariance of a row"))
        variance[cells] = left.diagonal(dim1=1, dim2=2)[cells]
        error[cells] = (left @ weights[:, :, None])[:, :, 0][cells]
    else:
        labels = labels[observed]
        for at in labels.argsort(stable=True).split(labels.unique(return_counts=True)[1].tolist()):
            block = cells[0][at], cells[1][at]
            error[block], variance[block] = conditioned.left_out(block)
    mean = model.scale.to_data(model.unit.y - error)
    at, data = model.sites.cells, model.data
    variance[at] = (variance[at] - model.sites.variances[at]).clamp_min(0)  # of what a count would read, not its site
    return through(prediction(data, data.x, mean, variance * model.scale.sd**2, True), model.laws, model.sizes)


def block_labels(by: Any, data: TaskData, name: str = "by") -> Tensor:
    """A number [N, T] for the block of each cell; name: of the argument, for what is refused."""
    N, T = data.y.shape
    if isinstance(by, str):
        if by != "row":
            raise ValueError(f'{name}: {by!r} is neither "cell" nor "row"; pass one of these, or labels of blocks')
        by = np.arange(N)
    check_row_labels(name, by, data)
    labels = np.asarray(by.cpu() if torch.is_tensor(by) else by)
    if labels.shape not in ((N,), (N, T)):
        raise ValueError(
            f"{name}: has shape {labels.shape}; pass a label for each row, [{N}], or for each cell, [{N}, {T}]"
        )
    codes = pd.factorize(labels.ravel())[0].reshape(labels.shape)
    if (codes < 0).any():
        raise ValueError(
            f"{name}: lacks {count(int((codes < 0).sum()), 'label')} (None or NaN); give every row or cell one"
        )
    return torch.as_tensor(codes if codes.ndim == 2 else np.repeat(codes[:, None], T, 1)).to(data.y.device)

"""What a model says about a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from torch import Tensor

from mtgp_tutorial.table import showing
from mtgp_tutorial.table.dates import Calendar


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Gaussian predictions for T tasks at M inputs, in data units.

    x: [M, D], mean: [M, T], variance: [M, T]. `noise` tells whether it speaks of the observed
    y (True) or of the latent f (False). `covariance`, where it was asked for, is the joint [k, k]
    of the k cells that `cells` names, in this order, by row number and task: from `predict` all
    M*T, point-major (m*T + t belongs to input m and task t), from `impute` the missing ones. `index` and `calendar` are
    those of the table whose rows these are, or of the table that was fitted.

    >>> from mtgp_tutorial import fit, icm, predict, simulate
    >>> found = predict(fit(icm(simulate.two_sines(seed=1))), [0.25, 0.5])
    >>> found.tasks, tuple(found.mean.shape), found.noise
    (('sine', 'lagged sine'), (2, 2), True)
    >>> bool((found.sd > 0).all())
    True
    """

    x: Tensor
    mean: Tensor
    variance: Tensor
    tasks: tuple[str, ...]
    units: tuple[str, ...]
    noise: bool
    covariance: Tensor | None = None
    cells: pd.MultiIndex | None = None
    index: pd.Index | None = None
    calendar: Calendar | None = None
    x_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        names = self.x_names or ("x", *(f"x {d + 1}" for d in range(1, self.x.shape[1])))
        object.__setattr__(self, "x_names", tuple(names))

    def __repr__(self) -> str:
        return showing.prediction_summary(self)

    @property
    def sd(self) -> Tensor:
        """Standard deviations [M, T], in data units."""
        return self.variance.sqrt()

    def to_frame(self) -> pd.DataFrame:
        """Means and standard deviations, columns (task with its unit, "mean" or "sd").

        Rows have the index of the table whose rows these are, else the inputs for an index (as dates where there is a
        calendar).
        """
        return showing.prediction_frame(self)

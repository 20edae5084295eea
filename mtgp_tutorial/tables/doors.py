"""A data frame in, data frames out: what `fill` says of a frame, in its own rows and columns."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from mtgp_tutorial.arguments import as_array, listed
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import Prediction, rows
from mtgp_tutorial.tables.comparing import standard_methods
from mtgp_tutorial.tables.frames import filled_frame
from mtgp_tutorial.tables.methods import Method
from mtgp_tutorial.tables.plain import plain_methods
from mtgp_tutorial.tables.reading import read_table


@dataclass(frozen=True, eq=False, repr=False)
class Filled:
    """A data frame with its holes filled: what `fill` returns for a frame; all else is asked of its `prediction`.

    Attributes:
        data (TaskData): how the frame was read.
        prediction (Prediction): of each of its cells; `mean`, `variance`, `band`, `quantile`, ... are its own.

    >>> import pandas as pd
    >>> from mtgp_tutorial.tables import fill
    >>> frame = pd.DataFrame({"day": range(4), "a": [1, 3, None, 2]})
    >>> bool(fill(frame, x="day").filled["a"].notna().all())
    True
    """

    data: TaskData
    prediction: Prediction

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("data", "prediction"):
            raise AttributeError(name)
        return getattr(self.prediction, name)

    def __repr__(self) -> str:
        return repr(self.data).replace("TaskData", "Filled", 1) + getattr(self.prediction, "note", "")

    @property
    def filled(self) -> pd.DataFrame:
        """The frame that was given, with its holes filled (`filled_frame`)."""
        return filled_frame(self.data, self.prediction)

    @property
    def sd(self) -> pd.DataFrame:
        """Standard deviations, 0 where a value was seen."""
        return self._frame(self.prediction.sd)

    @property
    def low(self) -> pd.DataFrame:
        """The lower end of the band of 95 %."""
        return self._frame(self.prediction.band()[0])

    @property
    def high(self) -> pd.DataFrame:
        """The upper end of the band of 95 %."""
        return self._frame(self.prediction.band()[1])

    def plot(self) -> Any:
        """A figure with a panel for each task: what was seen, mean and band of two standard deviations."""
        import matplotlib.pyplot as plt  # late, as few programs draw

        from mtgp_tutorial import plots

        order = np.argsort(as_array(self.data.x[:, 0]), kind="stable")
        size = (6.4, 1.6 * self.data.num_tasks + 0.8)
        figure, axes = plt.subplots(self.data.num_tasks, 1, figsize=size, sharex=True, squeeze=False, layout="tight")
        plots.tasks(axes[:, 0], self.prediction.take(order), self.data)  # type: ignore[arg-type]
        return figure

    def _frame(self, values: Tensor) -> pd.DataFrame:
        """In the rows and columns of the frame; of a long one in those of the table."""
        source, cells = self.data.source, as_array(values)
        if source.who is not None:
            return pd.DataFrame(cells, rows(self.data), list(self.data.tasks))
        cells = np.where(source.rows[:, None] >= 0, cells[source.rows], np.nan)
        return pd.DataFrame(cells, source.frame.index, [source.columns[task] for task in self.data.tasks])


def of_frame(fill: Callable[..., Prediction], frame: pd.DataFrame, method: Any, options: dict[str, Any]) -> Filled:
    """What `fill` says of a frame; options: for `read_table` and for `fit`."""
    known = inspect.signature(read_table).parameters
    data = read_table(frame, **{name: options.pop(name) for name in [*options] if name in known})
    return Filled(data, fill(data, method, **options))


def by_word(method: Any) -> Method:
    """A method by its word in `plain_methods` or `standard_methods`; others as they are."""
    known: dict[str, Any] = {**plain_methods(), **standard_methods()}
    if isinstance(method, str) and method not in known:
        raise ValueError(f"method: {method!r} is not one of {listed(map(repr, known), 20)}; pass one of these")
    return known[method] if isinstance(method, str) else method


def warn_below_zero(data: TaskData, answer: Prediction) -> None:
    """Warn of tasks that were never seen below 0 and are filled there, or whose band goes there."""
    holes, low = ~data.observed, answer.band()[0]
    for task, gone, seen, mean, end in zip(data.tasks, holes.T, data.y.T, answer.mean.T, low.T):
        if gone.any() and (~gone).any() and seen[~gone].min() >= 0 > end[gone].min():
            least, lowest = float(mean[gone].min()), float(end[gone].min())
            what = f"its fill goes down to {least:.3g}" if least < 0 else f"the band of its fill to {lowest:.3g}"
            warnings.warn(
                f"fill: {task!r} was never below 0, and {what}; fill the logarithm or the square root of the column, "
                "or take icm with likelihood=Poisson() if it counts",
                stacklevel=3,
            )

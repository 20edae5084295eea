"""Standardised units, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of each task's observed cells, both [T], in data units.

    >>> from mtgp_tutorial import TaskData
    >>> scale = TaskData([0, 1], [[1, 10], [3, 30]]).scale()
    >>> scale.mean.tolist(), scale.sd.tolist()
    ([2.0, 20.0], [1.0, 10.0])
    >>> scale.to_data(scale.to_unit(scale.mean)).tolist()
    [2.0, 20.0]
    """

    mean: Tensor
    sd: Tensor

    def to_unit(self, y: Tensor) -> Tensor:
        """Data units to standardised units, over the last axis."""
        return (y - self.mean) / self.sd

    def to_data(self, y: Tensor) -> Tensor:
        """Standardised units back to data units, over the last axis."""
        return y * self.sd + self.mean

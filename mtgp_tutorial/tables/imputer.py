"""The fill of a table as an imputer of scikit-learn, which has to be installed for it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

try:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise ImportError(
        "GPImputer: is an imputer of scikit-learn, which is not there; pip install scikit-learn"
    ) from None

from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.model import icm
from mtgp_tutorial.predicting import impute


class GPImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill the missing cells of a matrix by an ICM along one of its columns, such as time: `fit`, `transform`.

    Rows of another matrix are filled from themselves, each other and the fitted rows. Columns without two different
    values take their mean.

    Args:
        x (int or str): the column that is the input, by number or, in data frames, by name. Default: 0.
        starts (int): of `fit`. Default: its own.

    >>> import numpy as np
    >>> from mtgp_tutorial.tables.imputer import GPImputer
    >>> X = np.array([[0, 1, 2], [1, 2, np.nan], [2, 1, 1.5], [3, 3, 6]])
    >>> bool(np.isfinite(GPImputer(starts=1).fit_transform(X)).all())
    True
    """

    def __init__(self, x: int | str = 0, starts: int | None = None) -> None:
        self.x, self.starts = x, starts

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from a matrix.

        Args:
            X (matrix): with NaN where a value is missing.
            y (object): is not used. Default: none.
        """
        values = self._checked(X, reset=True)
        seen = [column[~np.isnan(column)] for column in values.T]
        self.means_ = np.array([column.mean() if len(column) else 0.0 for column in seen])
        varies = [len(column) > 1 and np.ptp(column) > 1e-9 * np.abs(column).max() for column in seen]
        self.tasks_ = [c for c in np.flatnonzero(varies) if c != self.column_]
        self.known_: dict[bytes, np.ndarray] = {}  # of rows
        if self.tasks_:
            data = self._table(values)
            try:
                self.fit_ = fit(icm(data), starts=self.starts)
            except FitError:  # full noise has no optimum
                self.fit_ = fit(icm(data, noise="per task"), starts=self.starts)
            self.known_ = dict(zip(map(bytes, values), impute(self.fit_).mean.numpy()))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """A copy of a matrix with its missing cells filled.

        Args:
            X (matrix): with NaN where a value is missing.
        """
        check_is_fitted(self)
        values, found = self._checked(X, reset=False), self.known_
        new = values[[bytes(row) not in found and bool(np.isnan(row).any()) for row in values]]
        if self.tasks_ and len(new):
            found = found | dict(zip(map(bytes, new), impute(self.fit_, self._table(new)).mean.numpy()))
        filled = np.array([found.get(bytes(row), row[self.tasks_]) for row in values])
        values[:, self.tasks_] = np.where(np.isnan(values[:, self.tasks_]), filled, values[:, self.tasks_])
        return np.where(np.isnan(values), self.means_, values)

    def _table(self, values: Any) -> TaskData:
        return TaskData(values[:, self.column_], values[:, self.tasks_])

    def _checked(self, X: Any, reset: bool) -> Any:
        least = 2 if reset else 1
        X = validate_data(self, X, reset=reset, dtype=float, ensure_all_finite="allow-nan", ensure_min_features=least)
        if reset:
            names = [*getattr(self, "feature_names_in_", ())]
            if self.x not in range(X.shape[1]) and self.x not in names:
                raise ValueError(f"x: {self.x!r} is no column of X; pass the number or the name of one")
            self.column_: Any = names.index(self.x) if self.x in names else self.x
        if np.isnan(X[:, self.column_]).any():
            raise ValueError(f"X: the input, column {self.x!r}, has NaN; drop rows without input")
        return np.array(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

"""Heat maps of labelled matrices."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from seaborn.utils import relative_luminance

from mtgp_tutorial.arguments import of_kind


def heatmap(ax: Axes, matrix: pd.DataFrame, title: str, *, limit: float | None = None, digits: int = 2) -> Axes:
    """Seaborn heat map of a labelled matrix; colours run from -limit to limit (default: its largest entry).

    Raises ValueError for what is no data frame of numbers.

    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import plots
    >>> correlation = pd.DataFrame([[1, 0.5], [0.5, 1]], ["a", "b"], ["a", "b"])
    >>> ax = plots.heatmap(Figure().subplots(), correlation, "Correlation", limit=1)
    >>> [text.get_text() for text in ax.texts]
    ['1.00', '0.50', '0.50', '1.00']
    """
    of_kind(
        "matrix", matrix, pd.DataFrame, "a data frame, such as fit.B; of an array, pd.DataFrame(matrix, names, names)"
    )
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in matrix.dtypes) or matrix.empty:
        raise ValueError("matrix: holds no numbers, or something else; pass numbers only")
    limit = float(matrix.abs().to_numpy().max()) if limit is None else limit
    sns.heatmap(
        matrix,
        ax=ax,
        annot=True,
        fmt=f".{digits}f",
        cmap="vlag",
        vmin=-limit,
        vmax=limit,
        center=0,
        square=True,
        cbar=False,
    )
    for text, colour in zip(ax.texts, ax.collections[0].get_facecolors()):  # type: ignore[attr-defined]
        text.set_color("black" if relative_luminance(colour) > 0.18 else "white")  # whichever has more contrast
    ax.set_title(title)
    ax.tick_params(length=0)
    return ax

"""The differences of models, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.plots.look import COLOURS


def differences(axes: Sequence[Axes] | Any, summary: pd.DataFrame) -> Sequence[Axes]:
    """A panel for each score of `summarise`: differences from the baseline and their 95 % intervals; ring: median.

    The interval is t(0.975, k - 1) standard errors of k clusters to either side. Left of the line is better. Coverage
    is shown itself, beside 0.954, the aim. Raises ValueError unless there is one panel for each score.

    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import plots, summarise
    >>> numbers = [1.0, 0.7, 1.2, 0.8, 0.9, 0.7, 1.1, 0.8]
    >>> results = pd.DataFrame({"arm": ["alone", "ICM"] * 4, "task": "level", "NLPD": numbers})
    >>> results["trial"] = results.index // 2
    >>> axes = plots.differences([Figure().subplots()], summarise(results, "alone", scores=["NLPD"]))
    >>> [label.get_text() for label in axes[0].get_yticklabels()]
    ['alone', 'ICM']
    """
    of_kind("axes", axes, (Sequence, np.ndarray), "a list of Axes, one for each score: [ax] for one")
    scores = list(summary.index.unique("score"))
    if len(axes) != len(scores):
        raise ValueError(f"axes: are {len(axes)} for the scores {', '.join(scores)}; pass one for each")
    for ax, score in zip(axes, scores):
        block = summary.loc[score]
        height = -pd.Series(range(len(block)), block.index)
        if score == "coverage":
            ax.plot(block["mean"], height, "o", color=COLOURS[0])
            ax.axvline(0.954, color="0.5", lw=1)
            ax.set(xlabel=score)
        else:
            error = stats.t.ppf(0.975, block["clusters"].astype(float) - 1) * block["standard error"]
            ax.errorbar(block["mean difference"], height, xerr=error, fmt="o", color=COLOURS[0], capsize=3)
            ax.plot(block["median"], height, "o", mfc="none", color=COLOURS[1], ms=8)
            ax.axvline(0, color="0.5", lw=1)
            baseline = block.index[block["mean difference"].isna()][0]
            ax.set(xlabel=f"{score}, less that of\n{baseline}")
        ax.set_yticks(height, list(block.index))
        ax.locator_params(axis="x", nbins=4)
        ax.ticklabel_format(axis="x", scilimits=(-2, 3))
    return axes

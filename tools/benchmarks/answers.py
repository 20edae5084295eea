"""What a fit is asked once it is there: rows left out, a check, intervals of correlations; CPU milliseconds.

python tools/benchmarks/answers.py                           # half a minute
PYTHONPATH=OTHER_CHECKOUT python tools/benchmarks/answers.py # the same questions to another version, in turns with it
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import about, side_by_side, table  # first: it sets the number of threads

import mtgp_tutorial  # isort: skip
from mtgp_tutorial import correlation_intervals, datasets, fit, icm, independent, leave_out, lmc  # isort: skip
from mtgp_tutorial import at_parameters  # isort: skip
from mtgp_tutorial.fast import solvers  # isort: skip
from mtgp_tutorial.fast.packed import PackedObjective  # isort: skip
from mtgp_tutorial.tables import check  # isort: skip


def rows_left_out() -> None:
    """Of tables in each form, beside the cells one by one."""
    lakes = datasets.great_lakes()
    tables = {"lakes": lakes.hide("Ontario", 1950, 1965)[0], "300 x 4, gap": table(300, 4, gap=30)}
    tables |= {"300 x 4": table(300, 4), "300 x 2": table(300, 2)}
    models: dict[str, Callable[..., Any]] = {
        "full noise": partial(icm, noise="full"),
        "independent": independent,
        "two kernels": partial(lmc, kernels=2),
    }
    for name, data in tables.items():
        for kind, model in models.items():
            fitted = at_parameters(model(data))
            asked: dict[str, Callable[[], object]] = {by: partial(leave_out, fitted, by) for by in ("row", "cell")}
            times = side_by_side(asked, 5)
            form = solvers.select(solvers.with_values(solvers.problem_of(fitted.model))[0]).__name__
            print(f"{name:14} {kind:12} {form:9} rows {times['row']:7.2f} cells {times['cell']:7.2f}", flush=True)
    fitted = fit(icm(lakes, noise="full"), starts=1)
    times = side_by_side({"check": partial(check, fitted, "row")}, 5)
    print(f"check of the lakes with rows for blocks: {times['check']:.0f}")


def intervals() -> None:
    """Of all pairs of tasks, and how often the objective is asked for."""
    tables = {"lakes, full noise": (datasets.great_lakes(), "full"), "lakes": (datasets.great_lakes(), "per task")}
    for name, (data, noise) in tables.items():
        fitted, asked = fit(icm(data, noise=noise), starts=1), list[int]()
        usual = PackedObjective.__call__

        def counted(loss, vector, usual=usual, asked=asked):  # type: ignore[no-untyped-def]
            asked.append(1)
            return usual(loss, vector)

        PackedObjective.__call__ = counted  # type: ignore[method-assign]
        correlation_intervals(fitted)
        PackedObjective.__call__ = usual  # type: ignore[method-assign]
        start = time.process_time()
        found = correlation_intervals(fitted)
        took = time.process_time() - start
        print(f"{name}: {len(asked)} evaluations, {took:.2f} s\n{found.round(4).to_string()}", flush=True)


if __name__ == "__main__":
    print(about(), Path(mtgp_tutorial.__file__).parent.parent)
    rows_left_out()
    intervals()

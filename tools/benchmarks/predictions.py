"""Predictions at 200 new rows: the first one, the next, with a joint covariance; against GPyTorch. And peak memory.

python tools/benchmarks/predictions.py            # about two minutes; CPU milliseconds of one thread
python tools/benchmarks/predictions.py --memory   # one evaluation at 4000 rows x 10 tasks, and the peak it needs
"""

from __future__ import annotations

import argparse
import resource
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about, side_by_side, table  # first: it sets the number of threads

import gpytorch  # isort: skip
import torch  # isort: skip

from mtgp_tutorial import Fit, icm, impute, leave_out, lmc, predict, at_parameters  # isort: skip
from mtgp_tutorial.fast import solvers  # isort: skip


def fresh(fitted: Fit, ask: Callable[[Fit], object]) -> Callable[[], object]:
    """The question to a fit that keeps no factor yet."""
    return lambda: ask(Fit(fitted.model, False, fitted.log_likelihood, fitted.starts))


def in_gpytorch(fitted: Fit, x: torch.Tensor) -> Callable[[], object]:
    def run() -> object:
        plain = fitted.model.exact_gp().eval()
        policy = "ignore" if bool(fitted.model.unit.observed.all()) else "mask"
        with torch.no_grad(), gpytorch.settings.observation_nan_policy(policy), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(x).variance

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--memory", action="store_true", help="only the peak memory of one large evaluation")
    print(about())
    if parser.parse_args().memory:
        model = icm(table(4000, 10), noise="full")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        torch.autograd.grad(model.log_likelihood(), [p for p in model.parameters() if p.requires_grad])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"4000 rows x 10 tasks, complete: peak {peak / 2**20:.2f} GiB, of which {before / 2**20:.2f} before")
        return
    print("rows tasks cells form       first   again  joint  joint/first  impute leave-one-out  gpytorch  times")
    x = torch.linspace(0, 10, 200, dtype=torch.float64)[:, None]
    for rows, tasks, kernels, gap in ((1000, 2, 1, 0), (500, 10, 1, 0), (300, 4, 1, 30), (300, 4, 2, 30)):
        data = table(rows, tasks, gap=gap)
        fitted = at_parameters(icm(data, noise="full") if kernels == 1 else lmc(data, kernels=2))
        shape = solvers.problem_of(fitted.model).shape()
        times = side_by_side(
            {
                "first": fresh(fitted, lambda fit: predict(fit, x)),
                "again": partial(predict, fitted, x),
                "joint": fresh(fitted, lambda fit: predict(fit, x, covariance=True)),
                "impute": fresh(fitted, impute),
                "leave": fresh(fitted, leave_out),
                "gpytorch": in_gpytorch(fitted, x),
            },
            3,
        )
        print(
            f"{rows:4} {tasks:5} {shape.cells:5} {solvers.cheapest(shape).__name__:9} {times['first']:7.1f} "
            f"{times['again']:7.1f} {times['joint']:6.1f} {times['joint'] / times['first']:12.2f} "
            f"{times['impute']:7.1f} {times['leave']:13.1f} {times['gpytorch']:9.1f} "
            f"{times['gpytorch'] / times['first']:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""A step of mini-batches by size of batch: bound.py, its twin in GPyTorch, and GPyTorch's LMCVariationalStrategy.

python tools/benchmarks/mixing.py            # prints; about a minute and a half
python tools/benchmarks/mixing.py --store    # keeps the table in mtgp_tutorial/datasets/studies/mixing.csv

Forward, backward and a step of both optimisers on one batch of single cells (three tasks, two latent functions): CPU
milliseconds, the programs taking turns. Then why: asked for single cells (`task_indices`) the strategy multiplies the
covariance of a batch, [L, b, b], by that of the mixing, and linear_operator takes a root of it for the product: by
Cholesky up to 800 cells, by at most 100 steps of Lanczos above. `Dense` multiplies without roots, `Marginal` asks the
same latents for their variances; the two change nothing else. "largest" is the longest tensor that a step makes, in
entries. "variance off" is the largest relative error of a variance at two inputs, by length-scale: a root of rank 100
is not always enough.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "examples" / "streaming")]

from common import about, processor, side_by_side  # first: it sets the number of threads

import gpytorch  # isort: skip
import pandas as pd  # isort: skip
import torch  # isort: skip
from bound import Bound, optimisers  # isort: skip
from gpytorch.variational import LMCVariationalStrategy  # isort: skip
from mixtures import CELLS, L, T, Dense, Marginal, Mixed  # isort: skip
from torch import Tensor  # isort: skip
from torch.utils._python_dispatch import TorchDispatchMode  # isort: skip
from variational import VariationalLMC  # isort: skip
from variational import optimisers as theirs  # isort: skip

from mtgp_tutorial import datasets  # isort: skip

BATCHES, POINTS, REPEATS, LENGTHS = (128, 256, 512, 1024, 2048), (16, 64), 5, (0.2, 0.1)
Cells = tuple[Tensor, Tensor, Tensor]


PROGRAMS: dict[str, Callable[[Tensor], Bound | VariationalLMC]] = {
    "bound.py": lambda points: Bound(points, T, L, CELLS),
    "variational.py": lambda points: VariationalLMC(points, T, L, CELLS),
    "strategy": lambda points: Mixed(LMCVariationalStrategy, points),
    "no root": lambda points: Mixed(Dense, points),
    "variances": lambda points: Mixed(Marginal, points),
}


class Largest(TorchDispatchMode):
    """Remembers the most entries of a tensor that was made; a view of few numbers, expanded, counts for nothing."""

    entries = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = function(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, Tensor):
                self.entries = max(self.entries, one.untyped_storage().nbytes() // one.element_size())
        return made


def batch(b: int, inputs: int = 1) -> Cells:
    """b cells of noisy sines."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(b, inputs, generator=generator, dtype=torch.float64)
    task = torch.randint(T, (b,), generator=generator)
    return x, task, torch.sin(9 * x[:, 0] + task) + 0.3 * torch.randn(b, generator=generator, dtype=torch.float64)


def step(model: Bound | VariationalLMC, cells: Cells) -> Callable[[], object]:
    """One step of both optimisers on these cells."""
    steps = optimisers(model, 0.001, 0.1) if isinstance(model, Bound) else theirs(model, 0.001, 0.1)

    def run() -> object:
        model.zero_grad()
        model(*cells).backward()
        return [one.step() for one in steps]

    return run


def largest(program: Callable[[], object]) -> int:
    with Largest() as seen:
        program()
    return seen.entries


def off(b: int, length: float) -> float:
    """Largest relative error of a variance by the strategy, on two inputs, with q at the prior and 8 x 8 points."""
    axis = torch.linspace(0, 1, 8, dtype=torch.float64)
    x, task, _ = batch(b, 2)
    found = []
    for strategy in (LMCVariationalStrategy, Marginal):
        model = Mixed(strategy, torch.cartesian_prod(axis, axis))
        model.gp.kernel.lengthscale = length
        with torch.no_grad():
            found.append(model.latent(x, task)[1])
    return float((found[0] / found[1] - 1).abs().max())


def row(b: int, M: int, repeats: int = REPEATS) -> dict[str, float]:
    """One size of batch and number of points: milliseconds of each program, entries of tensors, error of variances."""
    points, cells = torch.linspace(0, 1, M, dtype=torch.float64)[:, None], batch(b)
    programs = {name: step(make(points), cells) for name, make in PROGRAMS.items()}
    times = side_by_side(programs, repeats)
    entries = {f"largest, {name}": largest(programs[name]) for name in ("bound.py", "strategy", "variances")}
    errors = {f"variance off, {length:g}": off(b, length) for length in LENGTHS}
    return {"batch": b, "points": M, **times, **entries, **errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--store", action="store_true", help="keep the table in mtgp_tutorial/datasets/studies")
    given = parser.parse_args()
    print(about())
    when = {"date": f"{datetime.date.today()}", "processor": processor()}
    when |= {"torch": torch.__version__, "gpytorch": gpytorch.__version__}
    found = pd.DataFrame([{**when, **row(b, M)} for M in POINTS for b in BATCHES])
    print(found.drop(columns=list(when)).to_string(index=False, float_format="%.3g"))
    if given.store:
        target = Path(datasets.__file__).parent / "studies" / "mixing.csv"
        target.write_text(found.to_csv(index=False, float_format="%.4g"), encoding="utf8")


if __name__ == "__main__":
    main()

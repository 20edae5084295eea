"""Fit three tables, and write what the figure to play with of a hole needs into its script.

    python tools/holes.py       # the numbers in book/_static/explore/hole.js again

All parameters are those of the whole table, what a reader will hide included, with columns in standard units: of the
ICM and of the curves alone the length-scale, means, B and Sigma; of the regression's residual, for each column and for
all other columns, the first and none beside it, the length-scale and the variances of signal and noise.
"""

from __future__ import annotations

from typing import Any

import torch
from gpytorch.kernels import MaternKernel
from situations import keep, rounded

from mtgp_tutorial import Fit, TaskData, datasets, fit, icm, independent
from mtgp_tutorial.tables.external_drift import Residual, best_residual, orthonormal

MONTHS = ("January", "May", "July", "November")
FROM = 1980  # the first year of the national accounts


def tables() -> dict[str, TaskData]:
    """The tables by name, with the digits that the script stores. None has a hole."""
    lakes, months, accounts = datasets.great_lakes(), datasets.el_nino(), datasets.us_macro()
    late, some = accounts.x[:, 0] >= FROM, [months.tasks.index(month) for month in MONTHS]
    return {
        "Great Lakes": rewritten(lakes, lakes.x, lakes.y, lakes.tasks, 4),
        "El Niño": rewritten(months, months.x, months.y[:, some], MONTHS, 2),
        "US economy": rewritten(accounts, accounts.x[late], accounts.y[late].log(), accounts.tasks, 6),
    }


def rewritten(data: TaskData, x: torch.Tensor, y: torch.Tensor, tasks: Any, digits: int) -> TaskData:
    """Other numbers, with so many digits, under the name of a table's input."""
    return TaskData(x, torch.as_tensor(y.numpy().round(digits)), tasks=tuple(tasks), x_name=data.x_name)


def fitted(data: TaskData) -> dict[str, Fit]:
    """The two models of a table."""
    kernel = MaternKernel(nu=1.5)
    return {
        "icm": fit(icm(data, rank=1, noise="full", kernel=kernel)),
        "own": fit(independent(data, hyperparameters="shared", kernel=kernel)),
    }


def parameters(fit: Fit) -> dict[str, Any]:
    """One model in standard units: l, means [T], B and Sigma [T, T]."""
    model = fit.model
    found = {"means": model.means(), "B": model.B(), "Sigma": model.Sigma()}
    return {"l": fit.length_scales[0]} | {name: value.detach().tolist() for name, value in found.items()}


def beside(t: int, others: int, tasks: int) -> list[int]:
    """Columns seen in the hole of column t. others: 0 all, 1 the first of them, 2 none."""
    rest = [s for s in range(tasks) if s != t]
    return [rest, rest[:1], []][others]


def residual(data: TaskData, t: int, others: int) -> Residual:
    """The law of what the regression of a column leaves; its length in units of x."""
    columns = data.y[:, beside(t, others, data.num_tasks)]
    width = float(data.x.std(correction=0))
    found = best_residual(data.x / width, orthonormal(columns, columns)[0], data.y[:, t], ("matern32",))
    return found._replace(length=found.length * width)


def drift(data: TaskData) -> list[list[dict[str, float]]]:
    """[T][3]: of each residual its length-scale, and the variances of signal and noise in standard units."""
    found = []
    for t, sd in enumerate(data.scale().sd.tolist()):
        laws = [residual(data, t, others) for others in range(3)]
        found.append([{"l": a.length, "B": a.scale / sd**2, "Sigma": a.scale * a.ratio / sd**2} for a in laws])
    return found


def numbers(name: str, data: TaskData, fits: dict[str, Fit]) -> dict[str, Any]:
    """All that the script is given of a table: name, columns, first row and step, readings [T][N], scale, models."""
    scale, x = data.scale(), data.x[:, 0]
    table = {
        "name": name,
        "columns": list(data.tasks),
        "first": float(x[0]),
        "step": float(x[1] - x[0]),
        "y": data.y.T.tolist(),
        "scale": [[mean, sd] for mean, sd in zip(scale.mean.tolist(), scale.sd.tolist())],
    }
    return table | {key: parameters(one) for key, one in fits.items()} | {"drift": drift(data)}


if __name__ == "__main__":
    keep("hole", [rounded(numbers(name, data, fitted(data))) for name, data in tables().items()])

"""Questions to a fitted model, checked: new inputs, further rows, names of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_matrix, flags, listed, of_kind, swapped
from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.naming import check_row_labels
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.result import Fit, same_values

ROWS = 100  # of a table that are compared with all fitted rows at once


P = ParamSpec("P")
Answer = TypeVar("Answer")


class Several(Protocol):
    """Several fits in one, as `sample_posterior` makes them: they answer a question together."""

    def asked(self, question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What all answer to a question to a fit."""


def of_each(question: Callable[Concatenate[Fit, P], Answer]) -> Callable[Concatenate[Fit | Several, P], Answer]:
    """The same question to a fit or to several, which know how their answers go together."""

    @wraps(question)
    def put(fit: Any, *arguments: P.args, **named: P.kwargs) -> Answer:
        together = getattr(fit, "asked", None)
        return question(fit, *arguments, **named) if together is None else together(question, *arguments, **named)

    return put


def fitted(fit: Fit) -> Fit:
    """The fit itself; ValueError for anything else."""
    of_kind("fit", fit, Fit, "what fit(model) or at_parameters(model) returned")
    return fit


def query(fit: Fit, x: Any) -> Tensor:
    """Inputs as a matrix [M, D] that fits the data's width and device; dates as numbers, where the data have dates."""
    data = fitted(fit).model.data
    if isinstance(x, TaskData):
        raise ValueError("x: is a table; pass its inputs, table.x, or take impute(fit, table)")
    check_order("x", x.columns if isinstance(x, pd.DataFrame) else (), data.x_names)
    x = as_matrix(x if data.calendar is None else data.calendar.inputs(x), "x")
    if x.shape[1] != data.x.shape[1]:
        raise ValueError(f"x: has {x.shape[1]} columns, the data has {data.x.shape[1]}; pass the same inputs")
    if x.device != data.x.device:
        raise ValueError(f"x: is on {x.device}, the data on {data.x.device}; move one of them")
    if len(x) == 0 or not x.isfinite().all():
        raise ValueError("x: has no rows, or holds NaN or infinite values; pass finite inputs")
    return x


def check_order(name: str, names: Iterable[Any], wanted: Sequence[str]) -> None:
    """Columns are paired by position, so their names must not say otherwise; other names say nothing."""
    if swapped(list(map(str, names)), wanted):
        raise ValueError(
            f"{name}: has the columns {listed(names)}, and the fit {listed(wanted)}; pass them in the order of the fit"
        )


def further_rows(fit: Fit, table: TaskData | None) -> tuple[Tensor, Tensor, Tensor, Conditioned]:
    """Rows whose cells are asked for: x, standardised y, their numbers in all that is conditioned on, and that.

    They are the fitted rows, or a table's, which then are conditioned on as well.
    """
    model, start = fitted(fit).model, len(fit.model.unit.x)
    if table is not None:
        _check_tasks(fit, table)
    if table is None or _same(table, model.data):
        return model.unit.x, model.unit.y, torch.arange(start, device=model.unit.x.device), fit.conditioned()
    model.normal_alone("table", "pass none, for the rows of the fit")
    _check_further(fit, table)
    x, y = table.x, model.scale.to_unit(table.y)
    residual = torch.cat([model.residual(), y - model.means()])
    given = Evidence(torch.cat([model.unit.x, x]), residual, _variances(fit, table))
    return x, y, torch.arange(start, start + len(x), device=x.device), model.conditioned(given, solver=fit.solver)


def _variances(fit: Fit, table: TaskData) -> Tensor | None:
    """Known variances of the fitted rows and of the table's below them, standardised units; None where all are 0."""
    both = [(fit.model.data, fit.model.data.sd), (table, table.sd)]
    if all(sd is None for _, sd in both):
        return None
    each = [torch.zeros_like(data.y) if sd is None else (sd**2).nan_to_num() for data, sd in both]
    return torch.cat(each) / fit.model.scale.sd**2


def of_readings(fit: Fit, sd: Any, shape: torch.Size, noise: bool, *labelled: Any) -> Tensor | None:
    """Variances [M, T] of readings with the known errors sd, standardised units, 0 where none is known; None without.

    labelled: the table and the x of their rows. Raises ValueError for another shape, other row labels, errors not above
    0, and beside noise=False: f is not read.
    """
    flags(noise=noise)
    if sd is None:
        return None
    if not noise:
        raise ValueError("sd: is given with noise=False, and f has no error of reading; leave out one of them")
    check_order("sd", sd.columns if isinstance(sd, pd.DataFrame) else (), fit.model.data.tasks)
    check_row_labels("sd", sd, *labelled)
    values = as_matrix(sd, "sd", vector=False).to(fit.model.data.x)
    if values.shape != shape:
        raise ValueError(
            f"sd: has shape {tuple(values.shape)}; pass one of each cell that is predicted, {tuple(shape)}"
        )
    for task, law, each in zip(fit.model.data.tasks, fit.model.laws, values.T):
        if not law.read and not bool(each.isnan().all()):
            raise ValueError(f"sd: {task!r} is {law.word}, whose scatter is known; pass NaN for it")
    if bool((values <= 0).any()) or bool(values.isinf().any()):
        raise ValueError("sd: holds errors that are not above 0 or infinite; pass NaN where none is known")
    return (values / fit.model.scale.sd).nan_to_num() ** 2


def prediction(
    table: TaskData, x: Tensor, mean: Tensor, variance: Tensor, noise: bool, *, new: bool = False, **more: Any
) -> Prediction:
    """A Prediction in data units for the rows of a table, or new ones beside it, with its names; more: other fields."""
    rows = {"index": None if new else table.index, "calendar": table.calendar, "x_names": table.x_names}
    return Prediction(x, mean, variance, **{"tasks": table.tasks, "units": table.units, "noise": noise, **rows, **more})


def named(cells: Cells, tasks: Sequence[str]) -> pd.MultiIndex:
    """Cells by row number and task name."""
    rows, columns = cells
    return pd.MultiIndex.from_arrays([rows.tolist(), [tasks[t] for t in columns.tolist()]], names=["row", "task"])


def _check_tasks(fit: Fit, table: TaskData) -> None:
    """A table with the tasks and units of the fit, and inputs that fit."""
    data = fit.model.data
    of_kind("table", table, TaskData, "a TaskData, or nothing for the fitted table")
    if table.tasks != data.tasks:
        raise ValueError(f"table: has the tasks {table.tasks}, the fit {data.tasks}; pass the same, in this order")
    if table.units != data.units:
        raise ValueError(f"table: has the units {table.units}, the fit {data.units}; pass values in the same units")
    if table.calendar != data.calendar:
        told = [None if c is None else c.label for c in (table.calendar, data.calendar)]
        raise ValueError(
            f"table: its input is {told[0]}, that of the fit {told[1]}; make it with TaskData(dates, y, calendar=...) "
            "and the calendar of the fit's table"
        )
    check_order("table", table.x_names, data.x_names)
    query(fit, table.x)


def _check_further(fit: Fit, table: TaskData) -> None:
    """None of the further rows may be a fitted row with the same values."""
    data = fit.model.data
    x = table.x
    for start in range(0, len(x), ROWS):  # a long series has no room for all pairs of rows
        some = slice(start, start + ROWS)
        same_x = (x[some, None, :] == data.x).all(-1)
        both = table.observed[some, None, :] & data.observed
        same_y = ((table.y[some, None, :] == data.y) | ~both).all(-1) & both.any(-1)
        if bool((same_x & same_y).any()):
            row = start + int((same_x & same_y).any(1).nonzero()[0])
            raise ValueError(f"table: its row {row} repeats a fitted row; pass new rows only, or no table")


def _held(table: TaskData) -> list[Tensor]:
    """Inputs and values of a table, and the known errors of its observed cells."""
    return [table.x, table.y, *([] if table.sd is None else [table.sd.where(table.observed, torch.nan)])]


def _same(a: TaskData, b: TaskData) -> bool:
    """The same rows with the same cells and the same known errors of these."""
    one, other = _held(a), _held(b)
    return len(one) == len(other) and all(map(same_values, one, other))

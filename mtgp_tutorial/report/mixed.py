"""A long file whose series was not named and cannot be guessed: its rows would become one series, a mixture of all."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.table.guessing import guessed_inputs, guessed_series
from mtgp_tutorial.table.headers import ERROR, column
from mtgp_tutorial.table.typed import typed_columns

REPEATED, TOLD_APART = 0.3, 0.95  # shares: of rows that repeat an input; of rows that a column of text tells apart


def check_mixed(asked: argparse.Namespace, call: dict[str, Any]) -> None:
    """Refuse such a file, and name the options that read it."""
    if asked.series is not None or asked.value is not None:
        return
    missing, without = call.get("missing", ()), call.get("without", ())
    frame, _ = typed_columns(asked.table, asked.dates, missing, without, asked.input, None)
    given = asked.input or []
    inputs = [column(frame, name, "x") for name in given] or guessed_inputs(frame, None, [])
    if asked.columns is None and guessed_series(frame, inputs, []) is not None:
        return  # read as a long file without being told
    frame = frame.loc[~frame.duplicated()]
    again = int(frame.duplicated(inputs).sum())
    errors = [name for name in frame if ERROR.fullmatch(f"value {name}")]  # level_se, and std_err alone
    values = [name for name in frame if frame[name].dtype.kind == "f" and name not in [*inputs, *errors]]
    series = _series(frame, inputs) if again > REPEATED * len(frame) and len(values) == 1 else None
    if series is not None:
        words = ["--series", str(series), "--value", str(values[0])]
        words += ["--errors", str(errors[0])] if len(errors) == 1 and asked.errors is None else []
        raise Refused(
            f"{asked.table}: {again} of {len(frame)} rows repeat a value of {', '.join(map(str, inputs))}, and "
            f"{str(series)!r} tells them apart, so that these are several series; add {shlex.join(words)}"
            f"{' and leave out --columns' if asked.columns else ''}"
        )


def _series(frame: pd.DataFrame, inputs: Sequence[Hashable]) -> Hashable | None:
    """The column of text that, with the input, tells nearly all rows apart; its words come again and again."""
    for name in frame:
        words = frame[name]
        if name not in inputs and words.dtype.kind == "O" and words.nunique() <= len(frame) / 2:
            if (~frame.duplicated([*inputs, name])).mean() >= TOLD_APART:
                return name
    return None

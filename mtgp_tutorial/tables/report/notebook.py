"""The report of a data frame, in one line of a notebook."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import listed, of_kind
from mtgp_tutorial.tables.inputs import only_counts
from mtgp_tutorial.tables.report import options
from mtgp_tutorial.tables.report.planning import prepare
from mtgp_tutorial.tables.report.run import as_a_program, run

NO_OPTIONS = {"command", "table", "out"}  # of the command line, which are arguments here


def report(frame: pd.DataFrame, out: str | Path = "report", **asked: Any) -> Report:
    """The report of `python -m mtgp_tutorial report`, of a data frame: compares methods, and fills its holes.

    The frame is written as OUT.csv, and all that the command writes into the folder OUT: report.html, how.html,
    filled.csv, trials.csv, repeat.py, and fit.npz where a model fills. The same call goes on where an earlier one was
    stopped.

    Args:
        frame (DataFrame): the table; an index that does not only count is its first column.
        out (str or Path): the folder of the results, and the name of the file beside it. Default: "report".
        **asked: options of the command by name, such as columns=["a", "b"], trials=8, log=["a"].
    Raises:
        ValueError: for what is no DataFrame, options that the command has not or refuses, and an OUT.csv that holds
            another table.
        FitError: where hardly a model can be fitted.

    >>> from mtgp_tutorial.tables.report import report
    >>> found = report(frame, columns=["Erie", "Ontario"], trials=4)  # doctest: +SKIP
    >>> found.filled  # doctest: +SKIP
    """
    of_kind("frame", frame, pd.DataFrame, f"a DataFrame, or run {options.PROGRAM} on the file")
    out = Path(out)
    known = vars(options.parsed(["report", ""]))
    if unknown := {*asked} - ({*known} - NO_OPTIONS):
        raise ValueError(f"{min(unknown)}: is no option; the report has {listed(sorted({*known} - NO_OPTIONS), 20)}")
    path = out.with_name(out.name + ".csv")
    words = [word for name, value in asked.items() for word in options.option(f"--{name}", _as_text(value))]
    _write(frame if only_counts(frame.index) else frame.reset_index(), path)
    try:
        with as_a_program():
            run(prepare(options.parsed(["report", str(path), "--out", str(out), *words], options.Raising)))
    except (ValueError, OSError) as error:
        raise ValueError(f"report: {options.in_options(error)}") from None
    return Report(out)


@dataclass(frozen=True)
class Report:
    """What the report wrote; a notebook shows its page.

    Attributes:
        folder (Path): with all its files.
    """

    folder: Path

    @property
    def filled(self) -> pd.DataFrame:
        """filled.csv: the table with its holes filled, and the ends of the bands."""
        return pd.read_csv(self.folder / "filled.csv")

    @property
    def trials(self) -> pd.DataFrame:
        """trials.csv: the scores of each method in each trial."""
        return pd.read_csv(self.folder / "trials.csv")

    def _repr_html_(self) -> str:
        report, how = (self._frame(name) for name in (options.REPORT, options.HOW))
        return f"{report}<details><summary>How it was decided</summary>{how}</details>"

    def _frame(self, name: str) -> str:
        """A page of the folder inside the notebook, where it cannot lead to its neighbour."""
        page = re.sub(r' href="\w+\.html"', "", (self.folder / name).read_text(encoding="utf8"))
        return f'<iframe srcdoc="{escape(page)}" title="{name}" style="width: 100%; height: 40rem; border: 0"></iframe>'


def _as_text(value: Any) -> str:
    """A value as it stands on a command line."""
    return options.with_commas([str(one) for one in value]) if isinstance(value, (list, tuple)) else str(value)


def _write(frame: pd.DataFrame, path: Path) -> None:
    """The frame as a CSV file. ValueError where the file holds another table, which may be somebody's."""
    text = frame.to_csv(index=False, lineterminator="\n")
    if os.path.exists(path) and path.read_text(encoding="utf8") != text:
        raise ValueError(f"out: {path} holds another table; pass the name of a new folder, or remove {path}")
    options.put(path, text)

"""The report, by the command line or of a data frame: a page with its figures inside, no script, and no address."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from mtgp_tutorial import __version__, plots
from mtgp_tutorial.arguments import of_kind, whole
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import read_table
from mtgp_tutorial.tables.filling import fill
from mtgp_tutorial.tables.frames import filled_frame
from mtgp_tutorial.tables.report import holes
from mtgp_tutorial.tables.report import trials as tries
from mtgp_tutorial.tables.report.holes import missing, own_rows, runs
from mtgp_tutorial.tables.seasonal import season_of
from mtgp_tutorial.writing import write

PAGE, FILLED = "report.html", "filled.csv"
WIDTH, PANELS, MANY, VIEW = 5.6, 8, 3000, 150  # inches, tasks; rows from which a figure is a smear, those about a hole


def report(frame: pd.DataFrame, out: str | Path = "report", *, trials: int = 16, seed: int = 0, **how: Any) -> Report:
    """Compare methods on a data frame, and fill its holes: report.html, filled.csv and trials.csv in the folder `out`.

    The same call goes on where an earlier one was stopped. trials, seed: as on the command line; how: for `read_table`.

    >>> from mtgp_tutorial.tables.report import report
    >>> found = report(frame, tasks=["Erie", "Ontario"], trials=4)  # doctest: +SKIP
    """
    of_kind("frame", frame, pd.DataFrame, "a DataFrame, or run python -m mtgp_tutorial report on the file")
    return Report(Path(out), make(read_table(frame, **how), "the table", Path(out), trials, seed))


@dataclass(frozen=True)
class Report:
    """What the report wrote into its folder; filled: filled.csv; a notebook shows the page."""

    folder: Path
    filled: pd.DataFrame

    def _repr_html_(self) -> str:
        text = escape((self.folder / PAGE).read_text(encoding="utf8"))
        return f'<iframe srcdoc="{text}" title="report" style="width: 100%; height: 40rem; border: 0"></iframe>'


@contextmanager
def _as_a_program() -> Iterator[None]:
    """One thread, and the look of the book; a caller's own are put back."""
    threads = torch.get_num_threads()
    try:
        with matplotlib.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the page says what they say
            plots.use_style()
            matplotlib.rcParams["text.parse_math"] = False  # a name with a dollar is no formula
            matplotlib.rcParams["date.converter"] = "concise"
            torch.set_num_threads(1)  # several runs share the cores better so
            yield
    finally:
        torch.set_num_threads(threads)


@_as_a_program()
def make(given: TaskData, name: str, folder: Path, trials: int, seed: int, jobs: int = 1) -> pd.DataFrame:
    """Write the report of a table, and return the filled one. Raises NotApplicable where no method has an answer."""
    whole("trials", trials, 2, "how often cells are hidden")
    ours = PAGE, FILLED, "trials.csv"
    odd = [f for f in folder.glob("*") if not f.name.startswith(ours) or (f.is_symlink() and f.suffix != ".part")]
    if odd or folder.is_symlink() or folder.is_file():
        raise ValueError(f"out: {folder} is a link or a file, or holds other files; pass the name of a new folder")
    order = np.argsort(given.x[:, 0].numpy(), kind="stable")
    data = take(given, order)
    (kinds, own), _ = holes.kinds_of(data), data.scale()  # raises where a task does not vary
    few = min(trials, holes.INDEPENDENT) if int(data.observed.sum()) > tries.MANY else trials
    for cells in (holes.held_out_cells(data, kinds, seed), None):  # a choice goes before its judge
        tried = data if cells is None else data.split(torch.as_tensor(cells))[0]
        planned = holes.plan(tried, kinds, few, seed)
        if enough := len({trial.part for trial in planned}) >= holes.INDEPENDENT:
            break
    season, gone = season_of(tried), torch.as_tensor(missing(data))
    methods, left_out = tries.methods_for(data, season, seed)
    if not enough:  # nothing is chosen: what fills, and plain rules
        methods = {key: build for k, (key, build) in enumerate(methods.items()) if k == 0 or key in tries.RULES}
    print(f"{name}: {len(data.x)} rows, {data.num_tasks} columns, {int(gone.sum())} values to fill")
    print(f"{len(planned)} trials of {len(methods)} methods; Ctrl-C stops, and the same command goes on", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    results = tries.try_all(tried, planned, methods, folder, seed, jobs)
    decision = tries.decide(results, planned, tried)
    judged = None if cells is None else tries.judge(data, cells, methods, decision, seed)
    answer = fill(data, methods[decision.fills])
    frame = filled_frame(given, answer.take(np.argsort(order)), bands=True)
    table = frame.rename(columns=lambda c: f"'{c}" if str(c).startswith(("=", "+", "-", "@")) else c)  # no formulas
    text = table.to_csv(index=not isinstance(frame.index, pd.RangeIndex), lineterminator="\n", float_format="%.12g")
    write(folder / FILLED, text.encode(), "out")
    below = (answer.mean < 0) & gone & (data.y.nan_to_num(torch.inf).amin(0) >= 0)
    values = {"name": name, "data": data, "own": own, "gone": int(gone.sum()), "season": season, "judged": judged}
    values |= {"trials": planned, "decision": decision, "claim": tries.claim_of(decision, tried, kinds), "seed": seed}
    values |= {"columns": tries.by_column(decision, data), "words": tries.IN_WORDS, "version": __version__}
    values |= {"impossible": [task for task, some in zip(data.tasks, below.any(0)) if some], "left_out": left_out}
    values["failed"] = {method: why for (_, method), why in results.attrs.get("left out", {}).items()}
    values["unasked"] = sorted({task for kind in kinds for task in kind.asked} - {*decision.scores["task"]})
    values["places"] = sorted({holes.PLACES[kind.place] for kind in kinds})
    values["pictures"] = _filled(data, answer), _moved(data, planned), _dots(decision)
    page, said = render(values)
    write(folder / PAGE, page.encode(), "out")
    print("", said, "", f"{(folder / PAGE).absolute()}, with {FILLED} and trials.csv beside it", sep="\n")
    return frame


def render(values: dict[str, Any]) -> tuple[str, str]:
    """The page, and its answer as text for a terminal. All values are text, whatever they hold."""
    place = PackageLoader("mtgp_tutorial.tables.report", "")
    templates = Environment(loader=place, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    grid = partial(pd.DataFrame.to_html, index=False, border=0, na_rep="", float_format=tries.digits)
    templates.filters |= {"digits": tries.digits, "grid": grid}
    template = templates.get_template(PAGE)
    answer = "".join(template.blocks["answer"](template.new_context(values)))
    lines = [" ".join(unescape(re.sub("<[^>]+>", "", line)).split()) for line in answer.split("</p>")]
    return template.render(values), "\n".join(filter(None, lines))


def _as_png(figure: Figure) -> str:
    """The figure as the address of a picture that stands in the page itself."""
    figure.savefig(buffer := io.BytesIO(), dpi=175, format="png", bbox_inches="tight", pad_inches=0.04)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _drawn(data: TaskData) -> dict[int, str]:
    """The tasks that are drawn, those with most holes, with names that a figure has room for."""
    order = np.argsort(-missing(data).sum(0), kind="stable")[:PANELS].tolist()
    return {t: data.tasks[t] if len(data.tasks[t]) <= 26 else f"{data.tasks[t][:25]}…" for t in order}


def _filled(data: TaskData, answer: Prediction) -> str | None:
    """A panel or a map for each task: what was seen, and what filled the holes, with its band or in larger dots.

    Of a long table the rows about the longest hole.
    """
    if data.x.shape[1] > 2:
        return None
    line, tasks, mean = data.x.shape[1] == 1, _drawn(data), answer.mean.numpy()
    size = WIDTH, (0.5 + 1.45 * len(tasks)) if line else 3.2 * len(tasks)
    figure = Figure(figsize=size)
    axes = figure.subplots(len(tasks), 1, sharex=line, squeeze=False)
    for (t, name), ax in zip(tasks.items(), axes[:, 0]):
        seen, hole = data.observed[:, t].numpy(), missing(data)[:, t]
        ax.set_title(plots.label(name, data.units[t]))
        if line:
            plots.band(ax, answer, t)
            for cells, colour in ((seen, "0.25"), (hole, plots.style(t)["color"])):
                ax.plot(plots.inputs(data)[cells], mean[cells, t], plots.marker(t), ms=2.8, mew=0, color=colour)
            ax.set_xlabel(_input(data) if ax is axes[-1, 0] else "")
        else:
            points = ax.scatter(*data.x.numpy().T, c=mean[:, t], s=np.where(seen, 10, 40))
            ax.set_aspect("equal")
            figure.colorbar(points, ax=ax)
    found = [run for t in tasks for run in runs(missing(data)[:, t])]
    if line and found and len(data.x) > MANY:
        start, length = max(found, key=lambda run: run[1])
        axes[-1, 0].set_xlim(*plots.inputs(data)[[max(0, start - VIEW), min(start + length + VIEW, len(data.x) - 1)]])
    return _as_png(figure)


def _input(data: TaskData) -> str:
    """The name of its input on an axis; dates need none."""
    return plots.label(data.x_name, data.x_unit) if data.calendar is None else ""


def _moved(data: TaskData, trials: list[holes.Trial]) -> str | None:
    """Along one input, a line for each task: what was seen, its holes, and where trials hid the same."""
    if data.x.shape[1] > 1:
        return None
    tasks, x, gone = _drawn(data), plots.inputs(data), missing(data) & (not own_rows(data))
    hidden = np.any([trial.mask for trial in trials], axis=0)
    ax = (figure := Figure(figsize=(WIDTH, 0.9 + 0.3 * len(tasks)))).subplots()
    for k, t in enumerate(tasks):
        for cells, colour in ((data.observed.numpy() & ~hidden, "0.75"), (hidden, "#3a8fd0"), (gone, "#d1495b")):
            ax.plot(x[cells[:, t]], np.full(cells[:, t].sum(), -k), "|", ms=8, color=colour)
    ax.set_yticks(-np.arange(len(tasks)), list(tasks.values()))
    ax.set_xlabel(_input(data))
    return _as_png(figure)


def _dots(decision: tries.Decision) -> str:
    """The CRPS of each method in each trial, and its mean."""
    trials, means = decision.scores.groupby(["method", "trial"])["CRPS"].mean(), decision.means["CRPS"]
    ax = (figure := Figure(figsize=(WIDTH, 1 + 0.32 * len(means)))).subplots()
    for k, method in enumerate(means.index):
        ax.plot(trials[method], np.full(len(trials[method]), -k), "o", ms=4, mew=0, alpha=0.4, color=plots.COLOURS[0])
        ax.plot(means[method], -k, "D", ms=5, color="0.1")
    ax.set_yticks(-np.arange(len(means)), means.index)
    ax.set(xscale="log", xlabel="CRPS, in standard deviations of the column")
    ax.xaxis.set(major_formatter="{x:g}", minor_formatter="")
    return _as_png(figure)

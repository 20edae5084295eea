"""The report: on the command line, with its exit codes, and of a data frame in a notebook; its page and figures.

The page has no script, and no address. Its sentences stand in the template.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from mtgp_tutorial import __version__, plots
from mtgp_tutorial.arguments import of_kind, whole
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import read_table
from mtgp_tutorial.tables.filling import fill
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.frames import filled_frame
from mtgp_tutorial.tables.report import trials as tries
from mtgp_tutorial.tables.report.holes import (
    INDEPENDENT,
    PLACES,
    held_out_cells,
    kinds_of,
    missing,
    own_rows,
    plan,
    runs,
)
from mtgp_tutorial.tables.seasonal import season_of
from mtgp_tutorial.tables.store import StoreError
from mtgp_tutorial.writing import NotWritten, write

PAGE, FILLED, TRIALS = "report.html", "filled.csv", "trials.csv"
DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130
WIDTH, PIXELS = 5.6, 175  # inches, and pixels an inch: sharp at twice the width of a page
PANELS, MANY, VIEW = 8, 3000, 300  # tasks that are drawn; rows from which a figure would be a smear, and what it shows


def from_command_line(asked: dict[str, Any], how: dict[str, Any]) -> int:
    """The command; returns its exit code: done, failed, refused, or stopped by Ctrl-C. how: for `read_table`."""
    path = Path(asked["table"])
    folder, given = Path(asked["out"] or f"{path.stem}-report"), [asked[name] for name in ("trials", "seed", "jobs")]
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {asked['table']!r}; pass the name of one")
        make(read_table(path, **how), path.name, folder, *given)
    except KeyboardInterrupt:
        print("\nreport: stopped; fits that were done are kept, and the same command goes on", file=sys.stderr)
        return STOPPED
    except (ValueError, OSError) as error:
        print(f"report: {str(error).replace('pass another path', 'add --out NAME')}", file=sys.stderr)
        return FAILED if isinstance(error, (NotApplicable, StoreError, NotWritten)) else REFUSED
    return DONE


def report(frame: pd.DataFrame, out: str | Path = "report", *, trials: int = 16, seed: int = 0, **how: Any) -> Report:
    """The report of `python -m mtgp_tutorial report`, of a data frame: compares methods, and fills its holes.

    The folder OUT takes report.html, filled.csv and trials.csv. The same call goes on where an earlier one was stopped.

    Args:
        frame (DataFrame): the table.
        out (str or Path): the folder of the results. Default: "report".
        trials (int): how often cells are hidden, at most. Default: 16.
        seed (int): of places and starts. Default: 0.
        **how: for `read_table`.
    Raises:
        ValueError: for what is no table, or too short, and for a folder that holds something else.

    >>> from mtgp_tutorial.tables.report import report
    >>> found = report(frame, tasks=["Erie", "Ontario"], trials=4)  # doctest: +SKIP
    >>> found.filled  # doctest: +SKIP
    """
    of_kind("frame", frame, pd.DataFrame, "a DataFrame, or run python -m mtgp_tutorial report on the file")
    make(read_table(frame, **how), "the table", Path(out), trials, seed)
    return Report(Path(out))


@dataclass(frozen=True)
class Report:
    """What the report wrote into its folder; a notebook shows the page."""

    folder: Path

    @property
    def filled(self) -> pd.DataFrame:
        """filled.csv: the table with its holes filled, and the ends of the bands."""
        return pd.read_csv(self.folder / FILLED)

    def _repr_html_(self) -> str:
        text = escape((self.folder / PAGE).read_text(encoding="utf8"))
        return f'<iframe srcdoc="{text}" title="report" style="width: 100%; height: 40rem; border: 0"></iframe>'


def _check(data: TaskData, folder: Path, trials: int) -> None:
    """ValueError where no report can be made of this table in this folder."""
    whole("trials", trials, 2, "how often cells are hidden")
    if folder.is_symlink() or (folder.exists() and not (folder / TRIALS).is_file() and [*folder.glob("*")]):
        raise ValueError(f"out: {folder} is a link, or holds something else; pass the name of a new folder")
    if folder.is_file() or not folder.absolute().parent.is_dir():
        raise ValueError(f"out: {folder} is a file, or in a folder that does not exist; pass the name of a new folder")
    for task, count in zip(data.tasks, data.observed.sum(0).tolist()):
        if count < 4:
            raise ValueError(f"tasks: {task!r} has {count} values, and it takes 4; leave that column out")
    data.scale()  # raises where a task does not vary


def make(given: TaskData, name: str, folder: Path, trials: int, seed: int, jobs: int = 1) -> None:
    """The report of a table. Raises NotApplicable where no method has an answer, StoreError, and OSError."""
    _check(given, folder, trials)
    order = np.argsort(given.x[:, 0].numpy(), kind="stable")
    data = take(given, order)
    kinds, own = kinds_of(data)
    cells = held_out_cells(data, kinds, seed)
    tried = data if cells is None else data.split(torch.as_tensor(cells))[0]
    season = season_of(tried)
    methods, left_out = tries.methods_for(data, season, seed)
    many = int(data.observed.sum()) <= tries.MANY
    planned = plan(tried, kinds, trials if many else min(trials, INDEPENDENT), seed)
    if len({trial.part for trial in planned}) < INDEPENDENT:  # nothing is chosen: what fills, and what it has to beat
        methods = {key: build for k, (key, build) in enumerate(methods.items()) if k == 0 or key in tries.RULES}
    print(f"{name}: {len(data.x)} rows, {data.num_tasks} columns, {int(missing(data).sum())} values to fill")
    print(f"{len(planned)} trials of {len(methods)} methods; Ctrl-C stops, and the same command goes on", flush=True)
    folder.mkdir(exist_ok=True)
    torch.set_num_threads(1)  # several runs share the cores better so
    results = tries.try_all(tried, planned, methods, folder, seed, jobs)
    decision = tries.decide(results, planned, tried)
    judged = None if cells is None else tries.judge(data, cells, methods, decision, seed)
    answer = fill(data, methods[decision.fills])
    frame = filled_frame(given, answer.take(np.argsort(order)), bands=True)
    text = frame.to_csv(index=not isinstance(frame.index, pd.RangeIndex), lineterminator="\n", float_format="%.12g")
    write(folder / FILLED, text.encode(), "out")
    least = data.y.nan_to_num(torch.inf).amin(0)
    below = ((answer.mean < 0) & torch.as_tensor(missing(data)) & (least >= 0)).any(0)
    values = {
        **{"name": name, "notes": given.notes, "own": own, "gone": int(missing(data).sum()), "season": season},
        **{"trials": len(planned), "decision": decision, "claim": tries.claim_of(decision, tried, kinds)},
        **{"judged": judged, "columns": tries.by_column(decision, data, answer), "words": tries.IN_WORDS},
        "unasked": sorted({task for kind in kinds for task in kind.asked} - {*decision.scores["task"]}),
        "places": sorted({PLACES[kind.place] for kind in kinds}),
        "impossible": [task for task, some in zip(data.tasks, below) if some],
        "failed": {method: why for (_, method), why in results.attrs.get("left out", {}).items()},
        **{"left_out": left_out, "independent": INDEPENDENT, "version": __version__, "seed": seed},
    }
    with _drawing():
        values["pictures"] = _filled(data, answer), _moved(data, planned), _dots(decision)
    text, said = render(values)
    write(folder / PAGE, text.encode(), "out")
    print("", said, "", f"{(folder / PAGE).absolute()}, with {FILLED} and {TRIALS} beside it", sep="\n")


def render(values: dict[str, Any]) -> tuple[str, str]:
    """The page, and its answer as text for a terminal. All values are text, whatever they hold."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # an extra, `report`

    place = PackageLoader("mtgp_tutorial.tables.report", "")
    templates = Environment(loader=place, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters |= {"digits": tries.digits, "grid": _grid}
    template = templates.get_template(PAGE)
    answer = "".join(template.blocks["answer"](template.new_context(values)))
    lines = [" ".join(unescape(re.sub("<[^>]+>", "", line)).split()) for line in answer.split("</p>")]
    return template.render(values), "\n".join(filter(None, lines))


def _grid(frame: pd.DataFrame) -> str:
    return frame.to_html(index=False, border=0, na_rep="", float_format=tries.digits)


@contextmanager
def _drawing() -> Iterator[None]:
    """Figures that need no screen, in the style of the book; a caller's own are put back."""
    backend = matplotlib.get_backend()
    try:
        with matplotlib.rc_context():
            matplotlib.use("Agg")
            plots.use_style()
            matplotlib.rcParams["text.parse_math"] = False  # a name with a dollar is no formula
            yield
    finally:
        matplotlib.use(backend)


def _as_png(figure: Figure) -> str:
    """The figure as the address of a picture that stands in the page itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=PIXELS, format="png", bbox_inches="tight", pad_inches=0.04)
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _drawn(data: TaskData) -> dict[int, str]:
    """The tasks that are drawn, those with most holes, with names that a figure has room for."""
    order = np.argsort(-missing(data).sum(0), kind="stable")[:PANELS].tolist()
    return {t: data.tasks[t] if len(data.tasks[t]) <= 26 else f"{data.tasks[t][:25]}…" for t in order}


def _along(ax: plt.Axes, data: TaskData) -> None:
    """An axis whose dates do not run into each other, and whose years are whole."""
    if data.calendar is not None:
        place = mdates.AutoDateLocator(minticks=3, maxticks=6)
        ax.xaxis.set_major_locator(place)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(place))
    else:
        ax.set_xlabel(plots.label(data.x_name, data.x_unit))
        ax.locator_params(axis="x", nbins=6, integer=bool((data.x % 1 == 0).all()))


def _filled(data: TaskData, answer: Prediction) -> str | None:
    """A panel or a map for each task: what was seen, and mean and band in the holes; of a long table the longest."""
    if data.x.shape[1] > 2:
        return None
    line, holes = data.x.shape[1] == 1, [hole for column in missing(data).T for hole in runs(column)]
    if line and len(data.x) > MANY:
        start, length = max(holes, key=lambda hole: hole[1], default=(0, 0))
        first = min(max(0, start + length // 2 - VIEW // 2), len(data.x) - VIEW)
        data, answer = take(data, slice(first, first + VIEW)), answer.take(slice(first, first + VIEW))
    tasks, x = _drawn(data), plots.inputs(data) if line else data.x.numpy()
    size = WIDTH, (0.5 + 1.45 * len(tasks)) if line else 3.2 * len(tasks)
    figure, axes = plt.subplots(len(tasks), 1, figsize=size, sharex=line, squeeze=False)
    for (t, name), ax in zip(tasks.items(), axes[:, 0]):
        seen, hole, mean = data.observed[:, t].numpy(), missing(data)[:, t], answer.mean[:, t].numpy()
        ax.set_title(plots.label(name, data.units[t]))
        if line:
            plots.band(ax, answer, t)
            for cells, colour in ((seen, "0.25"), (hole, plots.style(t)["color"])):
                ax.plot(x[cells], mean[cells], plots.marker(t), ms=2.8, mew=0, color=colour)
        else:
            limits, sd = dict(zip(("vmin", "vmax"), np.quantile(mean, [0.02, 0.98]))), answer.sd[:, t].numpy()
            points = ax.scatter(*x[seen].T, c=mean[seen], s=10, lw=0, **limits)
            size_of = 10 * (1 + 3 * sd[hole] / sd.max())
            ax.scatter(*x[hole].T, c=mean[hole], s=size_of, lw=0.7, edgecolor="#d1495b", **limits)
            ax.set_aspect("equal")
            figure.colorbar(points, ax=ax, shrink=0.8, pad=0.02)
    if line:
        _along(axes[-1, 0], data)
    return _as_png(figure)


def _moved(data: TaskData, planned: list[tries.Trial]) -> str | None:
    """Along one input, a line for each task: what was seen, its holes, and where trials hid the same."""
    if data.x.shape[1] > 1:
        return None
    tasks, x, gone = _drawn(data), plots.inputs(data), missing(data) & (not own_rows(data))
    hidden = np.any([trial.mask for trial in planned], axis=0)
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.3 * len(tasks)))
    for k, t in enumerate(tasks):
        for cells, colour in ((data.observed.numpy() & ~hidden, "0.75"), (hidden, "#3a8fd0"), (gone, "#d1495b")):
            ax.plot(x[cells[:, t]], np.full(cells[:, t].sum(), -k), "|", ms=8, color=colour)
    ax.set_yticks(-np.arange(len(tasks)), list(tasks.values()))
    ax.set_ylim(-len(tasks) + 0.4, 0.6)
    _along(ax, data)
    return _as_png(figure)


def _dots(decision: tries.Decision) -> str:
    """The CRPS of each method in each trial, and its mean."""
    trials, methods = decision.scores.groupby(["method", "trial"])["CRPS"].mean(), list(decision.means.index)
    figure, ax = plt.subplots(figsize=(WIDTH, 1 + 0.32 * len(methods)))
    for k, method in enumerate(methods):
        ax.plot(trials[method], np.full(len(trials[method]), -k), "o", ms=4, mew=0, alpha=0.4, color=plots.COLOURS[0])
        ax.plot(decision.means.loc[method, "CRPS"], -k, "D", ms=5, color="0.1")
    ax.set_yticks(-np.arange(len(methods)), methods)
    ax.set(xscale="log", xlabel="CRPS, in standard deviations of the column")
    return _as_png(figure)

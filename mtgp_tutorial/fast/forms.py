"""All forms, and the choice between them: the only place that knows there are several.

Whether a table fits into memory, said before work begins.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.fast.dense import Dense, Projected, Separate
from mtgp_tutorial.fast.form import Form, Problem, Shape, Term
from mtgp_tutorial.fast.markov import Markov
from mtgp_tutorial.fast.split import FewHoles, Spectral, Split

FORMS: list[type[Form]] = [Dense, Separate, Split, Spectral, FewHoles, Projected, Markov]
MANY = 1000  # cells from which draws of a long series go along its rows


def cheapest(shape: Shape) -> type[Form]:
    """The form with the lowest cost for tables of this shape."""
    return min(FORMS, key=lambda form: form.cost(shape))


def chosen(problem: Problem) -> type[Form]:
    """The form that the model insists on, or else the cheapest."""
    return problem.form or cheapest(problem.shape())


def with_values(problem: Problem) -> tuple[Problem, Tensor]:
    """The problem without the rows that hold no value, and which rows [N] it keeps."""
    kept = ~problem.residual.isnan().all(1)
    if not bool(kept.all()):
        known = None if problem.variances is None else problem.variances[kept]
        problem = problem._replace(x=problem.x[kept], residual=problem.residual[kept], variances=known)
    return problem, kept


def log_likelihood(problem: Problem) -> Tensor:
    """log N(r | 0, C) of the observed cells in nats, by the form of choice; differentiable once."""
    problem, _ = with_values(problem)
    return chosen(problem).log_likelihood(problem)


class Conditioned:
    """What the observed cells say, by the form of choice (or a given one), in the numbering of the whole table."""

    def __init__(self, problem: Problem, form: type[Form] | None = None):
        check_size(problem)
        lean, self.kept = with_values(problem)
        with torch.no_grad():
            self.form = (form or chosen(lean))(lean)
        self.place = torch.where(self.kept, self.kept.cumsum(0) - 1, -1)  # of each row among those kept

    @property
    def weights(self) -> Tensor:
        """C^-1 r [N, T], 0 at holes."""
        weights = self.form.weights.new_zeros(len(self.kept), self.form.weights.shape[1])
        weights[self.kept] = self.form.weights
        return weights

    def posterior(
        self,
        x: Tensor,
        terms: Sequence[Term],
        rows: Tensor | None = None,
        cells: Cells | None = None,
        joint: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean [k] of unknowns, and what is explained of their prior (co)variance: see `Form.posterior`.

        rows [M] are rows of the whole table, -1 for none. cells: all of the unknowns, point-major, by default.
        """
        if cells is None:
            cells = all_cells(torch.ones(len(x), len(terms[0].B), dtype=torch.bool, device=x.device))
        return self.form.posterior(x, terms, self.lean(rows), cells, joint)

    def lean(self, rows: Tensor | None) -> Tensor | None:
        """Numbers of rows among those kept, -1 for others."""
        return None if rows is None else torch.where(rows >= 0, self.place[rows], -1)

    def draws(
        self, x: Tensor, rows: Tensor | None, cells: Cells, noise: bool, count: int, own: torch.Generator
    ) -> Tensor | None:
        """Joint draws [count, k] of cells at x, without the mean, where their covariance need not be built, else None.

        So it is for more than MANY cells of a table in the Markov form. noise: of y instead of f; rows as above.
        """
        if not isinstance(self.form, Markov) or len(cells[0]) <= MANY:
            return None
        return self.form.draws(x, self.lean(rows), noise, count, own)[:, *cells]

    def inverse(self, cells: Cells) -> Tensor:
        """Block [k, k] of C^-1 for cells (row i, task t) that were observed."""
        return self.form.inverse((self.place[cells[0]], cells[1]))

    def row_blocks(self) -> Tensor:
        """Blocks [N, T, T] of C^-1 for the observed cells of each row, the identity at holes."""
        T = self.form.weights.shape[1]
        blocks = torch.eye(T).to(self.form.weights).repeat(len(self.kept), 1, 1)
        blocks[self.kept] = self.form.row_blocks() + torch.diag_embed((~self.form.observed).to(blocks))
        return blocks


GIB = 2**30
CONTAINERS = (  # files that say how many bytes a container may hold, and how many it holds
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def total_and_free(device: torch.device) -> tuple[int, int]:
    """Bytes that the device, the machine or its container has, and those that are free."""
    if device.type == "cuda" and torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info(device)
        return total, free
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    if page <= 0:
        return 2**62, 2**62  # not known here: nothing is refused
    total = page * os.sysconf("SC_PHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    lines = meminfo.read_text().split("\n") if meminfo.exists() else []
    free = next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), total)
    for paths in CONTAINERS:
        limit, used = (Path(path).read_text().strip() if os.access(path, os.R_OK) else "" for path in paths)
        if limit.isdigit() and used.isdigit() and int(limit) < total:
            total, free = int(limit), min(free, int(limit) - int(used))
    return total, free


def check_size(problem: Problem) -> None:
    """Raise MemoryError where the form of choice needs more memory than there is, and warn where more than is free."""
    lean, _ = with_values(problem)
    shape = lean.shape()
    needed = 8 * chosen(lean).matrices(shape)
    total, free = total_and_free(problem.x.device)
    if needed > free:
        message = (
            f"data: {shape.cells} observed cells need about {needed / GIB:.1f} GiB, and there are {free / GIB:.1f} GiB "
            f"free of {total / GIB:.1f}; leave out tasks, or thin out rows"
        )
        if needed > total:
            raise MemoryError(message)
        warnings.warn(message, ResourceWarning, stacklevel=2)

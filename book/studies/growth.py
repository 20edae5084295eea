"""What value and gradient cost, solver by solver: mtgp_tutorial/datasets/studies/growth.csv.

Four series of tables, each solver of the module that applies to them: more rows, more tasks, more holes, more tasks
than latent functions. CPU seconds of one thread, the least of several turns; the solvers take turns within a trial, so
ratios within a trial hold where seconds do not. The log likelihood is kept too: all solvers of a table must have the
same one. No other study stores times, and no two machines have the same ones: "date", "processor" and "torch" say whose
they are.
"""

import datetime
import math
import platform
import time
from pathlib import Path

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, icm, lmc
from mtgp_tutorial.solvers import choice as solvers

SOLVERS = {solver.__name__: solver for solver in solvers.SOLVERS}
MOST_CELLS, MOST_ROWS = 5000, 4000  # of the dense solver, and of those with a matrix of N x N
LONG = (12800, 51200) if "Markov" in SOLVERS else ()
TRIALS = [("rows", N, 3, 0) for N in (50, 100, 200, 400, 800, 1600, 3200, *LONG)]
TRIALS += [("tasks", 250, T, 0) for T in (2, 4, 8, 16, 32)]
TRIALS += [("holes", 300, 4, m) for m in (1, 3, 10, 30, 100, 300, 500)]
TRIALS += [("functions", 100, T, 0) for T in (3, 6, 12, 24)]


def table(rows, tasks, holes):
    """Sines with a lag and noise, in float64; the holes lie anywhere."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 10, rows))
    y = np.sin(x[:, None] + 0.3 * np.arange(tasks)) + 0.3 * rng.normal(size=(rows, tasks))
    y.flat[rng.permutation(y.size)[:holes]] = np.nan
    return TaskData(x, y)


def model_of(series, data):
    """An ICM with full noise; two kernels without kappa, so two latent functions, where those are counted."""
    if series == "functions":
        return lmc(data, kernels=[MaternKernel(nu=1.5), MaternKernel(nu=1.5)], kappa=False, noise="full")
    return icm(data, kernel=MaternKernel(nu=1.5), noise="full")


def evaluation(model, solver):
    """A function that asks a solver for the value, and for its gradient against length-scales, each B and Sigma."""
    given = solvers.problem_of(model)
    Bs = [term.B.detach().requires_grad_() for term in given.terms]
    terms = [term._replace(B=B) for term, B in zip(given.terms, Bs)]
    problem = given._replace(terms=terms, Sigma=given.Sigma.detach().requires_grad_())
    lengths = [p for name, p in model.named_parameters() if name.endswith("raw_lengthscale")]

    def ask():
        value = solver.log_likelihood(problem)
        torch.autograd.grad(value, [problem.Sigma, *Bs, *lengths], retain_graph=True)
        return value.item()

    return ask


def least_seconds(programs, most_turns=9, budget=10.0):
    """Least CPU seconds of each program; they take turns, so that all see the same machine."""
    values = {name: program() for name, program in programs.items()}  # caches and lazy imports
    least, begun = dict.fromkeys(programs, math.inf), time.process_time()
    for turn in range(most_turns):
        for name, program in programs.items():
            start = time.process_time()
            program()
            least[name] = min(least[name], time.process_time() - start)
        if turn and time.process_time() - begun > budget:
            break
    return values, least


def machine():
    """When and on what this ran."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().split("\n") if cpu.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    named = (names or [platform.processor()])[0]
    return {"date": f"{datetime.date.today()}", "processor": named, "torch": torch.__version__}


def able_solvers(series, shape):
    """Names of the solvers that apply, and end soon; the filter is asked for short series too."""
    able = [name for name, solver in SOLVERS.items() if solver.cost(shape) < math.inf and name != "Markov"]
    able = [name for name in able if shape.rows <= MOST_ROWS and (name != "Dense" or shape.cells <= MOST_CELLS)]
    return able + ["Markov"] * (series == "rows" and "Markov" in SOLVERS)


def rows(series, N, T, holes):
    """All solvers that apply to one table."""
    model = model_of(series, table(N, T, holes))
    shape = solvers.problem_of(model).shape()
    able = able_solvers(series, shape)
    values, seconds = least_seconds({name: evaluation(model, SOLVERS[name]) for name in able})
    sizes = {"series": series, "rows": N, "tasks": T, "holes": holes, "cells": shape.cells}
    chosen = solvers.cheapest(shape).__name__
    return [
        {**sizes, "solver": name, "seconds": seconds[name], "chosen": name == chosen, "log likelihood": values[name]}
        | machine()
        for name in able
    ]


if __name__ == "__main__":
    run(__file__, TRIALS)

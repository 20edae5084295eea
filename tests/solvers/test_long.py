"""Long series: which tables take the Markov form, the same answers through the module's calls, compiled and not."""

import importlib.util
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from laws.long import TASKS, problems

from mtgp_tutorial import (
    TaskData,
    at_parameters,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    parts,
    predict,
    sample,
)
from mtgp_tutorial.__main__ import main
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers import filters, markov, state_space
from mtgp_tutorial.solvers.dense import Separate
from mtgp_tutorial.solvers.markov import Markov
from mtgp_tutorial.solvers.solver import Problem, Shape


def series(rows=60, tasks=2, inputs=1, seed=0, sd=None):
    """Noisy sines in no order of x, with holes, an empty row and two rows at one x."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, rows / 20, (rows, inputs))
    x[3] = x[1]
    y = np.sin(3 * x[:, :1] + np.arange(tasks)) + 0.2 * rng.normal(size=(rows, tasks))
    y[rng.uniform(size=y.shape) < 0.2] = y[7] = np.nan
    return TaskData(x, y, sd=None if sd is None else np.full(y.shape, sd))


MODELS = {
    "icm": lambda data: icm(data, kernel=MaternKernel(nu=1.5), noise="full", rank=2),
    "lmc": lambda data: lmc(data, kernels=[MaternKernel(nu=2.5), MaternKernel(nu=0.5)]),
    "independent": lambda data: independent(data, kernel=MaternKernel(nu=0.5)),
    "known": lambda data: icm(series(sd=0.1), kernel=MaternKernel(nu=2.5)),
}


@pytest.mark.parametrize("name", MODELS)
def test_all_calls_say_the_same(name, monkeypatch):
    """The same fit and answers as in the forms that a short table takes by itself, row by row."""
    data, x, found = series(), [0.4, 1.7, 9.0], []
    monkeypatch.setattr(filters, "available", lambda: False)
    for long in (10_000, 0):
        monkeypatch.setattr(markov, "LONG", long)
        if not long:
            usual = solvers.cheapest
            monkeypatch.setattr(solvers, "cheapest", lambda shape, usual=usual: Markov if shape.state else usual(shape))
        fitted = fit(MODELS[name](data), starts=1)
        assert isinstance(fitted.conditioned().solver, Markov) == (long == 0)
        answers = [predict(fitted, x, noise=False), impute(fitted), impute(fitted, noise=False)]
        answers += [leave_out(fitted), leave_out(fitted, by="row"), leave_out(fitted, by=np.arange(60) // 9)]
        answers += [predict(fitted, data.x), *parts(fitted, x)]
        answers += [latent_functions(fitted, x)] if name != "independent" else []
        joint = [predict(fitted, x, covariance=True).covariance, impute(fitted, covariance=True).covariance]
        drawn = sample(fitted, fitted.model.data, 2, seed=0, noise=True)
        found.append([*(part for one in answers for part in (one.mean, one.variance)), *joint, drawn])
        found[-1].append(torch.tensor(fitted.log_likelihood))
    for other, *ours in zip(*found, strict=True):
        for one in ours:
            assert torch.equal(one.isnan(), other.isnan())
            assert (one - other).nan_to_num().abs().max() < 1e-5 * (1 + other.nan_to_num().abs().max())


def test_which_tables_take_it(monkeypatch):
    """One input and Matern kernels alone, from LONG cells on; a user's subclass keeps its own arithmetic."""

    class Own(MaternKernel):
        pass

    monkeypatch.setattr(markov, "LONG", 90)

    def taken(kernel, **shape):
        return solvers.cheapest(solvers.problem_of(icm(series(**shape), kernel=kernel)).shape()) is Markov

    assert taken(MaternKernel(nu=1.5), rows=5000) and taken(MaternKernel(nu=2.5), rows=5000, tasks=1)
    assert not taken(RBFKernel(), rows=5000) and not taken(Own(nu=1.5), rows=5000)
    assert not taken(MaternKernel(nu=1.5), rows=5000, inputs=2)
    assert not taken(MaternKernel(nu=1.5), rows=40)
    assert not isinstance(at_parameters(icm(series(), kernel=MaternKernel(nu=1.5))).conditioned().solver, Markov)


@pytest.mark.parametrize(
    ("words", "kernel", "inputs"),
    [
        ("x: has 2 columns, and the Markov solver goes along one; take another solver", MaternKernel(nu=1.5), 2),
        ("kernel: is no MaternKernel with nu 0.5, 1.5 or 2.5 and one length-scale, as the", RBFKernel(), 1),
    ],
)
def test_asked_for_where_there_is_no_state(words, kernel, inputs):
    problem = solvers.problem_of(icm(series(inputs=inputs), kernel=kernel))
    for ask in (lambda: solvers.BySolver(problem, Markov), lambda: Markov.log_likelihood(problem)):
        with pytest.raises(ValueError, match=words):
            ask()


def test_unknowns_that_the_table_does_not_know():
    """Another kernel, another B, a row at another x: one sentence each."""
    problem = list(problems())[1]
    one, form = problem.terms[0], solvers.BySolver(problem, Markov)
    longer = one._replace(matern=one.matern._replace(length=2 * one.matern.length))
    wider = one._replace(B=one.B + torch.eye(TASKS))  # its B has the rank 2 of 3
    for terms in ([longer], [wider]):
        with pytest.raises(ValueError, match="terms: are of another kernel or another B than the table's"):
            form.posterior(problem.x[:2], terms)
    with pytest.raises(ValueError, match="rows: name rows of the table that stand at another x"):
        form.posterior(problem.x[:1] + 1, problem.terms, torch.tensor([2]))


def test_draws_of_many_cells_go_along_the_rows(monkeypatch):
    """The same seed gives the same draws, what was seen stays, and a known error of reading is added."""
    monkeypatch.setattr(solvers, "cheapest", lambda shape: Markov)
    data = series()
    fitted = at_parameters(icm(data, kernel=MaternKernel(nu=1.5), noise="full", rank=2))
    usual = predict(fitted, data.x)
    monkeypatch.setattr(solvers, "MANY", 5)
    monkeypatch.setattr(solvers.BySolver, "posterior", None)  # no covariance is asked for
    draws = sample(fitted, data, 3, seed=4, noise=True)
    assert torch.equal(draws, sample(fitted, data, 3, seed=4, noise=True)) and draws.shape == (3, 60, 2)
    assert not torch.equal(draws, sample(fitted, data, 3, seed=5, noise=True))
    assert torch.equal(draws[:, data.observed], data.y[data.observed].expand(3, -1)) and bool(draws.isfinite().all())
    f, y = (sample(fitted, data.x, 60, seed=1, noise=noise) for noise in (False, True))
    rough = sample(fitted, data.x, 60, seed=1, noise=True, sd=np.full((60, 2), 3.0))
    assert (f.mean(0) - usual.mean).abs().max() < 5 * usual.sd.max() / 60**0.5
    assert (y.std(0) / usual.sd - 1).abs().max() < 0.5 and (f.std(0) < usual.sd).double().mean() > 0.9
    assert abs(float((rough - y).std()) - 3) < 0.15


def test_a_million_rows_in_bounded_memory():
    """What the form says that it holds: below 2 GiB, where the dense form would need some ten thousand."""
    shape = Shape(1_000_000, 3, 2_400_000, 1, False, 3, False, 6)
    assert solvers.cheapest(shape) is Markov and 8 * Markov.matrices(shape) < 2 * 2**30


def test_numba_is_imported_when_it_is_used():
    code = "import sys, mtgp_tutorial.solvers.choice; mtgp_tutorial.fit; assert 'numba' not in sys.modules"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code]).returncode == 0


def test_which_program_runs_the_rows(monkeypatch):
    """Short tables as the lines stand; long ones compiled, where numba is installed."""
    usual, few, many = filters.filtered, filters.COMPILED - 1, filters.COMPILED
    monkeypatch.setattr(filters, "compiled", lambda function: "compiled")
    monkeypatch.setattr(filters, "available", lambda: True)
    assert filters.runner(usual, few) is usual and filters.runner(usual, many) == "compiled"
    monkeypatch.setattr(filters, "available", lambda: False)
    assert filters.runner(usual, many) is usual


def test_a_table_that_is_refused_is_filtered_once(monkeypatch):
    """Row by row and, compiled, no second time."""
    x, eye, calls = torch.tensor([[0.0], [1.0], [1.0]]).double(), torch.eye(2).double(), []
    y, term = torch.randn(3, 2, generator=torch.Generator().manual_seed(1)).double(), list(problems())[1].terms[0]
    problem = Problem(x, y, [term._replace(B=eye)], 1e-30 * eye)

    def counted(*arrays):
        calls.append(1)
        return filters.filtered(*arrays)

    monkeypatch.setattr(state_space, "filtered", counted)
    monkeypatch.setattr(state_space, "runner", lambda function, rows: counted)
    with pytest.raises(NotPositiveDefiniteError, match="covariance: a row's, given the rows before it"):
        Markov(problem)
    assert len(calls) == 1


def test_compiling_is_said_once_and_in_a_terminal(monkeypatch):
    for terminal, expected in ((True, 1), (False, 0)):
        said = io.StringIO()
        said.isatty = lambda terminal=terminal: terminal
        monkeypatch.setattr(sys, "stderr", said)
        filters.tell.cache_clear()
        filters.tell(), filters.tell()
        assert said.getvalue().count("long series: numba compiles the loops over rows") == expected
    filters.tell.cache_clear()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_what_was_compiled_is_kept_and_then_not_said(tmp_path):
    """Two processes, the first with nothing in numba's cache."""
    code = (
        "import sys, numpy as np; from gpytorch.kernels import MaternKernel\n"
        "from mtgp_tutorial import TaskData, icm, at_parameters; sys.stderr.isatty = lambda: True\n"
        "data = TaskData(np.arange(1200.0), np.random.default_rng(0).normal(size=(1200, 2)))\n"
        "at_parameters(icm(data, kernel=MaternKernel(nu=0.5)))"
    )
    environment, said = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}, []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        said.append(done.stderr.count("numba compiles"))
    assert said == [1, 0]


@pytest.mark.slow  # compiling takes some seconds of CPU, once
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_compiled_and_plain_are_the_same(monkeypatch):
    """The same lines: value, gradient, joint answers and draws agree to rounding, at the noise of the floor, too."""
    monkeypatch.setattr(state_space, "SHORTEST", 7)
    for problem in list(problems())[:6]:
        lean, found = solvers.with_values(problem)[0], []
        rows, cells = torch.tensor([-1, 1, 2]), torch.ones(3, TASKS).nonzero(as_tuple=True)
        x = torch.cat([torch.tensor([[0.7]]).double(), lean.x[1:3]])
        for limit in (10**9, 0):
            monkeypatch.setattr(filters, "COMPILED", limit)
            form = Markov(lean)
            lengths, Bs, Sigma = form.gradients()
            mean, joint = form.posterior(x, lean.terms, rows, cells, True)
            drawn = form.draws(x, rows, True, 2, torch.Generator().manual_seed(1))
            found.append([form.value(), form.weights, *lengths, *Bs, Sigma, mean, joint, drawn])
        for plain, compiled in zip(*found, strict=True):
            assert (plain - compiled).abs().max() <= 1e-9 * plain.abs().max()


@pytest.mark.slow
def test_a_report_goes_along_the_rows(tmp_path, monkeypatch):
    """A whole report in which the models that share are long series; separate tasks are cheaper one by one here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(markov, "LONG", 200)
    monkeypatch.setattr(filters, "COMPILED", 100)
    taken, usual = set(), solvers.cheapest

    def cheapest(shape):
        taken.add(usual(shape) if shape.cells > 200 else None)
        return usual(shape)

    monkeypatch.setattr(solvers, "cheapest", cheapest)
    rng, t = np.random.default_rng(0), np.arange(300.0)
    y = np.sin(0.1 * t[:, None] + 0.3 * np.arange(2)) + 0.3 * rng.normal(size=(300, 2))
    y[40:55, 0] = y[180:195, 1] = np.nan
    pd.DataFrame({"t": t, "a": y[:, 0], "b": y[:, 1]}).to_csv("long.csv", index=False)
    assert main(["report", "long.csv", "--trials", "2"]) == 0
    assert Markov in taken and taken <= {Markov, Separate, None}
    filled = pd.read_csv("long-report/filled.csv")
    assert len(filled) == 300 and filled["a"].notna().all() and filled["b"].notna().all()

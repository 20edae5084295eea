"""A fit that was kept in a file and read again is the same fit."""

import dataclasses
import errno
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel, RBFKernel, RQKernel

from laws.common import RANDOM, table, tensor
from mtgp_tutorial import (
    TaskData,
    at_parameters,
    fit,
    icm,
    impute,
    independent,
    leave_out,
    lmc,
    load,
    predict,
    sample,
    writing,
)
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.kernels import FORMULAS
from mtgp_tutorial.noise import noises_of

KEPT = [
    lambda: RBFKernel(ard_num_dims=1),
    lambda: MaternKernel(nu=0.5),
    lambda: MaternKernel(nu=1.5),
    RQKernel,
    PeriodicKernel,
    lambda: PeriodicKernel() * MaternKernel(nu=1.5),
    lambda: RBFKernel(active_dims=[0]) + PeriodicKernel() * MaternKernel(nu=1.5),
]


def again(fitted):
    """The fit, written and read."""
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder) / "fit.npz")
        return load(Path(folder) / "fit.npz")


def measured():
    """A table with holes and a standard error for every value."""
    data = table(RANDOM(80), rows=8)
    return dataclasses.replace(data, sd=tensor(RANDOM(81).uniform(0.1, 0.5, data.y.shape)))


def moved(model, seed):
    """The model at random parameters, as a Fit."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return at_parameters(model)


def same(a, b):
    return torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


def check_answers(a, b):
    """Predictions, filled holes, further rows, leave-one-out and draws, to the bit."""
    more = TaskData([0.4, 3.5], [[5.0, math.nan, math.nan], [math.nan, 40.0, 600.0]], a.model.data.tasks)
    for ask in (
        lambda one: predict(one, [0.5, 7.0], covariance=True),
        lambda one: impute(one, covariance=True),
        lambda one: impute(one, more, noise=False),
        leave_out,
    ):
        p, q = ask(a), ask(b)
        assert same(p.mean, q.mean) and same(p.variance, q.variance) and p.tasks == q.tasks
        assert (p.covariance is None) == (q.covariance is None)
        assert p.covariance is None or same(p.covariance, q.covariance)
    assert same(sample(a, [0.5, 7.0], 2, seed=0), sample(b, [0.5, 7.0], 2, seed=0))


def law_a_kept_fit_answers_the_same_to_the_bit():
    """Every family, noise and kernel that a file holds."""
    data = measured()
    assert {type(kernel()) for kernel in KEPT} >= set(FORMULAS)
    for noise in noises_of(2):
        models = [icm(data, rank=3, noise=noise, kappa=False)]
        models += [icm(data, noise=noise, kernel=kernel()) for kernel in KEPT]
        models += [
            independent(data, noise=noise, kernel=RQKernel(), hyperparameters=hyperparameters)
            for hyperparameters in ("own", "shared")
        ]
        models += [lmc(data, kernels=[RBFKernel(), MaternKernel(nu=0.5)], rank=[1, 2], noise=noise)]
        models += [lmc(data, kernels=2, kappa=False, noise=noise)]
        for seed, model in enumerate(models):
            fitted = moved(model, seed)
            found = again(fitted)
            check_answers(fitted, found)
            assert found.log_likelihood == fitted.log_likelihood and found.priors == fitted.priors
            assert [str(term) for term in found.model.children()] == [str(term) for term in fitted.model.children()]


def law_a_kept_fit_says_how_it_was_reached():
    """Priors, likelihood, starts and what is free; a fit that was read can be kept once more."""
    model = icm(measured())
    model.mean.base_means[1].raw_constant.requires_grad_(False)
    for priors in (True, False):
        fitted = fit(model, priors=priors, starts=2)
        found = again(again(fitted))
        assert found.priors == priors and found.log_likelihood == fitted.log_likelihood
        pd.testing.assert_frame_equal(found.starts, fitted.starts, check_exact=True)
        assert found.B.equals(fitted.B) and found.Sigma.equals(fitted.Sigma) and found.on_floor == fitted.on_floor
    for free in (True, False):
        fitted.model.kernel.requires_grad_(free)
        flags = [{name: p.requires_grad for name, p in one.model.named_parameters()} for one in (fitted, again(fitted))]
        assert flags[0] == flags[1]


def law_a_kept_table_is_whole():
    """Every field of the table, by its own type; indices of every kind that a file holds."""
    dates = pd.date_range("2019-10-26 23:30", periods=8, freq="h", tz="Europe/Berlin", name="time")
    for index in (
        dates,
        dates.tz_localize(None).as_unit("s")[[2, 0, 1, 3, 4, 5, 6, 7]],
        pd.period_range("2019-11", periods=8, freq="M"),
        pd.RangeIndex(3, 35, 4, name="row"),
        pd.Index([5, 3, 1, 2, 9, 8, 7, 2**62]),
        pd.Index([0.1, 0.2, 1e-300, np.pi, 4, 5, 6, math.inf]),
        pd.Index(["Erie", "", "Ōsaka", "a,b", "NA", "7", "x\ny", "\N{SNOWMAN}"], name="place"),
        None,
    ):
        given = dataclasses.replace(
            measured(),
            x=torch.column_stack([measured().x, tensor(RANDOM(82).normal(size=8))]),
            tasks=["NA", "höhe", "7"],
            units=["m", "", "°C"],
            x_name="time",
            x_names=["time", "depth"],
            x_unit="h",
            index=index,
            calendar=Calendar("hours", pd.Timestamp("2019-10-26 21:30:00.000000123"), "Europe/Berlin"),
            notes=("read as UTF-8", ""),
        )
        found = again(at_parameters(icm(given))).model.data
        for field in dataclasses.fields(TaskData):
            a, b = getattr(found, field.name), getattr(given, field.name)
            if field.name == "index" and index is not None:
                pd.testing.assert_index_equal(a, b, exact=True)
                assert getattr(a, "freq", None) == getattr(b, "freq", None)
            else:
                assert same(a, b) if torch.is_tensor(b) else (a == b and type(a) is type(b)), field.name
        assert found.calendar.to_numbers(dates).tolist() == given.calendar.to_numbers(dates).tolist()
    assert again(at_parameters(icm(table(RANDOM(1))))).model.data.sd is None


def law_a_changed_file_is_noticed():
    """One bit of one number, whole and readable otherwise; a word of the header; two numbers that change places."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.npz"
        at_parameters(icm(table(RANDOM(2)))).save(path)
        with np.load(path) as file:
            arrays = dict(file)
        for name in arrays:
            changed = {key: value.copy() for key, value in arrays.items()}
            if name == "header":
                words = json.loads(bytes(changed[name]))
                words["table"]["tasks"][0] = "other"
                changed[name] = np.frombuffer(json.dumps(words).encode(), np.uint8)
            elif changed[name].nbytes:
                changed[name].reshape(-1).view(np.uint8)[0] ^= 1
            else:
                continue
            _check_refused(path, changed)
        swapped = arrays | {"table.x": arrays["table.x"][::-1]}
        _check_refused(path, swapped)
        _check_refused(path, arrays | {"table.more": arrays["table.x"]})
        np.savez_compressed(path, **arrays)  # small, and as large as it likes when unpacked
        try:
            load(path)
        except ValueError as error:
            assert "is not a file that Fit.save wrote" in str(error)
        else:
            raise AssertionError("a packed file was read")
        np.savez(path, **arrays)
        load(path)


def _check_refused(path, arrays):
    np.savez(path, **arrays)
    try:
        load(path)
    except ValueError as error:
        assert "has changed since it was written" in str(error)
    else:
        raise AssertionError("a changed file was read")


def law_a_file_is_the_old_one_or_the_new():
    """Wherever the disk is full, the old file stays, nothing beside it, and the sentence has its path. Rights stay."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kept"
        for before in (None, b"old"):
            for step in ("fsync", "replace"):
                if before:
                    path.write_bytes(before)
                    path.chmod(0o640)
                with patch.object(os, step, full):
                    try:
                        writing.write(path, b"new", "path")
                    except OSError as error:
                        kept = "holds what it held before" if before else "does not exist"
                        why = f"could not be written (No space left on device) and {kept}; make room and try again"
                        assert str(error) == f"path: {path} {why}" and isinstance(error, ValueError)
                    else:
                        raise AssertionError(f"{step} failed, and nothing was said")
                assert (path.read_bytes() if before else None) == before
                assert [one.name for one in Path(folder).iterdir()] == ["kept"] * bool(before)
        writing.write(path, b"new", "path")
        assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640
        with subprocess.Popen(["true"]) as dead:
            dead.wait()
        drafts = [
            f"{name}.part" for name in (f"kept.{os.getpid()}", f"kept.{dead.pid}", "kept.1", "kept.old", "other.9")
        ]
        for name in drafts:
            (Path(folder) / name).symlink_to(Path(folder) / "far")
        writing.write(path, b"newer", "path")
        assert path.read_bytes() == b"newer"  # and gone are the drafts of processes that have ended
        assert {one.name for one in Path(folder).iterdir()} == {"kept", *drafts[2:]}

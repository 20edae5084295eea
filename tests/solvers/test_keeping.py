"""Files of fits: what is refused, and what an interrupted save leaves behind."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.constraints import GreaterThan, Interval
from gpytorch.kernels import MaternKernel, RBFKernel, RQKernel
from gpytorch.priors import GammaPrior

from mtgp_tutorial import TaskData, at_parameters, icm, independent, lmc, load, predict, simulate

DATA = simulate.two_sines(n=6, seed=0)


@pytest.fixture
def fitted():
    return at_parameters(icm(DATA, kernel=MaternKernel(nu=1.5)))


class Own(RBFKernel):
    """A kernel of a user's own."""


class RBF(RBFKernel):
    pass


RBF.__name__ = "RBFKernel"  # by its type, not by its name


def bounded(model):
    model.likelihood.raw_task_noises_constraint.lower_bound.fill_(0.1)
    return model


def with_prior(model):
    model.kernel.data_covar_module.register_prior("mine", GammaPrior(2, 2), lambda m: m.lengthscale)
    return model


def softplus(model):
    part = model.kernel.data_covar_module
    part.raw_lengthscale_constraint._transform = torch.nn.functional.softplus
    return model


@pytest.mark.parametrize(
    "argument, model",
    [
        ("fit", lambda: icm(DATA, kernel=Own())),
        ("fit", lambda: independent(DATA, kernel=RBF())),
        ("fit", lambda: lmc(DATA, kernels=[RQKernel(), RBFKernel() * Own()])),
        ("fit", lambda: icm(DATA, kernel=RBFKernel(lengthscale_constraint=GreaterThan(0.05)))),
        ("fit", lambda: lmc(DATA, kernels=[RBFKernel(), RQKernel(alpha_constraint=Interval(0.5, 2))])),
        ("fit", lambda: bounded(icm(DATA))),
        ("fit", lambda: with_prior(icm(DATA))),
        ("fit", lambda: softplus(icm(DATA))),
        ("tasks, units, x_names, notes", lambda: icm(replace(DATA, tasks=["a", 7]))),
        ("index", lambda: icm(named(pd.MultiIndex.from_product([[1, 2], [1, 2, 3]])))),
        ("index", lambda: icm(named(pd.to_timedelta(range(6), unit="h")))),
        ("index", lambda: icm(named(pd.Index(["a", 1, 2, 3, 4, 5])))),
        ("index", lambda: icm(named(pd.Index([*"abcde", None])))),
    ],
)
def test_what_a_file_cannot_hold_is_refused_and_nothing_is_written(argument, model, tmp_path):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        at_parameters(model()).save(tmp_path / "fit.npz")
    assert list(tmp_path.iterdir()) == []


def named(index):
    return replace(DATA, index=index)


def picture(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))


def other_npz(path):
    np.savez(path.open("wb"), x=np.zeros(3))


def objects(path):
    np.savez(path.open("wb"), header=np.array([{"a": 1}], dtype=object))


def petabytes(path):
    """The header of an array alone, with a shape that no memory has."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})


@pytest.mark.parametrize(
    "make",
    [
        picture,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(pickle.dumps({"a": 1})),
        lambda path: torch.save({"a": torch.zeros(1)}, path),
        other_npz,
        objects,
        petabytes,
    ],
)
def test_a_file_that_is_no_fit_is_refused(make, tmp_path):
    make(tmp_path / "file")
    with pytest.raises(ValueError, match="^path: .* is not a file that Fit.save wrote, or it is cut short; pass"):
        load(tmp_path / "file")


def test_a_file_that_is_cut_short_is_refused_wherever_it_ends(fitted, tmp_path):
    fitted.save(tmp_path / "fit.npz")
    whole = (tmp_path / "fit.npz").read_bytes()
    for size in range(0, len(whole), len(whole) // 9):
        (tmp_path / "short").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="cut short"):
            load(tmp_path / "short")


def rewritten(path, checksum=True, **words):
    """The file with other words in its header, and the checksum of these."""
    from mtgp_tutorial.saving import _checksum

    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(bytes(arrays["header"])) | words
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    if checksum:
        arrays["sha256"] = _checksum(arrays)
    np.savez(path, **arrays)


def test_a_file_from_before_the_names_of_all_inputs_is_read(tmp_path):
    path, table = tmp_path / "fit.npz", TaskData(torch.rand(6, 2), DATA.y, x_name="lon", x_names=["lon", "lat"])
    at_parameters(icm(table)).save(path)
    with np.load(path) as file:
        words = json.loads(bytes(file["header"]))["table"]
    assert words.pop("x_names") == ["lon", "lat"]
    rewritten(path, table=words)
    assert load(path).model.data.x_names == ("lon", "x 2")


def test_a_later_format_is_refused_by_its_version(fitted, tmp_path):
    path = tmp_path / "fit.npz"
    fitted.save(path)
    rewritten(path, checksum=False, version=4, module="9.9.0")
    with pytest.raises(ValueError, match=r"has format 4, of the module's 9.9.0, and this \S+ reads up to 3; install"):
        load(path)


@pytest.mark.parametrize("words", [{"family": "icm", "kernels": []}, {"family": "new"}, {"noise": "none at all"}, {}])
def test_words_that_lead_to_no_model_are_refused(words, fitted, tmp_path):
    path = tmp_path / "fit.npz"
    fitted.save(path)
    with np.load(path) as file:
        model = json.loads(bytes(file["header"]))["model"]
    rewritten(path, model=(model | words) if words else {})
    with pytest.raises(ValueError, match=r"^path: .* was written with the module's \S+, and this \S+ cannot build"):
        load(path)


def test_a_link_stays_a_link_and_rights_stay(fitted, tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "fit.npz", tmp_path / "link.npz"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    fitted.save(link)
    assert link.is_symlink() and target.stat().st_mode & 0o777 == 0o640
    assert load(link).model.data.tasks == load(target).model.data.tasks == DATA.tasks
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["fit.npz"]


@pytest.mark.parametrize("where", ["", "nowhere/fit.npz", "/proc/fit.npz", "a" * 300])
def test_a_place_where_nothing_can_be_written_is_named(where, fitted, tmp_path):
    with pytest.raises((OSError, ValueError), match="^path: "):
        fitted.save(tmp_path / where)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["", "missing.npz"])
def test_a_place_where_nothing_can_be_read_is_named(where, tmp_path):
    with pytest.raises(ValueError, match="^path: "):
        load(tmp_path / where)


def test_a_home_folder_is_found(fitted, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fitted.save("~/a fit, höher")  # as it was called, without an ending of its own
    assert [path.name for path in tmp_path.iterdir()] == ["a fit, höher"]
    assert torch.equal(predict(load("~/a fit, höher"), [0.3]).mean, predict(fitted, [0.3]).mean)


def test_reading_runs_no_code_of_the_file(tmp_path):
    """An array of objects would be unpickled, if it were allowed."""

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    fitted = at_parameters(icm(TaskData([0.0, 1, 2], [[1.0, 2], [2, 4], [4, 1]])))
    fitted.save(tmp_path / "fit.npz")
    with np.load(tmp_path / "fit.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "fit.npz", **arrays | {"table.sd": np.array([Evil()], dtype=object)})
    with pytest.raises(ValueError, match="has changed since it was written"):
        load(tmp_path / "fit.npz")
    assert not (tmp_path / "ran").exists()

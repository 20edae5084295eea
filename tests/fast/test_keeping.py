"""Files of fits: what is refused, and what an interrupted save leaves behind."""

import errno
import json
import os
import pickle
import zipfile
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
    "message, model",
    [
        (
            "fit: its kernel is of the type .*[.]Own, and a file holds GPyTorch's RBFKernel, ",
            lambda: icm(DATA, kernel=Own()),
        ),
        (
            "fit: its kernel is of the type .*test_keeping.RBFKernel, and a file holds",
            lambda: independent(DATA, kernel=RBF()),
        ),
        ("fit: its kernel is of the type .*[.]Own", lambda: lmc(DATA, kernels=[RQKernel(), RBFKernel() * Own()])),
        (
            "fit: .*lengthscale_constraint of its model is a GreaterThan of your own",
            lambda: icm(DATA, kernel=RBFKernel(lengthscale_constraint=GreaterThan(0.05))),
        ),
        (
            "fit: .*alpha_constraint of its model is an Interval of your own",
            lambda: lmc(DATA, kernels=[RBFKernel(), RQKernel(alpha_constraint=Interval(0.5, 2))]),
        ),
        ("fit: .*raw_task_noises_constraint of its model is a GreaterThan", lambda: bounded(icm(DATA))),
        ("fit: .*mine of its model is a GammaPrior of your own", lambda: with_prior(icm(DATA))),
        ("fit: .*lengthscale_constraint of its model is a Positive of your own", lambda: softplus(icm(DATA))),
        ("tasks, units, x_names, notes: 7 is no text", lambda: icm(replace(DATA, tasks=["a", 7]))),
        ("tasks, units, x_names, notes: 7 is no text", lambda: icm(replace(DATA, x_name=7))),
        ("index: is a MultiIndex", lambda: icm(named(pd.MultiIndex.from_product([[1, 2], [1, 2, 3]])))),
        ("index: is a CategoricalIndex", lambda: icm(named(pd.CategoricalIndex([*"aabbab"])))),
        ("index: is a TimedeltaIndex", lambda: icm(named(pd.to_timedelta(range(6), unit="h")))),
        ("index: is an Index of object", lambda: icm(named(pd.Index(["a", 1, 2, 3, 4, 5])))),
        ("index: is an Index of bool", lambda: icm(named(pd.Index([True, False] * 3)))),
        ("index: is an Index of .* called", lambda: icm(named(pd.Index([*"abcdef"], name=("a", "b"))))),
        ("index: is an Index of", lambda: icm(named(pd.Index([*"abcde", None])))),
    ],
)
def test_what_a_file_cannot_hold_is_refused_and_nothing_is_written(message, model, tmp_path):
    with pytest.raises(ValueError, match=f"^{message}"):
        at_parameters(model()).save(tmp_path / "fit.npz")
    assert list(tmp_path.iterdir()) == []


def named(index):
    return replace(DATA, index=index)


def picture(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))


def other_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header", "{}")


def other_npz(path):
    np.savez(path.open("wb"), x=np.zeros(3))


def objects(path):
    np.savez(path.open("wb"), header=np.array([{"a": 1}], dtype=object))


def petabytes(path):
    """The header of an array alone, with a shape that no memory has."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})


def foreign_header(words):
    return lambda path: np.savez(path.open("wb"), header=np.frombuffer(json.dumps(words).encode(), np.uint8))


@pytest.mark.parametrize(
    "make",
    [
        picture,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("a,b\n1,2\n"),
        lambda path: path.write_bytes(pickle.dumps({"a": 1})),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        lambda path: torch.save({"a": torch.zeros(1)}, path),
        other_zip,
        other_npz,
        objects,
        foreign_header([]),
        foreign_header({"format": "another", "version": 1}),
        foreign_header({"format": "fit of mtgp_tutorial", "version": "1"}),
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
    for size in range(0, len(whole), 499):
        (tmp_path / "short").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="cut short"):
            load(tmp_path / "short")


def test_a_byte_that_changes_anywhere_is_noticed_or_changes_nothing(fitted, tmp_path):
    """Some bytes of a zip are read by nobody: attributes and times of its entries."""
    fitted.save(tmp_path / "fit.npz")
    whole, refused = (tmp_path / "fit.npz").read_bytes(), 0
    expected = predict(fitted, [0.3]).mean
    for place in range(0, len(whole), 53):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        (tmp_path / "changed").write_bytes(changed)
        try:
            assert torch.equal(predict(load(tmp_path / "changed"), [0.3]).mean, expected)
        except ValueError as error:
            refused += str(error).startswith("path: ")
    assert refused > 0.75 * len(range(0, len(whole), 53))


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


def test_paths(fitted, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="^path: .*nowhere/fit.npz lies in a folder that does not exist; make it"):
        fitted.save(tmp_path / "nowhere" / "fit.npz")
    with pytest.raises(ValueError, match="^path: .* is a folder; pass the name of a file in it"):
        fitted.save(tmp_path)
    with pytest.raises(ValueError, match="^path: .* is a folder; pass a file of Fit.save"):
        load(tmp_path)
    with pytest.raises(ValueError, match="^path: .*missing.npz is not there; pass a file of Fit.save"):
        load(str(tmp_path / "missing.npz"))
    monkeypatch.setenv("HOME", str(tmp_path))
    fitted.save("~/a fit, höher")  # as it was called, without an ending of its own
    assert [path.name for path in tmp_path.iterdir()] == ["a fit, höher"]
    assert torch.equal(predict(load("~/a fit, höher"), [0.3]).mean, predict(fitted, [0.3]).mean)


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


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_save_leaves_the_old_file_whole(error, fitted, tmp_path, monkeypatch):
    path = tmp_path / "fit.npz"
    fitted.save(path)
    before = path.read_bytes()

    def failing(place):
        raise error

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(type(error)) as raised:
        at_parameters(independent(DATA)).save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["fit.npz"]
    said = (
        f"path: {path} could not be written (No space left on device) and holds what it held before; make room and try"
    )
    assert isinstance(error, KeyboardInterrupt) or str(raised.value) == f"{said} again"


@pytest.mark.parametrize("where", ["/proc/fit.npz", "a" * 300])
def test_a_place_where_nothing_can_be_written_is_named(where, fitted, tmp_path):
    with pytest.raises(OSError, match="^path: .* could not be written [(][NF].*[)] and does not exist; .* try again$"):
        fitted.save(tmp_path / where)
    assert list(tmp_path.iterdir()) == []


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

"""A fit in a file: numbers as they are, words as JSON, a version and a checksum; reading it runs no code of the file.

The file is a zip of numpy arrays (npz). "header" is JSON: format, version, module, and what model and
table are in words. Their arrays are "table.*" and "model.*"; "starts.*" are columns, "sha256" is the checksum of all.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel, MaternKernel, PeriodicKernel, ProductKernel, RBFKernel, RQKernel

from mtgp_tutorial.arguments import as_array, kind_of
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.inducing import SparseModel
from mtgp_tutorial.kernels import ConvexSum, ICMKernel, IndependentKernel, LMCKernel
from mtgp_tutorial.likelihoods import KINDS as LIKELIHOODS
from mtgp_tutorial.model import Model, icm, independent, lmc
from mtgp_tutorial.result import Fit
from mtgp_tutorial.writing import NotWritten, write

FORMAT, VERSION = "fit of mtgp_tutorial", 3  # 2: draws of an averaged fit; 3: counts
STARTS = {"objective": float, "evaluations": int, "converged": bool, "joined": int}
Arrays = dict[str, np.ndarray]
# of a file that holds something else, or less than it says: a shape of petabytes asks for memory first
UNREADABLE = (LookupError, ValueError, RuntimeError, EOFError, OSError, MemoryError, BadZipFile)


def save(fit: Fit, path: str | Path, draws: Arrays | None = None) -> None:
    """Write a fit to a file, in the place of one that is there. draws: of an averaged one. (`Fit.save`)"""
    target = Path(path).expanduser().resolve()  # a link stays a link, and what it points to is written
    if os.path.isdir(target):
        raise ValueError(f"path: {path} is a folder; pass the name of a file in it")
    if not os.path.isdir(target.parent):
        raise NotWritten(f"path: {path} lies in a folder that does not exist; make it, or pass another path")
    packed = io.BytesIO()
    np.savez(packed, **_arrays(fit, draws or {}))  # type: ignore[arg-type]
    write(target, packed.getbuffer(), "path")


def load(path: str | Path) -> Any:
    """The fit that `Fit.save` wrote, or the averaged one that `PosteriorSamples.save` did, on the CPU.

    On the same machine, with as many threads, its predictions are the same to the bit; elsewhere, to rounding. Nothing
    in the file is run.

    Args:
        path (str or Path): the file.
    Raises:
        ValueError: with one sentence, for a path without a file, a file that is no saved fit, one that has changed
            since it was written, and one of a later format.

    >>> import tempfile
    >>> import torch
    >>> from mtgp_tutorial import fit, icm, load, predict, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)), starts=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fitted.save(f"{folder}/sines.fit")
    ...     again = load(f"{folder}/sines.fit")
    >>> one, other = predict(again, [0.3]), predict(fitted, [0.3])
    >>> torch.equal(one.mean, other.mean)
    True
    """
    from mtgp_tutorial.posterior_sampling import PosteriorSamples  # which saves, too

    source = Path(path).expanduser()
    if not source.is_file():
        raise ValueError(f"path: {path} is {'a folder' if source.is_dir() else 'not there'}; pass a file of Fit.save")
    with source.open("rb") as file:
        header, arrays = _opened(file, path)
    try:
        fitted, draws = _fit_of(header, arrays), _part(arrays, "draws.")
        return PosteriorSamples.of_arrays(fitted, draws) if draws else fitted
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"path: {path} was written with the module's {header['module']}, and this {_here()} cannot build "
            f"its model ({reason}); install the other version, or fit again"
        ) from None


def _fit_of(header: dict[str, Any], arrays: Arrays) -> Fit:
    """The fit of a file; older ones do not know what was joined and what was frozen."""
    data = _table_of(header["table"], _part(arrays, "table."))
    columns = {"joined": np.arange(len(arrays["starts.objective"]))} | _part(arrays, "starts.")
    starts = pd.DataFrame(columns, columns=list(STARTS)).rename_axis("start")
    frozen = None if header.get("frozen") is None else tuple(header["frozen"])
    model = _model_of(header["model"], _part(arrays, "model."), data)
    return Fit(model, header["priors"], float(arrays["log_likelihood"]), starts, frozen)


def _arrays(fit: Fit, draws: Arrays) -> Arrays:
    """All that the file holds, by name."""
    data, numbers = fit.model.data, _model_numbers(fit.model)
    table, model = _table_words(data), _model_words(fit.model, numbers)
    version = 3 if fit.model.counts else 2 if draws else 1
    header = {"format": FORMAT, "version": version, "module": _here(), "table": table, "model": model}
    header |= {"frozen": None if fit.frozen is None else list(fit.frozen), "priors": bool(fit.priors)}
    arrays = {f"table.{name}": as_array(each) for name in ("x", "y", "sd") if (each := getattr(data, name)) is not None}
    arrays |= {f"model.{name}": value for name, value in numbers.items()}
    arrays |= {f"starts.{name}": fit.starts[name].to_numpy(dtype=kind) for name, kind in STARTS.items()}
    arrays |= {f"draws.{name}": value for name, value in draws.items()}
    arrays["log_likelihood"] = np.array(fit.log_likelihood, dtype=float)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    return arrays | {"sha256": _checksum(arrays)}


def _opened(file: Any, path: str | Path) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of an open file, checked; the version comes first, as a later one may have another checksum."""
    try:
        archive = np.load(file, allow_pickle=False)
        if any(one.compress_type for one in archive.zip.infolist()):  # save packs nothing, and this may unpack to much
            raise ValueError
        header = json.loads(bytes(archive["header"]))
        version = header["version"] if header["format"] == FORMAT else None
    except (AttributeError, TypeError, *UNREADABLE):
        version = None
    if not isinstance(version, int):
        raise ValueError(f"path: {path} is not a file that Fit.save wrote, or it is cut short; pass one that is whole")
    if version > VERSION:
        raise ValueError(
            f"path: {path} has format {version}, of the module's {header['module']}, and this {_here()} reads up to "
            f"{VERSION}; install a later one"
        )
    try:
        arrays = {name: np.asarray(archive[name]) for name in archive.files}
        whole = np.array_equal(arrays.pop("sha256"), _checksum(arrays))
    except UNREADABLE:
        whole = False
    if not whole:
        raise ValueError(f"path: {path} has changed since it was written; take a copy that is whole, or fit again")
    return header, arrays


def _checksum(arrays: Arrays) -> np.ndarray:
    """SHA-256 of names, types, shapes and bytes of all arrays but itself."""
    found = hashlib.sha256()
    for name in sorted(arrays.keys() - {"sha256"}):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.tobytes())
    return np.frombuffer(found.digest(), dtype=np.uint8)


def _part(arrays: Arrays, start: str) -> Arrays:
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def _here() -> str:
    """The module's version. (An import of the package from one of its rooms would be one of all floors.)"""
    return str(sys.modules[__name__.partition(".")[0]].__version__)


KERNELS: dict[str, Any] = {
    kind.__name__: kind for kind in (RBFKernel, MaternKernel, RQKernel, PeriodicKernel, ProductKernel, ConvexSum)
}


def _model_numbers(model: Model) -> Arrays:
    """Every number in a model: parameters, bounds of constraints, sites. kappa of exactly 0 is minus infinity here."""
    numbers = {name: as_array(value) for name, value in model.state_dict().items()}
    sites = {"y": model.sites.y, "variances": model.sites.variances, "sizes": model.sizes} if model.counts else {}
    return numbers | {f"sites.{name}": as_array(value) for name, value in sites.items()}


def _model_words(model: Model, numbers: Arrays) -> dict[str, Any]:
    """Words that build the model again, for JSON.

    Raises ValueError for what words do not hold: kernels beyond KERNELS, by exact type, and constraints, bounds or
    priors of a user's own.
    """
    kernel = model.kernel
    words: dict[str, Any] = {"noise": model.noise}
    if type(kernel) is IndependentKernel:
        inner = kernel.kernels[0].base_kernel
        words |= {"family": "independent", "hyper": "shared" if kernel.shared else "own", "kernel": _as_plain(inner)}
    elif type(kernel) in (ICMKernel, LMCKernel):
        words["family"] = "icm" if type(kernel) is ICMKernel else "lmc"
        words["kernels"] = [_as_plain(part.data_covar_module) for part in kernel.coregional]
        words["ranks"] = [part.task_covar_module.covar_factor.shape[-1] for part in kernel.coregional]
    else:
        raise ValueError(f"fit: its model has a {type(kernel).__name__}; a file holds those of independent, icm, lmc")
    words["free"] = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if model.counts:
        words["laws"] = [[law.word, law.overdispersed] for law in model.laws]
    _check_same(model, _built(words, model.data, numbers))
    return words


def _model_of(words: dict[str, Any], numbers: Arrays, data: TaskData) -> Model:
    """The model again, on a table: the same words, and the same numbers to the bit."""
    model, tensors = _built(words, data, numbers), {name: torch.as_tensor(value) for name, value in numbers.items()}
    model.load_state_dict({name: value for name, value in tensors.items() if not name.startswith("sites.")})
    if "laws" in words:
        model.put_sites(tensors["sites.y"], tensors["sites.variances"])
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in words["free"])
    return model


def _as_plain(kernel: Kernel) -> dict[str, Any]:
    """A kernel by its exact type and options."""
    if KERNELS.get(type(kernel).__name__) is not type(kernel):
        raise ValueError(
            f"fit: its kernel is of the type {type(kernel).__module__}.{type(kernel).__name__}, and a file holds "
            f"GPyTorch's {', '.join(KERNELS)} alone; keep its parameters by their names, and build the model again "
            "(at_parameters)"
        )
    plain: dict[str, Any] = {"kind": type(kernel).__name__}
    if type(kernel) in (ProductKernel, ConvexSum):
        return plain | {"of": [_as_plain(part) for part in kernel.kernels]}
    options = {"ard_num_dims": kernel.ard_num_dims, "nu": getattr(kernel, "nu", None)}
    options["active_dims"] = None if kernel.active_dims is None else kernel.active_dims.tolist()
    return plain | {"options": {name: value for name, value in options.items() if value is not None}}


def _kernel(plain: dict[str, Any]) -> Kernel:
    kind = KERNELS[plain["kind"]]
    return kind(*map(_kernel, plain["of"])) if "of" in plain else kind(**plain["options"])


def _built(words: dict[str, Any], data: TaskData, numbers: Arrays) -> Model:
    """The model that the words name, at numbers of no meaning, with the inducing inputs of a sparse one."""
    how: dict[str, Any] = {"noise": words["noise"]}
    if "laws" in words:
        laws = [LIKELIHOODS[word](overdispersed=wide) for word, wide in words["laws"]]
        sized = zip(data.tasks, laws, numbers["sites.sizes"].T)
        how["likelihood"] = {task: replace(law, exposure=size) if law.exposed else law for task, law, size in sized}
    if words["family"] == "independent":
        model = independent(data, hyperparameters=words["hyper"], kernel=_kernel(words["kernel"]), **how)
    elif words["family"] == "icm":
        model = icm(data, rank=words["ranks"][0], kernel=_kernel(words["kernels"][0]), **how)
    else:
        model = lmc(data, kernels=[_kernel(one) for one in words["kernels"]], rank=words["ranks"], **how)
    return SparseModel(model, torch.as_tensor(numbers["inducing"])) if "inducing" in numbers else model


def _check_same(model: Model, again: Model) -> None:
    """Modules of the same types at the same places, with the same bounds: all that is not in the words."""
    ours, theirs = _parts(model), _parts(again)
    for name in ours | theirs:
        if ours.get(name) != theirs.get(name):
            other = dict([*again.named_modules(), *model.named_modules()])[name]
            raise ValueError(
                f"fit: {name} of its model is {kind_of(other)} of your own, and a file holds models as "
                "independent, icm and lmc build them; take its constraints, bounds and priors away"
            )


def _parts(model: Model) -> dict[str, tuple[Any, ...]]:
    """Of each module in it the type, how it constrains and the bounds."""
    return {
        name: (type(part), getattr(part, "_transform", None), [bound.tolist() for bound in part.buffers(recurse=False)])
        for name, part in model.named_modules()
    }


def _table_words(data: TaskData) -> dict[str, Any]:
    """All of a table but its numbers, for JSON. Raises ValueError for names that are not texts."""
    for name in (*data.tasks, *data.units, *data.x_names, data.x_unit, *data.notes):
        if not isinstance(name, str):
            raise ValueError(f"tasks, units, x_names, notes: {name!r} is no text; name it by one")
    words: dict[str, Any] = {name: list(getattr(data, name)) for name in ("tasks", "units", "x_names", "notes")}
    words |= {"x_name": data.x_name, "x_unit": data.x_unit, "index": None, "calendar": None}
    if data.index is not None:
        words["index"] = _index_words(data.index)
    if data.calendar is not None:
        origin = pd.Timestamp(data.calendar.origin)
        words["calendar"] = {"unit": data.calendar.unit, "zone": data.calendar.zone}
        words["calendar"] |= {"origin": origin.isoformat(), "steps": origin.unit}
    return words


def _table_of(words: dict[str, Any], arrays: Arrays) -> TaskData:
    """The table again, on the CPU; older files name its first input alone."""
    given: dict[str, Any] = {name: words[name] for name in ("tasks", "units", "x_name", "x_unit", "notes")}
    given |= {name: torch.as_tensor(values) for name, values in arrays.items()}
    if dates := words["calendar"]:
        origin = pd.Timestamp(dates["origin"]).as_unit(dates["steps"])
        given["calendar"] = Calendar(dates["unit"], origin, dates["zone"])
    if words["index"]:
        given["index"] = _index_of(words["index"])
    return TaskData(**given, x_names=words.get("x_names", ()))


def _index_words(index: pd.Index) -> dict[str, Any]:
    """A pandas index as words and whole numbers: texts, numbers, dates or periods. Raises ValueError for others."""
    plain = {"kind": type(index).__name__, "dtype": str(index.dtype), "name": index.name}
    if isinstance(index, pd.RangeIndex):
        plain["values"] = [index.start, index.stop, index.step]
    elif isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        plain |= {"values": index.asi8.tolist(), "freq": index.freqstr}
    elif index.inferred_type in ("integer", "floating", "string") and not index.hasnans:
        plain["values"] = index.tolist()
    try:
        again = _index_of(plain)
        kept = isinstance(index.name, (str, int, type(None))) and again.dtype == index.dtype and again.equals(index)
    except (ValueError, TypeError, KeyError):  # no values, or a zone or a step that has no name
        kept = False
    if not kept:
        raise ValueError(
            f"index: is {kind_of(index)} of {index.dtype} called {index.name!r}, and a file holds texts, numbers, "
            "dates and periods with a text for a name; pass one of these, or none"
        )
    return plain


def _index_of(plain: dict[str, Any]) -> pd.Index:
    """The index again."""
    kind, values, name = plain["kind"], plain["values"], plain["name"]
    if kind == "RangeIndex":
        return pd.RangeIndex(*values, name=name)
    if kind == "PeriodIndex":
        return pd.PeriodIndex.from_ordinals(values, freq=plain["freq"], name=name)
    if kind == "DatetimeIndex":
        return pd.DatetimeIndex(np.array(values, dtype="int64"), dtype=plain["dtype"], freq=plain["freq"], name=name)
    return pd.Index(values, dtype=plain["dtype"], name=name)

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
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.inducing import SparseModel
from mtgp_tutorial.kernels import ICMKernel, IndependentKernel, LMCKernel
from mtgp_tutorial.likelihoods import KINDS as LIKELIHOODS
from mtgp_tutorial.likelihoods import Likelihood
from mtgp_tutorial.model import Model, icm, independent, lmc
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.dates import Calendar
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


def read_fit(path: str | Path) -> tuple[tuple[Any, ...], Arrays]:
    """What a Fit is made of, from the file that `Fit.save` wrote, and the draws of an averaged one. (`load`)"""
    source = Path(path).expanduser()
    if not source.is_file():
        raise ValueError(f"path: {path} is {'a folder' if source.is_dir() else 'not there'}; pass a file of Fit.save")
    with source.open("rb") as file:
        header, arrays = _opened(file, path)
    try:
        data = table_from_plain(header["table"], _part(arrays, "table."))
        model = model_from_plain(header["model"], _part(arrays, "model."), data)
        columns = _part(arrays, "starts.")
        columns.setdefault("joined", np.arange(len(columns["objective"])))  # older files do not know
        starts = pd.DataFrame(columns, columns=list(STARTS)).rename_axis("start")
        frozen = None if header.get("frozen") is None else tuple(header["frozen"])  # nor this
        fields = model, header["priors"], float(arrays["log_likelihood"]), starts, frozen
        return fields, _part(arrays, "draws.")
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"path: {path} was written with the module's {header['module']}, and this {_here()} cannot build "
            f"its model ({reason}); install the other version, or fit again"
        ) from None


def _arrays(fit: Fit, draws: Arrays) -> Arrays:
    """All that the file holds, by name."""
    table, tensors = table_as_plain(fit.model.data)
    model, numbers = model_as_plain(fit.model)
    version = 3 if fit.model.counts else 2 if draws else 1
    header = {"format": FORMAT, "version": version, "module": _here(), "table": table, "model": model}
    header |= {"frozen": None if fit.frozen is None else list(fit.frozen), "priors": bool(fit.priors)}
    arrays = {f"table.{name}": value for name, value in tensors.items()}
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
    kind.__name__: kind for kind in (RBFKernel, MaternKernel, RQKernel, PeriodicKernel, ProductKernel)
}


def model_as_plain(model: Model) -> tuple[dict[str, Any], Arrays]:
    """Words that build the model again, for JSON, and every number in it: parameters, and bounds of constraints.

    kappa that is exactly 0 (kappa=False) is minus infinity among the numbers. Raises ValueError for what words do not
    hold: kernels beyond KERNELS, by exact type, and constraints, bounds or priors of a user's own.
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
    numbers = {name: as_array(value) for name, value in model.state_dict().items()}
    if model.counts:
        words["laws"] = [[law.word, law.overdispersed] for law in model.laws]
        sites = {"y": model.sites.y, "variances": model.sites.variances, "sizes": model.sizes}
        numbers |= {f"sites.{name}": as_array(value) for name, value in sites.items()}
    _check_same(model, _built(words, model.data, model.inducing if isinstance(model, SparseModel) else None, numbers))
    return words, numbers


def model_from_plain(words: dict[str, Any], numbers: Arrays, data: TaskData) -> Model:
    """The model again, on a table: the same words, and the same numbers to the bit."""
    points, sites = numbers.get("inducing"), _part(numbers, "sites.")
    model = _built(words, data, None if points is None else torch.as_tensor(points), numbers)
    own = {name: torch.as_tensor(value) for name, value in numbers.items() if not name.startswith("sites.")}
    model.load_state_dict(own)
    if sites:
        model.put_sites(*(torch.as_tensor(sites[name]) for name in ("y", "variances")))
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
    if type(kernel) is ProductKernel:
        return plain | {"of": [_as_plain(part) for part in kernel.kernels]}
    options = {"ard_num_dims": kernel.ard_num_dims, "nu": getattr(kernel, "nu", None)}
    return plain | {"options": {name: value for name, value in options.items() if value is not None}}


def _kernel(plain: dict[str, Any]) -> Kernel:
    kind = KERNELS[plain["kind"]]
    return kind(*map(_kernel, plain["of"])) if kind is ProductKernel else kind(**plain["options"])


def _built(words: dict[str, Any], data: TaskData, inducing: torch.Tensor | None, numbers: Arrays) -> Model:
    """The model that the words name, at numbers of no meaning, with the inducing inputs of a sparse one."""
    how: dict[str, Any] = {"noise": words["noise"]}
    if "laws" in words:
        how["likelihood"] = _laws(words["laws"], data, numbers["sites.sizes"])
    if words["family"] == "independent":
        model = independent(data, hyperparameters=words["hyper"], kernel=_kernel(words["kernel"]), **how)
    elif words["family"] == "icm":
        model = icm(data, rank=words["ranks"][0], kernel=_kernel(words["kernels"][0]), **how)
    else:
        model = lmc(data, kernels=[_kernel(one) for one in words["kernels"]], rank=words["ranks"], **how)
    return model if inducing is None else SparseModel(model, inducing)


def _laws(words: list[list[Any]], data: TaskData, sizes: np.ndarray) -> dict[str, Likelihood]:
    """The likelihood of each task, by its word and whether it is overdispersed, with its sizes."""
    own = [LIKELIHOODS[word](overdispersed=wide) for word, wide in words]
    each = [replace(law, exposure=size) if law.exposed else law for law, size in zip(own, sizes.T)]
    return dict(zip(data.tasks, each))


def _check_same(model: Model, again: Model) -> None:
    """Modules of the same types at the same places, with the same bounds: all that is not in the words."""
    ours, theirs = dict(model.named_modules()), dict(again.named_modules())
    for name in [*ours, *theirs]:
        one, other = ours.get(name), theirs.get(name)
        same = type(one) is type(other) and getattr(one, "_transform", 0) is getattr(other, "_transform", 0)
        if one is not None and other is not None and same:
            bounds, others = dict(one.named_buffers(recurse=False)), dict(other.named_buffers(recurse=False))
            same = bounds.keys() == others.keys() and all(
                torch.equal(bounds[key], others[key].to(bounds[key])) for key in bounds
            )
        if not same:
            raise ValueError(
                f"fit: {name} of its model is {kind_of(one or other)} of your own, and a file holds models as "
                "independent, icm and lmc build them; take its constraints, bounds and priors away"
            )


def table_as_plain(data: TaskData) -> tuple[dict[str, Any], Arrays]:
    """Words of a table, for JSON, and its arrays x, y and (where there is one) sd.

    Raises ValueError for names that are not texts and for an index of a kind that `index_as_plain` does not know.
    """
    for name in (*data.tasks, *data.units, *data.x_names, data.x_unit, *data.notes):
        if not isinstance(name, str):
            raise ValueError(f"tasks, units, x_names, notes: {name!r} is no text; name it by one")
    words = {
        **{name: list(getattr(data, name)) for name in ("tasks", "units", "x_names", "notes")},
        "x_name": data.x_name,
        "x_unit": data.x_unit,
        "index": None if data.index is None else index_as_plain(data.index),
        "calendar": None if data.calendar is None else _calendar_as_plain(data.calendar),
    }
    arrays = {"x": data.x, "y": data.y} | ({} if data.sd is None else {"sd": data.sd})
    return words, {name: as_array(value) for name, value in arrays.items()}


def table_from_plain(words: dict[str, Any], arrays: Arrays) -> TaskData:
    """The table again, on the CPU."""
    index, dates = words["index"], words["calendar"]
    given: dict[str, Any] = {name: torch.as_tensor(arrays[name]) for name in ("x", "y", "sd") if name in arrays}
    return TaskData(
        **given | {name: words[name] for name in ("tasks", "units", "x_name", "x_unit", "notes")},
        x_names=words.get("x_names", ()),  # older files name the first input alone
        index=None if index is None else index_from_plain(index),
        calendar=None
        if dates is None
        else Calendar(dates["unit"], pd.Timestamp(dates["origin"]).as_unit(dates["steps"]), dates["zone"]),
    )


def index_as_plain(index: pd.Index) -> dict[str, Any]:
    """A pandas index as words and whole numbers.

    Known are RangeIndex, DatetimeIndex (also with a zone), PeriodIndex, and indices of integers, floats or texts
    without gaps. Raises ValueError for all others.
    """
    kind, plain = type(index), {"kind": type(index).__name__, "dtype": str(index.dtype), "name": index.name}
    if kind is pd.RangeIndex:
        plain["values"] = [index.start, index.stop, index.step]
    elif kind in (pd.DatetimeIndex, pd.PeriodIndex):
        zone, unit = getattr(index, "tz", None), getattr(index, "unit", None)
        plain |= {"values": index.asi8.tolist(), "freq": index.freqstr, "unit": unit, "zone": zone and str(zone)}
    elif kind is pd.Index and index.inferred_type in ("integer", "floating", "string") and not index.hasnans:
        plain["values"] = index.tolist()
    try:
        again = index_from_plain(plain)
        kept = isinstance(index.name, (str, int, type(None))) and again.dtype == index.dtype and again.equals(index)
    except (ValueError, TypeError, KeyError):  # no values, or a zone or a step that has no name
        kept = False
    if not kept:
        raise ValueError(
            f"index: is {kind_of(index)} of {index.dtype} called {index.name!r}, and a file holds texts, numbers, "
            "dates and periods with a text for a name; pass one of these, or none"
        )
    return plain


def index_from_plain(plain: dict[str, Any]) -> pd.Index:
    """The index again."""
    kind, values, name = plain["kind"], plain["values"], plain["name"]
    if kind == "RangeIndex":
        return pd.RangeIndex(*values, name=name)
    if kind == "PeriodIndex":
        return pd.PeriodIndex(pd.arrays.PeriodArray(np.array(values, dtype="int64"), dtype=plain["dtype"]), name=name)
    if kind == "DatetimeIndex":
        when = pd.DatetimeIndex(np.array(values, dtype="int64").view(f"M8[{plain['unit']}]"))
        when = when if plain["zone"] is None else when.tz_localize("UTC").tz_convert(plain["zone"])
        return pd.DatetimeIndex(when, freq=plain["freq"], name=name)
    return pd.Index(values, dtype=plain["dtype"], name=name)


def _calendar_as_plain(calendar: Any) -> dict[str, Any]:
    origin = pd.Timestamp(calendar.origin)
    return {"unit": calendar.unit, "origin": origin.isoformat(), "steps": origin.unit, "zone": calendar.zone}

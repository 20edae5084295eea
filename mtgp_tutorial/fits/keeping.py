"""A fit in a file: numbers as they are, words as JSON, a version and a checksum; reading it runs no code of the file.

The file is a zip of numpy arrays (npz). "header" is JSON: format, version, module, and what `models/plain` and
`table/plain` say. Their arrays are "table.*" and "model.*"; "starts.*" are columns, "sha256" is the checksum of all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.models.plain import model_as_plain, model_from_plain
from mtgp_tutorial.table.plain import table_as_plain, table_from_plain

FORMAT, VERSION = "fit of mtgp_tutorial", 1
STARTS = {"objective": float, "evaluations": int, "converged": bool}
Arrays = dict[str, np.ndarray]


def save(fit: Fit, path: str | Path) -> None:
    """Write a fit to a file, in the place of one that is there. (`Fit.save`)"""
    target = Path(path).expanduser().resolve()  # a link stays a link, and what it points to is written
    if target.is_dir():
        raise ValueError(f"path: {path} is a folder; pass the name of a file in it")
    if not target.parent.is_dir():
        raise ValueError(f"path: {path} lies in a folder that does not exist; make it, or pass another path")
    arrays, draft = _arrays(fit), Path(f"{target}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def load(path: str | Path) -> Fit:
    """The fit that `Fit.save` wrote, on the CPU.

    On the same machine, with as many threads, its predictions are the same to the bit; elsewhere, to rounding.

    Nothing in the file is run. Raises ValueError, with one sentence, for a path without a file, a file that is no saved
    fit, one that has changed since it was written, and one of a later format.

    >>> import tempfile
    >>> import torch
    >>> from mtgp_tutorial import fit, icm, load, predict, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)), starts=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fitted.save(f"{folder}/sines.fit")
    ...     again = load(f"{folder}/sines.fit")
    >>> torch.equal(predict(again, [0.3]).mean, predict(fitted, [0.3]).mean)
    True
    """
    source = Path(path).expanduser()
    if not source.is_file():
        raise ValueError(f"path: {path} is {'a folder' if source.is_dir() else 'not there'}; pass a file of Fit.save")
    with source.open("rb") as file:
        header, arrays = _opened(file, path)
    try:
        data = table_from_plain(header["table"], _part(arrays, "table."))
        model = model_from_plain(header["model"], _part(arrays, "model."), data)
        starts = pd.DataFrame(_part(arrays, "starts."), columns=list(STARTS)).rename_axis("start")
        return Fit(model, header["priors"], float(arrays["log_likelihood"]), starts)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"path: {path} was written with the module's {header['module']}, and this {_here()} cannot build "
            f"its model ({reason}); install the other version, or fit again"
        ) from None


def _arrays(fit: Fit) -> Arrays:
    """All that the file holds, by name."""
    table, tensors = table_as_plain(fit.model.data)
    model, numbers = model_as_plain(fit.model)
    header = {"format": FORMAT, "version": VERSION, "module": _here(), "table": table, "model": model}
    arrays = {f"table.{name}": value for name, value in tensors.items()}
    arrays |= {f"model.{name}": value for name, value in numbers.items()}
    arrays |= {f"starts.{name}": fit.starts[name].to_numpy(dtype=kind) for name, kind in STARTS.items()}
    arrays["log_likelihood"] = np.array(fit.log_likelihood, dtype=float)
    arrays["header"] = np.frombuffer(json.dumps(header | {"priors": bool(fit.priors)}).encode(), dtype=np.uint8)
    return arrays | {"sha256": _checksum(arrays)}


def _opened(file: Any, path: str | Path) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of an open file, checked; the version comes first, as a later one may have another checksum."""
    try:
        archive = np.load(file, allow_pickle=False)
        header = json.loads(bytes(archive["header"]))
        version = header["version"] if header["format"] == FORMAT else None
    except (LookupError, TypeError, ValueError, RuntimeError, EOFError, BadZipFile):
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
    except (LookupError, ValueError, RuntimeError, EOFError, BadZipFile):
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

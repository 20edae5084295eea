"""Checkpoints that are whole or not there, and that tell whose they are."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch


def save(path: str | Path, state: dict[str, Any]) -> None:
    """Write beside the file, flush to disk, put in its place: killed at any moment, it leaves the old file or the new.

    OSError in one sentence where it cannot be written, as on a full disk; the old file is then as it was.
    """
    packed, beside = io.BytesIO(), Path(f"{path}.part")
    torch.save(state, packed)  # in memory first: what torch raises on a full disk does not say so
    try:
        with open(beside, "wb") as file:
            file.write(packed.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        folder = os.open(Path(path).resolve().parent, os.O_RDONLY)  # the new name has to reach the disk, too
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        kept = "holds what it held before" if Path(path).exists() else "does not exist"
        why = f"checkpoint: {path} could not be written ({error.strerror}) and {kept}"
        mend = "make room" if error.errno == errno.ENOSPC else "mend that"
        raise OSError(f"{why}; {mend} and start the same command again") from None


def load(path: str | Path, marks: dict[str, Any]) -> dict[str, Any] | None:
    """The state in the file, None where there is no file. marks: what a run must share with the one that wrote it.

    ValueError in one sentence where the file is damaged, or of another model, table or setting.
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # a process may have another device
        theirs = state["marks"]
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError):
        raise ValueError(f"checkpoint: {path} is damaged or no checkpoint; remove it to start afresh") from None
    for name, ours in marks.items():
        if theirs.get(name) != ours:
            said = f"checkpoint: {path} is of a run with {name} {theirs.get(name)}, and this one has {ours}"
            raise ValueError(f"{said}; name another file, or start the run as that one was")
    return state

"""Checkpoints that are whole or not there, and that tell whose they are."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from mtgp_tutorial.writing import write


def save(path: str | Path, state: dict[str, Any]) -> None:
    """Write the state. OSError in one sentence where that cannot be, as on a full disk; the old file is as it was."""
    packed = io.BytesIO()
    torch.save(state, packed)  # in memory first: what torch raises on a full disk does not say so
    write(path, packed.getbuffer(), "checkpoint")


def load(path: str | Path, marks: dict[str, Any]) -> dict[str, Any] | None:
    """The state in the file, None where there is no file. marks: what a run must share with the one that wrote it.

    ValueError in one sentence where the file is damaged, or of another model, table or setting.
    """
    if not os.path.exists(path):
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

"""Saved fits, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtgp_tutorial import saving
from mtgp_tutorial.posterior_sampling import PosteriorSamples
from mtgp_tutorial.result import Fit


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
    fields, draws = saving.read_fit(path)
    return PosteriorSamples.of_arrays(Fit(*fields), draws) if draws else Fit(*fields)

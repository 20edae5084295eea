"""A model at parameters that a user sets, without fitting."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.exact import forms
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.models.model import Model


def with_parameters(model: Model, parameters: Mapping[str, Any] | None = None) -> Fit:
    """A Fit of the model at given parameters, without fitting: for `predict`, `impute`, `sample`, `leave_out`.

    parameters: what to set, by GPyTorch's names, such as {"kernel.data_covar_module.lengthscale": 0.3,
    "likelihood.task_noises": 0.05}, in standardised units; all else keeps its value. (The noise stands in
    "likelihood.noise" when tasks share it, and in "likelihood.task_noise_covar_factor" when Sigma is full.) Numbers are
    stored in double precision; GPyTorch's own setters take them through single precision. The argument is left as it
    was.
    Raises ValueError for a name that is not there, and for a value that does not fit it.

    >>> from mtgp_tutorial import icm, predict, simulate, with_parameters
    >>> model = icm(simulate.two_sines(seed=1))
    >>> given = with_parameters(model, {"kernel.data_covar_module.lengthscale": 0.3})
    >>> [round(length, 6) for length in given.length_scales]
    [0.3]
    >>> tuple(predict(given, [0.5]).mean.shape)
    (1, 2)
    """
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table (a Fit's is its .model)")
    model = copy.deepcopy(model).requires_grad_(False)
    for name, value in (parameters or {}).items():
        fault = _set(model, name, value)
        if fault:
            raise ValueError(f"parameters: {name!r} cannot be {value!r} ({fault}); pass another name or value")
    with torch.no_grad():
        forms.check_size(model.problem())
        value = float(model.log_likelihood() - model.log_scale())
    return Fit(model, False, value, pd.DataFrame(columns=["objective", "evaluations", "converged"]))


def _set(model: Model, name: str, value: Any) -> str:
    """Set one parameter; returns why that cannot be done, or nothing."""
    path, _, last = name.rpartition(".")
    try:
        module = model.get_submodule(path)
        old = getattr(module, last)
    except AttributeError:
        return "the model has no such parameter"
    if not torch.is_tensor(old) or last in dict(module.named_buffers(recurse=False)):
        return "it is no parameter"
    if model.noise == "full" and name in ("likelihood.noise", "likelihood.raw_noise"):
        return "it is the floor, which is fixed"
    try:
        new = torch.as_tensor(value, dtype=torch.float64).to(old.device)
    except (RuntimeError, TypeError, ValueError):
        return "it takes numbers"
    if new.dim() > 0 and new.shape != old.shape:
        return f"it takes one number, or numbers of shape {tuple(old.shape)}"
    try:
        if last in dict(module.named_parameters(recurse=False)):
            old.data.copy_(new)
        else:
            setattr(module, last, new.expand_as(old))
    except RuntimeError:
        return "outside its constraint"
    stored = getattr(module, f"raw_{last}", old)  # the logarithm of 0 is for kappa alone
    fits = torch.allclose(getattr(module, last), new) and (last == "var" or bool(stored.isfinite().all()))
    return "" if fits else "outside its constraint"

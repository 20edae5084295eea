"""A model as plain values and arrays, and back: its family and kernels by name, its numbers as they stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gpytorch.kernels import Kernel, MaternKernel, PeriodicKernel, ProductKernel, RBFKernel, RQKernel

from mtgp_tutorial.models.building import icm, independent, lmc
from mtgp_tutorial.models.kernels import ICMKernel, IndependentKernel, LMCKernel
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData

KERNELS: dict[str, Any] = {
    kind.__name__: kind for kind in (RBFKernel, MaternKernel, RQKernel, PeriodicKernel, ProductKernel)
}
Arrays = dict[str, np.ndarray]


def model_as_plain(model: Model) -> tuple[dict[str, Any], Arrays]:
    """Words that build the model again, for JSON, and every number in it: parameters, and bounds of constraints.

    kappa that is exactly 0 (own=False) is minus infinity among the numbers. Raises ValueError for what words do not
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
    _check_same(model, _built(words, model.data, model.inducing))
    return words, {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}


def model_from_plain(words: dict[str, Any], numbers: Arrays, data: TaskData) -> Model:
    """The model again, on a table: the same words, and the same numbers to the bit."""
    points = numbers.get("inducing")
    model = _built(words, data, None if points is None else torch.as_tensor(points))
    model.load_state_dict({name: torch.as_tensor(value) for name, value in numbers.items()})
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in words["free"])
    return model


def _as_plain(kernel: Kernel) -> dict[str, Any]:
    """A kernel by its exact type and options."""
    if KERNELS.get(type(kernel).__name__) is not type(kernel):
        raise ValueError(
            f"fit: its kernel is a {type(kernel).__name__}, and a file holds {', '.join(KERNELS)} alone; keep its "
            "parameters by their names, and build the model again (with_parameters)"
        )
    plain: dict[str, Any] = {"kind": type(kernel).__name__}
    if type(kernel) is ProductKernel:
        return plain | {"of": [_as_plain(part) for part in kernel.kernels]}
    options = {"ard_num_dims": kernel.ard_num_dims, "nu": getattr(kernel, "nu", None)}
    return plain | {"options": {name: value for name, value in options.items() if value is not None}}


def _kernel(plain: dict[str, Any]) -> Kernel:
    kind = KERNELS[plain["kind"]]
    return kind(*map(_kernel, plain["of"])) if kind is ProductKernel else kind(**plain["options"])


def _built(words: dict[str, Any], data: TaskData, inducing: torch.Tensor | None) -> Model:
    """The model that the words name, at numbers of no meaning, with the inducing inputs of a sparse one."""
    model = _family(words, data)
    model.inducing = inducing
    return model


def _family(words: dict[str, Any], data: TaskData) -> Model:
    if words["family"] == "independent":
        return independent(data, hyper=words["hyper"], noise=words["noise"], kernel=_kernel(words["kernel"]))
    kernels = [_kernel(one) for one in words["kernels"]]
    if words["family"] == "icm":
        return icm(data, rank=words["ranks"][0], noise=words["noise"], kernel=kernels[0])
    return lmc(data, kernels=kernels, rank=words["ranks"], noise=words["noise"])


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
                f"fit: {name} of its model is a {type(one or other).__name__} of your own, and a file holds models as "
                "independent, icm and lmc build them; take its constraints, bounds and priors away"
            )

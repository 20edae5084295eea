"""Where the parameters of each term stand in a model, by GPyTorch's names."""

from __future__ import annotations

from typing import NamedTuple

import torch
from gpytorch.constraints import Positive
from gpytorch.kernels import Kernel

from mtgp_tutorial.models.closed import is_closed
from mtgp_tutorial.models.inputs import ClosedMatrix, LengthScale
from mtgp_tutorial.models.kernels import IndependentKernel
from mtgp_tutorial.models.model import Model


class Part(NamedTuple):
    """One term: its kernel of the inputs, and where its parameters stand (W and kappa, or the variance of one task)."""

    matrix: ClosedMatrix | LengthScale
    kernel: str
    signal: str
    task: int | None  # of an independent model with its own hyper-parameters


def can_be_flat(model: Model) -> bool:
    """Whether every kernel is closed and every positive parameter of a kernel stands as its logarithm."""
    return all(is_closed(kernel) and _on_log_scale(kernel) for kernel, _, _, _ in parts_of(model))


def _on_log_scale(kernel: Kernel) -> bool:
    constraints = list(getattr(kernel, "_constraints", {}).values())
    return all(type(each) is Positive and each._transform is torch.exp for each in constraints)


def parts_of(model: Model) -> list[tuple[Kernel, str, str, int | None]]:
    """Kernel of the inputs, names of its parameters and of the signal's, and the task, of each term."""
    kernel = model.kernel
    if isinstance(kernel, IndependentKernel):
        used = list(kernel.kernels)[:1] if kernel.shared else list(kernel.kernels)
        names = [f"kernel.kernels.{t}." for t in range(len(used))]
        tasks: list[int | None] = [None] if kernel.shared else list(range(len(used)))
        return [(one.base_kernel, name + "base_kernel.", name, t) for one, name, t in zip(used, names, tasks)]
    several = hasattr(kernel, "covar_module_list")
    names = [f"kernel.covar_module_list.{q}." if several else "kernel." for q in range(len(kernel.coregional))]
    return [
        (one.data_covar_module, name + "data_covar_module.", name + "task_covar_module.", None)
        for one, name in zip(kernel.coregional, names)
    ]

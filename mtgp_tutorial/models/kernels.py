"""Kernels between cells: a GPyTorch kernel of the inputs with variance 1, and what it is multiplied with."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from gpytorch.constraints import Positive
from gpytorch.kernels import IndexKernel, Kernel, LCMKernel, MaternKernel, MultitaskKernel, RBFKernel, ScaleKernel
from linear_operator.operators import KroneckerProductLinearOperator, to_linear_operator
from torch import Tensor

from mtgp_tutorial.exact.form import Matern, Term
from mtgp_tutorial.models.inputs import InputKernel


def log_scale() -> Positive:
    """Constraint of a positive parameter that is optimised as its logarithm."""
    return Positive(transform=torch.exp, inv_transform=torch.log)


def scaled(kernel: Kernel) -> ScaleKernel:
    """The kernel with a variance of its own."""
    return ScaleKernel(kernel, outputscale_constraint=log_scale()).double()


def unit_kernel(kernel: Kernel | None, x: Tensor) -> Kernel:
    """A float64 copy of the kernel (default RBFKernel()), its positive parameters on a log scale, values kept.

    Raises ValueError when it does not fit the inputs x [N, D], when its variance k(x, x) is not 1 there, and
    for active_dims and priors, which would be ignored.
    """
    kernel = RBFKernel() if kernel is None else copy.deepcopy(kernel)
    if not isinstance(kernel, Kernel):
        raise ValueError(f"kernel: is {kernel!r}; pass a GPyTorch kernel, such as RBFKernel()")
    kernel = kernel.double().to(x.device)
    for part in kernel.modules():
        if getattr(part, "active_dims", None) is not None:
            raise ValueError("kernel: uses active_dims, which MultitaskKernel ignores; pass only the columns you need")
        if getattr(part, "_priors", None):
            raise ValueError("kernel: carries a prior; pass it without (fit has priors of its own)")
        for name, constraint in list(getattr(part, "_constraints", {}).items()):
            if type(constraint) is Positive:
                raw = getattr(part, name.removesuffix("_constraint"))
                value = constraint.transform(raw.detach())
                part.register_constraint(name.removesuffix("_constraint"), log_scale())
                raw.data.copy_(value.log())
    _check_variance(kernel, x)
    return kernel


def _check_variance(kernel: Kernel, x: Tensor) -> None:
    try:
        with torch.no_grad():
            variances = kernel(x, diag=True)  # not [N, N]: memory is checked later
    except RuntimeError as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"kernel: does not fit inputs of {x.shape[1]} columns ({reason}); pass one that does"
        ) from None
    if variances.shape != x.shape[:1]:
        raise ValueError("kernel: has a batch_shape; pass one kernel without it (lmc takes a list)")
    if not torch.allclose(variances, torch.ones_like(variances)):
        raise ValueError(
            f"kernel: has the variance {variances.flatten()[0]:.3g}, not 1; "
            "pass one without scale, and no sum of kernels (B is the scale)"
        )


def term_of(kernel: Kernel, B: Tensor) -> Term:
    """The term of a kernel of the inputs. By exact type, as a user's subclass keeps its own arithmetic."""
    plain = type(kernel) is MaternKernel and kernel.batch_shape == torch.Size() and kernel.raw_lengthscale.numel() == 1
    matern = Matern(float(kernel.nu), kernel.lengthscale.reshape(())) if plain else None
    return Term(InputKernel(kernel), B, matern)


class IndependentKernel(Kernel):
    """Block-diagonal covariance: task t has `kernels[t]`, a ScaleKernel; tasks may share one object."""

    def __init__(self, kernels: list[ScaleKernel]):
        super().__init__()
        self.kernels: Any = torch.nn.ModuleList(kernels)

    @property
    def shared(self) -> bool:
        """Whether all tasks have the same kernel and scale."""
        return all(kernel is self.kernels[0] for kernel in self.kernels)

    def terms(self) -> list[Term]:
        """One term for each kernel: B_q is zero but for the variances of the tasks that use it."""
        units = torch.eye(len(self.kernels)).to(self.kernels[0].outputscale)
        if self.shared:
            return [term_of(self.kernels[0].base_kernel, self.kernels[0].outputscale * units)]
        return [
            term_of(kernel.base_kernel, kernel.outputscale * torch.diag(unit))
            for kernel, unit in zip(self.kernels, units)
        ]

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: object) -> object:
        blocks = [
            KroneckerProductLinearOperator(to_linear_operator(term.kernel.kernel(x1, x2)), to_linear_operator(term.B))  # type: ignore[attr-defined]
            for term in self.terms()
        ]
        total = blocks[0] if self.shared else to_linear_operator(sum(block.to_dense() for block in blocks))
        return total.diagonal(dim1=-1, dim2=-2) if diag else total

    def num_outputs_per_input(self, x1: Tensor, x2: Tensor) -> int:
        return len(self.kernels)


class ICMKernel(MultitaskKernel):
    """GPyTorch's MultitaskKernel, kappa on a log scale, or exactly 0 and not fitted when own is False."""

    def __init__(self, kernel: Kernel, num_tasks: int, rank: int, own: bool = True):
        with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first W and kappa from the global generator
            super().__init__(kernel, num_tasks=num_tasks, rank=rank)
            index = IndexKernel(num_tasks=num_tasks, rank=rank, var_constraint=log_scale()).double()
        torch.nn.init.eye_(index.covar_factor)
        index.raw_var.requires_grad_(own)
        torch.nn.init.constant_(index.raw_var, 0.0 if own else -math.inf)
        self.task_covar_module = index

    @property
    def coregional(self) -> list[ICMKernel]:
        """The kernels that have a W and a kappa: this one."""
        return [self]

    def terms(self) -> list[Term]:
        """The single term, with B = W W^T + diag(kappa), whole."""
        return [term_of(self.data_covar_module, self.task_covar_module._eval_covar_matrix())]


class LMCKernel(LCMKernel):
    """GPyTorch's LCMKernel: a sum of ICM kernels, each with W and kappa of its own."""

    def __init__(self, kernels: list[Kernel], num_tasks: int, ranks: list[int], own: bool = True):
        with torch.random.fork_rng(devices=[]):
            super().__init__(kernels, num_tasks=num_tasks, rank=ranks)
        parts = [ICMKernel(kernel, num_tasks, rank, own) for kernel, rank in zip(kernels, ranks)]
        self.covar_module_list = torch.nn.ModuleList(parts)

    @property
    def coregional(self) -> list[ICMKernel]:
        """The Q kernels that have a W and a kappa each."""
        return list(self.covar_module_list)  # type: ignore[arg-type]

    def terms(self) -> list[Term]:
        """Q terms, with B_q = W_q W_q^T + diag(kappa_q)."""
        return [part.terms()[0] for part in self.coregional]

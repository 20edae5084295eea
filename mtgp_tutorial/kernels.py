"""Kernels of inputs and tasks: GPyTorch's modules, each a list of terms (k_q, B_q) of the one equation.

A kernel of the inputs has variance 1: the scale lives in B. Positive parameters are optimised as their logarithms.

To add a kernel: a GPyTorch class, and its formula in FORMULAS, which gives it digits at near inputs and candidates in
fits; files need its name (`saving`). Others are taken as they are, by GPyTorch and autograd.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from gpytorch.constraints import Positive
from gpytorch.kernels import (
    AdditiveKernel,
    IndexKernel,
    Kernel,
    LCMKernel,
    MaternKernel,
    MultitaskKernel,
    RBFKernel,
    RQKernel,
    ScaleKernel,
)
from linear_operator.operators import KroneckerProductLinearOperator, to_linear_operator
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.arguments import count, shown


class Term(NamedTuple):
    """One term of the one equation: a kernel of the inputs, and B [T, T]."""

    kernel: Kernel
    B: Tensor


def covariance_of_inputs(kernel: Kernel, x: Tensor, z: Tensor | None = None) -> Tensor:
    """K [N, M] of inputs x [N, D] and z [M, D], or of x with itself.

    From differences of the inputs for an RBF, Matern or RQ kernel: GPyTorch expands (x - z)^2, which costs a Matern 1/2
    kernel half its digits at near inputs. Others as GPyTorch computes them, which subtracts the mean of its first
    argument: so z, the data, comes first. (Rasmussen and Williams 2006, section 4.2.1)
    """
    z = x if z is None else z
    return by_squares(kernel, Squares(x, z)) if is_plain(kernel) else kernel(z, x).to_dense().mT


class Squares(Sequence[Tensor]):
    """(x_d - z_d)^2 [N, M] of each of D inputs, made when it is asked for; whoever asks often keeps `list(squares)`."""

    def __init__(self, x: Tensor, z: Tensor):
        self.x, self.z = x, z

    def __len__(self) -> int:
        return self.x.shape[1]

    def __getitem__(self, d: Any) -> Any:
        apart = self.x[:, d, None] - self.z[:, d]
        return apart.mul_(apart)


def by_squares(kernel: Kernel, apart: Sequence[Tensor]) -> Tensor:
    """K [.., N, M] of a plain kernel, its parameters a stack or not, from the `Squares` of the inputs."""
    per_input = kernel.lengthscale[..., 0, :] ** -2
    of_u, *parameters = FORMULAS[type(kernel)](kernel)
    return _OfSquares.apply(per_input.expand(*per_input.shape[:-1], len(apart)), apart, of_u, *parameters)


class _OfSquares(Function):
    """K as a function of u = sum_d ((x_d - z_d) / l_d)^2, with its slope by hand: K and slope share their exponential.

    That takes a third of the time of autograd's own way, and K has no slope to forget where the inputs are equal.
    """

    @staticmethod
    def forward(ctx: Any, per_input: Tensor, apart: Sequence[Tensor], of_u: Formula, *parameters: Tensor) -> Tensor:
        weights = per_input[..., None, None]
        u = weights[..., 0, :, :] * apart[0]
        for d in range(1, len(apart)):
            u += weights[..., d, :, :] * apart[d]
        K, slope, *more = of_u(u, *parameters)
        ctx.apart = apart
        ctx.save_for_backward(slope, *more)
        return K

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, G: Tensor) -> tuple[Any, ...]:
        slope, *more = ctx.saved_tensors
        by_u = (G * slope).flatten(-2)
        by_input = torch.stack([by_u @ ctx.apart[d].flatten() for d in range(len(ctx.apart))], -1)
        return -0.5 * by_input, None, None, *((G * one).sum((-2, -1))[..., None] for one in more)


Formula = Callable[..., tuple[Tensor, ...]]  # of u: K, -2 dK/du, and the slope against each further parameter


def rbf(u: Tensor) -> tuple[Tensor, Tensor]:
    """exp(-u/2)."""
    K = torch.exp(-0.5 * u)
    return K, K


def matern12(u: Tensor) -> tuple[Tensor, Tensor]:
    """exp(-r), r^2 = u; at r = 0 the slope is multiplied with 0."""
    r = u.sqrt()
    K = torch.exp(-r)
    return K, torch.where(r > 0, K / r, 0.0)


def matern32(u: Tensor) -> tuple[Tensor, Tensor]:
    """(1 + r) exp(-r), r^2 = 3 u."""
    r = (3 * u).sqrt_()
    decay = torch.exp(-r)
    return r.add_(1).mul_(decay), 3 * decay


def matern52(u: Tensor) -> tuple[Tensor, Tensor]:
    """(1 + r + r^2 / 3) exp(-r), r^2 = 5 u."""
    r = (5 * u).sqrt_()
    decay = torch.exp(-r)
    linear = r.add_(1).mul_(decay)
    return linear + (5 / 3) * u * decay, (5 / 3) * linear


def rational_quadratic(u: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(1 + u / (2 alpha))^-alpha."""
    share = u / (2 * alpha[..., None])
    K, base = (1 + share) ** -alpha[..., None], 1 + share
    return K, K / base, K * (share / base - share.log1p())


MATERN = {0.5: matern12, 1.5: matern32, 2.5: matern52}
FORMULAS: dict[type[Kernel], Callable[[Any], tuple[Any, ...]]] = {  # of plain kernels, by their exact type
    RBFKernel: lambda kernel: (rbf,),
    MaternKernel: lambda kernel: (MATERN[kernel.nu],),
    RQKernel: lambda kernel: (rational_quadratic, kernel.alpha),
}


def among(kernel: Kernel, x: Tensor) -> Tensor:
    """K [M, M] of new inputs; one column at a time where GPyTorch computes it, for the reason above."""
    if is_plain(kernel):
        return covariance_of_inputs(kernel, x)
    return torch.cat([covariance_of_inputs(kernel, x, one[None]) for one in x], 1)


def variances_of(kernel: Kernel, x: Tensor) -> Tensor:
    """k(x, x) [M]: 1 for plain kernels; a user's own may be 1 at the data and something else elsewhere."""
    return torch.ones_like(x[:, 0]) if is_plain(kernel) else kernel(x, diag=True)


def is_plain(kernel: Kernel) -> bool:
    """Whether its formula stands here, by its exact type, as a user's subclass keeps its own arithmetic."""
    return type(kernel) in FORMULAS and kernel.batch_shape == torch.Size()


def log_scale() -> Positive:
    """Constraint of a positive parameter that is optimised as its logarithm."""
    return Positive(transform=torch.exp, inv_transform=torch.log)


def scaled(kernel: Kernel) -> ScaleKernel:
    """The kernel with a variance of its own."""
    return ScaleKernel(kernel, outputscale_constraint=log_scale()).double()


def unit_kernel(kernel: Kernel | None, x: Tensor) -> Kernel:
    """A float64 copy of the kernel, its positive parameters on a log scale, values kept.

    Without one: Matern 3/2, with a length-scale for each input, so that an input's unit changes no answer.

    Raises ValueError when it does not fit the inputs x [N, D], when its variance k(x, x) is not 1 there, and
    for active_dims and priors, which would be ignored. A sum of kernels becomes a `ConvexSum`.
    """
    D = x.shape[1]
    kernel = MaternKernel(nu=1.5, ard_num_dims=D if D > 1 else None) if kernel is None else copy.deepcopy(kernel)
    if not isinstance(kernel, Kernel):
        raise ValueError(f"kernel: is {shown(kernel)}; pass a GPyTorch kernel, such as RBFKernel()")
    if any(getattr(part, "_priors", None) for part in kernel.modules()):
        raise ValueError("kernel: carries a prior; pass it without (fit has priors of its own)")
    kernel = ConvexSum(*kernel.kernels) if type(kernel) is AdditiveKernel else kernel
    kernel = kernel.double().to(x.device)
    inner = set(kernel.kernels.modules()) if type(kernel) is ConvexSum else set()  # called, so they heed active_dims
    for part in kernel.modules():
        if getattr(part, "active_dims", None) is not None and part not in inner:
            raise ValueError("kernel: uses active_dims, which MultitaskKernel ignores; pass only the columns you need")
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
            f"kernel: does not fit inputs of {count(x.shape[1], 'column')} ({reason}); pass one that does"
        ) from None
    if variances.shape != x.shape[:1]:
        raise ValueError("kernel: has a batch_shape; pass one kernel without it (lmc takes a list)")
    if not torch.allclose(variances, torch.ones_like(variances)):
        raise ValueError(
            f"kernel: has the variance {variances.flatten()[0]:.3g}, not 1; pass one without scale (B is the scale)"
        )


class ConvexSum(AdditiveKernel):
    """A sum of kernels with weights that add to 1: what k1 + k2 becomes here, for the scale lives in B.

    The first weights are the kernels' own variances, divided by their sum; these variances have no other part.
    """

    def __init__(self, *kernels: Kernel):
        parts, scales = [copy.deepcopy(part) for part in kernels], [1.0] * len(kernels)  # k + k is two
        for q, part in enumerate(parts):
            if type(part) is ScaleKernel:
                parts[q], scales[q] = part.base_kernel, float(part.outputscale.detach().mean())
                parts[q].active_dims = part.active_dims
        super().__init__(*parts)
        self.register_parameter("raw_weights", torch.nn.Parameter(torch.tensor(scales, dtype=torch.float64).log()))

    @property
    def weights(self) -> Tensor:
        """Of each kernel in turn; they add to 1."""
        return self.raw_weights.softmax(-1)

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: object) -> Tensor:
        parts = [kernel(x1, x2, diag=diag, **params) for kernel in self.kernels]
        return sum(w * (part if diag else part.to_dense()) for w, part in zip(self.weights, parts))  # type: ignore


class IndependentKernel(Kernel):
    """Block-diagonal covariance: task t has `kernels[t]`, a ScaleKernel; tasks may share one object."""

    def __init__(self, kernels: list[ScaleKernel]):
        super().__init__()
        self.kernels: Any = torch.nn.ModuleList(kernels)

    @property
    def coregional(self) -> list[ICMKernel]:
        """The kernels that have a W and a kappa: none."""
        return []

    @property
    def shared(self) -> bool:
        """Whether all tasks have the same kernel and scale."""
        return all(kernel is self.kernels[0] for kernel in self.kernels)

    def terms(self) -> list[Term]:
        """One term for each kernel: B_q is zero but for the variances of the tasks that use it."""
        units = torch.eye(len(self.kernels)).to(self.kernels[0].outputscale)
        if self.shared:
            return [Term(self.kernels[0].base_kernel, self.kernels[0].outputscale[..., None, None] * units)]
        pairs = zip(self.kernels, torch.diag_embed(units))
        return [Term(one.base_kernel, one.outputscale[..., None, None] * unit) for one, unit in pairs]

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: object) -> object:
        blocks = [
            KroneckerProductLinearOperator(to_linear_operator(kernel(x1, x2)), to_linear_operator(B))
            for kernel, B in self.terms()
        ]
        total = blocks[0] if self.shared else to_linear_operator(sum(block.to_dense() for block in blocks))
        return total.diagonal(dim1=-1, dim2=-2) if diag else total

    def num_outputs_per_input(self, x1: Tensor, x2: Tensor) -> int:
        return len(self.kernels)


class ICMKernel(MultitaskKernel):
    """GPyTorch's MultitaskKernel, kappa on a log scale, or exactly 0 and not fitted when kappa is False."""

    def __init__(self, kernel: Kernel, num_tasks: int, rank: int, kappa: bool = True):
        with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first W and kappa from the global generator
            super().__init__(kernel, num_tasks=num_tasks, rank=rank)
            index = IndexKernel(num_tasks=num_tasks, rank=rank, var_constraint=log_scale()).double()
        torch.nn.init.eye_(index.covar_factor)
        index.raw_var.requires_grad_(kappa)
        torch.nn.init.constant_(index.raw_var, 0.0 if kappa else -math.inf)
        self.task_covar_module = index

    @property
    def coregional(self) -> list[ICMKernel]:
        """The kernels that have a W and a kappa: this one."""
        return [self]

    def terms(self) -> list[Term]:
        """The single term, with B = W W^T + diag(kappa), whole."""
        return [Term(self.data_covar_module, self.task_covar_module._eval_covar_matrix())]


class LMCKernel(LCMKernel):
    """GPyTorch's LCMKernel: a sum of ICM kernels, each with W and kappa of its own."""

    def __init__(self, kernels: list[Kernel], num_tasks: int, ranks: list[int], kappa: bool = True):
        with torch.random.fork_rng(devices=[]):
            super().__init__(kernels, num_tasks=num_tasks, rank=ranks)
        parts = [ICMKernel(kernel, num_tasks, rank, kappa) for kernel, rank in zip(kernels, ranks)]
        self.covar_module_list = torch.nn.ModuleList(parts)

    @property
    def coregional(self) -> list[ICMKernel]:
        """The Q kernels that have a W and a kappa each."""
        return list(self.covar_module_list)  # type: ignore[arg-type]

    def terms(self) -> list[Term]:
        """Q terms, with B_q = W_q W_q^T + diag(kappa_q)."""
        return [part.terms()[0] for part in self.coregional]

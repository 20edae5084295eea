"""Multi-task models: which B and k of the one equation are free.

Parameters live in GPyTorch kernels, means and likelihoods, in standardised units, and `exact_gp`
hands out the plain GPyTorch model that they form. Kernels have unit variance: the scale lives in B.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from gpytorch.constraints import Positive
from gpytorch.distributions import MultitaskMultivariateNormal
from gpytorch.kernels import IndexKernel, Kernel, MultitaskKernel, RBFKernel, ScaleKernel
from gpytorch.means import ConstantMean, MultitaskMean
from gpytorch.models import ExactGP
from linear_operator.operators import KroneckerProductLinearOperator, to_linear_operator
from torch import Tensor

from mtgp_tutorial import exact
from mtgp_tutorial.covariance import Term, all_cells, observation_covariance
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.noise import noise_likelihood, noise_matrix


def _log_scale() -> Positive:
    return Positive(transform=torch.exp, inv_transform=torch.log)


def _unit_kernel(kernel: Kernel | None) -> Kernel:
    """A float64 copy of the kernel whose positive parameters are optimised on a log scale."""
    kernel = RBFKernel() if kernel is None else copy.deepcopy(kernel)
    for part in kernel.modules():
        if isinstance(part, (ScaleKernel, MultitaskKernel, IndexKernel)):
            raise ValueError(
                f"kernel: holds a {type(part).__name__}; pass a kernel of the inputs with variance 1 (B is the scale)"
            )
        if getattr(part, "active_dims", None) is not None:
            raise ValueError(
                "kernel: uses active_dims, which GPyTorch's MultitaskKernel ignores; pass only the columns you need"
            )
        for name, constraint in list(getattr(part, "_constraints", {}).items()):
            if type(constraint) is Positive:
                part.register_constraint(name.removesuffix("_constraint"), _log_scale())
    return kernel.double()


class IndependentKernel(Kernel):
    """Block-diagonal covariance: task t has `kernels[t]`, a ScaleKernel; tasks may share one object."""

    def __init__(self, kernels: list[ScaleKernel]):
        super().__init__()
        self.kernels: Any = torch.nn.ModuleList(kernels)

    @property
    def shared(self) -> bool:
        return all(kernel is self.kernels[0] for kernel in self.kernels)

    def terms(self, x: Tensor, z: Tensor) -> list[Term]:
        """One term for each kernel: B_q is zero but for the variances of the tasks that use it."""
        units = torch.eye(len(self.kernels), dtype=x.dtype, device=x.device)
        if self.shared:
            first = self.kernels[0]
            return [(first.base_kernel(x, z).to_dense(), first.outputscale * units)]
        return [
            (kernel.base_kernel(x, z).to_dense(), kernel.outputscale * torch.diag(unit))
            for kernel, unit in zip(self.kernels, units, strict=True)
        ]

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: object) -> object:
        blocks = [
            KroneckerProductLinearOperator(to_linear_operator(K), to_linear_operator(B)) for K, B in self.terms(x1, x2)
        ]
        total = to_linear_operator(sum(block.to_dense() for block in blocks)) if len(blocks) > 1 else blocks[0]
        return total.diagonal(dim1=-1, dim2=-2) if diag else total

    def num_outputs_per_input(self, x1: Tensor, x2: Tensor) -> int:
        return len(self.kernels)


class ICMKernel(MultitaskKernel):
    """GPyTorch's MultitaskKernel, kappa on a log scale."""

    def __init__(self, kernel: Kernel, num_tasks: int, rank: int):
        super().__init__(kernel, num_tasks=num_tasks, rank=rank)
        self.task_covar_module = IndexKernel(num_tasks=num_tasks, rank=rank, var_constraint=_log_scale()).double()

    def terms(self, x: Tensor, z: Tensor) -> list[Term]:
        """The single term (K, B) with B = W W^T + diag(kappa), whole."""
        return [(self.data_covar_module(x, z).to_dense(), self.task_covar_module._eval_covar_matrix())]


class PlainGP(ExactGP):
    """What GPyTorch's multi-task example builds: a mean, a kernel and a likelihood."""

    def __init__(self, data: TaskData, mean: MultitaskMean, kernel: Kernel, likelihood: torch.nn.Module):
        super().__init__(data.x, data.y, likelihood)
        self.mean_module = mean
        self.covar_module = kernel

    def forward(self, x: Tensor) -> MultitaskMultivariateNormal:
        return MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))


class Model(torch.nn.Module):
    """A multi-task GP on a table: constant means, a kernel with `terms`, and a noise likelihood.

    `data` is the table as it was given, `unit` the standardised one, `scale` the way between them.
    """

    def __init__(self, data: TaskData, kernel: IndependentKernel | ICMKernel, noise: str):
        super().__init__()
        self.data = data
        self.unit, self.scale = data.standardise()
        self.likelihood = noise_likelihood(noise, data.num_tasks)
        self.mean = MultitaskMean(ConstantMean(), num_tasks=data.num_tasks).double()
        self.kernel = kernel
        self.noise = noise
        self.to(data.x.device)

    def terms(self, x: Tensor, z: Tensor | None = None) -> list[Term]:
        """Pairs (K_q [N, M], B_q [T, T]) of the one equation between inputs x and z, standardised units."""
        return self.kernel.terms(x, x if z is None else z)

    def B(self) -> Tensor:
        """sum_q B_q [T, T]: covariance of the latent f at one input, standardised units."""
        return sum(B for _, B in self.terms(self.unit.x[:1]))  # type: ignore[return-value]

    def Sigma(self) -> Tensor:
        """Noise covariance [T, T], whole, standardised units."""
        return noise_matrix(self.likelihood)

    def residual(self) -> Tensor:
        """Standardised observations less their mean, [N, T], NaN where nothing was observed."""
        return self.unit.y - self.mean(self.unit.x)

    def log_likelihood(self) -> Tensor:
        """Exact log marginal likelihood of the standardised observations, in nats.

        Complete table and one kernel: the Kronecker form; tasks without any coupling: one by one;
        everything else: the dense form. All agree with the dense form (tests/laws.py).
        """
        terms, Sigma, residual = self.terms(self.unit.x), self.Sigma(), self.residual()
        observed = self.unit.observed
        if observed.all() and len(terms) == 1:
            (K, B) = terms[0]
            return exact.kronecker_log_likelihood(residual, K, B, Sigma)
        groups = [observed]
        if isinstance(self.kernel, IndependentKernel) and self.noise != "full":
            columns = torch.arange(observed.shape[1], device=observed.device)
            groups = [observed & (columns == t) for t in columns]
        return sum(  # type: ignore[return-value]
            exact.log_likelihood(residual[cells], observation_covariance(terms, Sigma, all_cells(cells)))
            for cells in groups
        )

    def exact_gp(self) -> PlainGP:
        """The plain GPyTorch ExactGP with these parameters, on the standardised table.

        It shares its modules with this model. For a table with holes use it inside
        gpytorch.settings.observation_nan_policy("mask").
        """
        return PlainGP(self.unit, self.mean, self.kernel, self.likelihood)


def independent(data: TaskData, *, hyper: str = "own", noise: str = "per task", kernel: Kernel | None = None) -> Model:
    """One GP for each task; hyper="own" or "shared": kernel parameters and signal variance of its own, or in common.

    kernel: a GPyTorch kernel of the inputs with variance 1 (default RBFKernel()); noise: "shared", "per task", "full".
    Raises ValueError for unknown words, unusable kernels and tables that cannot be standardised. (book: independent)
    """
    if hyper not in ("own", "shared"):
        raise ValueError(f"hyper: {hyper!r} is neither 'own' nor 'shared'; pass one of these")
    base = _unit_kernel(kernel)
    copies = [ScaleKernel(copy.deepcopy(base), outputscale_constraint=_log_scale()).double() for _ in data.tasks]
    return Model(data, IndependentKernel(copies if hyper == "own" else copies[:1] * len(copies)), noise)


def icm(data: TaskData, *, rank: int = 1, noise: str = "per task", kernel: Kernel | None = None) -> Model:
    """Intrinsic coregionalization model: one kernel, B = W W^T + diag(kappa), W: [T, rank] (book: icm).

    kernel: a GPyTorch kernel of the inputs with variance 1 (default RBFKernel()); noise: "shared", "per task", "full".
    Raises ValueError for a rank below 1 or above T, unknown words, unusable kernels, tables that have no scale.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= data.num_tasks:
        raise ValueError(f"rank: {rank!r} is not a whole number from 1 to T = {data.num_tasks}; pass one of these")
    with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first W; `fit` replaces it
        torch.manual_seed(0)
        return Model(data, ICMKernel(_unit_kernel(kernel), data.num_tasks, rank), noise)

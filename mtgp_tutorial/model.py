"""Multi-task models: which B and k of the one equation are free.

Parameters live in GPyTorch kernels, means and likelihoods, in standardised units, and `exact_gp`
hands out the plain GPyTorch model that they form. Kernels have variance 1: the scale lives in B.
"""

from __future__ import annotations

import torch
from gpytorch.distributions import MultitaskMultivariateNormal
from gpytorch.kernels import Kernel
from gpytorch.means import ConstantMean, MultitaskMean
from gpytorch.models import ExactGP
from torch import Tensor

from mtgp_tutorial.fast import forms
from mtgp_tutorial.fast.bound import Collapsed
from mtgp_tutorial.covariance import KB
from mtgp_tutorial.fast.form import Problem
from mtgp_tutorial.kernels import ICMKernel, IndependentKernel, LMCKernel
from mtgp_tutorial.noise import noise_of
from mtgp_tutorial.data import TaskData


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

    Args:
        data (TaskData): the table.
        kernel (IndependentKernel, ICMKernel or LMCKernel): of inputs and tasks, as `icm` and its like make it.
        noise (str): "shared", "per task", "full" or "none".

    >>> from mtgp_tutorial import icm, simulate
    >>> model = icm(simulate.two_sines(seed=1))
    >>> tuple(model.B().shape), tuple(model.Sigma().shape), model.noise
    ((2, 2), (2, 2), 'per task')
    >>> [(K, B)] = model.terms(model.unit.x)
    >>> tuple(K.shape), bool((K.diagonal() == 1).all())
    ((10, 10), True)
    >>> type(model.exact_gp().likelihood).__name__
    'MultitaskGaussianLikelihood'
    """

    def __init__(self, data: TaskData, kernel: IndependentKernel | ICMKernel | LMCKernel, noise: str):
        super().__init__()
        self.data = data
        self.unit, self.scale = data.standardise()
        self.kind = noise_of(noise)
        self.kind.check(data)
        self.likelihood = self.kind.likelihood(data.num_tasks)
        self.mean = MultitaskMean(ConstantMean(), num_tasks=data.num_tasks).double()
        self.kernel = kernel
        self.noise = noise
        self.inducing: Tensor | None  # inputs [M, D] of the sparse bound
        self.register_buffer("inducing", None)
        self.to(data.x.device)

    def terms(self, x: Tensor, z: Tensor | None = None) -> list[KB]:
        """Pairs (K_q [N, M], B_q [T, T]) of the one equation between inputs x and z, standardised units.

        Args:
            x (Tensor [N, D]): inputs.
            z (Tensor [M, D]): other inputs. Default: x.
        """
        return [(term.kernel(x, z), term.B) for term in self.kernel.terms()]

    def B(self) -> Tensor:
        """sum_q B_q [T, T]: covariance of the latent f at one input, standardised units."""
        return sum(term.B for term in self.kernel.terms())  # type: ignore[return-value]

    def kappas(self) -> list[Tensor]:
        """kappa_q [T] of each kernel that has one (exactly 0 where own=False)."""
        return [part.task_covar_module.var for part in self.kernel.coregional]

    def columns(self) -> int:
        """Columns of all W_q together, at most T; T for independent models."""
        factors = [part.task_covar_module.covar_factor for part in self.kernel.coregional]
        return min(self.data.num_tasks, sum(W.shape[-1] for W in factors) or self.data.num_tasks)

    def coupled(self) -> bool:
        """Whether B is positive definite for almost all parameters, so that it has a correlation to put a prior on."""
        kappas = self.kappas()
        own = int((torch.stack(kappas) > 0).any(0).sum()) if kappas else 0  # tasks with a kappa
        return self.columns() + own >= self.data.num_tasks

    @property
    def one_signal(self) -> bool:
        """Whether the tasks share one signal variance."""
        return isinstance(self.kernel, IndependentKernel) and self.kernel.shared

    def Sigma(self) -> Tensor:
        """Noise covariance [T, T], whole, standardised units."""
        return self.kind.matrix(self.likelihood)

    def means(self) -> Tensor:
        """The constant mean of each task [T], standardised units."""
        return torch.stack([base.constant for base in self.mean.base_means])

    def residual(self) -> Tensor:
        """Standardised observations less their mean, [N, T], NaN where nothing was observed."""
        return self.unit.y - self.means()

    def problem(self) -> Problem:
        """Table and parameters, as the forms of `exact` take them."""
        apart = isinstance(self.kernel, IndependentKernel) and not self.kind.correlated
        width = None if any(bool((kappa > 0).any()) for kappa in self.kappas()) else self.columns()
        table = self.unit.x, self.residual(), self.kernel.terms(), self.Sigma()
        form = None if self.inducing is None else Collapsed
        return Problem(*table, apart, width, self.variances(), form, self.inducing)

    def variances(self) -> Tensor | None:
        """Known variances of the values [N, T], 0 where none is known, standardised units (book: known-noise)."""
        return None if self.unit.sd is None else (self.unit.sd**2).nan_to_num().where(self.unit.observed, 0.0)

    def log_scale(self) -> Tensor:
        """What the log likelihood of standardised values lies above that of the data in their own units."""
        return (self.unit.observed * self.scale.sd.log()).sum()

    def log_likelihood(self) -> Tensor:
        """Exact log marginal likelihood of the standardised observations, in nats; of a sparse model the bound."""
        return forms.log_likelihood(self.problem())

    def exact_gp(self) -> PlainGP:
        """The plain GPyTorch ExactGP with these parameters, on the standardised table.

        It shares its modules with this model; of a sparse one it is the exact model. For a table with holes use it
        inside gpytorch.settings.observation_nan_policy("mask").

        Raises:
            ValueError: for a table with known standard errors, for which GPyTorch's multi-task likelihood has no place.
        """
        if self.data.sd is not None:
            raise ValueError(
                "exact_gp: the table has known standard errors, for which GPyTorch's likelihood has no place; "
                "make the model of the table without sd"
            )
        return PlainGP(self.unit, self.mean, self.kernel, self.likelihood)

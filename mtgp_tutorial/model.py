"""Multi-task models: which B, k and Sigma of the one equation are free. Three families: independent GPs, ICM, LMC.

Parameters live in GPyTorch kernels, means and likelihoods, in standardised units, and `exact_gp`
hands out the plain GPyTorch model that they form. Kernels have variance 1: the scale lives in B.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar

import torch
from gpytorch.distributions import MultitaskMultivariateNormal
from gpytorch.kernels import Kernel
from gpytorch.means import ConstantMean, MultitaskMean
from gpytorch.models import ExactGP
from torch import Tensor

from mtgp_tutorial import gaussian
from mtgp_tutorial.arguments import flags, of_kind, one_of, shown
from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import KB, Cells, all_cells, observation_covariance
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.kernels import ICMKernel, IndependentKernel, LMCKernel, covariance_of_inputs, scaled, unit_kernel
from mtgp_tutorial.likelihoods import Likelihood
from mtgp_tutorial.memory import check_memory
from mtgp_tutorial.noise import noise_of, noisy_of, usual_noise
from mtgp_tutorial.sites import ByTask, laws_of, refuse_counts, sizes_of, standardised, told, with_dispersions
from mtgp_tutorial.solvers import choice


class PlainGP(ExactGP):
    """What GPyTorch's multi-task example builds: a mean, a kernel and a likelihood."""

    def __init__(self, data: TaskData, mean: MultitaskMean, kernel: Kernel, likelihood: torch.nn.Module):
        super().__init__(data.x, data.y, likelihood)
        self.mean_module = mean
        self.covar_module = kernel

    def forward(self, x: Tensor) -> MultitaskMultivariateNormal:
        return MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))


MANY_TASKS, IN_GROUPS = 20, "the tasks in groups of ten, a model for each"


class Model(torch.nn.Module):
    """A multi-task GP on a table: constant means, a kernel with `terms`, and a noise likelihood.

    `data` is the table as it was given, `unit` the standardised one, `scale` the way between them. Likelihood and
    conditioning are methods, so that another kind of model can have its own (`sparse` has).

    Args:
        data (TaskData): the table.
        kernel (IndependentKernel, ICMKernel or LMCKernel): of inputs and tasks, as `icm` and its like make it.
        noise (str): "shared", "per task", "full", "rank 1", "rank 2", .. or "none" (`noise`).
        likelihood (dict): as of `icm`. Default: all tasks are normal.

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

    bounded: ClassVar[bool] = False  # whether its log likelihood is a lower bound

    def __init__(
        self,
        data: TaskData,
        kernel: IndependentKernel | ICMKernel | LMCKernel,
        noise: str,
        likelihood: ByTask = None,
    ):
        super().__init__()
        self.data = data
        self._told = laws_of(likelihood, data)
        self.sizes = sizes_of(self._told, data)
        self.unit, self.scale, self.sites = standardised(data, self._told, self.sizes)
        self.noisy = noisy_of(self._told, data, noise)
        self.kind = noise_of(noise, data, self.noisy)
        self.likelihood = self.kind.likelihood(data.num_tasks)
        self.mean = MultitaskMean(ConstantMean(), num_tasks=data.num_tasks).double()
        self.kernel = kernel
        self.noise = self.kind.word
        starts = data.x.new_tensor([law.dispersion for law in self._told if law.dispersion]).log()
        self.raw_dispersion = torch.nn.Parameter(starts) if len(starts) else starts
        self.to(data.x.device)

    def log_likelihood(self, *, solver: str | None = None) -> Tensor:
        """Exact log marginal likelihood of the standardised observations, in nats; differentiable once.

        With counts it is the highest lower bound, at sites that are found here and kept (`sites`).

        Args:
            solver (str): "dense", as it stands here: log N(y - m | 0, C). Default: the one that costs least
                (`solvers.choice`), which gives the same.
        Raises:
            ValueError: for another word, and for "dense" of a sparse model.
        """
        above = self.settle(solver=solver)
        if not self._dense(solver):
            return choice.log_likelihood(self) + above
        cells = all_cells(self.unit.observed)
        return gaussian.log_density(self.residual()[cells], self.covariance(cells)) + above

    def settle(self, *, solver: str | None = None) -> Tensor:
        """Find the sites of counts at these parameters; what the bound has above the log evidence of the sites.

        Args:
            solver (str): as of `log_likelihood`. Default: the one that costs least.
        """
        with torch.no_grad():
            x, means = self.unit.x, self.means()
            _, above, slopes = self.sites.settle(
                lambda y, s: self._factored(Evidence(x, y - means, s), solver), self.laws
            )
        self.put_sites(self.sites.y, self.sites.variances)
        return above + (slopes * (self.raw_dispersion - self.raw_dispersion.detach())).sum()

    def put_sites(self, y: Tensor, variances: Tensor) -> None:
        # set the sites of counts [N, T], standardised units; of a model without counts nothing
        if self.counts:
            self.sites.y, self.sites.variances = y, variances
            self.unit = replace(self.unit, y=y)

    @property
    def laws(self) -> Sequence[Likelihood]:
        """The likelihood of each task, with its dispersion as fitted."""
        return with_dispersions(self._told, self.raw_dispersion)

    def covariance(self, cells: Cells) -> Tensor:
        """C [n, n] of the observed values in some cells, by the one equation.

        Args:
            cells (two Tensor [n]): the row and the task of each.
        """
        return observation_covariance(self.terms(self.unit.x), self.Sigma(), cells, self.variances())

    def terms(self, x: Tensor, z: Tensor | None = None) -> list[KB]:
        """Pairs (K_q [N, M], B_q [T, T]) of the one equation between inputs x and z, standardised units.

        Args:
            x (Tensor [N, D]): inputs.
            z (Tensor [M, D]): other inputs. Default: x.
        """
        return [(covariance_of_inputs(kernel, x, z), B) for kernel, B in self.kernel.terms()]

    def B(self) -> Tensor:
        """sum_q B_q [T, T]: covariance of the latent f at one input, standardised units."""
        return sum(term.B for term in self.kernel.terms())  # type: ignore[return-value]

    def kappas(self) -> list[Tensor]:
        """kappa_q [T] of each kernel that has one (exactly 0 where kappa=False)."""
        return [part.task_covar_module.var for part in self.kernel.coregional]

    def columns(self) -> int:
        """Columns of all W_q together, at most T; T for independent models."""
        factors = [part.task_covar_module.covar_factor for part in self.kernel.coregional]
        return min(self.data.num_tasks, sum(W.shape[-1] for W in factors) or self.data.num_tasks)

    def coupled(self) -> bool:
        """Whether B is positive definite for almost all parameters, so that it has a correlation to put a prior on."""
        T = self.data.num_tasks
        kappas = [kappa.reshape(-1, T)[0] for kappa in self.kappas()]
        own = int((torch.stack(kappas) > 0).any(0).sum()) if kappas else 0  # tasks with a kappa
        return self.columns() + own >= T

    @property
    def one_signal(self) -> bool:
        """Whether the tasks share one signal variance."""
        return isinstance(self.kernel, IndependentKernel) and self.kernel.shared

    def Sigma(self) -> Tensor:
        """Noise covariance [T, T], whole, standardised units; rows of 0 where the likelihood says the scatter."""
        Sigma = self.kind.matrix(self.likelihood)
        if len(self.noisy) == self.data.num_tasks:
            return Sigma
        spanned = torch.zeros_like(self.scale.sd)
        spanned[self.noisy] = 1.0
        return Sigma * torch.outer(spanned, spanned)

    def means(self) -> Tensor:
        """The constant mean of each task [T], standardised units."""
        return torch.stack(torch.broadcast_tensors(*(base.constant for base in self.mean.base_means)), -1)

    def residual(self) -> Tensor:
        """Standardised observations less their mean, [N, T], NaN where nothing was observed."""
        return self.unit.y - self.means()

    def evidence(self) -> Evidence:
        """What the table holds, to be conditioned on."""
        return Evidence(self.unit.x, self.residual(), self.variances())

    def conditioned(self, given: Evidence | None = None, *, solver: str | None = None) -> Conditioned:
        """What the observed cells say of others, C factored once.

        Args:
            given (Evidence): rows to condition on. Default: the table's.
            solver (str): as of `log_likelihood`. Default: the one that costs least.
        """
        given = self.evidence() if given is None else given
        self.check_size(given, solver=solver)
        return self._factored(given, solver)

    def _factored(self, given: Evidence, solver: str | None) -> Conditioned:
        if self._dense(solver):
            return Conditioned(given, self.kernel.terms(), self.Sigma())
        return choice.conditioned(self, given)

    def _dense(self, solver: str | None) -> bool:
        if solver not in (None, "dense"):
            raise ValueError(f"solver: is {shown(solver)}; pass 'dense', or nothing for the one that costs least")
        if solver is not None and self.bounded:
            raise ValueError("solver: is 'dense', which knows no bound of a sparse model; leave it out")
        return solver is not None

    def check_size(self, given: Evidence | None = None, *, solver: str | None = None) -> None:
        """Raise MemoryError where the covariance needs more memory than there is, and warn where more than is free.

        Args:
            given (Evidence): rows to condition on. Default: the table's.
            solver (str): as of `log_likelihood`. Default: the one that costs least.
        """
        given = self.evidence() if given is None else given
        n, terms = int((~given.residual.isnan()).sum()), self.kernel.terms()
        entries = (5 + 2 * len(terms)) * n**2 if self._dense(solver) else choice.entries(self, given)
        first = "noise='per task', which goes column by column, or " if self.kind.correlated else ""
        smaller = "fewer inducing points" if self.bounded else "sparse(model)"  # of many tasks the bound is large, too
        smaller = "a Matern kernel of one input" if self.counts else smaller
        last = (
            f"{IN_GROUPS}, or fewer rows" if self.data.num_tasks > MANY_TASKS else f"{smaller}, or fewer tasks or rows"
        )
        check_memory(entries, f"data: {n} observed cells", self.data.x.device, f"take {first}{last}")

    def variances(self) -> Tensor | None:
        """Known variances of the values [N, T], 0 where none is known, standardised units (book: known-noise)."""
        if self.counts:
            return self.sites.variances
        return None if self.unit.sd is None else (self.unit.sd**2).nan_to_num().where(self.unit.observed, 0.0)

    def log_scale(self) -> Tensor:
        """What the log likelihood of standardised values lies above that of the data in their own units."""
        return (self.unit.observed * self.scale.sd.log()).sum()

    @property
    def counts(self) -> list[str]:
        """The tasks that are no normal readings."""
        return [task for task, law in zip(self.data.tasks, self._told) if not law.read]

    def normal_alone(self, what: str, *advice: str) -> None:
        """Raise ValueError where some task is no normal reading.

        Args:
            what (str): cannot answer for such a task: the name that it begins with.
            *advice (str): what to do in its place.
        """
        refuse_counts(what, self.data.tasks, self._told, *advice)

    def note(self) -> str:
        """A line about a kind of model of its own, for the text of a fit."""
        return told(self.data.tasks, self.laws)

    def exact_gp(self) -> PlainGP:
        """The plain GPyTorch ExactGP with these parameters, on the standardised table.

        It shares its modules with this model. For a table with holes use it inside
        gpytorch.settings.observation_nan_policy("mask"): its log likelihood and its means then hold. Its variances do
        not: GPyTorch answers with those of a table without holes, which are too small; take them from `predict` or
        `impute`.

        Raises:
            ValueError: for a table with known standard errors, for which GPyTorch's multi-task likelihood has no place.
        """
        self.normal_alone("exact_gp")
        if self.data.sd is not None:
            raise ValueError(
                "exact_gp: the table has known standard errors, for which GPyTorch's likelihood has no place; "
                "make the model of the table without sd"
            )
        return PlainGP(self.unit, self.mean, self.kernel, self.likelihood)


def independent(
    data: TaskData,
    *,
    hyperparameters: str = "own",
    noise: str = "per task",
    kernel: Kernel | None = None,
    likelihood: ByTask = None,
) -> Model:
    """One GP for each task (book: one-equation).

    Args:
        data (TaskData): the table.
        hyperparameters (str): "own" or "shared": kernel parameters and signal variance of its own, or in
            common. Default: "own".
        noise (str): "shared", "per task", "full", "rank 1" and so on, or "none" where all errors are known.
            Default: "per task".
        kernel (Kernel): a GPyTorch kernel of the inputs with variance 1. Default: Matern 3/2, with a
            length-scale for each input.
        likelihood (dict): as of `icm`. Default: all tasks are normal.
    Raises:
        ValueError: for unknown words, unusable kernels and tables that cannot be standardised.

    >>> from gpytorch.kernels import MaternKernel
    >>> from mtgp_tutorial import fit, independent, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> kernel = MaternKernel(nu=2.5)
    >>> how = {"hyperparameters": "shared", "kernel": kernel}
    >>> fitted = fit(independent(data, **how))
    >>> fitted.correlation.round(3).to_numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    one_of("hyperparameters", hyperparameters, ("own", "shared"))
    base = unit_kernel(kernel, _checked(data).x)
    copies = [scaled(copy.deepcopy(base)) for _ in data.tasks]
    kernels = IndependentKernel(copies if hyperparameters == "own" else copies[:1] * len(copies))
    return Model(data, kernels, noise, likelihood)


def icm(
    data: TaskData,
    *,
    rank: int = 1,
    kappa: bool = True,
    noise: str | None = None,
    kernel: Kernel | None = None,
    likelihood: ByTask = None,
) -> Model:
    """Intrinsic coregionalization model: one kernel, B = W W^T + diag(kappa) (book: icm).

    Args:
        data (TaskData): the table.
        rank (int): R, the columns of W [T, R]. Default: 1.
        kappa (bool): False sets kappa to 0: B = W W^T, with rank 1 of correlations 1 and -1 alone. Default: True.
        noise (str): "shared", "per task", "full", "rank 1" (L L^T + sigma^2 I, L [T, 1]) and so on, or "none" where all
            errors are known. Default: "full" from 40 rows on that hold several values, and ten of them for each task;
            below that, "per task".
        kernel (Kernel): a GPyTorch kernel of the inputs with variance 1, or a sum k1 + k2, which gets weights that add
            to 1 (`kernels.ConvexSum`). Default: Matern 3/2, with a length-scale for each input.
        likelihood (dict): by task, "poisson", "negative binomial", "bernoulli", or an object such as
            Poisson(exposure=...); its noise is its own. Default: all tasks are normal.
    Raises:
        ValueError: for a rank below 1 or above T, unknown words, unusable kernels, tables that have no scale.

    >>> from mtgp_tutorial import datasets, fit, icm, simulate
    >>> sines = simulate.two_sines(seed=1)
    >>> icm(sines).noise, icm(datasets.great_lakes()).noise
    ('per task', 'full')
    >>> fitted = fit(icm(sines, noise="full"))
    >>> bool(fitted.correlation.loc["sine", "lagged sine"] > 0.5)
    True
    >>> fitted.Sigma.shape
    (2, 2)
    """
    rank = _checked_rank(rank, _checked(data).num_tasks)
    flags(kappa=kappa)
    noise = usual_noise(data, laws_of(likelihood, data))[0] if noise is None else noise
    return Model(data, ICMKernel(unit_kernel(kernel, data.x), data.num_tasks, rank, kappa), noise, likelihood)


def lmc(
    data: TaskData,
    *,
    kernels: int | Sequence[Kernel] = 2,
    rank: int | Sequence[int] = 1,
    kappa: bool = True,
    noise: str = "per task",
    likelihood: ByTask = None,
) -> Model:
    """Linear model of coregionalization: several kernels, B_q = W_q W_q^T + diag(kappa_q) for each (book: lmc).

    Args:
        data (TaskData): the table.
        kernels (int or list of Q Kernel): their number Q, or GPyTorch kernels with variance 1. A number: of Matern
            3/2, with a length-scale for each input. Default: 2.
        rank (int or list of Q int): of each W_q. Default: 1.
        kappa (bool): False sets every kappa to 0 (with rank 1: the semiparametric latent factor model). Default: True.
        noise (str): "shared", "per task", "full", "rank 1" and so on, or "none" where all errors are known.
            Default: "per task".
        likelihood (dict): as of `icm`. Default: all tasks are normal.
    Raises:
        ValueError: as `icm` does, and for no kernels or ranks that do not fit.

    >>> from gpytorch.kernels import MaternKernel, RBFKernel
    >>> from mtgp_tutorial import fit, lmc, simulate
    >>> kernels = [RBFKernel(), MaternKernel(nu=1.5)]
    >>> model = lmc(simulate.two_sines(seed=1), kernels=kernels)
    >>> fitted = fit(model, starts=1)
    >>> len(fitted.Bs), fitted.shares.sum(axis=1).round(6).tolist()
    (2, [1.0, 1.0])
    """
    chosen: Any = kernels
    if isinstance(kernels, Integral) and not isinstance(kernels, bool):
        chosen = [None] * int(kernels)
    if isinstance(chosen, str) or not isinstance(chosen, Sequence) or len(chosen) == 0:
        raise ValueError(f"kernels: is {shown(kernels)}; pass their number, at least 1, or a list of GPyTorch kernels")
    ranks = list(rank) if isinstance(rank, Sequence) else [rank] * len(chosen)
    if len(ranks) != len(chosen):
        raise ValueError(f"rank: has {len(ranks)} entries for {len(chosen)} kernels; pass one number, or one for each")
    ranks = [_checked_rank(one, _checked(data).num_tasks) for one in ranks]
    flags(kappa=kappa)
    kernel = LMCKernel([unit_kernel(one, data.x) for one in chosen], data.num_tasks, ranks, kappa)
    return Model(data, kernel, noise, likelihood)


def _checked_rank(rank: int, num_tasks: int) -> int:
    if isinstance(rank, bool) or not isinstance(rank, Integral) or not 1 <= rank <= num_tasks:
        raise ValueError(f"rank: {shown(rank)} is not a whole number from 1 to T = {num_tasks}; pass one of these")
    return int(rank)


def _checked(data: TaskData) -> TaskData:
    of_kind("data", data, TaskData, "a TaskData")
    for d, width in enumerate((data.x.amax(0) - data.x.amin(0)).tolist()):
        if width and not 1e-150 < width < 1e150:
            raise ValueError(f"x: column {d} spans {width:.3g}, whose square is out of range; pass it in another unit")
    return data

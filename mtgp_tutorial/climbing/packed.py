"""The packed objective: what a fit maximises, and the gradient by hand, as functions of one vector.

`fit` evaluates the objective some hundred times. At ten rows an evaluation through GPyTorch and autograd takes
more than twice as long as through this file, three times with priors. So here the parameters are slices of a vector,
in the order of `Model.parameters()`, with the logarithms and factors that GPyTorch stores. Kernels that are not
closed, and constraints of a user's own, stay with autograd.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gpytorch.kernels import Kernel

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.climbing.batched import NO_HOLES, batched, cost, transposed
from mtgp_tutorial.climbing.noise_arrays import ARRAYS
from mtgp_tutorial.climbing.prior_arrays import of_length_scales, of_moments
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.kernels import IndependentKernel
from mtgp_tutorial.model import Model
from mtgp_tutorial.priors import input_spread
from mtgp_tutorial.sites import CLIMBING, DISPERSION, NEAR, with_dispersions
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.solvers.closed import BatchedMatrices, ClosedMatrix, LengthScale, is_closed
from mtgp_tutorial.solvers.solver import Problem, Solver
from mtgp_tutorial.starts import takes_candidates

Arrays = dict[str, np.ndarray]
Inverted = tuple[np.ndarray, np.ndarray] | None  # log determinants and inverses of B and Sigma, see `of_moments`
NONE = np.zeros((1, 0))  # dispersions of a model without any
GROUP = 2**16  # numbers in the matrices K of those vectors that are evaluated at once: what a processor keeps near


class Moments(NamedTuple):
    """Means [N, T], each B_q [N, T, T] and Sigma [N, T, T] of N vectors; or slopes against them."""

    means: np.ndarray
    Bs: list[np.ndarray]
    Sigma: np.ndarray

    def plus(self, other: Moments) -> Moments:
        """The sum of slopes."""
        each = [one + two for one, two in zip(self.Bs, other.Bs)]
        return Moments(self.means + other.means, each, self.Sigma + other.Sigma)


class Found(NamedTuple):
    """Log likelihood [N], with slopes against the parameters of each kernel, and against moments; None if not asked.

    of_factors: slopes against each W_q and kappa_q, of a solver that takes these in the place of B_q; else empty.
    of_dispersions: those against the dispersions of counts.
    """

    value: np.ndarray
    of_kernels: list[Arrays]
    slopes: Moments | None
    inverted: Inverted = None
    of_factors: Sequence[np.ndarray] = ()
    of_dispersions: np.ndarray = NONE


class PackedObjective:
    """`objective(model, priors)` as a function of the vector of its free parameters; solver: for that of choice.

    On the CPU a table with one kernel and few holes, or tasks that share nothing, goes by `batched`, many vectors
    at a time; all others by the solvers, one by one.
    """

    gains = 1e-10, CLIMBING  # nats that a step of sites may still gain, at the top and far below

    def __init__(self, model: Model, priors: bool, solver: type[Solver] | None = None):
        self.model, self.priors, self.independent = model, priors, isinstance(model.kernel, IndependentKernel)
        with torch.no_grad():
            self.problem, kept = solvers.with_values(solvers.problem_of(model))
            self.solver: type[Solver] = solver or solvers.select(self.problem)
            self.y, self.log_spread = model.unit.y[kept], as_array(input_spread(model.unit.x).log())
            self.sites, self.noise = model.sites.of_rows(kept), ARRAYS[model.noise]
            noisy = np.isin(range(model.data.num_tasks), model.noisy)
            self.spanned, self.silent = np.outer(noisy, noisy) * 1.0, np.diag(~noisy * 1.0)
            self.batched = solver is None and goes_batched(self.problem, self.solver)
            self.at_once = max(1, GROUP // len(self.y) ** 2) if self.batched else 1
            self.readings, self.seen = as_array(self.y.nan_to_num()), as_array(~self.y.isnan())
            rows, tasks = (~self.seen).nonzero()
            self.holes = rows, tasks
            self.parts = [Part(self.matrix(one, t), at, of, t) for one, at, of, t in parts_of(model)]
        ends, parameters = 0, dict(model.named_parameters())
        self.places = {}  # of each parameter in the vector of all
        for name, parameter in parameters.items():
            self.places[name] = slice(ends, ends := ends + parameter.numel()), tuple(parameter.shape)
        self.all = np.concatenate([as_array(p).ravel() for p in parameters.values()])
        self.is_free = np.repeat(
            [p.requires_grad for p in parameters.values()], [p.numel() for p in parameters.values()]
        )
        self.free = [(name, p.shape, p.numel()) for name, p in parameters.items() if p.requires_grad]
        of_B = [0] if model.one_signal else list(range(model.data.num_tasks))
        self.coupled, self.variances = model.coupled(), (of_B, model.kind.free(model.noisy))  # each number once
        self.stood: deque[tuple[np.ndarray, torch.Tensor, torch.Tensor, float]] = deque(maxlen=12)
        self.means = [f"mean.base_means.{t}.raw_constant" for t in range(model.data.num_tasks)]  # names in the model

    def matrix(self, kernel: Kernel, task: int | None) -> ClosedMatrix | BatchedMatrices | LengthScale:
        """K of the table's inputs as a function of the kernel's parameters; by stacks those of the kernel's task."""
        x = self.problem.x
        if self.batched:
            return BatchedMatrices(kernel, as_array(x)[slice(None) if task is None else self.seen[:, task]])
        return LengthScale(x) if self.solver.by_length else ClosedMatrix(kernel, *self.solver.inputs(self.problem))

    def named(self, vectors: np.ndarray) -> Arrays:
        """All parameters by name, [..., *shape]; the free ones are slices of the vectors [..., P]."""
        lead = vectors.shape[:-1]
        values = np.empty((*lead, len(self.all)))
        values[...] = self.all
        values[..., self.is_free] = vectors
        return {name: values[..., at].reshape(lead + shape) for name, (at, shape) in self.places.items()}

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the objective and minus its gradient, as a minimiser wants them.

        Raises NotPositiveDefiniteError where there is no value.
        """
        value, slope = self.evaluated(vector[None], True)
        return -float(value[0]), -slope[0]

    def many(self, vectors: np.ndarray, slopes: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The objective [N] at vectors [N, P], minus infinity where there is none; and its gradient [N, P]."""
        groups = [self.within(vectors[i : i + self.at_once], slopes) for i in range(0, len(vectors), self.at_once)]
        values, gradients = zip(*groups)
        return np.concatenate(values), np.concatenate(gradients)

    def within(self, vectors: np.ndarray, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
        """The same of one group; where one of them has no value, of each alone."""
        try:
            return self.evaluated(vectors, slopes)
        except NotPositiveDefiniteError:
            if len(vectors) == 1:
                return np.array([-np.inf]), np.zeros_like(vectors)
            values, gradients = zip(*(self.within(vectors[[i]], slopes) for i in range(len(vectors))))
            return np.concatenate(values), np.concatenate(gradients)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a minimiser may look where there is no number
    @torch.inference_mode()
    def evaluated(self, vectors: np.ndarray, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
        """The objective [N] and, if asked for, its gradient [N, P]; of several vectors where they go by stacks.

        Raises NotPositiveDefiniteError where one of them has no value.
        """
        p, gain = self.named(vectors), self.warmed(vectors[0])
        means = np.array([p[name] for name in self.means]).T
        Sigma = self.Sigma(p) + np.zeros((len(vectors), 1, 1))  # that of no noise has no parameters
        moments = Moments(means, [self.B(part, p) for part in self.parts], Sigma)
        found = self.by_batch(p, moments, slopes) if self.batched else self.by_solver(p, moments, slopes, gain)
        value, against, of_dispersions, gradient = found.value, found.slopes, found.of_dispersions, Arrays()
        for part, each in zip(self.parts, found.of_kernels):
            gradient |= {part.kernel + name: slope for name, slope in each.items()}
        if self.priors:
            more, of_prior = self.prior(moments, found.inverted)
            value = value + more + self.prior_of_length_scales(p, gradient)
            off = p.get(DISPERSION, NONE) - math.log(0.1)  # log d ~ N(log 0.1, 1)
            value, of_dispersions = value - 0.5 * (off**2).sum(-1), of_dispersions - off
            against = None if against is None else against.plus(of_prior)
        if against is None:
            return value, np.zeros_like(vectors)
        self.add_signal(p, against.Bs, gradient)
        self.add_factors(p, found.of_factors, gradient)
        gradient |= self.noise.pull_back(against.Sigma * self.spanned, p)
        gradient |= dict(zip(self.means, against.means.T)) | {DISPERSION: of_dispersions}
        slope = np.concatenate([gradient[name].reshape(len(vectors), -1) for name, _, _ in self.free], 1)
        if self.sites.columns:
            gain = float(np.clip(CLIMBING * np.abs(slope).max() ** 2, *self.gains))
            self.stood.append((vectors[0], self.sites.y, self.sites.variances, gain))
        return value, slope

    def warmed(self, vector: np.ndarray) -> float:
        """Sites go on from those of the nearest vector so far; what a step may still gain, by the slope there."""
        if not self.stood:
            return self.gains[1]
        _, y, variances, gain = min(self.stood, key=lambda one: float(((one[0] - vector) ** 2).sum()))
        self.sites.y, self.sites.variances = y, variances
        return gain

    def by_batch(self, p: Arrays, moments: Moments, slopes: bool) -> Found:
        """Log likelihood [N], and slopes against the parameters of each kernel, means, each B_q and Sigma."""
        if len(self.parts) > 1:
            return self.by_tasks(p, moments, slopes)
        (means, (B,), Sigma), (part,) = moments, self.parts
        found = batched(self.readings - means[:, None], part.of_inputs(p), B, Sigma, self.holes, slopes)
        inverted = found.inverted() if self.priors else None
        if not slopes:
            return Found(found.value, [], None, inverted)
        dK, dB, dSigma, of_means = found.gradients()
        return Found(found.value, [part.matrix.gradient(dK)], Moments(of_means, [dB], dSigma), inverted)

    def by_tasks(self, p: Arrays, moments: Moments, slopes: bool) -> Found:
        """The same of tasks that share nothing: problems of one task each, with its own rows; those as long at once."""
        means, Bs, Sigma = moments
        (N, T), counts = means.shape, self.seen.sum(0)
        value, found_of, of_kernels = np.zeros(N), np.zeros((3, N, T)), [Arrays() for _ in range(T)]
        for tasks in [np.flatnonzero(counts == count) for count in np.unique(counts)]:
            own = [(self.readings[self.seen[:, t], t] - means[:, [t]], Bs[t][:, t, t], Sigma[:, t, t]) for t in tasks]
            residual, B, noise = (np.concatenate(each)[..., None] for each in zip(*own))
            K = np.concatenate([self.parts[t].of_inputs(p) for t in tasks])
            found = batched(residual, K, B[:, None], noise[:, None], NO_HOLES, slopes)
            value += found.value.reshape(-1, N).sum(0)
            if slopes:
                dK, *rest = found.gradients()
                for t, G in zip(tasks, np.split(dK, len(tasks))):
                    of_kernels[t] = self.parts[t].matrix.gradient(G)
                found_of[:, :, tasks] = [each.reshape(-1, N).T for each in rest]
        if not slopes:
            return Found(value, [], None)
        (dB, dSigma, of_means), identity = found_of, np.eye(T)
        of_B = [slope[:, None, None] * np.diag(row) for slope, row in zip(dB.T, identity)]
        return Found(value, of_kernels, Moments(of_means, of_B, dSigma[:, :, None] * identity))

    def by_solver(self, p: Arrays, moments: Moments, slopes: bool, gain: float) -> Found:
        """The same of one vector; gain: that a step of sites may leave where slopes are asked for."""
        means, Bs, Sigma = moments
        Ks = [part.of_inputs(p) for part in self.parts]
        mean, noise = as_tensor(means[0], self.y), as_tensor(Sigma[0], self.y)
        loads = [as_tensor(each[0], self.y) for each in (self.factors(p) if self.solver.by_factor else Bs)]
        problem = self.solver.with_loads(self.problem, loads)._replace(Sigma=noise)

        def factor(y: torch.Tensor, variances: torch.Tensor | None) -> Solver:
            return self.solver(problem._replace(residual=y - mean, variances=variances), Ks)

        laws = with_dispersions(self.model.laws, torch.as_tensor(p.get(DISPERSION, NONE)))
        found, above, of_raw = self.sites.settle(factor, laws, gain if slopes else NEAR)
        solver = factor(self.y, self.problem.variances) if found is None else found
        value, of_dispersions = np.array([float(solver.value()) + above]), as_array(of_raw)[None]
        if not slopes:
            return Found(value, [], None, of_dispersions=of_dispersions)
        dKs, of_loads, dSigma = solver.gradients()
        of_kernels = [part.matrix.gradient(dK) for part, dK in zip(self.parts, dKs)]
        of_means, of_Sigma, *against = (as_array(each)[None] for each in (solver.weights.sum(0), dSigma, *of_loads))
        of_B, of_factors = ([np.zeros_like(B) for B in Bs], against) if self.solver.by_factor else (against, [])
        return Found(value, of_kernels, Moments(of_means, of_B, of_Sigma), None, of_factors, of_dispersions)

    def factors(self, p: Arrays) -> list[np.ndarray]:
        """W_q [..., T, R_q] and kappa_q [..., T] of each kernel in turn."""
        names = [part.signal for part in self.parts]
        return [each for one in names for each in (p[one + "covar_factor"], np.exp(p[one + "raw_var"]))]

    def B(self, part: Part, p: Arrays) -> np.ndarray:
        """B_q [..., T, T] from W_q and log kappa_q, or from the log variance of its tasks."""
        identity = np.eye(self.y.shape[1])
        if self.independent:
            variance = np.exp(p[part.signal + "raw_outputscale"])[..., None, None]
            return variance * (identity if part.task is None else np.diag(identity[part.task]))
        W = p[part.signal + "covar_factor"]
        return W @ transposed(W) + np.exp(p[part.signal + "raw_var"])[..., None] * identity

    def add_signal(self, p: Arrays, of_B: list[np.ndarray], gradient: Arrays) -> None:
        """Down to W_q and log kappa_q, or to log variances."""
        for part, dB in zip(self.parts, of_B):
            diagonal = np.diagonal(dB, 0, -2, -1)
            if self.independent:
                name = part.signal + "raw_outputscale"
                slope = diagonal.sum(-1) if part.task is None else diagonal[..., part.task]
                gradient[name] = slope * np.exp(p[name])
            else:
                gradient[part.signal + "covar_factor"] = (dB + transposed(dB)) @ p[part.signal + "covar_factor"]
                gradient[part.signal + "raw_var"] = diagonal * np.exp(p[part.signal + "raw_var"])

    def add_factors(self, p: Arrays, of_factors: Sequence[np.ndarray], gradient: Arrays) -> None:
        """What a solver says against W_q and kappa_q themselves, down to W_q and log kappa_q."""
        names = [part.signal + name for part in self.parts for name in ("covar_factor", "raw_var")]
        for name, slope, value in zip(names, of_factors, self.factors(p) if of_factors else ()):
            gradient[name] += slope * value if name.endswith("raw_var") else slope

    def Sigma(self, p: Arrays) -> np.ndarray:
        """Sigma [..., T, T], from logarithms above the floor or from its factor."""
        return self.noise.Sigma(p, self.y.shape[1]) * self.spanned

    def prior(self, moments: Moments, inverted: Inverted) -> tuple[np.ndarray, Moments]:
        """Log prior [N] of means, B and Sigma, and its slopes."""
        means, Bs, Sigma = moments
        whole = Sigma + self.silent  # a task without noise counts for nothing
        value, *by = of_moments(means, np.sum(Bs, 0), whole, self.coupled, self.variances, inverted)
        return value, Moments(by[0], [by[1]] * len(Bs), by[2])

    def prior_of_length_scales(self, p: Arrays, gradient: Arrays) -> np.ndarray:
        """log(l / spread) ~ N(log 0.3, 1), [N]; adds its slope where a gradient is asked for."""
        total = np.zeros(1)
        for part in self.parts:
            name = part.kernel + "raw_lengthscale"
            value, slope = of_length_scales(p[name], self.log_spread)
            total = total + value
            if name in gradient:
                gradient[name] = gradient[name] + slope
        return total


class Part(NamedTuple):
    """One term: its kernel of the inputs, and where its parameters stand (W and kappa, or the variance of one task)."""

    matrix: Any  # ClosedMatrix, BatchedMatrices or LengthScale
    kernel: str
    signal: str
    task: int | None  # of an independent model with its own hyper-parameters

    def of_inputs(self, p: Arrays) -> Any:
        """K of the table's inputs, or what the solver takes in its place."""
        return self.matrix({name: p[self.kernel + name] for name in self.matrix.names})


def goes_batched(problem: Problem, solver: type[Solver]) -> bool:
    """Whether that is possible and cheaper than the solver of choice.

    It takes one kernel or tasks that share nothing, no known variances, and matrices in the CPU's memory.
    """
    if problem.solver or solver.by_length or problem.variances is not None or problem.x.device.type != "cpu":
        return False
    shape = problem.shape()
    if len(problem.terms) > 1:
        return problem.separate
    return cost(shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells) < solver.cost(shape)


def can_be_packed(model: Model) -> bool:
    """Whether this objective knows its kernels and its kind of noise, which the core may have got since."""
    known = all(is_closed(kernel) for kernel, _ in model.kernel.terms()) and model.noise in ARRAYS
    return known and takes_candidates(model)


def parts_of(model: Model) -> list[tuple[Kernel, str, str, int | None]]:
    """Kernel of the inputs, names of its parameters and of the signal's, and the task, of each term."""
    kernel = model.kernel
    if isinstance(kernel, IndependentKernel):
        tasks: list[int | None] = [None] if kernel.shared else list(range(len(kernel.kernels)))
        names = [f"kernel.kernels.{t}." for t in range(len(tasks))]
        return [(one.base_kernel, name + "base_kernel.", name, t) for one, name, t in zip(kernel.kernels, names, tasks)]
    several = hasattr(kernel, "covar_module_list")
    names = [f"kernel.covar_module_list.{q}." if several else "kernel." for q in range(len(kernel.coregional))]
    return [
        (one.data_covar_module, name + "data_covar_module.", name + "task_covar_module.", None)
        for one, name in zip(kernel.coregional, names)
    ]

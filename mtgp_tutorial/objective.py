"""What a fit maximises, at several vectors of free parameters at once: the model itself, its parameters a stack.

The parameters of a copy of the model get one more dimension in front, [S, ..]. Its own methods then say S means, B_q,
Sigma and priors, its kernels' formulas S matrices K, and autograd the way back; the likelihood and its slopes are those
of a solver. A call costs more than the arithmetic of a small table, so several vectors cost little more than one where
a solver takes stacks (`solvers.batched`); with others, counts and a user's kernels they go one by one.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial import gaussian
from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.covariance import all_cells, observation_covariance
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.kernels import Squares, Term, by_squares, covariance_of_inputs, is_plain
from mtgp_tutorial.model import Model
from mtgp_tutorial.parameters import free_sizes
from mtgp_tutorial.priors import constants, log_prior
from mtgp_tutorial.sites import CLIMBING, NEAR, with_dispersions
from mtgp_tutorial.solvers import choice
from mtgp_tutorial.solvers.batched import NO_HOLES, goes_batched, log_likelihoods
from mtgp_tutorial.solvers.dense import Dense
from mtgp_tutorial.solvers.solver import Solver

SMALL = 64  # cells of tables whose whole covariance is a matter of calls, not of arithmetic
GROUP = 2**16  # numbers in the matrices K of those vectors that are evaluated at once: what a processor keeps near

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # of free parameters [P]: minus the objective, and its slope


def objective(model: Model, priors: bool) -> Tensor:
    """Of one model: its log marginal likelihood, of the standardised table, plus the log prior if asked for."""
    value = model.log_likelihood()
    return value + log_prior(model) if priors else value


class Objective:
    """`objective(model, priors)` as a function of vectors of its free parameters; solver: for that of choice."""

    gains = 1e-10, CLIMBING  # nats that a step of sites may still gain, at the top and far below

    def __init__(self, model: Model, priors: bool, solver: type[Solver] | None = None):
        self.model, self.priors = copy.deepcopy(model), priors
        with torch.no_grad():
            self.problem, kept = choice.with_values(choice.problem_of(model))
            self.constants = constants(model)
        self.solver: type[Solver] = solver or choice.select(self.problem)
        self.y, self.sites = model.unit.y[kept], model.sites.of_rows(kept)
        self.free = free_sizes(model)
        self.places = [(*_owner(self.model, name), model.get_parameter(name).shape) for name, _ in self.free]
        self.plain = all(is_plain(kernel) for kernel, _ in self.model.kernel.terms())
        self.small = solver is None and self.solver is Dense and not self.sites.columns and self.y.numel() <= SMALL
        self.kronecker = solver is None and goes_batched(self.problem, self.solver)
        self.stacks = self.plain and (self.small or self.kronecker)
        self.at_once = max(1, GROUP // (self.y.numel() if self.small else len(self.y)) ** 2) if self.stacks else 1
        seen, x = ~self.y.isnan(), self.problem.x
        self.cells = all_cells(seen)
        self.inputs, self.apart = self.solver.inputs(self.problem), list[list[Tensor]]()
        if self.stacks and self.kronecker:
            rows, tasks = np.nonzero(as_array(~seen))
            self.readings, self.holes = as_array(self.y.nan_to_num()), (rows, tasks)
            own = seen.mT if len(self.problem.terms) > 1 else [slice(None)]
            self.apart = [list(Squares(x[rows], x[rows])) for rows in own]
        elif self.plain and not self.solver.by_length:
            self.apart = [list(Squares(self.inputs[0], self.inputs[-1]))] * len(self.problem.terms)
        self.stood: deque[tuple[np.ndarray, Tensor, Tensor, float]] = deque(maxlen=12)

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the objective and minus its gradient, as a minimiser wants them.

        Raises NotPositiveDefiniteError where there is no value.
        """
        value, slope = self.evaluated(vector[None], True)
        return -float(value[0]), -slope[0]

    def many(self, vectors: np.ndarray, slopes: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The objective [S] at vectors [S, P], minus infinity where there is none; and its gradient [S, P]."""
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
    def evaluated(self, vectors: np.ndarray, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
        """The objective [S] and, if asked for, its gradient [S, P]; raises NotPositiveDefiniteError."""
        with torch.set_grad_enabled(slopes):
            at = torch.as_tensor(vectors, device=self.y.device).requires_grad_(slopes)
            gain = self.warmed(vectors[0])
            value = self.value(at if self.stacks else at[0], gain if slopes else NEAR).reshape(len(vectors))
            if not slopes:
                return as_array(value), np.zeros_like(vectors)
            slope = as_array(torch.autograd.grad(value, at, torch.ones_like(value))[0])
        if self.sites.columns:
            gain = float(np.clip(CLIMBING * np.abs(slope).max() ** 2, *self.gains))
            self.stood.append((vectors[0], self.sites.y, self.sites.variances, gain))
        return as_array(value), slope

    def warmed(self, vector: np.ndarray) -> float:
        """Sites go on from those of the nearest vector so far; what a step may still gain, by the slope there."""
        if not self.stood:
            return self.gains[1]
        _, y, variances, gain = min(self.stood, key=lambda one: float(((one[0] - vector) ** 2).sum()))
        self.sites.y, self.sites.variances = y, variances
        return gain

    def value(self, vectors: Tensor, gain: float) -> Tensor:
        """The objective [..] at vectors [.., P], differentiable; gain: nats that a step of sites may leave."""
        model = self.placed(vectors)
        terms, means, Sigma = model.kernel.terms(), model.means(), model.Sigma()
        value = (
            self.of_stack(len(vectors), terms, means, Sigma) if self.stacks else self.of_one(terms, means, Sigma, gain)
        )
        if not self.priors:
            return value
        B = terms[0].B if len(terms) == 1 else sum(term.B for term in terms)
        return value + log_prior(model, B, Sigma, self.constants)  # type: ignore[arg-type]

    def placed(self, vectors: Tensor) -> Model:
        """The model with the parameters of vectors [.., P]."""
        for (owner, name, shape), part in zip(self.places, vectors.split([size for _, size in self.free], -1)):
            owner._parameters[name] = part.reshape(vectors.shape[:-1] + shape)  # type: ignore[assignment]
        return self.model

    def at(self, vector: np.ndarray) -> Model:
        """The same of one vector [P]."""
        return self.placed(torch.as_tensor(vector, device=self.y.device))

    def of_stack(self, S: int, terms: list[Term], means: Tensor, Sigma: Tensor) -> Tensor:
        """Log likelihoods [S]: of one kernel at once; of tasks that share nothing those at once that are as long."""
        if not self.kronecker:
            return self.dense(terms, means, Sigma)
        T, Ks = means.shape[-1], [by_squares(term.kernel, apart) for term, apart in zip(terms, self.apart)]
        Ks = [K.expand(S, *K.shape[-2:]) for K in Ks]  # what is frozen is one for all
        means, Sigma = means.expand(S, T), Sigma.expand(S, T, T)
        Bs = [term.B.expand(S, T, T) for term in terms]
        if len(terms) == 1:
            return log_likelihoods(self.readings, self.holes, means, Ks[0], Bs[0], Sigma)
        value = means.new_zeros(S)
        for count in {K.shape[-1] for K in Ks}:
            tasks = [t for t in range(T) if Ks[t].shape[-1] == count]
            y = np.repeat([as_array(self.y[~self.y[:, t].isnan(), t]) for t in tasks], S, 0)[..., None]
            own = [torch.cat([each[:, t] for t in tasks])[:, None] for each in (means, Sigma.diagonal(0, 1, 2))]
            B = torch.cat([Bs[t][:, t, t] for t in tasks])[:, None, None]
            K = torch.cat([Ks[t] for t in tasks])
            value = value + log_likelihoods(y, NO_HOLES, own[0], K, B, own[1][..., None]).reshape(-1, S).sum(0)
        return value

    def dense(self, terms: list[Term], means: Tensor, Sigma: Tensor) -> Tensor:
        """By the one equation, all cells at once."""
        pairs = [(by_squares(term.kernel, apart), term.B) for term, apart in zip(terms, self.apart)]
        C = observation_covariance(pairs, Sigma, self.cells, self.problem.variances)
        return gaussian.log_density(self.y[self.cells] - means[..., self.cells[1]], C)

    def of_one(self, terms: list[Term], means: Tensor, Sigma: Tensor, gain: float) -> Tensor:
        """The log likelihood of one vector by the solver of choice, with sites where there are counts."""
        Ks, loads = [self.of_inputs(q, term) for q, term in enumerate(terms)], [term.B for term in terms]
        if self.solver.by_factor:
            parts = [part.task_covar_module for part in self.model.kernel.coregional]
            loads = [each for part in parts for each in (part.covar_factor, part.var)]
        raw = self.model.raw_dispersion
        with torch.no_grad():
            problem = self.solver.with_loads(self.problem, loads)._replace(Sigma=Sigma)

            def factor(y: Tensor, variances: Tensor | None) -> Solver:
                return self.solver(problem._replace(residual=y - means, variances=variances), Ks)

            solver, above, of_raw = self.sites.settle(factor, with_dispersions(self.model.laws, raw), gain)
            solver = factor(self.y, self.problem.variances) if solver is None else solver
        y = self.sites.y if self.sites.columns else self.y
        value = solver.differentiable(y - means, Sigma, Ks, loads) + above
        return value + (of_raw * (raw - raw.detach())).sum() if self.sites.columns else value

    def of_inputs(self, q: int, term: Term) -> Tensor:
        """What the solver takes of a kernel: K_q [N, M] of its inputs, or the length-scale."""
        if self.solver.by_length:
            return term.kernel.lengthscale.reshape(())
        return by_squares(term.kernel, self.apart[q]) if self.plain else covariance_of_inputs(term.kernel, *self.inputs)


def _owner(model: Model, name: str) -> tuple[torch.nn.Module, str]:
    """The module that holds a parameter, and its name there."""
    path, _, own = name.rpartition(".")
    return model.get_submodule(path), own

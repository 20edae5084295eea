"""What a fit maximises, at several vectors of parameters at once: the model itself, its parameters a stack.

The parameters of a copy of the model get one more dimension in front, [S, ..]. Its own methods then say S means, B_q,
Sigma and priors, its kernels' formulas S matrices K, and autograd the way back; the likelihood and its slopes are those
of the solver of choice. A call costs more than the arithmetic of a small table, so several vectors cost little more
than one where the solver takes stacks; other solvers, counts and a user's kernels go one by one.
"""

from __future__ import annotations

import copy
from collections import deque

import numpy as np
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.kernels import covariance_of_inputs, is_plain, of_squares
from mtgp_tutorial.model import Model
from mtgp_tutorial.priors import log_prior
from mtgp_tutorial.sites import CLIMBING, NEAR, with_dispersions
from mtgp_tutorial.solvers import choice
from mtgp_tutorial.solvers.solver import Solver, log_likelihood

GROUP = 2**16  # numbers in the matrices K of those vectors that are evaluated at once: what a processor keeps near


class Objective:
    """`objective(model, priors)` as a function of vectors of its free parameters; solver: for that of choice."""

    gains = 1e-10, CLIMBING  # nats that a step of sites may still gain, at the top and far below

    def __init__(self, model: Model, priors: bool, solver: type[Solver] | None = None):
        self.model, self.priors = copy.deepcopy(model), priors
        with torch.no_grad():
            self.problem, kept = choice.with_values(choice.problem_of(model))
        self.solver: type[Solver] = solver or choice.select(self.problem)
        self.y, self.sites = model.unit.y[kept], model.sites.of_rows(kept)
        self.sizes, self.places = [], []
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                owner, _, own = name.rpartition(".")
                self.places.append((name, self.model.get_submodule(owner)._parameters, own, parameter.shape))
                self.sizes.append(parameter.numel())
        plain = all(is_plain(kernel) for kernel, _ in self.model.kernel.terms())
        self.stacks = self.solver.stacks and plain and not self.sites.columns
        self.at_once = max(1, GROUP // len(self.y) ** 2) if self.stacks else 1
        self.inputs = self.solver.inputs(self.problem)
        if plain and not self.solver.by_length:
            x, z = self.inputs[0], self.inputs[-1]
            self.squares = torch.stack([(a[:, None] - b) ** 2 for a, b in zip(x.mT, z.mT)])
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

    def evaluated(self, vectors: np.ndarray, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
        """The objective [S] and, if asked for, its gradient [S, P]; raises NotPositiveDefiniteError."""
        with torch.set_grad_enabled(slopes):
            at = torch.as_tensor(vectors, device=self.y.device).requires_grad_(slopes)
            gain = self.warmed(vectors[0]) if self.sites.columns else 0.0
            value = self.value(at if self.stacks else at[0], gain if slopes else NEAR).reshape(len(vectors))
            if not slopes:
                return as_array(value), np.zeros_like(vectors)
            slope = as_array(torch.autograd.grad(value.sum(), at)[0])
        if self.sites.columns:
            gain = float(np.clip(CLIMBING * np.abs(slope).max() ** 2, *self.gains))
            self.stood.append((vectors[0], self.sites.y, self.sites.variances, gain))
        return as_array(value), slope

    def value(self, vectors: Tensor, gain: float) -> Tensor:
        """The objective [..] at vectors [.., P], differentiable; gain: nats that a step of sites may leave."""
        self.place(vectors)
        model, lead = self.model, vectors.shape[:-1]
        terms, means, Sigma = model.kernel.terms(), model.means(), model.Sigma()
        Ks, loads = [self.of_inputs(term.kernel) for term in terms], [term.B for term in terms]
        if self.solver.by_factor:
            parts = [part.task_covar_module for part in model.kernel.coregional]
            loads = [each for part in parts for each in (part.covar_factor, part.var)]
        if lead:
            means, Sigma = means.expand(*lead, -1), Sigma.expand(*lead, -1, -1)  # what is frozen is one for all
            Ks, loads = ([each.expand(*lead, -1, -1) for each in some] for some in (Ks, loads))
        with torch.no_grad():
            problem = self.solver.with_loads(self.problem, loads)._replace(Sigma=Sigma)
            laws = with_dispersions(model.laws, model.raw_dispersion)

            def factor(y: Tensor, variances: Tensor | None) -> Solver:
                return self.solver(problem._replace(residual=y - means[..., None, :], variances=variances), Ks)

            solver, above, of_raw = self.sites.settle(factor, laws, gain)
            solver = factor(self.y, self.problem.variances) if solver is None else solver
        residual = self.sites.y - means[..., None, :]
        value = log_likelihood(solver, residual, Sigma, Ks, loads) + above
        if self.sites.columns:
            value = value + (of_raw * (model.raw_dispersion - model.raw_dispersion.detach())).sum()
        if not self.priors:
            return value
        B = terms[0].B if len(terms) == 1 else sum(term.B for term in terms)
        return value + log_prior(model, B, Sigma)  # type: ignore[arg-type]

    def place(self, vectors: Tensor) -> Model:
        """The model with the parameters of vectors [.., P]."""
        for (_, owner, name, shape), part in zip(self.places, vectors.split(self.sizes, -1)):
            owner[name] = part.reshape(vectors.shape[:-1] + shape)
        return self.model

    def of_inputs(self, kernel: Kernel) -> Tensor:
        """What the solver takes of a kernel: K_q [.., N, M] of its inputs, or the length-scale."""
        if self.solver.by_length:
            return kernel.lengthscale.reshape(())
        if not is_plain(kernel):
            return covariance_of_inputs(kernel, *self.inputs)
        inverse = kernel.lengthscale[..., 0, :] ** -2
        if len(self.squares) == 1:
            return of_squares(kernel, inverse[..., None] * self.squares[0])
        u = inverse.expand(*inverse.shape[:-1], len(self.squares)) @ self.squares.flatten(1)
        return of_squares(kernel, u.unflatten(-1, self.squares.shape[1:]))

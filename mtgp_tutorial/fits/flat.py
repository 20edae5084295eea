"""The flat form of a model's parameters: its objective, and the gradient by hand, as functions of one vector.

`fit` evaluates the objective some hundred times. At ten rows an evaluation through GPyTorch and autograd takes
more than twice as long as through this file, three times with priors. So here the parameters are slices of a vector,
in the order of `Model.parameters()`, with the logarithms and factors that GPyTorch stores. Kernels that are not
closed, and constraints of a user's own, stay with autograd.

Where the parameters of each term stand in a model, by GPyTorch's names.

What is maximised: the exact log marginal likelihood, and the log prior.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from gpytorch.constraints import Positive
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.exact import forms
from mtgp_tutorial.exact.form import Form
from mtgp_tutorial.models.closed import is_closed
from mtgp_tutorial.models.kernels import ClosedMatrix, IndependentKernel, LengthScale
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.models.priors import input_spread, log_prior, of_length_scales, of_moments, spatial_parts

Arrays = dict[str, np.ndarray]


class Flat:
    """`objective(model, priors)` as a function of the vector of its free parameters; form: for that of choice."""

    def __init__(self, model: Model, priors: bool, form: type[Form] | None = None):
        self.model, self.priors, self.independent = model, priors, isinstance(model.kernel, IndependentKernel)
        with torch.no_grad():
            self.problem, kept = forms.with_values(model.problem())
            self.form: type[Form] = form or forms.chosen(self.problem)
            self.y, self.log_spread = model.unit.y[kept], as_array(input_spread(model.unit.x).log())
            x, by_length, inputs = self.problem.x, self.form.by_length, self.form.inputs(self.problem)
            self.parts = [
                Part(LengthScale(x) if by_length else ClosedMatrix(one, *inputs), at, of, task)
                for one, at, of, task in parts_of(model)
            ]
        parameters = dict(model.named_parameters())
        self.fixed = {name: as_array(p).copy() for name, p in parameters.items()}
        self.free = [(name, p.shape, p.numel()) for name, p in parameters.items() if p.requires_grad]
        self.coupled = model.coupled()

    def named(self, vector: np.ndarray) -> Arrays:
        """All parameters by name; the free ones are slices of the vector."""
        values, start = dict(self.fixed), 0
        for name, shape, size in self.free:
            values[name] = vector[start : start + size].reshape(shape)
            start += size
        return values

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a minimiser may look where there is no number
    @torch.inference_mode()
    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the objective and minus its gradient, as a minimiser wants them."""
        p = self.named(vector)
        form, means, Bs, Sigma = self.factored(p)
        dKs, dBs, dSigma = form.gradients()
        of_B, of_Sigma = [as_array(dB) for dB in dBs], as_array(dSigma)
        of_means, value = as_array(form.weights.sum(0)), float(form.value())
        gradient: Arrays = {}
        for part, dK in zip(self.parts, dKs):
            for name, slope in part.matrix.gradient(dK).items():
                gradient[part.kernel + name] = slope
        if self.priors:
            prior, by_mean, by_B, by_Sigma = self.prior(means, Bs, Sigma)
            value, of_means, of_Sigma = value + prior, of_means + by_mean, of_Sigma + by_Sigma
            of_B = [each + by_B for each in of_B]
            value += self.prior_of_length_scales(p, gradient)
        self.add_signal(p, of_B, gradient)
        gradient |= self.model.kind.pull_back(of_Sigma, p)
        for t, slope in enumerate(of_means):
            gradient[f"mean.base_means.{t}.raw_constant"] = np.asarray(slope)
        return -value, -np.concatenate([gradient[name].ravel() for name, _, _ in self.free])

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a minimiser may look where there is no number
    @torch.inference_mode()
    def value(self, vector: np.ndarray) -> float:
        """The objective alone."""
        p = self.named(vector)
        form, means, Bs, Sigma = self.factored(p)
        value = float(form.value())
        if self.priors:
            value += self.prior(means, Bs, Sigma)[0]
            value += self.prior_of_length_scales(p, {})
        return value

    def factored(self, p: Arrays) -> tuple[Form, np.ndarray, list[np.ndarray], np.ndarray]:
        """The factored covariance at these parameters, and means, each B_q and Sigma."""
        means = np.array([p[f"mean.base_means.{t}.raw_constant"] for t in range(self.y.shape[1])], dtype=float)
        Bs, Sigma = [self.B(part, p) for part in self.parts], self.Sigma(p)
        Ks = [part.matrix({name: p[part.kernel + name] for name in part.matrix.names}) for part in self.parts]
        terms = [term._replace(B=self.tensor(B)) for term, B in zip(self.problem.terms, Bs)]
        residual, given = self.y - self.tensor(means), self.problem
        return self.form(given._replace(residual=residual, terms=terms, Sigma=self.tensor(Sigma)), Ks), means, Bs, Sigma

    def tensor(self, array: np.ndarray) -> Tensor:
        """On the data's device."""
        return as_tensor(array, self.y)

    def B(self, part: Part, p: Arrays) -> np.ndarray:
        """B_q from W_q and log kappa_q, or from the log variance of its tasks."""
        T = self.y.shape[1]
        if self.independent:
            variance = np.exp(p[part.signal + "raw_outputscale"])
            return variance * (np.eye(T) if part.task is None else np.diag(np.eye(T)[part.task]))
        W = p[part.signal + "covar_factor"]
        return W @ W.T + np.diag(np.exp(p[part.signal + "raw_var"]))

    def add_signal(self, p: Arrays, of_B: list[np.ndarray], gradient: Arrays) -> None:
        """Down to W_q and log kappa_q, or to log variances."""
        for part, dB in zip(self.parts, of_B):
            if self.independent:
                name = part.signal + "raw_outputscale"
                slope = np.trace(dB) if part.task is None else dB[part.task, part.task]
                gradient[name] = np.asarray(slope * np.exp(p[name]))
            else:
                gradient[part.signal + "covar_factor"] = (dB + dB.T) @ p[part.signal + "covar_factor"]
                gradient[part.signal + "raw_var"] = dB.diagonal() * np.exp(p[part.signal + "raw_var"])

    def Sigma(self, p: Arrays) -> np.ndarray:
        """Sigma, from logarithms above the floor or from its factor."""
        return self.model.kind.Sigma(p, self.y.shape[1])

    def prior(
        self, means: np.ndarray, Bs: list[np.ndarray], Sigma: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Log prior of means, B and Sigma, with its derivatives."""
        return of_moments(means, np.sum(Bs, 0), Sigma, self.coupled, free_variances(self.model))

    def prior_of_length_scales(self, p: Arrays, gradient: Arrays) -> float:
        """log(l / spread) ~ N(log 0.3, 1); adds its slope where a gradient is asked for."""
        total = 0.0
        for part in self.parts:
            name = part.kernel + "raw_lengthscale"
            value, slope = of_length_scales(p[name], self.log_spread)
            total += value
            if name in gradient:
                gradient[name] = gradient[name] + slope
        return total


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


def objective(model: Model, priors: bool) -> Tensor:
    """Exact log marginal likelihood of the standardised table, plus the log prior if asked for."""
    problem = model.problem()
    value = forms.log_likelihood(problem)
    if not priors:
        return value
    B = sum(term.B for term in problem.terms)  # computed once, for the data and the prior
    return value + log_prior(
        [part.lengthscale for part in spatial_parts(model.kernel)],
        input_spread(model.unit.x),
        model.means(),
        B,  # type: ignore[arg-type]
        problem.Sigma,
        model.coupled(),
        free_variances(model),
    )


def free_variances(model: Model) -> tuple[int, int]:
    """How many variances of B and of Sigma are free."""
    return 1 if model.one_signal else model.data.num_tasks, model.kind.free(model.data.num_tasks)

"""A fitted model, or one at given parameters, and what is read out of it: matrices as labelled tables in data units."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, listed, of_kind, went
from mtgp_tutorial.conditioning import Conditioned
from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import FLOOR, usual_noise
from mtgp_tutorial.priors import spatial_parts

P = ParamSpec("P")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted model and how it was reached. Matrices are labelled tables in data units.

    Attributes:
        model (Model): at the best parameters.
        priors (bool): whether they counted.
        log_likelihood (float): in nats, of the data in its own units (without the prior); of a `sparse` model and with
            counts its lower bound.
        starts (pd.DataFrame): one row a start: objective, where its own run ended (log likelihood or bound, plus log
            prior, of the standardised data); evaluations; converged; joined, the start whose run went on for it: its
            own number, unless it was stopped where it met that one.
        frozen (tuple of str): names of the parameters that kept their value. Default: None, where that is not known.
        solver (str): "dense" where what it says comes from the dense factor. Default: the solver that costs least.

    >>> from mtgp_tutorial import datasets, fit, icm
    >>> fitted = fit(icm(datasets.great_lakes()), starts=1)
    >>> bool((fitted.correlation.loc["Erie"] > 0.8).all())
    True
    >>> fitted.B.shape, len(fitted.starts), len(fitted.length_scales)
    ((4, 4), 1, 1)
    """

    model: Model
    priors: bool
    log_likelihood: float
    starts: pd.DataFrame
    frozen: tuple[str, ...] | None = None
    solver: str | None = None

    def __repr__(self) -> str:
        """A few lines: family, noise, kernels, log likelihood, starts, and the table without its notes."""
        kernel = self.model.kernel
        family = type(kernel).__name__.removesuffix("Kernel")
        parts = [(type(part).__name__, getattr(part, "nu", None)) for part in spatial_parts(kernel)]
        names = ", ".join(name if nu is None else f"{name}(nu={nu})" for name, nu in dict.fromkeys(parts))
        usual, why = usual_noise(self.model.data, self.model.laws)
        why = f", icm's default ({why})" if family == "ICM" and self.model.noise == usual else ""
        tasks = [self.model.data.tasks[t] for t in self.model.noisy]
        of = f" of {listed(tasks)}" if self.model.counts and tasks else ""
        lines = [f"Fit: {family if family.isupper() else family.lower()}, noise: {self.model.noise}{of}{why}"]
        lines.append(f"kernels: {names or 'none with a length-scale'}")
        what = "lower bound of the log likelihood" if self.model.bounded or self.model.counts else "log likelihood"
        lines.append(f"{what}: {self.log_likelihood:.6g} nats{' (the fit has priors)' if self.priors else ''}")
        lines += filter(None, [self.model.note()])
        if len(self.starts):
            ends = self.starts["converged"].to_numpy()[self.starts["joined"]]  # of one that met another, that one's end
            lines.append(f"starts: {len(ends)}, of which {ends.sum()} converged")
        table = repr(replace(self.model.data, notes=())).replace("\n", "\n  ")
        return "\n  ".join([*lines, table])

    def conditioned(self) -> Conditioned:
        """The fitted table, factored once and kept for as long as table and parameters have the same values.

        Watched are x, y, sd and every tensor of the model; not a kernel's plain attributes, such as `nu`.
        """
        kept = self.__dict__.get("_kept")
        if kept is None or not all(map(same_values, kept[0], self._state())):  # a tensor's version misses `.data`
            with torch.no_grad():
                self.model.settle(solver=self.solver)
                kept = [value.clone() for value in self._state()], self.model.conditioned(solver=self.solver)
            object.__setattr__(self, "_kept", kept)
        return kept[1]

    def _state(self) -> list[Tensor]:
        unit, variances = self.model.unit, self.model.variances()
        return [unit.x, unit.y, *([] if variances is None else [variances]), *self.model.state_dict().values()]

    def save(self, path: str | Path) -> None:
        """Keep the fit in one file: table, model, priors, parameters and how it was reached.

        `load` reads it back, and nothing in it is run. A file that is there is replaced once the new one is whole.

        Args:
            path (str or Path): by convention NAME.npz.
        Raises:
            ValueError: for a folder that is not there, a path that is a folder, and what a file cannot hold: kernels
                other than GPyTorch's RBFKernel, MaternKernel, RQKernel, PeriodicKernel, their products and sums,
                constraints of your own, an index of a rarer kind.
            OSError: in one sentence, where the file cannot be written, as on a full disk; the old one stays as it was.
        """
        from mtgp_tutorial.saving import save  # which makes fits, too

        save(self, path)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}

    def _table(self, matrix: Tensor) -> pd.DataFrame:
        names = list(self.model.data.tasks)
        return pd.DataFrame(as_array(matrix), index=names, columns=names)

    def _in_data_units(self, matrix: Tensor) -> pd.DataFrame:
        return self._table(matrix * torch.outer(self.model.scale.sd, self.model.scale.sd))

    @property
    def B(self) -> pd.DataFrame:
        """Covariance of the latent functions at one input, sum_q B_q [T, T], data units."""
        return self._in_data_units(self.model.B())

    @property
    def Bs(self) -> list[pd.DataFrame]:
        """B_q [T, T] of each kernel, data units (book: lmc)."""
        return [self._in_data_units(term.B) for term in self.model.kernel.terms()]

    @property
    def shares(self) -> pd.DataFrame:
        """Share of each task's signal variance that each kernel carries (T rows, Q columns, rows sum to 1)."""
        parts = torch.stack([term.B.diagonal() for term in self.model.kernel.terms()], 1)
        names = [f"kernel {q + 1}" for q in range(parts.shape[1])]
        tasks = pd.Index(self.model.data.tasks, name="task")
        return pd.DataFrame(as_array(parts / parts.sum(1, keepdim=True)), tasks, names)

    @property
    def correlation(self) -> pd.DataFrame:
        """Task correlation [T, T] of the latent functions at one input (book: task-correlation)."""
        return self._table(correlation(self.model.B()))

    @property
    def Sigma(self) -> pd.DataFrame:
        """Noise covariance [T, T], data units."""
        return self._in_data_units(self.model.Sigma())

    @property
    def noise_correlation(self) -> pd.DataFrame:
        """Correlation [T, T] of the noise of one row.

        Raises:
            ValueError: for a model without noise of its own.
        """
        if not self.model.kind.learned:
            raise ValueError("noise_correlation: the model has noise='none', so there is none to correlate")
        noisy = self.model.noisy
        names = [self.model.data.tasks[t] for t in noisy]
        return pd.DataFrame(as_array(correlation(self.model.Sigma()[noisy][:, noisy])), names, names)

    @property
    def on_floor(self) -> list[str]:
        """Tasks with a share in a direction of noise that the fit would make smaller if the floor allowed it.

        A direction is an eigenvector of Sigma (a task, when Sigma is diagonal) with a variance within 1 % of it.
        """
        if not self.model.kind.learned:
            return []
        noisy = self.model.noisy
        values, vectors = torch.linalg.eigh(self.model.Sigma()[noisy][:, noisy])
        share = (vectors[:, values < 1.01 * FLOOR] ** 2).sum(1)
        return [self.model.data.tasks[t] for t, part in zip(noisy, share) if part > 1 / (2 * len(share))]

    @property
    def length_scales(self) -> list[float]:
        """Length-scales of the kernel's parts, in units of the inputs; one list for all."""
        return [float(v) for part in spatial_parts(self.model.kernel) for v in part.lengthscale.flatten()]


def same_values(a: Tensor, b: Tensor) -> bool:
    """Equal values, NaN in the same places."""
    return a.shape == b.shape and torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


@went("fast", 'leave it out (answers of the dense solver: replace(fitted, solver="dense"))')
def at_parameters(model: Model, parameters: Mapping[str, Any] | None = None) -> Fit:
    """A Fit of the model at given parameters, without fitting: for `predict`, `impute`, `sample`, `leave_out`.

    Numbers are stored in double precision; GPyTorch's own setters take them through single precision.

    Args:
        model (Model): left as it was.
        parameters (dict): what to set, by GPyTorch's names, such as {"kernel.data_covar_module.lengthscale": 0.3,
            "likelihood.task_noises": 0.05}, in standardised units. (The noise stands in "likelihood.noise" when tasks
            share it, and in "likelihood.task_noise_covar_factor" when Sigma is full.) Default: all keep their value, as
            does what is not named.
    Raises:
        ValueError: for what is no dict, for a name that is not there, and for a value that does not fit it.

    >>> from mtgp_tutorial import icm, predict, simulate, at_parameters
    >>> model = icm(simulate.two_sines(seed=1))
    >>> name = "kernel.data_covar_module.lengthscale"
    >>> given = at_parameters(model, {name: 0.3})
    >>> [round(length, 6) for length in given.length_scales]
    [0.3]
    >>> tuple(predict(given, [0.5]).mean.shape)
    (1, 2)
    """
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table (a Fit's is its .model)")
    parameters = {} if parameters is None else parameters
    of_kind("parameters", parameters, Mapping, "a dict of names and values, or None")
    model = copy.deepcopy(model).requires_grad_(False)
    for name, value in parameters.items():
        fault = _set(model, name, value)
        if fault:
            raise ValueError(f"parameters: {name!r} cannot be {value!r} ({fault}); pass another name or value")
    model.check_size()
    with torch.no_grad():
        value = float(model.log_likelihood() - model.log_scale())
    return Fit(model, False, value, no_runs())


def no_runs() -> pd.DataFrame:
    """`Fit.starts` of what was not fitted."""
    return pd.DataFrame(columns=["objective", "evaluations", "converged", "joined"])


def _set(model: Model, name: str, value: Any) -> str:
    """Set one parameter; returns why that cannot be done, or nothing."""
    path, _, last = name.rpartition(".")
    try:
        module = model.get_submodule(path)
        old = getattr(module, last)
    except AttributeError:
        return "the model has no such parameter"
    if not torch.is_tensor(old) or last in dict(module.named_buffers(recurse=False)):
        return "it is no parameter"
    if name in model.kind.fixed:
        return "it is the floor, which is fixed"
    try:
        new = torch.as_tensor(value, dtype=torch.float64).to(old.device)
    except (RuntimeError, TypeError, ValueError):
        return "it takes numbers"
    if new.dim() > 0 and new.shape != old.shape:
        return f"it takes one number, or numbers of shape {tuple(old.shape)}"
    try:
        if last in dict(module.named_parameters(recurse=False)):
            old.data.copy_(new)
        else:
            setattr(module, last, new.expand_as(old))
    except RuntimeError:
        return "outside its constraint"
    stored = getattr(module, f"raw_{last}", old)  # the logarithm of 0 is for kappa alone
    fits = torch.allclose(getattr(module, last), new) and (last == "var" or bool(stored.isfinite().all()))
    return "" if fits else "outside its constraint"


class Several(Protocol):
    """Several fits in one, as `sample_posterior` makes them: they answer a question together."""

    def asked(self, question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What all answer to a question to a fit."""


def of_each(question: Callable[Concatenate[Fit, P], Answer]) -> Callable[Concatenate[Fit | Several, P], Answer]:
    """The same question to a fit or to several, which know how their answers go together."""

    @wraps(question)
    def put(fit: Any, *arguments: P.args, **named: P.kwargs) -> Answer:
        together = getattr(fit, "asked", None)
        return question(fit, *arguments, **named) if together is None else together(question, *arguments, **named)

    return put


def fitted(fit: Fit) -> Fit:
    """The fit itself; ValueError for anything else."""
    of_kind("fit", fit, Fit, "what fit(model) or at_parameters(model) returned")
    return fit

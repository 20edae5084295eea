"""An audit of a multi-task model in plain GPyTorch: what is wrong, how much it matters, and the line that mends it.

All on copies. The user's own `forward` is summed densely in float64: that is the exact answer. The user's objects are
asked as they are set; where they differ from it, one setting after the other is mended, and the one after which the
difference is gone is its cause. Then the fit is looked at, and climbed again from other starts.
"""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import gpytorch
import numpy as np
import torch
from gpytorch import kernels, likelihoods, settings
from gpytorch.distributions import MultitaskMultivariateNormal
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from mtgp_tutorial import gaussian
from mtgp_tutorial.covariance import Cells, correlation, noise_covariance

__all__ = ["Audit", "Finding", "audit"]

LIMITS = {"nats": 0.1, "mean": 0.02, "f": 0.02, "y": 0.02}  # of harm; means in sd of a reading, bands by log of width
UNITS = {
    "nats": "nats",
    "mean": "sd of a reading in means",
    "f": "of the width of bands of f",
    "y": "of those of readings",
}
CLIMB, HIGHER, TURNED = 1.0, 2.0, 10.0  # nats below the top of its hill, below another, below the other order
CELLS = "a line for each cell that was read, IndexKernel on the task times a kernel of x (Hadamard form)"
ORDER = "train_y = torch.stack([y_0, y_1, ...], -1), [N, T]; in a list of cells x, task and y in one order"
LEVELS = {"numbers": "WRONG NUMBERS", "fit": "A POOR FIT", "note": "to know"}
TRAPS = {  # level, what it is, the line that mends it
    "NaN": ("numbers", "targets are NaN without a policy that takes them: answers are NaN or fail", CELLS),
    "masked": ("numbers", "holes are masked, and bands are those of a complete table", CELLS),
    "fixed noise": ("numbers", "GPyTorch drops a fixed noise in a model of a table", CELLS),
    "order": ("numbers", "targets are in another order than the model's cells", ORDER),
    "other data": ("numbers", "the model holds other data than these", "model.set_train_data(x, y, strict=False)"),
    "train mode": ("numbers", "in training mode a model answers without its readings", "model.eval()"),
    "prior mode": ("numbers", "settings.prior_mode is on", "leave it out"),
    "skip variances": ("numbers", "settings.skip_posterior_variances is on: variances are none", "leave it out"),
    "fast_pred_var": ("numbers", "settings.fast_pred_var approximates", "leave it out"),
    "800 cells": ("numbers", "answers are estimates", "with settings.max_cholesky_size(10_000):"),
    "single precision": ("numbers", "single precision is too coarse here", "model.double(), and data in float64"),
    "singular": ("numbers", "nearly singular covariance: answers depend on jitter", "double(), or more noise"),
    "stale cache": ("numbers", "an earlier prediction left its answer", "train() and eval() after a change"),
    "two likelihoods": ("numbers", "the model conditions on one of its own, not on the one passed", "one object"),
    "task from x": ("numbers", "the likelihood reads the task from the first tensor, x", "Model((task, x), y, ...)"),
    "active dims": ("numbers", "MultitaskKernel ignores active_dims of the kernel inside", "pass only these columns"),
    "wrong prior": ("numbers", "log_prob of what is not interleaved reads cells in another order", "from_batch_mvn"),
    "fails": ("numbers", "GPyTorch raises", "the book's page of errors has most of its sentences"),
    "unexplained": ("numbers", "answers are not the dense sum of your forward", "compare the two by hand"),
    "f for y": ("numbers", "the bands passed are of f, without noise", "likelihood(model(test_x))"),
    "predicted": ("numbers", "not the model's answer, neither for f nor for readings", "in which units?"),
    "mean": ("fit", "readings lie far from the model's mean, in their sd", "(y - y.mean(0)) / y.std(0)"),
    "not converged": ("fit", "nats below the top of its own hill", "more steps, or L-BFGS"),
    "other optimum": ("fit", "nats below another optimum", "model.load_state_dict(report.better, strict=False)"),
    "length-scale": ("note", "below a quarter of the step of x, or above ten times its range", "other starts"),
    "copies": ("note", "all task correlations are above 0.99 or below -0.99: one curve", "rank=2, or a prior"),
    "nothing shared": ("note", "tasks have no covariance with each other", "MultitaskKernel or LCMKernel"),
    "scale beside B": ("note", "only outputscale times B is determined, neither alone", "leave ScaleKernel out"),
    "two noises": ("note", "only noise + task_noises is determined", "has_global_noise=False"),
    "noise rank": ("note", "the factor of Sigma has more columns than tasks", "rank = number of tasks, at most"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One trap: its name, its harm with the size, the line that mends it, and its level.

    level: "numbers", where they are not those of the model; "fit", where they are, of a poor fit; or "note".
    """

    name: str
    level: str
    harm: str
    mend: str


@dataclass
class Audit:
    """What `audit` returns: findings, and numbers of the user's beside exact ones.

    better: parameters that are likelier, for `model.load_state_dict(report.better, strict=False)`; may be empty.
    """

    findings: list[Finding] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    better: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def names(self) -> set[str]:
        """Of all findings, notes among them."""
        return {one.name for one in self.findings}

    @property
    def ok(self) -> bool:
        """No finding but notes."""
        return all(one.level == "note" for one in self.findings)

    def add(self, name: str, size: str = "", level: str = "") -> None:
        usual, what, mend = TRAPS[name]
        self.findings.append(Finding(name, level or usual, f"{what}: {size}" if size else what, mend))

    def __repr__(self) -> str:
        order = sorted(self.findings, key=lambda one: list(LEVELS).index(one.level))
        lines = [f"{LEVELS[one.level]} ({one.name}): {one.harm}\n    mend: {one.mend}" for one in order]
        return "\n".join([*self.numbers, *(lines or ["nothing found"])])


def audit(
    model: Any, likelihood: Any, train_x: Any = None, train_y: Tensor | None = None, *, test_x: Any = None,
    predicted: Any = None, seconds: float = 20.0,
) -> Audit:  # fmt: skip
    """Find what is wrong with a multi-task ExactGP of your own: how much it matters, and the line that mends it.

    Call it where you predict, inside the same `with gpytorch.settings...`: it asks your own objects as they are set,
    and changes nothing in them. What comes back has `ok`, `names`, `findings` (each with name, level, harm and mend),
    `numbers`, and `better` parameters. (Book: audit)

    Args:
        model (ExactGP): MultitaskKernel or LCMKernel, or cell by cell with an IndexKernel.
        likelihood (Likelihood): that you predict with: GaussianLikelihood, MultitaskGaussianLikelihood,
            HadamardGaussianLikelihood or FixedNoiseGaussianLikelihood.
        train_x (Tensor or tuple): inputs that the model should hold. Default: None, not asked.
        train_y (Tensor): targets that it should hold. Default: None, not asked.
        test_x (Tensor or tuple): where predictions are compared. Default: None, up to 100 of its inputs.
        predicted (Distribution): what you report at test_x, in the model's units. Default: None, not asked.
        seconds (float): for climbs from other starts, 0 for none. Default: 20.0.
    Raises:
        ValueError: for a model or a likelihood that it does not know.

    >>> from mtgp_tutorial import audit, icm, simulate
    >>> model = icm(simulate.two_sines(n=20, seed=0)).exact_gp()
    >>> report = audit(model, model.likelihood, seconds=0)
    >>> report.ok, sorted(report.names)  # it was not trained, so nothing is shared yet
    (False, ['nothing shared', 'train mode'])
    """
    began, report = time.perf_counter(), Audit()
    known(model, likelihood)
    exact = Exact(model, likelihood)
    some = torch.linspace(0, len(exact.inputs[0]) - 1, min(100, len(exact.inputs[0]))).long()
    test = tuple(one[some] for one in model.train_inputs) if test_x is None else in_columns(test_x)
    held(report, exact, train_x, train_y)
    turned = order(report, exact)
    if bool(exact.mean.isnan().any() | exact.signal.isnan().any() | exact.noise(exact.cells).isnan().any()):
        report.add("NaN", "parameters among them")
        return report
    if model.training or likelihood.training:
        report.add("train mode")
    try:
        right = exact.answers(test)
    except gaussian.NotPositiveDefiniteError:
        report.add("singular", "even in float64")
    else:
        beside_exact(report, exact, test, right)
        if predicted is not None and "mean" in right:
            reported(report, predicted, right)
    undetermined(report, exact)
    look(report, exact)
    if seconds > 0 and "singular" not in report.names:
        second_opinion(report, exact, turned, seconds)
    report.seconds = time.perf_counter() - began
    return report


def known(model: Any, likelihood: Any) -> None:
    """Refuse what cannot be summed densely."""
    if not isinstance(model, gpytorch.models.ExactGP) or model.train_inputs is None:
        raise ValueError(f"model: is a {type(model).__name__}; pass an ExactGP with its training data")
    if model.train_inputs[0].dim() > 2:
        raise ValueError(f"model: holds inputs of shape {list(model.train_inputs[0].shape)}; pass one without batches")
    names = ["GaussianLikelihood", *(f"{one}GaussianLikelihood" for one in ("Multitask", "Hadamard", "FixedNoise"))]
    if not isinstance(likelihood, tuple(getattr(likelihoods, one) for one in names)):
        raise ValueError(f"likelihood: is a {type(likelihood).__name__}; the noise of {', '.join(names)} is known")


@contextmanager
def dense() -> Iterator[None]:
    """GPyTorch only forms matrices: no approximate root, no iterative solver."""
    with settings.lazily_evaluate_kernels(False), settings.max_cholesky_size(10**9), settings.debug(False):
        yield


def copied(model: Any, likelihood: Any) -> tuple[Any, Any]:
    """Both, tied together where they were, without the cache of earlier predictions."""
    cache, model.prediction_strategy = model.prediction_strategy, None
    try:
        return copy.deepcopy((model, likelihood))
    finally:
        model.prediction_strategy = cache


def in_columns(inputs: Any) -> tuple[Tensor, ...]:
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    return tuple(one.unsqueeze(-1) if one.dim() == 1 else one for one in inputs)


class Exact:
    """Copies of the user's objects in float64, their cells, and the one equation on them."""

    def __init__(self, model: Any, likelihood: Any) -> None:
        self.given = (model, likelihood)
        self.model, self.likelihood = (one.double().eval() for one in copied(model, likelihood))
        self.inputs = in_columns(self.model.train_inputs)
        self.x = torch.cat([one for one in self.inputs if one.is_floating_point()] or list(self.inputs), 1).double()
        self.index = [one for one in self.model.modules() if isinstance(one, kernels.IndexKernel)]
        self.interleaved = True
        with torch.no_grad():
            self.mean, self.signal, self.cells = self.prior(self.inputs)
        self.n, self.T = len(self.mean), int(self.cells[1].max()) + 1
        self.table = self.n != len(self.inputs[0])
        self.targets = self.model.train_targets.reshape(-1)
        self.seen = ~self.targets.isnan()

    def prior(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor, Cells]:
        """Mean [n] and covariance [n, n] of f, point-major, and the row and the task of each cell."""
        read: list[Tensor] = []
        for kernel in self.index:  # what a task kernel is given is the task of each cell
            kernel.forward = lambda i, j, k=kernel, **more: type(k).forward(k, read.append(i) or i, j, **more)  # type: ignore[func-returns-value]
        with dense():
            out = self.model.forward(*inputs)
            m, C = out.mean, out.covariance_matrix
        if not isinstance(out, MultitaskMultivariateNormal):
            tasks = read[0].reshape(-1).long() if read else torch.zeros(len(m), dtype=torch.long)
            return m, C, (torch.arange(len(m)), tasks)
        N, T = m.shape
        self.interleaved = out._interleaved
        if not self.interleaved:
            C = C.reshape(T, N, T, N).permute(1, 0, 3, 2).reshape(N * T, N * T)
        return m.reshape(-1), C, (torch.arange(N).repeat_interleave(T), torch.arange(T).repeat(N))

    def noise(self, cells: Cells) -> Tensor:
        """Covariance [n, n] of the noise of cells, as the likelihood's parameters say it."""
        likelihood, (rows, tasks) = self.likelihood, cells
        if isinstance(likelihood, likelihoods.MultitaskGaussianLikelihood):
            Sigma = torch.zeros(self.T, self.T).double()
            if likelihood.has_global_noise:
                Sigma = Sigma + likelihood.noise * torch.eye(self.T).double()
            if likelihood.has_task_noise:
                Sigma = Sigma + (likelihood.task_noise_covar if likelihood.rank else torch.diag(likelihood.task_noises))
            return noise_covariance(Sigma, cells, cells)
        if isinstance(likelihood, likelihoods.HadamardGaussianLikelihood):
            return torch.diag(likelihood.noise.reshape(-1)[tasks])
        if isinstance(likelihood, likelihoods.FixedNoiseGaussianLikelihood):
            given = likelihood.noise_covar.noise.reshape(-1)
            by_size = {len(rows): slice(None), self.T: tasks, int(rows.max()) + 1: rows}
            return torch.diag(given[by_size.get(len(given), torch.zeros_like(rows))] + likelihood.second_noise)
        return likelihood.noise * torch.eye(len(rows)).double()

    def log_likelihood(self, targets: Tensor) -> Tensor:
        """Of the readings, differentiable in all parameters."""
        mean, C, _ = self.prior(self.inputs)
        K = (C + self.noise(self.cells))[self.seen][:, self.seen]
        return gaussian.log_density((targets - mean)[self.seen], K)

    @torch.no_grad()
    def answers(self, test: Sequence[Tensor]) -> dict[str, Tensor]:
        """Log likelihood, and means and variances of f and of readings y at test."""
        old = torch.arange(self.n)[self.seen]
        K, residual = (self.signal + self.noise(self.cells))[old][:, old], (self.targets - self.mean)[old]
        values = torch.linalg.eigvalsh(K)
        right = {"nats": gaussian.log_density(residual, K), "condition": values[-1] / values[0].clamp_min(1e-300)}
        try:
            mean, C, (rows, tasks) = self.prior(
                [torch.cat([a, b.to(a)]) for a, b in zip(self.inputs, test, strict=True)]
            )
        except RuntimeError:  # of their forward, or where a plain tensor is factored
            return right
        new = torch.arange(self.n, len(mean))
        f, variance = gaussian.posterior(residual, (K + K.T) / 2, C[new][:, old], C.diagonal()[new])
        right |= {"mean": f + mean[new], "f": variance}
        if not isinstance(
            self.likelihood, likelihoods.FixedNoiseGaussianLikelihood
        ):  # of new readings it knows nothing
            right["y"] = variance + self.noise((rows[new], tasks[new])).diagonal()
        return right


def asked(model: Any, likelihood: Any, test: Sequence[Tensor], cached: bool = False) -> dict[str, Any]:
    """The same of the user's own objects as they are set, and what they warn of and raise.

    cached: not of copies, but with what an earlier prediction left in the objects.
    """
    out: dict[str, Any] = {"errors": []}
    m, like = (model, likelihood) if cached else copied(model, likelihood)
    together = lambda inputs: [list(inputs)] if len(inputs) > 1 else list(inputs)  # noqa: E731, as ExactGP hands them on
    with warnings.catch_warnings(record=True) as caught, torch.no_grad(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("always")
        torch.manual_seed(0)  # of GPyTorch's probe vectors
        try:
            if not cached:
                mll = gpytorch.mlls.ExactMarginalLogLikelihood(like.train(), m.train())
                mll._add_other_terms = lambda height, params: height  # without priors
                f = m(*m.train_inputs)
                out["nats"] = mll(f, m.train_targets, *together(m.train_inputs)).double() * f.event_shape.numel()
                m.eval(), like.eval()
            f = m(*test)
            out |= {"mean": f.mean.double().reshape(-1), "f": f.variance.double().reshape(-1)}
            out["y"] = like(f, *together(test)).variance.double().reshape(-1)
        except Exception as error:
            out["errors"].append(str(error).split("\n")[0])
    out["jitter"] = [str(one.message) for one in caught if "jitter" in str(one.message)]
    return out


def off_by(given: dict[str, Any], right: dict[str, Tensor]) -> dict[str, float]:
    """How far off: log likelihood in nats, means in sd of a reading, bands as the largest log ratio of widths."""
    off = {"nats": float(given["nats"] - right["nats"])} if "nats" in given else {}
    if "mean" in given and "mean" in right and given["mean"].shape == right["mean"].shape:
        spread = right.get("y", right["f"]).clamp_min(1e-12 * float(right["f"].max()))
        floor = 1e-6 * float(spread.max())  # GPyTorch lifts variances to a floor
        off["mean"] = largest((given["mean"] - right["mean"]) / spread.sqrt())
        for name in {"f", "y"} & set(given) & set(right):
            off[name] = largest((given[name].clamp_min(floor) / right[name].clamp_min(floor)).log() / 2)
    return {name: value if value == value else float("inf") for name, value in off.items()}


def largest(values: Tensor) -> float:
    """The one farthest from 0, with its sign."""
    return float(values[values.abs().nan_to_num(torch.inf).argmax()])


def harm(off: dict[str, float], mended: dict[str, float] | None = None) -> str:
    """In words, what is off by more than the limits; mended: and less than half as far off afterwards."""
    far = {k: v for k, v in off.items() if abs(v) > LIMITS[k]}
    if mended is not None:
        far = {k: v for k, v in far.items() if abs(mended.get(k, np.inf)) < 0.5 * abs(v)}
    words = {"nats": "log likelihood off by {:.3g} nats", "mean": "means off by up to {:.2g} % of the sd of a reading",
             "f": "bands of f up to {:.3g} times too ", "y": "bands of readings up to {:.3g} times too "}  # fmt: skip
    size = {k: 100 * abs(v) if k == "mean" else abs(v) if k == "nats" else np.exp(abs(v)) for k, v in far.items()}
    side = {k: ("wide" if v > 0 else "narrow") * (k in "fy") for k, v in far.items()}
    return ", ".join(words[k].format(size[k]) + side[k] for k in words if k in far)


def held(report: Audit, exact: Exact, train_x: Any, train_y: Tensor | None) -> None:
    """Does the model hold the data that the user means?"""
    if train_x is not None:
        for given, own in zip(in_columns(train_x), exact.inputs, strict=False):
            if given.shape != own.shape or not torch.allclose(given.to(own), own, rtol=1e-5):
                same = torch.equal(own.float().sort(0).values, given.float().sort(0).values)
                report.add(
                    "order" if same else "other data", f"inputs {list(own.shape)}, train_x has {list(given.shape)}"
                )
    if train_y is None:
        return
    own, given = exact.model.train_targets, train_y.double()
    same = torch.equal(*(one.float().flatten().sort().values.nan_to_num() for one in (own, given)))
    if given.shape != own.shape:
        report.add(
            "order" if same else "other data", f"its shape is {list(own.shape)}, train_y has {list(given.shape)}"
        )
    elif bool((wrong := ~torch.isclose(given, own, rtol=1e-5, atol=1e-6, equal_nan=True)).any()):
        columns = f" of columns {sorted(set(wrong.nonzero()[:, 1].tolist()))}" if own.dim() > 1 else ""
        report.add("order" if same else "other data", f"{int(wrong.sum())} readings{columns} are not those of train_y")


def order(report: Audit, exact: Exact) -> Tensor | None:
    """The targets in the other order, where there is one; and a finding where they are plainly in the wrong one."""
    flat, N, T, shape = exact.targets, exact.n // exact.T, exact.T, list(exact.model.train_targets.shape)
    if len(flat) != N * T or T == 1:
        return None
    turned = flat.reshape(T, N).T.reshape(-1) if exact.table else flat.reshape(N, T).T.reshape(-1)
    rough = [roughness(one, exact) for one in (flat, turned)]
    if exact.table and shape == [T, N] and T != N:
        report.add("order", f"they have shape {shape}, the model's mean {[N, T]}")
    elif N > 3 and rough[0] > max(0.5, rough[1] * max(2.0, np.exp(6 / len(flat) ** 0.5))):  # more than by chance
        report.add("order", f"in the other order they are {rough[0] / max(rough[1], 1e-3):.3g} times as smooth in x")
    elif torch.equal(flat.isnan(), turned.isnan()):
        return turned
    return None


def roughness(values: Tensor, exact: Exact) -> float:
    """Mean square step to the next in x over twice the variance, within tasks: 0 is smooth, 1 is noise."""
    steps = spread = 0.0
    for t in range(exact.T):
        here = (exact.cells[1] == t) & ~values.isnan()
        if int(here.sum()) > 3:
            v, x = values[here], exact.x[exact.cells[0][here]]
            steps += float((v - v[torch.cdist(x, x).fill_diagonal_(torch.inf).argmin(1)]).square().sum())
            spread += float(2 * (v - v.mean()).square().sum())
    return steps / spread if spread else 1.0


def beside_exact(report: Audit, exact: Exact, test: Any, right: dict[str, Tensor]) -> None:
    """The user's answers beside the exact ones, and what makes them differ."""
    policy, holes = settings.observation_nan_policy.value(), int((~exact.seen).sum())
    if holes and policy != "mask":
        report.add("NaN", f"{holes} of them, observation_nan_policy {policy!r}")
        return
    model, first = exact.given[0], asked(*exact.given, test)
    off = off_by(first, right)
    for error in first["errors"]:
        report.add("fails", error)
    if first["jitter"]:
        report.add("singular", first["jitter"][-1][:90], "" if harm(off) else "note")
    if model.prediction_strategy is not None and not model.training:
        stale = off_by(asked(*exact.given, test, cached=True), right)
        if worse := harm({k: v for k, v in stale.items() if abs(v) > 1.05 * abs(off.get(k, np.inf))}):
            report.add("stale cache", worse)
    rest(report, exact, right, mended(report, exact, test, right, off))
    if "nats" in off:
        report.numbers.append(f"log likelihood: yours {float(first['nats']):.2f}, exact {float(right['nats']):.2f}")
    if off and not harm(off) and not first["errors"]:
        within = {k: f"{10 ** np.ceil(np.log10(max(abs(v), 1e-6))):g}" for k, v in off.items()}
        report.numbers.append("equal to the exact answer within " + ", ".join(
            f"{within[k]} {unit}" for k, unit in UNITS.items() if k in off))  # fmt: skip


def mended(report: Audit, exact: Exact, test: Any, right: dict[str, Tensor], off: dict[str, float]) -> dict[str, float]:
    """A finding for each setting, and for precision, that mattered; and what is still off when all are mended."""
    (model, likelihood), size = exact.given, settings.max_cholesky_size.value()
    chain: list[tuple[str, bool, Any]] = [
        ("prior mode", settings.prior_mode.on(), settings.prior_mode(False)),
        ("skip variances", settings.skip_posterior_variances.on(), settings.skip_posterior_variances(False)),
        ("fast_pred_var", settings.fast_pred_var.on(), settings.fast_pred_var(False)),
        ("800 cells", exact.n > size, settings.max_cholesky_size(10**9)),
        ("single precision", model.train_targets.dtype != torch.float64, None),
    ]
    with ExitStack() as stack:
        for name, _, setting in (one for one in chain if one[1]):
            if setting is not None:
                stack.enter_context(setting)
            else:
                model, likelihood = (one.double() for one in copied(model, likelihood))
                test = tuple(one.double() if one.is_floating_point() else one for one in test)
            after = off_by(asked(model, likelihood, test), right)
            if bad := harm(off, after):
                report.add(name, f"{exact.n} cells are above {size}: {bad}" if name == "800 cells" else bad)
            off = after
    return off


def rest(report: Audit, exact: Exact, right: dict[str, Tensor], off: dict[str, float]) -> None:
    """What no setting mends."""
    left, (model, likelihood) = harm(off), exact.given
    if exact.table and isinstance(likelihood, likelihoods.FixedNoiseGaussianLikelihood):
        report.add("fixed noise", left)
    elif model.likelihood is not likelihood:
        report.add("two likelihoods", left or "of the same noise", "" if left else "note")
    elif left and not report.names & {"order", "singular"}:
        by_cells = isinstance(likelihood, likelihoods.HadamardGaussianLikelihood) and len(exact.inputs) > 1
        causes = {"masked": not bool(exact.seen.all()), "task from x": by_cells, "wrong prior": not exact.interleaved,
                  "singular": float(right["condition"]) > 1e10, "unexplained": True}  # fmt: skip
        report.add(next(name for name, true in causes.items() if true), left)


def reported(report: Audit, predicted: Any, right: dict[str, Tensor]) -> None:
    """The distribution that the user hands on: in which units, and of f or of readings?"""
    mean, variance = predicted.mean.double().reshape(-1), predicted.variance.double().reshape(-1)
    off = {one: harm(off_by({"mean": mean, one: variance}, right)) for one in ("f", "y") if one in right}
    if mean.shape != right["mean"].shape:
        report.add("predicted", f"{len(mean)} numbers for {len(right['mean'])} at test_x")
    elif all(off.values()):
        report.add("predicted", off.get("y", off["f"]))
    elif off.get("y"):
        report.add("f for y", off["y"])


@torch.no_grad()
def undetermined(report: Audit, exact: Exact) -> None:
    """Parameters of which only a product or a sum is determined."""
    likelihood = exact.likelihood
    if isinstance(likelihood, likelihoods.MultitaskGaussianLikelihood):
        if likelihood.rank > exact.T:
            report.add("noise rank", f"{likelihood.rank} for {exact.T}")
        elif likelihood.has_global_noise and likelihood.has_task_noise and not likelihood.rank:
            report.add("two noises", str([float(f"{v:.3g}") for v in likelihood.noise + likelihood.task_noises]))
    scales = [
        k for k in exact.model.modules() if isinstance(k, kernels.ScaleKernel) and k.raw_outputscale.requires_grad
    ]
    groups = [([s], [k]) for s in scales for k in exact.index] + [(scales, exact.index)]
    for some, index in groups if scales and exact.index else []:
        state = copy.deepcopy(exact.model.state_dict())
        for scale in some:
            scale.outputscale = 2 * scale.outputscale
        for kernel in index:
            kernel.covar_factor.div_(2**0.5)
            kernel.var = kernel.var / 2
        moved = float((exact.prior(exact.inputs)[1] - exact.signal).abs().max())
        exact.model.load_state_dict(state)
        if moved < 1e-9 * float(exact.signal.abs().max()):
            report.add("scale beside B")
            return


@torch.no_grad()
def look(report: Audit, exact: Exact) -> None:
    """What the fit says of itself: columns of x, tasks, means, length-scales."""
    C, (_, tasks), x = exact.signal, exact.cells, exact.inputs[0]
    for kernel in (one for one in exact.model.modules() if isinstance(one, kernels.MultitaskKernel)):
        inner = kernel.data_covar_module
        with dense():
            gap = float((inner(x).to_dense() - inner.forward(x, x).to_dense()).abs().max())
        if gap > 1e-6:
            report.add("active dims", f"a correlation moves by {gap:.2g}")
    if exact.T > 1 and not bool((C[tasks[:, None] != tasks].abs() > 1e-9 * C.abs().max()).any()):
        report.add("nothing shared")
    if len(exact.index) == 1 and exact.T > 1:
        R = correlation(exact.index[0].covar_matrix.to_dense())
        if bool((R[*torch.triu_indices(exact.T, exact.T, 1)].abs() > 0.99).all()):
            report.add("copies")
    K = C + exact.noise(exact.cells)
    for t in range(exact.T):
        here = exact.seen & (tasks == t)
        level = (exact.targets - exact.mean)[here].mean().abs()
        gap = float(level / exact.targets[here].std().clamp_min(1e-12)) if int(here.sum()) > 2 else 0.0
        expected = bool(level < 4 * K[here][:, here].mean().clamp_min(0).sqrt())  # a slow curve may lie off its mean
        if gap > (10 if expected else 2):
            report.add("mean", f"{gap:.3g} (task {t})", "note" if expected else "")
    for kernel, columns in lengthscales(exact):
        for length, column in zip(kernel.lengthscale.reshape(-1).tolist(), columns, strict=False):
            steps = column.unique().diff()
            if len(steps) > 1 and not steps.median() / 4 <= length <= 10 * steps.sum():
                report.add("length-scale", f"{length:.3g}, steps {steps.median():.3g}, range {steps.sum():.3g}")


def lengthscales(exact: Exact) -> list[tuple[Any, Tensor]]:
    """Kernels with a length-scale that is free and in the units of x, and the columns [D, N] that each reads."""
    own = [
        one for one in exact.model.modules() if getattr(one, "has_lengthscale", False) and one.lengthscale is not None
    ]
    free = [one for one in own if one.raw_lengthscale.requires_grad and not isinstance(one, kernels.PeriodicKernel)]
    x = exact.x.T
    return [(one, x if one.active_dims is None or len(x) == 1 else x[one.active_dims]) for one in free]


class Hill:
    """The exact height, log likelihood and priors, over the parameters that are free, in the user's own model."""

    def __init__(self, exact: Exact) -> None:
        both = torch.nn.ModuleList([exact.model, exact.likelihood])
        self.exact, self.parts = exact, list[Any](both.modules())
        self.free = [one for one in both.parameters() if one.requires_grad]
        self.here = self.where()

    def where(self) -> Tensor:
        return parameters_to_vector(self.free).detach().clone()

    def height(self, targets: Tensor) -> Tensor:
        priors = (prior.log_prob(of(part)).sum() for _, part, prior, of, _ in self.exact.model.named_priors())
        return self.exact.log_likelihood(targets) + sum(priors)

    def climb(self, targets: Tensor, seconds: float) -> tuple[float, Tensor]:
        """Height and parameters of the top that L-BFGS finds from where the parameters stand."""
        from scipy.optimize import minimize  # takes a while

        best, until = (-np.inf, self.where()), time.perf_counter() + seconds

        def loss(flat: Any) -> tuple[float, Any]:
            nonlocal best
            if time.perf_counter() > until:
                raise TimeoutError
            vector_to_parameters(torch.from_numpy(flat.copy()), self.free)
            try:
                height = self.height(targets)
            except (ValueError, RuntimeError):  # not positive definite, or GPyTorch raises
                return 1e10, np.zeros_like(flat)
            best = max(best, (height.item(), self.where()), key=lambda one: one[0])
            slopes = torch.autograd.grad(height, self.free, allow_unused=True)
            each = [torch.zeros_like(p) if g is None else g for p, g in zip(self.free, slopes, strict=True)]
            return -height.item(), -torch.cat([one.reshape(-1) for one in each]).numpy()

        with suppress(TimeoutError):
            minimize(loss, best[1].numpy(), jac=True, method="L-BFGS-B", options={"maxiter": 300, "ftol": 1e-9})
        return best

    @torch.no_grad()
    def start(self, share: float, quiet: float, seed: int) -> None:
        """Length-scales at a share of the range, noise at a share of the scatter, W drawn anew."""
        exact, own = self.exact, torch.Generator().manual_seed(seed)
        scatter = float((exact.targets - exact.mean)[exact.seen].var())
        vector_to_parameters(self.here.clone(), self.free)
        for number, (kernel, columns) in enumerate(lengthscales(exact)):
            span = (columns.amax(1) - columns.amin(1)).clamp_min(1e-9) * share / 3**number
            fits = len(span) in (1, kernel.lengthscale.numel())
            kernel.lengthscale = (span if fits else span.max()).expand_as(kernel.lengthscale)
        for part in self.parts:
            W = getattr(part, "covar_factor", None)
            if W is not None and W.requires_grad and W.numel():
                W.copy_(torch.randn(W.shape, generator=own).double() * (scatter / W.shape[-1]) ** 0.5)
            for name, value in (("noise", quiet), ("task_noises", quiet), ("var", 0.3)):
                raw = part._parameters.get(f"raw_{name}")
                if raw is not None and raw.requires_grad:
                    with suppress(RuntimeError):  # outside its constraint
                        part.initialize(**{name: torch.full_like(raw, value * scatter)})


def second_opinion(report: Audit, exact: Exact, turned: Tensor | None, seconds: float) -> None:
    """Is it the top of its hill, and is there a higher one? Are the targets likelier in the other order?"""
    began, hill = time.perf_counter(), Hill(exact)
    if not hill.free:
        return
    try:
        as_set = hill.height(exact.targets).item()
    except (ValueError, RuntimeError) as error:
        report.numbers.append(f"no second opinion: {str(error).splitlines()[0]}")
        return
    own = best = hill.climb(exact.targets, seconds / 3)
    for number, (share, quiet) in enumerate(((0.1, 0.3), (0.02, 0.05), (0.5, 0.05))):
        hill.start(share, quiet, number)
        best = max(best, hill.climb(exact.targets, seconds / 6), key=lambda one: one[0])
    if own[0] - as_set > CLIMB:
        report.add("not converged", f"{own[0] - as_set:.3g}")
    vector_to_parameters(best[1], hill.free)
    if best[0] - own[0] > HIGHER:
        scales = [float(f"{kernel.lengthscale.min():.3g}") for kernel, _ in lengthscales(exact)]
        report.add("other optimum", f"{best[0] - own[0]:.3g} (length-scales {scales})")
    if best[0] - as_set > CLIMB:
        report.better = copy.deepcopy(exact.model.state_dict())
    if turned is not None:
        hill.start(0.1, 0.3, 0)
        gain = hill.climb(turned, seconds / 6)[0] - best[0]
        if gain > max(TURNED, 0.05 * exact.n):
            report.add("order", f"in the other order they are {gain:.3g} nats more likely")
    if time.perf_counter() - began > seconds:
        report.numbers.append("the second opinion ran out of time: raise `seconds`")

"""Scores of Gaussian predictions: one number for each task. Lower is better, except coverage.

mean, variance, y: [n] tensors in data units, of the cells that are scored; mean and variance may also be one number
(a tensor without dimensions) for all cells. The trivial predictor, to which SMSE and MSLL compare, is
N(training mean, training variance) of that task; it scores 1 and 0. Raises ValueError for other shapes, NaN and
variances below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, listed, of_kind, tensors
from mtgp_tutorial.data import TaskData, scale_of
from mtgp_tutorial.gaussian import log_likelihood
from mtgp_tutorial.likelihoods import check_values
from mtgp_tutorial.prediction import TWO_SD, Prediction, crps_of, label, labels, log_density_of


class _Trained(NamedTuple):
    """Of the training cells of a task. A count has no variance (NaN): the density of a reading is not its."""

    mean: Tensor
    variance: Tensor


class _Score(NamedTuple):
    """A column of `table`.

    of: the score of a prediction [n, 1] of a task's cells, of their values, and of the training. It asks the prediction
    for `mean`, `sd`, `band`, `quantile`, `log_density` and `crps`: mixtures and counts have their own. unit: "y" or
    "y^2", which are the task's, "nats", or none. lower: whether lower is better.
    """

    of: Callable[[Prediction, Tensor, _Trained], Tensor]
    unit: str = ""
    lower: bool = True


def _smse(answer: Prediction, y: Tensor, trained: _Trained) -> Tensor:
    """NaN where all values are the training mean."""
    return smse(answer.mean, y, trained.mean).where((y != trained.mean).any(), torch.nan)


def _msll(answer: Prediction, y: Tensor, trained: _Trained) -> Tensor:
    return (log_density_of(*trained, y) - answer.log_density(y)).mean()


def _inside(answer: Prediction, y: Tensor, trained: _Trained) -> Tensor:
    low, high = answer.band(TWO_SD)
    return ((low <= y) & (y <= high)).double().mean()


SCORES = {  # all that lists scores asks here
    "MSE": _Score(lambda answer, y, _: mse(answer.mean, y), "y^2"),
    "MAE": _Score(lambda answer, y, _: mae(answer.mean, y), "y"),
    "SMSE": _Score(_smse),
    "MSLL": _Score(_msll, "nats"),
    "NLPD": _Score(lambda answer, y, _: -answer.log_density(y).mean(), "nats"),
    "CRPS": _Score(lambda answer, y, _: answer.crps(y).mean(), "y"),
    "coverage": _Score(_inside, lower=False),
}


def table(predictions: Prediction | Mapping[str, Prediction], truth: TaskData, seen: TaskData) -> pd.DataFrame:
    """All scores on the observed cells of `truth`; one row for each prediction and task that has any.

    A row is labelled with the task and its unit, that of MAE and CRPS. MSE is in its square, NLPD and MSLL in nats. Of
    an averaged prediction NLPD, MSLL and CRPS are those of the whole law, and coverage is that of its central 95.4 %.
    Of a count, too; its NLPD is that of a probability, which no unit moves, so take no mean of it with the density of a
    reading. Its MSLL is NaN, as is SMSE where all values are the training mean; its coverage is 95.4 % or more where
    the law is right; CRPS of yes or no is the Brier score.

    Args:
        predictions (Prediction, or dict of them by name): of y, on the rows of truth.
        truth (TaskData): the cells to score.
        seen (TaskData): the training cells, for the trivial predictor.
    Raises:
        ValueError: when rows, tasks or units differ, when there is nothing to score, when a scored cell was seen, for
            values that a count cannot have, and for predictions of the latent f, which noisy values cannot score.

    >>> from mtgp_tutorial import fit, icm, impute, scores, simulate
    >>> data = simulate.two_sines(20, seed=1)
    >>> seen, hidden = data.hide("sine", 0.3, 0.7)
    >>> filled = impute(fit(icm(seen)))
    >>> table = scores.table({"ICM": filled}, hidden, seen)
    >>> table.index.tolist()
    [('ICM', 'sine')]
    >>> table.columns.tolist()
    ['MSE', 'MAE', 'SMSE', 'MSLL', 'NLPD', 'CRPS', 'coverage']
    """
    of_kind("predictions", predictions, (Prediction, Mapping), "a Prediction, or a dict of them by name")
    named = {"": predictions} if isinstance(predictions, Prediction) else dict(predictions)
    _check_scorable(named, truth, seen)
    rows = {}
    for name, prediction in named.items():
        read = [law.read for law in getattr(prediction, "laws", ())] or [True] * seen.num_tasks
        scale = scale_of(seen, [t for t, one in enumerate(read) if one])
        for t, task in enumerate(truth.tasks):
            cells = truth.observed[:, t]
            if cells.any():
                answer, y = prediction.take(as_array(cells), slice(t, t + 1)), truth.y[cells, t : t + 1]
                trained = _Trained(scale.mean[t], scale.sd[t] ** 2 if read[t] else scale.sd.new_tensor(torch.nan))
                row = {score: float(one.of(answer, y, trained)) for score, one in SCORES.items()}
                rows[name, label(task, truth.units[t])] = row
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(list(rows), names=["model", "task"])
    return frame.droplevel("model") if isinstance(predictions, Prediction) else frame


def _check_scorable(named: Mapping[str, Prediction], truth: TaskData, seen: TaskData) -> None:
    of_kind("truth", truth, TaskData, "the table of the hidden cells")
    of_kind("seen", seen, TaskData, "the table of the training cells")
    if not named or not truth.observed.any():
        raise ValueError("predictions, truth: there is no prediction or no observed cell to score; pass both")
    if (seen.tasks, seen.units) != (truth.tasks, truth.units):
        raise ValueError(f"seen: has the tasks {listed(labels(seen))}, truth {listed(labels(truth))}; pass the same")
    if torch.equal(seen.x, truth.x) and bool((seen.observed & truth.observed).any()):
        raise ValueError("truth: holds cells that were seen in training; score hidden cells only")
    for name, prediction in named.items():
        which = f"predictions, {name!r}" if name else "predictions"
        of_kind(which, prediction, Prediction, "what predict or impute returned")
        if prediction.units != truth.units:
            raise ValueError(
                f"{which}: has the tasks {listed(labels(prediction))}, truth {listed(labels(truth))}; "
                "take the same units"
            )
        if prediction.tasks != truth.tasks or not torch.equal(prediction.x, truth.x):
            raise ValueError(f"{which}: has other rows or tasks than truth; predict at truth.x")
        if not prediction.noise:
            raise ValueError(f"{which}: is of the latent f; use noise=True to score observed values")
        for task, law, y in zip(truth.tasks, getattr(prediction, "laws", ()), truth.y.T):
            check_values("truth", task, law, y)
        if bool((prediction.variance[truth.observed] == 0).any()):
            raise ValueError(f"{which}: knew cells that are scored; hide them from it")


def _checked(y: Tensor, **predicted: Tensor) -> list[Tensor]:
    """What was predicted, then y; whole numbers as float64, of which a mean, or a difference below 0, can be taken.

    Nothing is broadcast but single numbers; NaN would count as a miss in the coverage.
    """
    tensors(y=y, **predicted)
    for name, value in {"y": y, **predicted}.items():
        if value.numel() == 0 or (value.dim() and value.shape != y.shape):
            raise ValueError(f"{name}: has shape {tuple(value.shape)}, y {tuple(y.shape)}; pass a value for each cell")
        if bool(value.isnan().any()) or ("variance" in name and bool((value < 0).any())):
            raise ValueError(f"{name}: holds NaN, or a variance below 0; score observed cells with variances from 0 on")
    return [value if value.is_floating_point() else value.double() for value in (*predicted.values(), y)]


def mse(mean: Tensor, y: Tensor) -> Tensor:
    """Mean squared error, squared data units.

    Args:
        mean (Tensor [n]): predicted.
        y (Tensor [n]): observed.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> scores.mse(mean, y).item()
    0.125
    """
    mean, y = _checked(y, mean=mean)
    return ((y - mean) ** 2).mean()


def mae(mean: Tensor, y: Tensor) -> Tensor:
    """Mean absolute error, data units.

    Args:
        mean (Tensor [n]): predicted.
        y (Tensor [n]): observed.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> scores.mae(mean, y).item()
    0.25
    """
    mean, y = _checked(y, mean=mean)
    return (y - mean).abs().mean()


def smse(mean: Tensor, y: Tensor, train_mean: Tensor) -> Tensor:
    """MSE over that of predicting the training mean. (Rasmussen and Williams 2006, section 2.5)

    Args:
        mean (Tensor [n]): predicted.
        y (Tensor [n]): observed.
        train_mean (Tensor): of the training cells.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> round(scores.smse(mean, y, torch.tensor(0.0)).item(), 3)
    0.2
    """
    tensors(train_mean=train_mean)
    return mse(mean, y) / mse(train_mean, y)


def nlpd(mean: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """Mean negative log predictive density of single cells, nats per cell.

    Args:
        mean (Tensor [n]): predicted.
        variance (Tensor [n]): predicted, above 0.
        y (Tensor [n]): observed.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> variance = torch.ones(2)
    >>> round(scores.nlpd(mean, variance, y).item(), 3)
    0.981
    """
    mean, variance, y = _checked(y, mean=mean, variance=variance)
    if bool((variance == 0).any()):
        raise ValueError("variance: holds 0, under which there is no density; score such cells by crps or mae")
    return -log_density_of(mean, variance, y).mean()


def joint_nlpd(mean: Tensor, covariance: Tensor, y: Tensor) -> Tensor:
    """Negative log predictive density of all cells together, over their number: nats per cell, like `nlpd`.

    For a diagonal covariance it is `nlpd`; for the cells of a gap it also asks whether their errors go together as they
    should. (book: joint-nlpd)

    Args:
        mean (Tensor [n]): predicted.
        covariance (Tensor [n, n]): predicted.
        y (Tensor [n]): observed.
    Raises:
        NotPositiveDefiniteError: for a matrix that is no covariance.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.zeros(2).double(), torch.ones(2).double()
    >>> together = torch.tensor([[1.0, 0.9], [0.9, 1.0]]).double()
    >>> alone = scores.nlpd(mean, together.diagonal(), y)
    >>> bool(scores.joint_nlpd(mean, together, y) < alone)
    True
    """
    mean, y = _checked(y, mean=mean)
    tensors(covariance=covariance)
    return -log_likelihood(y - mean, covariance.to(y - mean)) / len(y)


def msll(mean: Tensor, variance: Tensor, y: Tensor, train_mean: Tensor, train_variance: Tensor) -> Tensor:
    """NLPD less that of the trivial predictor, nats per cell. (Rasmussen and Williams 2006, section 2.5)

    Args:
        mean (Tensor [n]): predicted.
        variance (Tensor [n]): predicted.
        y (Tensor [n]): observed.
        train_mean (Tensor): of the training cells.
        train_variance (Tensor): of the training cells.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> variance = torch.ones(2)
    >>> trivial = torch.tensor(0.0), torch.tensor(1.0)
    >>> round(scores.msll(mean, variance, y, *trivial).item(), 3)
    -0.25
    """
    tensors(train_mean=train_mean, train_variance=train_variance)
    return nlpd(mean, variance, y) - nlpd(train_mean, train_variance, y)


def crps(mean: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """Mean continuous ranked probability score of a Gaussian, data units. (Gneiting and Raftery 2007, eq. 21)

    Of a variance of 0 it is the absolute error.

    Args:
        mean (Tensor [n]): predicted.
        variance (Tensor [n]): predicted.
        y (Tensor [n]): observed.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> variance = torch.ones(2)
    >>> round(scores.crps(mean, variance, y).item(), 3)
    0.283
    """
    mean, variance, y = _checked(y, mean=mean, variance=variance)
    return crps_of(mean, variance, y).mean()


def coverage(mean: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """Share of cells within two standard deviations of the mean; 0.954 when the model is right.

    Args:
        mean (Tensor [n]): predicted.
        variance (Tensor [n]): predicted.
        y (Tensor [n]): observed.

    >>> import torch
    >>> from mtgp_tutorial import scores
    >>> mean, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    >>> variance = torch.ones(2)
    >>> scores.coverage(mean, variance, y).item()
    1.0
    """
    mean, variance, y = _checked(y, mean=mean, variance=variance)
    return ((y - mean).abs() <= 2 * variance.sqrt()).double().mean()

"""The priors of `priors` in numpy, with their slopes, for stacks of parameters."""

from __future__ import annotations

import math

import numpy as np

MEDIANS = 1.0, 0.05  # of the variances of B and of Sigma


def log_ranges(log_spread: np.ndarray, size: int) -> np.ndarray:
    """What so many log length-scales are compared with: the inputs' [D], or their mean for one length-scale of all."""
    return log_spread if size == len(log_spread) else log_spread.mean(keepdims=True)


def of_length_scales(logs: np.ndarray, log_spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log(l / spread) ~ N(log 0.3, 1) of one kernel's log length-scales [..., 1, D] or [..., 1, 1], and its slope."""
    off = logs - log_ranges(log_spread, logs.shape[-1]) - math.log(0.3)
    return -0.5 * (off**2).sum((-2, -1)), -off


def of_moments(
    mean: np.ndarray,
    B: np.ndarray,
    Sigma: np.ndarray,
    coupled: bool,
    free: tuple[list[int], list[int]],
    inverted: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The prior of means [..., T], B and Sigma [..., T, T], and its slopes.

    log M_tt ~ N(log median, 1) of the free variances, and |R| of the correlations, for M = B and Sigma together.
    coupled: whether B has a correlation to put a prior on; free: which variances of B and of Sigma are free, each
    number once. inverted: log determinants [2, ...] and inverses [2, ..., T, T] of B and Sigma, where they are known.
    """
    count = 2 if free[1] else 1
    M = np.array([B, Sigma])[:count]
    log_dets, inverses = inverted or (np.linalg.slogdet(M)[1], inverse(M))
    variances = M.diagonal(0, -2, -1)
    logs = np.log(variances)
    off = np.zeros_like(logs)
    for each, log, median, once in zip(off, logs, MEDIANS, free):
        each[..., once] = log[..., once] - math.log(median)
    value, slopes = -0.5 * ((off**2).sum((0, -1)) + (mean**2).sum(-1)), -off / variances
    first = 0 if coupled else 1
    value = value + (log_dets[first:count] - logs[first:].sum(-1)).sum(0)
    slopes[first:] -= 1 / variances[first:]
    by_matrix = slopes[..., None] * np.eye(B.shape[-1])
    by_matrix[first:] += inverses[first:count]
    return value, -mean, by_matrix[0], by_matrix[1] if count == 2 else np.zeros_like(B)


def inverse(M: np.ndarray) -> np.ndarray:
    """M^-1 of each; no numbers where M is singular to the last digit, as at some starts without kappa."""
    try:
        return np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return np.stack([inverse(one) for one in M]) if M.ndim > 2 else np.full_like(M, np.nan)

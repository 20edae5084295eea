"""The kinds of noise of `noise` in numpy: Sigma from parameters by name, and the way back of its slope.

Arrays are Sigma and its slope [T, T] and variances [T] in standardised units, or stacks of them, [N, T, T] and [N, T],
where the parameters are stacks.
"""

from __future__ import annotations

import numpy as np

from mtgp_tutorial.climbing.batched import transposed
from mtgp_tutorial.noise import FLOOR

Parameters = dict[str, np.ndarray]  # by GPyTorch's names
SHARED, EACH, FACTOR = (f"likelihood.{name}" for name in ("raw_noise", "raw_task_noises", "task_noise_covar_factor"))


class NoiseArrays:
    """Sigma = 0, with the methods of all kinds."""

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        """Sigma from the parameters."""
        return np.zeros((num_tasks, num_tasks))

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        """The slope against each parameter, from that against Sigma."""
        return {}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        """Parameters of the Sigma nearest to these variances (above the floor) and this correlation [T, T]."""
        return {}


class OneForAll(NoiseArrays):
    """Sigma = sigma^2 I."""

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return (np.exp(p[SHARED]) + FLOOR)[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        return {SHARED: traces(of_Sigma) * np.exp(p[SHARED])}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {SHARED: np.log(variances[..., :1] - FLOOR)}


class OneEach(NoiseArrays):
    """Sigma = diag(sigma_t^2)."""

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return (np.exp(p[EACH]) + FLOOR)[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        return {EACH: of_Sigma.diagonal(0, -2, -1) * np.exp(p[EACH])}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {EACH: np.log(variances - FLOOR)}


class Whole(NoiseArrays):
    """Sigma = L L^T + floor I."""

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return p[FACTOR] @ transposed(p[FACTOR]) + np.exp(p[SHARED])[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        by_floor = traces(of_Sigma) * np.exp(p[SHARED])  # for those who set it free
        return {SHARED: by_floor, FACTOR: (of_Sigma + transposed(of_Sigma)) @ p[FACTOR]}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {FACTOR: np.sqrt(variances - FLOOR)[..., None] * np.linalg.cholesky(correlation)}


ARRAYS: dict[str, NoiseArrays] = {"none": NoiseArrays(), "shared": OneForAll(), "per task": OneEach(), "full": Whole()}


def traces(matrices: np.ndarray) -> np.ndarray:
    """The trace of each matrix [..., T, T], as [..., 1]."""
    return matrices.trace(0, -2, -1)[..., None]

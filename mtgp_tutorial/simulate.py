"""Draws whose latent functions, B and Sigma are known. All are made on the CPU from a private generator."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import as_matrix, finite, generator, of_kind, tensors, whole
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.gaussian import check_matrices, lower_factor, sample


def sines(x: Any, *, lag: float = 0.1) -> TaskData:
    """The noise-free pair f_1 = sin(2 pi x), f_2 = sin(2 pi (x - lag)).

    Args:
        x (array [N]): inputs.
        lag (float): in units of x. Default: 0.1.
    Raises:
        ValueError: for a lag that is not finite.

    >>> from mtgp_tutorial import simulate
    >>> y = simulate.sines([0.0, 0.25], lag=0.25).y
    >>> y.round(decimals=6).abs().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    x, lag = as_matrix(x, "x"), finite("lag", lag, "how far the second sine comes later, in units of x")
    y = torch.cat([torch.sin(2 * math.pi * x), torch.sin(2 * math.pi * (x - lag))], dim=1)
    return TaskData(x, y, tasks=("sine", "lagged sine"))


def two_sines(
    n: int = 10, *, lag: float = 0.1, noise_sd: float = 0.1, noise_correlation: float = 0.3, seed: int
) -> TaskData:
    """Noisy values of `sines` at n equally spaced inputs on [0, 1].

    Args:
        n (int): how many rows. Default: 10.
        lag (float): of the second task. Default: 0.1.
        noise_sd (float): standard deviation of the noise of both tasks. Default: 0.1.
        noise_correlation (float): of the noise within a row. Default: 0.3.
        seed (int): of the noise.
    Raises:
        ValueError: for n below 1, a lag that is not finite, a standard deviation not above 0 and a correlation not
            between -1 and 1.

    >>> from mtgp_tutorial import simulate
    >>> data = simulate.two_sines(20, noise_sd=0.2, seed=1)
    >>> tuple(data.y.shape), data.tasks
    ((20, 2), ('sine', 'lagged sine'))
    """
    n = whole("n", n, 1, "how many rows to draw")
    finite("noise_sd", noise_sd, "a standard deviation above 0")
    finite("noise_correlation", noise_correlation, "one between -1 and 1")
    if not noise_sd > 0 or not -1 < noise_correlation < 1:
        raise ValueError(
            f"noise_sd, noise_correlation: are {noise_sd}, {noise_correlation}; "
            "pass a standard deviation above 0 and a correlation between -1 and 1"
        )
    truth = sines(torch.linspace(0, 1, n, dtype=torch.float64), lag=lag)
    off = noise_sd**2 * noise_correlation
    Sigma = torch.tensor([[noise_sd**2, off], [off, noise_sd**2]], dtype=torch.float64)
    return _with_noise(truth, Sigma, seed)


def draw_icm(
    x: Any, kernel: Kernel, B: Tensor, Sigma: Tensor, *, seed: int, sd: Any = None
) -> tuple[TaskData, TaskData]:
    """One draw of an ICM with zero mean: the latent f and the observed y = f + noise.

    Args:
        x (array [N, D]): inputs.
        kernel (Kernel): of the inputs, variance 1.
        B (Tensor [T, T]): covariance of the tasks.
        Sigma (Tensor [T, T]): covariance of the noise.
        seed (int): of the draw.
        sd (array [N, T]): known standard errors of the values, which y then has on top and the observed table carries.
            Default: none.
    Raises:
        ValueError: for another kernel and for matrices that are no tensors, do not fit or are not symmetric.
        NotPositiveDefiniteError: if one is no covariance.

    >>> import torch
    >>> from gpytorch.kernels import RBFKernel
    >>> from mtgp_tutorial import simulate
    >>> x, kernel = torch.linspace(0, 5, 30), RBFKernel()
    >>> B, Sigma = torch.ones(2, 2), 0.01 * torch.eye(2)
    >>> latent, observed = simulate.draw_icm(x, kernel, B, Sigma, seed=0)
    >>> bool((observed.y - latent.y).abs().max() < 0.5)
    True
    """
    x = as_matrix(x, "x")
    of_kind("kernel", kernel, Kernel, "a GPyTorch kernel, such as RBFKernel()")
    tensors(B=B, Sigma=Sigma)
    if B.dim() != 2 or B.shape[0] != B.shape[1] or B.shape != Sigma.shape:
        raise ValueError(f"B, Sigma: have shapes {tuple(B.shape)} and {tuple(Sigma.shape)}; pass two of shape [T, T]")
    check_matrices(B=(B, B.shape), Sigma=(Sigma, B.shape))
    with torch.no_grad():
        K = copy.deepcopy(kernel).double()(x).to_dense()
    if K.shape != (len(x), len(x)) or not torch.allclose(K.diagonal(), torch.ones(len(x)).double()):
        raise ValueError("kernel: its variance is not 1 at every x; pass one without scale (B is the scale)")
    covariance = torch.kron(K, B.double())
    f = sample(torch.zeros(len(covariance)).double(), covariance, 1, seed=seed).reshape(len(x), len(B))
    latent = TaskData(x, f)
    observed = _with_noise(latent, Sigma.double(), seed + 1_000_003)
    if sd is None:
        return latent, observed
    known = TaskData(x, observed.y, sd=sd)
    errors = torch.randn(f.shape, generator=generator(seed + 2_000_003), dtype=torch.float64)
    return latent, replace(known, y=observed.y + known.sd.nan_to_num() * errors)  # type: ignore[union-attr]


def _with_noise(truth: TaskData, Sigma: Tensor, seed: int) -> TaskData:
    normals = torch.randn(truth.y.shape, generator=generator(seed), dtype=torch.float64)
    y = truth.y + normals @ lower_factor(Sigma, "Sigma").T
    return TaskData(truth.x, y, truth.tasks, truth.units, truth.x_name, truth.x_unit)

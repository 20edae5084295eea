"""The variational LMC in plain torch: a bound on the log evidence that mini-batches of cells can estimate.

f_t(x) = mean_t + sum_l W[t, l] u_l(x), with u_l a GP of variance 1 and RBF kernel, whose values at M inducing points
are whitened (Hensman, Matthews and Ghahramani 2015) and have a Gaussian q each. Only marginal variances are formed.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

JITTER = {torch.float64: 1e-6, torch.float32: 1e-4}  # GPyTorch's, so that the two bounds can be compared


class Moments(torch.autograd.Function):
    """Mean m [L, M] and covariance S [L, M, M] of q from its natural parameters S^-1 m and -S^-1 / 2.

    The gradient that arrives is handed on not against these but against the expectation parameters m and S + m m^T:
    that is the natural gradient (Salimbeni, Eleftheriadis and Hensman 2018), so plain descent on them is natural.
    """

    @staticmethod
    def forward(ctx: Any, vec: Tensor, mat: Tensor) -> tuple[Tensor, Tensor]:
        S = torch.cholesky_inverse(torch.linalg.cholesky(-2 * mat))
        m = (S @ vec[..., None])[..., 0]
        ctx.save_for_backward(m)
        return m, S

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        (m,), (dm, dS) = ctx.saved_tensors, grads
        dS = 0.5 * (dS + dS.mT)  # S = expectation of u u^T less m m^T
        return dm - 2 * (dS @ m[..., None])[..., 0], dS


class Bound(torch.nn.Module):
    """forward(x [b, D], task [b], y [b]): minus the bound on the log evidence per cell, in nats, from a batch of cells.

    points [M, D]: where the inducing points start, the same for all latents; num_cells: of the whole table, not of the
    batch. Its mean over equal batches is the bound of them all, so processes may average it. (DistributedDataParallel
    averages what comes out of forward; whatever is added outside is lost to it: see wrong_ways.py.)
    """

    def __init__(self, points: Tensor, num_tasks: int, num_latents: int, num_cells: int, seed: int = 0):
        super().__init__()
        L, M, dtype = num_latents, len(points), points.dtype
        draw = torch.randn(num_tasks, L, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.num_cells = num_cells
        spread = points.amax(0) - points.amin(0)
        lengths = torch.stack([0.2 * spread / 1.7**each for each in range(L)])  # apart, or latents stay twins
        self.Z = torch.nn.Parameter(points.repeat(L, 1, 1))
        self.log_lengths = torch.nn.Parameter(lengths.log())  # [L, D]
        self.W = torch.nn.Parameter(0.7 * draw.to(dtype))  # [T, L]
        self.means = torch.nn.Parameter(torch.zeros(num_tasks, dtype=dtype))
        self.log_noise = torch.nn.Parameter(torch.full((num_tasks,), -2.0, dtype=dtype))  # log variances
        self.vec = torch.nn.Parameter(torch.zeros(L, M, dtype=dtype))  # q, natural parameters
        self.mat = torch.nn.Parameter(-0.5 * torch.eye(M, dtype=dtype).repeat(L, 1, 1))

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        """[L, M, n] between a [L, M, D] and b [L, n, D]; squares are expanded, so inputs should lie near the origin."""
        a, b = (points / self.log_lengths.exp()[:, None] for points in (a, b))
        squared = (a**2).sum(-1)[..., :, None] + (b**2).sum(-1)[..., None, :] - 2 * a @ b.mT
        return torch.exp(-0.5 * squared)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A [L, M, n], with A^T A what inducing points tell of the kernel at x, and the variance [L, n] left out."""
        eye = torch.eye(self.Z.shape[1]).to(x)
        root = torch.linalg.cholesky(self.kernel(self.Z, self.Z) + JITTER[x.dtype] * eye)
        across = self.kernel(self.Z, x.expand(len(self.Z), -1, -1))
        A = torch.linalg.solve_triangular(root, across, upper=False)
        return A, (1 - (A**2).sum(1)).clamp_min(0)

    def latent(self, x: Tensor, task: Tensor, m: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance [n] of f at cells, without noise, where q has these moments."""
        A, left = self.features(x)
        mean, variance = (m[:, None] @ A)[:, 0], left + (A * (S @ A)).sum(1)
        w = self.W[task].T
        return (w * mean).sum(0) + self.means[task], (w**2 * variance).sum(0)

    def kl(self, m: Tensor, S: Tensor) -> Tensor:
        """KL of q from the whitened prior N(0, I), nats, summed over latents."""
        logdet = 2 * torch.linalg.cholesky(S).diagonal(dim1=-2, dim2=-1).log().sum()
        return 0.5 * (S.diagonal(dim1=-2, dim2=-1).sum() + (m**2).sum() - m.numel() - logdet)

    def fit_term(self, x: Tensor, task: Tensor, y: Tensor, m: Tensor, S: Tensor) -> Tensor:
        """Minus the expected log density of the cells under q, per cell."""
        mean, variance = self.latent(x, task, m, S)
        log_noise = self.log_noise[task]
        misfit = ((y - mean) ** 2 + variance) * torch.exp(-log_noise)
        return 0.5 * (math.log(2 * math.pi) + log_noise + misfit).mean()

    def forward(self, x: Tensor, task: Tensor, y: Tensor) -> Tensor:
        m, S = Moments.apply(self.vec, self.mat)
        return self.fit_term(x, task, y, m, S) + self.kl(m, S) / self.num_cells

    @torch.no_grad()
    def predict(self, x: Tensor, task: Tensor, piece: int = 8192) -> tuple[Tensor, Tensor]:
        """Mean and variance [n] of new cells, with noise."""
        m, S = Moments.apply(self.vec, self.mat)
        parts = [self.latent(a, t, m, S) for a, t in zip(x.split(piece), task.split(piece))]
        mean, variance = (torch.cat(each) for each in zip(*parts))
        return mean, variance + self.log_noise.exp()[task]


def optimisers(model: Bound, rate: float, natural_rate: float) -> list[torch.optim.Optimizer]:
    """Adam for the hyper-parameters; for q plain descent on `Moments`, whose gradient is natural.

    The loss is per cell, hence num_cells. With one latent, natural_rate 1 on the whole table sets q to its optimum.
    """
    q = [model.vec, model.mat]
    rest = [parameter for name, parameter in model.named_parameters() if name not in ("vec", "mat")]
    return [torch.optim.Adam(rest, rate), torch.optim.SGD(q, natural_rate * model.num_cells)]

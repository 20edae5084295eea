"""ICM and LMC in tinygp: one dense kernel of a complete table's cells, row by row; L-BFGS-B on compiled code."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import tinygp
from harness import FLOOR, lbfgs

jax.config.update("jax_enable_x64", True)


class Cells(tinygp.kernels.Kernel):
    """The sum of B_q[s, t] k_q(x, z) for cells (x, task); a complete table's at once, which takes less time."""

    B: jax.Array
    length: jax.Array

    def evaluate(self, a, b):
        return self.B[:, a[1], b[1]] @ jnp.exp(-0.5 * ((a[0] - b[0]) / self.length) ** 2)

    def __call__(self, cells, other=None):
        x = cells[0][:: self.B.shape[-1]]
        K = jnp.exp(-0.5 * ((x[:, None] - x) / self.length[:, None, None]) ** 2)
        return sum(jnp.kron(k, B) for k, B in zip(K, self.B))


def parts(v, T, noise, kernels):
    """Means, B_q, Sigma and length-scales of a vector; the factor of a full Sigma is lower triangular."""
    cuts = np.cumsum([T, T * kernels, T * kernels, kernels])
    mean, W, kappa, length, v = jnp.split(v, cuts)
    W, kappa, length = W.reshape(-1, T), jnp.exp(kappa).reshape(-1, T), jnp.exp(length)
    B = W[:, :, None] * W[:, None] + kappa[:, :, None] * jnp.eye(T)
    if noise == "per task":
        return mean, B, jnp.diag(jnp.exp(v) + FLOOR), length
    F = jnp.zeros((T, T)).at[np.tril_indices(T)].set(v)
    return mean, B, F @ F.T + FLOOR * jnp.eye(T), length


@functools.partial(jax.jit, static_argnums=(3, 4))
@jax.value_and_grad
def minus(v, x, y, noise, kernels):
    """Minus the log likelihood of a table y [N, T]."""
    N, T = y.shape
    mean, B, Sigma, length = parts(v, T, noise, kernels)
    each = jnp.kron(jnp.eye(N), Sigma)
    of_noise = tinygp.noise.Diagonal(jnp.diag(each)) if noise == "per task" else tinygp.noise.Dense(each)
    cells = jnp.repeat(x, T), jnp.tile(jnp.arange(T), N)
    gp = tinygp.GaussianProcess(Cells(B, length), cells, noise=of_noise)
    return -gp.log_probability((y - mean).ravel())


def by_lbfgs(x, y, noise, start, record):
    T, kernels = y.shape[1], len(start["W"])
    of_noise = np.full(T, np.log(start["noise"]))
    if noise == "full":
        of_noise = (np.sqrt(start["noise"]) * np.eye(T))[np.tril_indices(T)]
    logs = np.log(start["kappa"]).ravel(), np.log(start["length"])
    table = jnp.asarray(x[:, 0]), jnp.asarray(y)

    def loss(v):
        value, slope = minus(jnp.asarray(v), *table, noise, kernels)
        return float(value), np.asarray(slope)

    end = lbfgs(loss, np.concatenate([np.zeros(T), start["W"].ravel(), *logs, of_noise]), record)
    return dict(zip(("mean", "B", "Sigma", "length"), parts(jnp.asarray(end), T, noise, kernels)))


RUN = {"tinygp, L-BFGS": by_lbfgs}, ["tinygp", "jax"], True

"""The ICM with full noise in tinygp: a kernel of (x, task, row), dense; L-BFGS-B. Compilation is not counted."""

import jax
import jax.numpy as jnp
import numpy as np
import tinygp
from harness import FLOOR, lbfgs, main

jax.config.update("jax_enable_x64", True)


class Cells(tinygp.kernels.Kernel):
    """B[s, t] k(x, z) + [same row] Sigma[s, t]."""

    B: jax.Array
    Sigma: jax.Array
    length: jax.Array

    def evaluate(self, a, b):
        k = jnp.exp(-0.5 * ((a[0] - b[0]) / self.length) ** 2)
        return self.B[a[1], b[1]] * k + jnp.where(a[2] == b[2], self.Sigma[a[1], b[1]], 0.0)


def parts(v, T):
    W, F = v[T : 2 * T], v[3 * T + 1 :].reshape(T, T)
    return v[:T], jnp.outer(W, W) + jnp.diag(jnp.exp(v[2 * T : 3 * T])), F @ F.T + FLOOR * jnp.eye(T), jnp.exp(v[3 * T])


compiled: dict = {}


def by_lbfgs(x, y):
    N, T = y.shape
    if y.shape not in compiled:
        tasks, rows = jnp.tile(jnp.arange(T), N), jnp.repeat(jnp.arange(N), T)

        def minus(v, cells_x, values):
            mean, B, Sigma, length = parts(v, T)
            gp = tinygp.GaussianProcess(Cells(B, Sigma, length), (cells_x, tasks, rows), diag=0.0, mean=0.0)
            return -gp.log_probability(values - mean[tasks])

        compiled[y.shape] = jax.jit(jax.value_and_grad(minus))
    evaluate, cells_x, values = compiled[y.shape], jnp.repeat(jnp.asarray(x[:, 0]), T), jnp.asarray(y.ravel())

    def loss(v):
        value, slope = evaluate(jnp.asarray(v), cells_x, values)
        return float(value), np.asarray(slope)

    R = np.corrcoef(y.T)
    lead = np.linalg.eigh(0.9 * R)[1][:, -1] * np.sqrt(np.linalg.eigvalsh(0.9 * R)[-1])
    start = np.concatenate(
        [np.zeros(T), lead, np.full(T, np.log(0.05)), [np.log(0.2 * np.ptp(x))], np.sqrt(0.1) * np.eye(T).ravel()]
    )
    kept = {}
    lbfgs(loss, start, lambda v: kept.update(v=v))
    mean, B, Sigma, length = parts(jnp.asarray(kept["v"]), T)
    return {"mean": mean, "B": B, "Sigma": Sigma, "length": float(length)}


if __name__ == "__main__":
    main({"tinygp, L-BFGS": by_lbfgs}, ["tinygp", "jax"])

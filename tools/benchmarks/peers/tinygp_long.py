"""Value and gradient of tinygp's quasiseparable Matern 3/2 for the columns of a table: coupled, and each on its own.

"coupled": one latent function with an amplitude for each task (B of rank 1 without kappa, noise per task). "apart": one
Gaussian process for each column. The first call compiles. Prints the least seconds of CPU time as a JSON line.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import jax
import jax.numpy as jnp
import numpy as np
import tinygp
from tinygp.kernels import quasisep

jax.config.update("jax_enable_x64", True)


class Coupled(quasisep.Wrapper):
    """A latent function times the amplitude of the task, for cells (x, task) in the order of x."""

    amplitudes: jax.Array

    def coord_to_sortable(self, cell):
        return cell[0]

    def observation_model(self, cell):
        return self.amplitudes[cell[1]] * self.kernel.observation_model(cell[0])


def minus_coupled(v, x, task, y, T):
    """Minus the log likelihood; v holds a log length-scale, T amplitudes and T log noises."""
    kernel = Coupled(amplitudes=v[1 : 1 + T], kernel=quasisep.Matern32(jnp.exp(v[0])))
    gp = tinygp.GaussianProcess(kernel, (x, task), diag=jnp.exp(v[1 + T :])[task], assume_sorted=True)
    return -gp.log_probability(y)


def minus_apart(v, tables):
    """Minus the log likelihoods, added; v holds a log length-scale, then log variance and log noise of each column."""
    total = 0.0
    for t, (x, y) in enumerate(tables):
        kernel = jnp.exp(v[1 + 2 * t]) * quasisep.Matern32(jnp.exp(v[0]))
        gp = tinygp.GaussianProcess(kernel, x, diag=jnp.exp(v[2 + 2 * t]), assume_sorted=True)
        total -= gp.log_probability(y)
    return total


def timed(evaluate, repeats):
    """Least CPU seconds of the calls, and those of the first."""
    seconds = []
    for _ in range(1 + repeats):
        start = time.process_time()
        jax.block_until_ready(evaluate())
        seconds.append(time.process_time() - start)
    return {"seconds": min(seconds[1:]), "first": seconds[0]}


if __name__ == "__main__":
    given, repeats = np.load(sys.argv[1]), int(sys.argv[2])
    x, y, T = given["x"], given["y"], given["y"].shape[1]
    row, task = np.nonzero(~np.isnan(y))
    cells = jnp.asarray(x[row]), jnp.asarray(task), jnp.asarray(y[row, task])
    tables = [(jnp.asarray(x[~np.isnan(one)]), jnp.asarray(one[~np.isnan(one)])) for one in y.T]
    coupled = jax.jit(jax.value_and_grad(minus_coupled), static_argnums=4)
    apart = jax.jit(jax.value_and_grad(minus_apart))
    both = jnp.array([0.7] + [1.0] * T + [-1.6] * T), jnp.array([0.7] + [0.0, -1.6] * T)
    programs = {"coupled": lambda: coupled(both[0], *cells, T), "apart": lambda: apart(both[1], tables)}
    print(json.dumps({name: timed(program, repeats) for name, program in programs.items()}))

"""Value and gradient of tinygp's quasiseparable Matern 3/2, one Gaussian process for each column of a table, uncoupled.

The first call compiles and is not counted. Prints the least seconds of CPU time as a JSON line.
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

jax.config.update("jax_enable_x64", True)


def minus(v, tables):
    """Minus the log likelihoods, added; v holds a log length-scale, then log variance and log noise of each column."""
    total = 0.0
    for t, (x, y) in enumerate(tables):
        kernel = jnp.exp(v[1 + 2 * t]) * tinygp.kernels.quasisep.Matern32(jnp.exp(v[0]))
        gp = tinygp.GaussianProcess(kernel, x, diag=jnp.exp(v[2 + 2 * t]), assume_sorted=True)
        total -= gp.log_probability(y)
    return total


if __name__ == "__main__":
    given = np.load(sys.argv[1])
    x, columns, repeats = given["x"], given["y"].T, int(sys.argv[2])
    tables = [(jnp.asarray(x[~np.isnan(y)]), jnp.asarray(y[~np.isnan(y)])) for y in columns]
    evaluate, v = jax.jit(jax.value_and_grad(minus)), jnp.array([0.7] + [0.0, -1.6] * len(columns))
    seconds = []
    for _ in range(1 + repeats):
        start = time.process_time()
        jax.block_until_ready(evaluate(v, tables))
        seconds.append(time.process_time() - start)
    print(json.dumps({"seconds": min(seconds[1:]), "compiling": seconds[0]}))

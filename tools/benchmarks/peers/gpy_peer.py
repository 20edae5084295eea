"""The ICM with full noise in GPy: B k(x, z) + Sigma [same row] as a sum of products of kernels; GPy's own L-BFGS-B."""

import GPy
import numpy as np
from harness import FLOOR, main


def build(x, y):
    """Columns of the inputs: x, task, row, then the task once more as unit vectors, for the means."""
    N, T = y.shape
    tasks = np.tile(np.arange(T), N)
    inputs = np.column_stack([np.repeat(x[:, 0], T), tasks, np.repeat(np.arange(N), T), np.eye(T)[tasks]])
    values, vectors = np.linalg.eigh(0.9 * np.corrcoef(y.T))
    lead, kappa = vectors[:, -1:] * np.sqrt(values[-1]), np.full(T, 0.05)
    B = GPy.kern.Coregionalize(1, T, rank=1, W=lead, kappa=kappa, active_dims=[1], name="B")
    Sigma = GPy.kern.Coregionalize(1, T, rank=T, W=np.sqrt(0.1) * np.eye(T), active_dims=[1], name="Sigma")
    k = GPy.kern.RBF(1, lengthscale=0.2 * np.ptp(x), active_dims=[0], name="k")
    same_row = GPy.kern.Precomputed(1, np.eye(N), active_dims=[2], name="same_row")
    mean = GPy.mappings.Linear(3 + T, 1)
    mean.A[:] = 0
    noise = GPy.likelihoods.Gaussian(variance=FLOOR - 1e-8)  # GPy adds 1e-8 itself
    model = GPy.core.GP(inputs, y.reshape(-1, 1), k * B + same_row * Sigma, noise, mean_function=mean)
    signal, rows = model.kern.parts  # sums and products copy their parts: only these are the model's
    for fixed in (mean.A[:3], signal.k.variance, rows.same_row.variance, noise.variance):
        fixed.fix()
    rows.Sigma.kappa.fix(1e-12)  # none: the floor is the likelihood's
    return model


def found(model):
    signal, rows = model.kern.parts
    T = len(signal.B.kappa)
    return {
        "mean": model.mean_function.A[3:, 0],
        "B": signal.B.B,
        "Sigma": rows.Sigma.B + FLOOR * np.eye(T),
        "length": float(signal.k.lengthscale[0]),
    }


def by_lbfgs(x, y):
    model = build(x, y)
    model.optimize("lbfgsb", max_iters=1000)
    return found(model)


if __name__ == "__main__":
    main({"GPy, full noise": by_lbfgs}, ["GPy", "scipy"])

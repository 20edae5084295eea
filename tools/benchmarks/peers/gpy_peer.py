"""The ICM in GPy, by SciPy's L-BFGS-B: B k(x, z), and Sigma as noise per task or as a product of kernels."""

import GPy
import numpy as np
from harness import FLOOR, lbfgs


def build(x, y, noise, start):
    """Columns of the inputs: x, task, row, then the task once more as unit vectors, for the means."""
    N, T = y.shape
    tasks = np.tile(np.arange(T), N)
    inputs = np.column_stack([np.repeat(x[:, 0], T), tasks, np.repeat(np.arange(N), T), np.eye(T)[tasks]])
    W, kappa = start["W"].T.copy(), start["kappa"][0].copy()
    B = GPy.kern.Coregionalize(1, T, rank=1, W=W, kappa=kappa, active_dims=[1], name="B")
    k = GPy.kern.RBF(1, lengthscale=start["length"][0], active_dims=[0], name="k")
    k.variance.fix()
    mean = GPy.mappings.Linear(3 + T, 1)
    mean.A[:] = 0
    mean.A[:3].fix()
    floor = FLOOR - 1e-8  # GPy adds 1e-8 itself
    if noise == "full":
        F = np.sqrt(start["noise"]) * np.eye(T)
        Sigma = GPy.kern.Coregionalize(1, T, rank=T, W=F, active_dims=[1], name="Sigma")
        Sigma.kappa.fix(1e-12)  # none: the floor is the likelihood's
        for row in range(T - 1):
            Sigma.W[row, row + 1 :].fix(0)  # triangular: the other entries say nothing new
        other = GPy.kern.Precomputed(1, np.eye(N), active_dims=[2], name="same_row")
        other.variance.fix()
        likelihood, other = GPy.likelihoods.Gaussian(variance=floor), other * Sigma
        likelihood.variance.fix()
    else:
        each = [GPy.likelihoods.Gaussian(variance=start["noise"], name=f"noise_{t}") for t in range(T)]
        likelihood, other = GPy.likelihoods.MixedNoise(each), GPy.kern.White(1, floor, active_dims=[2], name="floor")
        other.fix()
    about = {"output_index": tasks[:, None]}
    return GPy.core.GP(inputs, y.reshape(-1, 1), k * B + other, likelihood, mean_function=mean, Y_metadata=about)


def found(model, noise):
    signal, other = model.kern.parts
    T = len(signal.B.kappa)
    if noise == "full":
        Sigma = other.Sigma.B + FLOOR * np.eye(T)
    else:
        Sigma = np.diag([float(one.variance[0]) + FLOOR for one in model.likelihood.likelihoods_list])
    return {
        "mean": model.mean_function.A[3:, 0],
        "B": signal.B.B[None],
        "Sigma": Sigma,
        "length": [float(signal.k.lengthscale[0])],
    }


def by_lbfgs(x, y, noise, start, record):
    model = build(x, y, noise, start)
    model.optimizer_array = lbfgs(lambda vector: model._objective_grads(vector), model.optimizer_array.copy(), record)
    return found(model, noise)


RUN = {"GPy, L-BFGS": by_lbfgs}, ["GPy", "scipy"]

"""The bound of GPflow's VGP for a table of counts, yes or no, and a reading (see `gpflow` in counts.py).

`pip install gpflow "tensorflow-cpu<2.16" "tensorflow-probability<0.24" "tf-keras<2.16" "numpy<2" "setuptools<80"` in an
environment of its own; then `python tools/benchmarks/counts_gpflow.py TABLE.npz` prints the bound in nats.
"""

import sys

import gpflow
import numpy as np
import tensorflow as tf

table = dict(np.load(sys.argv[1]))
rows, tasks = (~np.isnan(table["y"])).nonzero()
X = np.column_stack([table["x"][rows], tasks]).astype(float)
Y = np.column_stack([table["y"][rows, tasks], tasks]).astype(float)
kernel = gpflow.kernels.Matern32(active_dims=[0], lengthscales=table["length"])
shared = gpflow.kernels.Coregion(output_dim=3, rank=1, active_dims=[1])
shared.W.assign(table["W"])
shared.kappa.assign(table["kappa"])
likelihood = gpflow.likelihoods.SwitchedLikelihood(
    [
        gpflow.likelihoods.Poisson(),
        gpflow.likelihoods.Bernoulli(invlink=tf.sigmoid),
        gpflow.likelihoods.Gaussian(variance=table["noise"]),
    ]
)
means = gpflow.mean_functions.SwitchedMeanFunction([gpflow.functions.Constant(m) for m in table["means"]])
gpflow.config.set_default_jitter(1e-12)
model = gpflow.models.VGP((X, Y), kernel * shared, likelihood, mean_function=means)
for part in (model.kernel, model.likelihood, model.mean_function):
    gpflow.set_trainable(part, False)
steps = gpflow.optimizers.NaturalGradient(gamma=0.5)
for _ in range(300):
    steps.minimize(model.training_loss, [(model.q_mu, model.q_sqrt)])
print(f"{-float(model.training_loss()):.9f}")

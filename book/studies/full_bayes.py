"""Full Bayes on B by NUTS: full_bayes.csv and full_bayes_draws.csv in mtgp_tutorial/datasets/studies.

NumPyro (pip install numpyro; no other part of the book needs it) samples the density that a fit of an ICM with noise
per task maximises. For T = 2 the matrices W W^T + diag(kappa) are all positive definite B, so B is sampled as D R D.
The sampler has no noise floor; `sample` asserts that no draw lies below it. Matrices, means and length-scales are
stored in data units.
"""

import functools
import os

from gpytorch.kernels import RBFKernel

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
import torch
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer import MCMC, NUTS, init_to_sample
from running import run
from scipy.special import ndtri
from scipy.stats import rankdata

from mtgp_tutorial import Fit, fit, icm, simulate
from mtgp_tutorial.noise import FLOOR

numpyro.enable_x64()
ROWS, CHAINS, DRAWS = (10, 100), 4, 1000
NAMES = ["correlation", "length-scale", "B_11", "B_22", "Sigma_11", "Sigma_22", "mean_1", "mean_2"]


def bayes(x, y=None):
    """The priors of mtgp_tutorial.priors, for x of range 1, and the likelihood of y [N, 2] if there is one."""
    length = jnp.exp(numpyro.sample("log length", dist.Normal(np.log(0.3), 1)))
    d = jnp.exp(numpyro.sample("log B", dist.Normal(jnp.zeros(2), 1)) / 2)
    noise = jnp.exp(numpyro.sample("log Sigma", dist.Normal(jnp.full(2, np.log(0.05)), 1)))
    mean = numpyro.sample("mean", dist.Normal(jnp.zeros(2), 1))
    rho = 2 * numpyro.sample("half", dist.Beta(2, 2)) - 1  # density proportional to |R| = 1 - rho^2
    if y is not None:  # whitened with Sigma, the tasks mix into two independent problems, as in the module
        B = jnp.outer(d, d) * jnp.array([[1, rho], [rho, 1]])
        lam, V = jnp.linalg.eigh(B / jnp.sqrt(jnp.outer(noise, noise)))
        C = lam[:, None, None] * jnp.exp(-0.5 * ((x[:, None] - x) / length) ** 2) + jnp.eye(len(x))
        independent = dist.MultivariateNormal(covariance_matrix=C).log_prob(V.T @ ((y - mean) / jnp.sqrt(noise)).T)
        numpyro.factor("y", independent.sum() - 0.5 * len(x) * jnp.log(noise).sum())


@functools.partial(jax.jit, static_argnums=3)
def chains(key, x, y, draws):
    """Draws by name [CHAINS * draws, ...], and which diverged. Compiles once for all tables of a size."""
    nuts = NUTS(bayes, init_strategy=init_to_sample, dense_mass=True, target_accept_prob=0.9)
    how = {"num_chains": CHAINS, "chain_method": "vectorized", "progress_bar": False}
    mcmc = MCMC(nuts, num_warmup=draws // 2, num_samples=draws, **how)
    mcmc.run(key, x, y)
    return mcmc.get_samples(), mcmc.get_extra_fields()["diverging"]


def sample(data, seed, draws=DRAWS):
    """The same for a table: draws in standardised units, and the number of divergent transitions."""
    p, diverging = chains(jax.random.PRNGKey(seed), data.x[:, 0].numpy(), data.standardise()[0].y.numpy(), draws)
    assert np.exp(p["log Sigma"].min()) > FLOOR
    return {name: np.asarray(value) for name, value in p.items()}, int(diverging.sum())


@functools.cache
def compiled():
    """Compiles the sampler for ten rows, once in a process, so that no time includes it."""
    sample(simulate.two_sines(seed=0), 0)


def as_fits(p, data, step):
    """Every step-th draw as a Fit; the raw parameters of the module are logarithms, means and W."""
    rho, sd = 2 * p["half"][::step, None] - 1, np.exp(p["log B"][::step] / 2)
    W = sd * np.sqrt(abs(rho)) * np.hstack([np.ones_like(rho), np.sign(rho)])
    parts = p["mean"][::step], W, np.log(sd**2 * (1 - abs(rho))), p["log length"][::step]
    raw = np.column_stack([np.log(np.exp(p["log Sigma"][::step]) - FLOOR), *parts])
    fits = [
        Fit(icm(data, noise="per task", kernel=RBFKernel()).requires_grad_(False), True, np.nan, pd.DataFrame())
        for _ in raw
    ]
    for one, vector in zip(fits, torch.as_tensor(raw)):
        torch.nn.utils.vector_to_parameters(vector, one.model.parameters())
    return fits


def numbers(f):
    """Those of NAMES, in data units."""
    mean = f.model.scale.to_data(torch.stack([base.constant for base in f.model.mean.base_means]))
    return [f.correlation.iloc[0, 1], *f.length_scales, *np.diag(f.B), *np.diag(f.Sigma), *mean.tolist()]


def diagnostics(v):
    """Rank-normalised split R-hat, bulk and tail effective sample size of draws v. (Vehtari et al. 2021)"""
    v = v.reshape(2 * CHAINS, -1)  # each chain as two
    normal = [ndtri((rankdata(u).reshape(v.shape) - 0.375) / (v.size + 0.25)) for u in (v, abs(v - np.median(v)))]
    tail = min(effective_sample_size((v <= np.quantile(v, q)).astype(float)) for q in (0.05, 0.95))
    return {"r_hat": max(map(gelman_rubin, normal)), "ess_bulk": effective_sample_size(normal[0]), "ess_tail": tail}


def rows(n):
    """Summary of the posterior of seed 0 with n rows, beside the mode and maximum likelihood; and 400 draws."""
    data = simulate.two_sines(n, seed=0)
    p, divergent = sample(data, 0)
    draws = pd.DataFrame([numbers(f) for f in as_fits(p, data, 1)], columns=NAMES)
    summary = draws.describe(percentiles=[0.05, 0.5, 0.95]).T[["mean", "std", "5%", "50%", "95%"]]
    summary = summary.join(pd.DataFrame({name: diagnostics(draws[name].to_numpy()) for name in NAMES}).T)
    summary["MAP"], summary["ML"] = (
        numbers(fit(icm(data, noise="per task", kernel=RBFKernel()), priors=priors)) for priors in (True, False)
    )
    summary = summary.assign(divergent=divergent).rename(columns={"std": "sd"}).rename_axis("parameter").reset_index()
    return summary.assign(n=n), draws[:: len(draws) // 400].round(5).assign(n=n)


if __name__ == "__main__":
    run(__file__, ((n,) for n in ROWS), ["full_bayes", "full_bayes_draws"])

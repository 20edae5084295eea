"""Methods that fill tables full of holes: models of this book, and what else one would take.

Each is a function from a seen table and a table of the asked cells, whose values are all 0, to a `Prediction` of their
noisy values, as in methods.py. All GPs here have the Matern 3/2 kernel, on a map with a length-scale for each input,
unless the name says otherwise; no method takes a season off.

- "EM": a multivariate normal law of the columns and the inputs, a ridge of a hundredth on its variances.
  (Dempster, Laird and Rubin 1977)
- "EM, then regression + GP": five draws of the missing cells from that law; for each a regression of a column on all
  others, whose residual is a GP; the mixture of the five. A regression takes one column for each five of its rows.
- "regression + GP in turns": the same from each of the five draws on, three times round, each time with the missing
  cells drawn anew from the regression (chained equations; van Buuren 2018).
- "IterativeImputer, lags": scikit-learn's, on the inputs, the columns, and each column one row before and after (not on
  maps); the mixture of five posterior samples.
- "structural": of each column by itself the likeliest (AIC) of a local level, a local linear trend and an AR(1), each
  with noise. (Harvey 1989; statsmodels' UnobservedComponents)
- "dynamic factor": one factor and an AR(1) of each column, by EM. (Banbura and Modugno 2014; DynamicFactorMQ)
- "regression + GP, 3 to spare", "15 to spare": the rule of `plain_methods` with that many rows beyond coefficients.
"""

import numpy as np
import torch
from methods import Method, by_rule, kernel, spared

from mtgp_tutorial import Prediction, TaskData, fit, icm, impute, independent
from mtgp_tutorial.mixture import mixture
from mtgp_tutorial.tables.external_drift import best_residual, kriged, orthonormal

DRAWS, ROUNDS = 5, 3  # imputations; times round, in turns
RIDGE, ITERATIONS, CLOSE = (
    0.01,
    200,
    1e-5,
)  # of EM: on the variances; at most; change of a mean or covariance at the end
ROWS = 5  # of a regression, for each of its columns
STEP = 0.02  # relative spread of the steps of x up to which they are regular


def standard(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns less their mean, over their standard deviation; the means; the deviations."""
    mean, sd = np.nanmean(y, 0), np.nanstd(y, 0)
    return (y - mean) / sd, mean, sd


def answered(seen: TaskData, means: np.ndarray, variances: np.ndarray) -> Prediction:
    """Predictions of standardised means and variances [N, T], or [D, N, T] for the mixture of D laws."""
    _, mean, sd = standard(seen.y.numpy())
    laws = [
        Prediction(
            seen.x, torch.tensor(m * sd + mean), torch.tensor(v * sd**2), tuple(seen.tasks), tuple(seen.units), True
        )
        for m, v in zip(np.atleast_3d(means.T).T, np.atleast_3d(variances.T).T)
    ]
    return laws[0] if len(laws) == 1 else mixture(laws)


def conditional(z: np.ndarray, mean: np.ndarray, S: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows z [N, D] filled by their conditional mean under N(mean, S), and their conditional covariances [N, D, D]."""
    filled, spread = z.copy(), np.zeros((*z.shape, z.shape[1]))
    patterns, of = np.unique(np.isnan(z), axis=0, return_inverse=True)
    for k, gone in enumerate(patterns):
        rows, seen = np.flatnonzero(of.ravel() == k), ~gone
        if not gone.any():
            continue
        A = np.linalg.solve(S[np.ix_(seen, seen)], S[np.ix_(seen, gone)])
        filled[np.ix_(rows, gone)] = mean[gone] + (z[np.ix_(rows, seen)] - mean[seen]) @ A
        spread[np.ix_(rows, gone, gone)] = S[np.ix_(gone, gone)] - S[np.ix_(gone, seen)] @ A
    return filled, spread


def normal_law(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of rows with NaN, of highest likelihood by EM, with a ridge."""
    D = z.shape[1]
    mean, S = np.zeros(D), np.eye(D)
    for _ in range(ITERATIONS):
        filled, spread = conditional(z, mean, S)
        new = filled.mean(0)
        C = np.cov(filled.T, bias=True) + spread.mean(0) + RIDGE * np.eye(D)
        change = max(np.abs(new - mean).max(), np.abs(C - S).max())
        mean, S = new, C
        if change < CLOSE:
            break
    return mean, S


def em_conditional(seen: TaskData) -> tuple[np.ndarray, np.ndarray]:
    """Standardised columns filled by EM, [N, T], and their conditional covariances [N, T, T]."""
    z = np.c_[standard(seen.y.numpy())[0], standard(seen.x.numpy())[0]]
    filled, spread = conditional(z, *normal_law(z))
    T = seen.num_tasks
    return filled[:, :T], spread[:, :T, :T]


def em(seen: TaskData, asked: TaskData) -> Prediction:
    filled, spread = em_conditional(seen)
    return answered(seen, filled, spread.diagonal(axis1=1, axis2=2))


def draws(seen: TaskData) -> list[np.ndarray]:
    """Standardised tables [N, T] whose missing cells are drawn from the law of EM."""
    filled, spread = em_conditional(seen)
    values, vectors = np.linalg.eigh(spread)
    roots = vectors * np.sqrt(values.clip(0))[:, None]
    rng = np.random.default_rng(0)
    return [filled + (roots @ rng.normal(size=(*filled.shape, 1)))[..., 0] for _ in range(DRAWS)]


def regressed(x: np.ndarray, z: np.ndarray, gone: np.ndarray, t: int, joint: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean [m] and variance [m] (joint: covariance) of the missing cells of column t, by a regression on others of z.

    z [N, T] is whole; the columns of the highest correlation are taken, one for each ROWS values of the column.
    """
    here = ~gone[:, t]
    with np.errstate(invalid="ignore", divide="ignore"):
        closeness = np.nan_to_num(np.abs(np.corrcoef(z[here].T)[t]))
    closeness[t] = -1
    columns = np.argsort(-closeness)[: min(z.shape[1] - 1, here.sum() // ROWS)]
    at, whole = torch.tensor(x), torch.tensor(z)
    H, G = orthonormal(whole[here][:, columns], whole[~here][:, columns])
    law = best_residual(at[here], H, whole[here, t], ("matern32",))
    mean, variance = kriged(at[here], H, whole[here, t], law, at[~here], G, joint)
    return mean.numpy(), variance.numpy()


def imputed(seen: TaskData, asked: TaskData) -> Prediction:
    x, gone = standard(seen.x.numpy())[0], ~seen.observed.numpy()
    means = np.zeros((DRAWS, *gone.shape))
    variances = np.ones_like(means)
    for k, z in enumerate(draws(seen)):
        for t in np.flatnonzero(gone.any(0)).tolist():
            means[k, gone[:, t], t], variances[k, gone[:, t], t] = regressed(x, z, gone, t, False)
    return answered(seen, means, variances)


def in_turns(seen: TaskData, asked: TaskData) -> Prediction:
    x, gone = standard(seen.x.numpy())[0], ~seen.observed.numpy()
    means = np.zeros((DRAWS, *gone.shape))
    variances, rng = np.ones_like(means), np.random.default_rng(0)
    for k, z in enumerate(draws(seen)):
        for _ in range(ROUNDS):
            for t in np.flatnonzero(gone.any(0)).tolist():
                mean, C = regressed(x, z, gone, t, True)
                means[k, gone[:, t], t], variances[k, gone[:, t], t] = mean, C.diagonal()
                values, vectors = np.linalg.eigh(C)
                z[gone[:, t], t] = mean + vectors @ (np.sqrt(values.clip(0)) * rng.normal(size=len(mean)))
    return answered(seen, means, variances)


def lagged(seen: TaskData, asked: TaskData) -> Prediction:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    z, x = standard(seen.y.numpy())[0], standard(seen.x.numpy())[0]
    none = np.full((1, z.shape[1]), np.nan)
    beside = [np.r_[none, z[:-1]], np.r_[z[1:], none]] if x.shape[1] == 1 else []
    whole, T = np.concatenate([z, x, *beside], 1), seen.num_tasks
    means, variances = np.zeros((DRAWS, *z.shape)), np.ones((DRAWS, *z.shape))
    for k in range(DRAWS):
        rule = IterativeImputer(max_iter=10, sample_posterior=True, random_state=k)
        filled = rule.fit_transform(whole)
        for step in rule.imputation_sequence_[-np.isnan(whole).any(0).sum() :]:
            if step.feat_idx < T:
                mean, sd = step.estimator.predict(filled[:, step.neighbor_feat_idx], return_std=True)
                means[k, :, step.feat_idx], variances[k, :, step.feat_idx] = mean, sd**2
    return answered(seen, means, variances)


def of_states(fitted) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances [N, T] of noisy values by the smoother of a state-space model of statsmodels."""
    smooth, model = fitted.smoother_results, fitted.filter_results
    Z, H = model.design[..., 0], model.obs_cov[..., 0]
    P = np.moveaxis(smooth.smoothed_state_cov, -1, 0)
    return (Z @ smooth.smoothed_state).T, ((Z @ P) * Z).sum(-1) + H.diagonal()


STRUCTURES = (  # and where a fit begins; None: where statsmodels would, which for an AR(1) with holes is nowhere
    ({"level": "llevel"}, None),
    ({"level": "lltrend"}, None),
    ({"irregular": True, "autoregressive": 1}, [0.2, 0.3, 0.8]),  # variances of noise and of steps, AR coefficient
)


def structural(seen: TaskData, asked: TaskData) -> Prediction:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    means, variances = [], []
    for y in standard(seen.y.numpy())[0].T:
        fits = [UnobservedComponents(y, loglikelihood_burn=2, **how).fit(at, disp=False) for how, at in STRUCTURES]
        mean, variance = of_states(min(fits, key=lambda one: one.aic))
        means.append(mean[:, 0])
        variances.append(variance[:, 0])
    return answered(seen, np.stack(means, 1), np.stack(variances, 1))


def dynamic_factor(seen: TaskData, asked: TaskData) -> Prediction:
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ

    z = standard(seen.y.numpy())[0]
    model = DynamicFactorMQ(z, factors=1, factor_orders=1, idiosyncratic_ar1=True, standardize=False)
    return answered(seen, *of_states(model.fit(disp=False, maxiter=ITERATIONS)))


def by_icm(noise: str | None, name: str = "matern32") -> Method:
    """An ICM of rank 1 with this noise and kernel."""
    return lambda seen, asked: impute(fit(icm(seen, noise=noise, kernel=kernel(name, seen))))


def own_curve(seen: TaskData, asked: TaskData) -> Prediction:
    """A GP for each column by itself, with shared hyper-parameters."""
    return impute(fit(independent(seen, hyperparameters="shared", kernel=kernel("matern32", seen))))


def regular(data: TaskData) -> bool:
    """Whether rows have equal steps, as a model of states asks."""
    step = np.diff(data.x.numpy()[:, 0])
    return data.x.shape[1] == 1 and bool(step.std() < STEP * step.mean())


RIVALS: dict[str, Method] = {
    "mean": by_rule("mean"),
    "interpolation": by_rule("interpolation"),
    "regression": by_rule("regression"),
    "regression + GP, 3 to spare": spared(3),
    "regression + GP, 15 to spare": spared(15),
    "own curve": own_curve,
    "EM": em,
    "EM, then regression + GP": imputed,
    "regression + GP in turns": in_turns,
    "IterativeImputer, lags": lagged,
    "structural": structural,
    "dynamic factor": dynamic_factor,
    "ICM, full noise": by_icm("full"),
    "ICM, noise per task": by_icm("per task"),
    "ICM, RBF": by_icm(None, "rbf"),
}
OF_STATES = ("structural", "dynamic factor")  # for tables with regular steps

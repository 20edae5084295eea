"""Fit the Great Lakes together and alone, and write what the figure to play with needs into its script.

    python tools/lakes.py       # the numbers in book/_static/explore/lakes.js again

Both models see all readings, those that a reader will hide included. Of each its length-scale, its means and, for
Sigma and B, what makes both diagonal at once: V Sigma V^T = 1 and V B V^T = diag(d). The precision of a complete table
is then a sum of T small ones, C^-1 = sum_q (d_q K + 1)^-1 kron v_q v_q^T, with v_q the rows of V, and the browser needs
no eigenvectors of K.
"""

from __future__ import annotations

from typing import Any

from gpytorch.kernels import MaternKernel
from scipy.linalg import eigh
from situations import keep, rounded

from mtgp_tutorial import Fit, datasets, fit, icm, independent


def fitted() -> dict[str, Fit]:
    """The chapter's two models, with the readings of all years."""
    data, kernel = datasets.great_lakes(), MaternKernel(nu=1.5)
    return {
        "together": fit(icm(data, noise="full", kernel=kernel)),
        "alone": fit(independent(data, hyperparameters="shared", kernel=kernel)),
    }


def parameters(fit: Fit) -> dict[str, Any]:
    """One model in standardised units: l, means [T], d [T] and V [T, T], so that V Sigma V^T = 1, V B V^T = diag(d)."""
    d, vectors = eigh(fit.model.B().detach().numpy(), fit.model.Sigma().detach().numpy())
    return {
        "l": fit.length_scales[0],
        "means": fit.model.means().detach().tolist(),
        "d": d.tolist(),
        "V": vectors.T.tolist(),
    }


def numbers(fits: dict[str, Fit]) -> dict[str, Any]:
    """All that the script is given: names, first year, readings [T][N] to 0.1 mm, scale, two models."""
    data, scale = fits["together"].model.data, fits["together"].model.scale
    table = {
        "lakes": list(data.tasks),
        "first": int(data.x[0]),
        "y": data.y.T.numpy().round(4).tolist(),
        "scale": [[mean, sd] for mean, sd in zip(scale.mean.tolist(), scale.sd.tolist())],
    }
    return rounded(table | {name: parameters(one) for name, one in fits.items()})


if __name__ == "__main__":
    keep("lakes", numbers(fitted()))

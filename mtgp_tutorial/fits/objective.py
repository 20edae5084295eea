"""What is maximised: the exact log marginal likelihood, and the log prior."""

from __future__ import annotations

from torch import Tensor

from mtgp_tutorial.exact import forms
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.models.priors import input_spread, log_prior, spatial_parts


def objective(model: Model, priors: bool) -> Tensor:
    """Exact log marginal likelihood of the standardised table, plus the log prior if asked for."""
    problem = model.problem()
    value = forms.log_likelihood(problem)
    if not priors:
        return value
    B, Sigma = sum(term.B for term in problem.terms), problem.Sigma  # computed once, for the data and the prior
    return (
        value
        + log_prior(
            [part.lengthscale for part in spatial_parts(model.kernel)],
            input_spread(model.unit.x),
            B.diagonal()[:1] if model.one_signal else B.diagonal(),  # type: ignore[union-attr]
            Sigma.diagonal()[: {"shared": 1, "none": 0}.get(model.noise)],  # each free number once
            [B] * model.coupled() + [Sigma] * (model.noise != "none"),  # type: ignore[arg-type]
            model.means(),
        )
    )

"""Draws of parameters against NUTS, and what they cost."""

import warnings

import numpy as np
import pytest
from gpytorch.kernels import MaternKernel, RBFKernel

from mtgp_tutorial import datasets, fit, icm, impute, lmc, posterior_sampling, predict, sample_posterior, simulate
from mtgp_tutorial.tables import compare, posterior_averaging


@pytest.mark.parametrize("rows", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_draws_are_those_of_nuts(rows):
    """Of each number the mean, and the shares below both ends of 90 %, within four errors of NumPyro's chains."""
    stored = datasets.study("full_bayes").query("n == @rows").set_index("parameter")
    fitted = fit(icm(simulate.two_sines(rows, seed=0), kernel=RBFKernel()))
    found = sample_posterior(fitted, draws=800, chains=8, seed=2)
    draws = found.draws
    draws["B_11"], draws["B_22"] = draws["signal of sine"] ** 2, draws["signal of lagged sine"] ** 2
    draws["Sigma_11"], draws["Sigma_22"] = draws["noise of sine"] ** 2, draws["noise of lagged sine"] ** 2
    names = {"signal of sine and lagged sine": "correlation", "length-scale 1": "length-scale"}
    draws, sizes = draws.rename(columns=names), found.mixing["ESS"].min()
    for name in ("correlation", "length-scale", "B_11", "B_22", "Sigma_11", "Sigma_22"):
        there, sd = stored.loc[name], stored.loc[name, "sd"]
        error = sd * (1 / sizes + 1 / there["ess_bulk"]) ** 0.5
        assert abs(draws[name].mean() - there["mean"]) < 4 * error, name
        below = [(draws[name] < there[end]).mean() for end in ("5%", "95%")]
        chance = 4 * (0.05 * 0.95 * (1 / sizes + 1 / there["ess_tail"])) ** 0.5
        assert np.abs(np.subtract(below, [0.05, 0.95])).max() < chance, name


def test_an_answer_costs_what_the_help_says():
    """Of the lakes with full noise: evaluations of all runs, and how far two seeds lie apart."""
    seen, hidden = datasets.great_lakes().hide("Erie", 1932, 1943)
    fitted = fit(icm(seen, noise="full", kernel=MaternKernel(nu=1.5)))
    found = [sample_posterior(fitted, seed=seed) for seed in (0, 1)]
    assert all(one.evaluations < 1500 and one.accepted > 0.6 for one in found)
    first, second = (impute(one) for one in found)
    gap = hidden.observed
    assert (((first.mean - second.mean) / first.sd)[gap] ** 2).mean() ** 0.5 < 0.1 * 2**0.5
    assert ((second.sd / first.sd)[gap] - 1).square().mean() ** 0.5 < 0.05 * 2**0.5
    assert ((first.sd / impute(fitted).sd)[gap] > 1).double().mean() > 0.9  # wider than the plug-in


def test_the_words_of_an_averaged_fit(monkeypatch):
    """Which short chains have not mixed differs from processor to processor; below a limit of 1 all have not."""
    monkeypatch.setattr(posterior_sampling, "MIXED", 0.9)
    fitted = fit(lmc(simulate.two_sines(20, seed=0), kernels=2), starts=2)
    with pytest.warns(UserWarning, match=r"^sample_posterior: the chains have not mixed \(R-hat \d"):
        found = sample_posterior(fitted, draws=16, chains=4, seed=6)
    text = repr(found)
    assert text.startswith("PosteriorSamples: 16 draws of 4 chains\n  accepted: ") and "Fit: LMC" in text
    assert "largest R-hat: " in text and f"evaluations: {found.evaluations}" in text


def test_an_averaged_method_is_scored_as_a_mixture(tmp_path):
    """Its mark knows its options; a stored answer is kept, and not made again."""

    def trial(seed):
        return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)

    methods = {"plug-in": icm, "averaged": posterior_averaging(icm, draws=16, chains=2, starts=1)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = compare(trial, [1], methods, store=tmp_path / "store.csv").set_index("method")
        found = sample_posterior(fit(icm(trial(1)[0]), starts=1), draws=16, chains=2)
    seen, hidden = trial(1)
    from mtgp_tutorial import scores

    expected = scores.table(impute(found), hidden, seen).iloc[0]
    for score in ("MSE", "NLPD", "CRPS", "coverage"):
        assert results.loc["averaged", score] == pytest.approx(expected[score])
    again = compare(
        trial, [1], {"averaged": posterior_averaging(icm, draws=16, chains=2, starts=1)}, store=tmp_path / "store.csv"
    )
    assert again["NLPD"].tolist() == [results.loc["averaged", "NLPD"]]
    with pytest.raises(ValueError, match="averaged"):
        compare(
            trial,
            [1],
            {"averaged": posterior_averaging(icm, draws=20, chains=2, starts=1)},
            store=tmp_path / "store.csv",
        )
    assert predict(found, [0.5]).to_frame().shape == (1, 4)

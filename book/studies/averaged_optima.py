"""What does `sample_posterior` leave out where there are several optima?
mtgp_tutorial/datasets/studies/averaged_optima.csv.

Fresh tables of averaged_worlds.py, twelve of each world. Six runs as in `fit`, each carried on in the density that
`sample_posterior` draws from; optima that differ there in height. "top" averages as `sample_posterior` does, over draws
around the highest; "weighed" takes as many draws from all within four nats, in proportion to the normal approximation
of each one's share. "apart" is the largest split R-hat of runs from the two highest, taken together: where it is small
they visit the same places and nothing is left out.
"""

import warnings

import numpy as np
import torch
from averaged_worlds import WORLDS, table
from gpytorch.kernels import RBFKernel
from running import run
from tqdm import tqdm

from mtgp_tutorial import PosteriorSamples, fit, icm, impute, scores
from mtgp_tutorial.climbing import optimised
from mtgp_tutorial.fitting import best_candidates
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_vector, put_vector
from mtgp_tutorial.posterior_sampling import FLATTEST, Target, _freed, _sampled
from mtgp_tutorial.reparametrisation import Reparametrisation
from mtgp_tutorial.starts import Candidates, at_candidates, candidates, starting_point

SEEDS, RUNS, NEAR, DRAWS = range(500, 512), 6, 4.0, 80


def optima(target, model):
    """Those of the density within NEAR of the highest: heights [S], highest first, and coordinates [S, K]."""
    with tqdm(disable=True) as silent:
        start = starting_point(model, 0, torch.Generator())
        loss, every = Objective(start, True), candidates(start, 0)
        some = at_candidates(start, Candidates(*(each[:64] for each in every)))
        first = optimised(loss, [free_vector(start), *best_candidates(loss, some, RUNS - 1)], 1000, silent)
        places = []
        for one in first:
            put_vector(start, one.joined().vector)
            places.append(Reparametrisation(start).coordinates())
        found = optimised(target, places, 300, silent)
    found = sorted(found, key=lambda one: -one.height)
    kept = [found[0]]
    for one in found[1:]:
        if kept[-1].height - one.height > 0.02 and kept[0].height - one.height < NEAR:
            kept.append(one)
    return np.array([one.height for one in kept]), np.array([one.vector for one in kept])


def shares(target, heights, places):
    """Of each optimum, by a normal law with its curvature."""
    volumes = [np.log(np.clip(np.linalg.eigvalsh(target.curvature(place)), FLATTEST, None)).sum() for place in places]
    logs = heights - 0.5 * np.array(volumes)
    return np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()


def rows(number, seed):
    """One row for each method where there are several optima, one without scores where there is one."""
    one = WORLDS[number]
    seen, hidden, _, _, sd = table(one, seed)
    fitted = fit(icm(seen, noise=one["noise"], kernel=RBFKernel()))
    target = Target(_freed(fitted))
    heights, places = optima(target, icm(seen, noise=one["noise"], kernel=RBFKernel()))
    shape = {name: one[name] for name in ("kind", "n", "T", "holes")}
    about = {"world": number, **shape, "seed": seed, "cluster": seed, "optima": len(heights)}
    if len(heights) == 1:
        return [about]
    share, sets = shares(target, heights, places), []
    for place in places:
        with tqdm(disable=True) as silent:
            sets.append(_sampled(target, place, 4, DRAWS // 4, np.random.default_rng(seed), silent)[0])
    counts = np.round(DRAWS * share).astype(int)
    rng = np.random.default_rng(seed)
    some = [draws[rng.permutation(DRAWS)[:count]] for draws, count in zip(sets, counts)]
    runs = np.repeat(np.arange(4), DRAWS // 4)
    both = PosteriorSamples(fitted, np.concatenate(sets[:2]), np.concatenate([runs, runs + 4]), 1.0, 0)
    methods = {"top": sets[0], "weighed": np.concatenate(some)}
    answers = {
        method: impute(PosteriorSamples(fitted, v, np.arange(len(v)) % 4, 1.0, 0)) for method, v in methods.items()
    }
    found = scores.table(answers, hidden, seen).droplevel("task")[["NLPD", "CRPS", "coverage"]]
    found["CRPS"], found["NLPD"] = found["CRPS"] / sd, found["NLPD"] - np.log(sd)
    gap, top, all_ = hidden.observed, answers["top"], answers["weighed"]
    off = float((((top.mean - all_.mean) / all_.sd)[gap] ** 2).mean() ** 0.5)
    about |= {"share of top": share[0], "apart": both.mixing["R-hat"].max(), "mean off": off}
    about |= {"sd ratio": float((top.sd / all_.sd)[gap].mean())}
    return [{**about, "method": method, **found.loc[method]} for method in methods]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((number, seed) for number in range(len(WORLDS)) for seed in SEEDS))

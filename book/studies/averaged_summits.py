"""What does `average` leave out where there are several summits? mtgp_tutorial/datasets/studies/averaged_summits.csv.

Fresh tables of averaged_worlds.py, twelve of each world. Six climbs as in `fit`, each carried on in the density that
`average` draws from; summits that differ there in height. "top" averages as `average` does, over draws around the
highest; "weighed" takes as many draws from all within four nats, in proportion to the normal approximation of each
one's share. "apart" is the largest split R-hat of runs from the two highest, taken together: where it is small they
visit the same places and nothing is left out.
"""

import warnings

import numpy as np
import torch
from averaged_worlds import WORLDS, table
from running import run
from tqdm import tqdm

from mtgp_tutorial import Averaged, fit, icm, impute, scores
from mtgp_tutorial.fast.averaging import FLATTEST, Target, _freed, _sampled
from mtgp_tutorial.fast.climbing import Climbs, climbed
from mtgp_tutorial.fast.flat import Flat
from mtgp_tutorial.fitting import best_candidates
from mtgp_tutorial.starts import Candidates, candidates, starting_point

SEEDS, CLIMBS, NEAR, DRAWS = range(500, 512), 6, 4.0, 80


def summits(target, model):
    """Those of the density within NEAR of the highest: heights [S], highest first, and coordinates [S, K]."""
    with tqdm(disable=True) as silent:
        start = starting_point(model, 0, torch.Generator())
        loss, every = Flat(start, True), candidates(start, 0)
        looks = Candidates(*(each[:64] for each in every))
        starts = [loss.all[loss.is_free], *best_candidates(Climbs(start, loss), looks, CLIMBS - 1)]
        sizes = [(name, size) for name, _, size in loss.free]
        first = climbed(loss, starts, sizes, 1000, silent)
        places = [target.coordinates.coordinates(climb.summit().vector) for climb in first]
        found = climbed(target, places, [("coordinates", len(places[0]))], 300, silent)
    found = sorted(found, key=lambda climb: -climb.height)
    kept = [found[0]]
    for climb in found[1:]:
        if kept[-1].height - climb.height > 0.02 and kept[0].height - climb.height < NEAR:
            kept.append(climb)
    return np.array([climb.height for climb in kept]), np.array([climb.vector for climb in kept])


def shares(target, heights, places):
    """Of each summit, by a normal law with its curvature."""
    volumes = [np.log(np.clip(np.linalg.eigvalsh(target.curvature(place)), FLATTEST, None)).sum() for place in places]
    logs = heights - 0.5 * np.array(volumes)
    return np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()


def rows(number, seed):
    """One row for each arm where there are several summits, one without scores where there is one."""
    one = WORLDS[number]
    seen, hidden, _, _, sd = table(one, seed)
    fitted = fit(icm(seen, noise=one["noise"]))
    target = Target(Flat(_freed(fitted), True))
    heights, places = summits(target, icm(seen, noise=one["noise"]))
    shape = {name: one[name] for name in ("kind", "n", "T", "holes")}
    about = {"world": number, **shape, "seed": seed, "cluster": seed, "summits": len(heights)}
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
    both = Averaged(fitted, np.concatenate(sets[:2]), np.concatenate([runs, runs + 4]), 1.0, 0)
    arms = {"top": sets[0], "weighed": np.concatenate(some)}
    answers = {arm: impute(Averaged(fitted, v, np.arange(len(v)) % 4, 1.0, 0)) for arm, v in arms.items()}
    found = scores.table(answers, hidden, seen).droplevel("task")[["NLPD", "CRPS", "coverage"]]
    found["CRPS"], found["NLPD"] = found["CRPS"] / sd, found["NLPD"] - np.log(sd)
    gap, top, all_ = hidden.observed, answers["top"], answers["weighed"]
    off = float((((top.mean - all_.mean) / all_.sd)[gap] ** 2).mean() ** 0.5)
    about |= {"share of top": share[0], "apart": both.mixing["R-hat"].max(), "mean off": off}
    about |= {"sd ratio": float((top.sd / all_.sd)[gap].mean())}
    return [{**about, "arm": arm, **found.loc[arm]} for arm in arms]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((number, seed) for number in range(len(WORLDS)) for seed in SEEDS))

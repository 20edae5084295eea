"""What `calibrated` does where records end, begin late, or are half empty, and for rates: studies/calibrated_ends.csv.

What follows was put down on 2026-12-03 before anything had run.

**Tables**: those of examples/forty_tables/further.csv with one input, which no choice about `calibrated` has seen. Of
two columns, in turn, cells are hidden: the last 15 % of its values ("early end"), the first 15 % ("late
start"), or the earlier half of every second, the later half of the others ("half empty"). An ICM fills, with noise per
task where full noise has no optimum. "moved" is `calibrated`: what it hides again is the pattern of the missing cells,
moved along the rows, so that an end comes to lie inside. "kept" hides ends again: each refit takes so many further
values next to the missing ones, 1, 1.5, 2 or 2.5 times as many, a third of the column at most.

**Worlds**: a reading and a count in 60 rows, of two functions with correlation 0.8, a length-scale of 8 rows and a log
rate of sd 2; the median rate is 1 or 20, 24 worlds each. Twelve counts are hidden inside ("gap") or last ("early end").
Counts are hidden once more as the table's own holes are; their randomised residuals (Dunn and Smyth 1996) make the
factor, and it multiplies the sd of the log rate.

**Mended** is what covers 93 to 97 % in the mean over tables or worlds, with CRPS and NLPD at most 1.01 of, and 0.01
above, those before. Scores of the tables are in sds of the known values of a column; of worlds they are of log rates.
"""

import sys
import warnings
from unittest import mock

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import ROOT, run
from scipy import stats

from mtgp_tutorial import FitError, Poisson, TaskData, fit, icm, impute, simulate
from mtgp_tutorial.likelihoods import CellLaw
from mtgp_tutorial.tables import calibrating
from mtgp_tutorial.tables.methods import Answering, predictions_at

sys.path.insert(0, str(ROOT / "examples" / "forty_tables"))
from sources import specs, table
from trials import edge

KINDS, MOST, SHARE, WORLDS = ("early end", "late start", "half empty"), 2, 0.15, 24


def filled(seen):
    """An ICM, as a method."""

    def forecast(hidden):
        try:
            fitted = fit(icm(seen))
        except FitError:
            fitted = fit(icm(seen, noise="per task"))
        return predictions_at(fitted.model, fitted, hidden)

    return Answering(forecast, None)


def ends_again(seen, refits, seed):
    """Masks as of `calibrating.hidden_again`, where what is missing at an end of a column is longer by the mask."""
    order, found = seen.x[:, 0].argsort(stable=True).numpy(), []
    known = seen.observed.numpy()[order]
    for k in range(refits):
        again = np.zeros_like(known)
        for t in range(known.shape[1]):
            places = np.flatnonzero(known[:, t])
            for missing, inner in ((places[0], places), (len(known) - 1 - places[-1], places[::-1])):
                if missing:
                    again[inner[: min(round(missing * (1 + k / 2)), len(places) // 3)], t] = True
        mask = np.empty_like(known)
        mask[order] = again
        found.append(mask)
    return found


def scores(off, sd, factors):
    """Coverage, CRPS and NLPD of normal laws whose sds are multiplied by each factor: a row each."""
    for way, by in factors.items():
        z, s = off / (sd * by), sd * by
        crps = s * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
        nlpd = (z**2 / 2 + np.log(s) + np.log(2 * np.pi) / 2).mean()
        yield {"way": way, "coverage": (np.abs(z) < 1.96).mean(), "CRPS": crps.mean(), "NLPD": nlpd, "factor": by}


def of_table(name, kind):
    """One line for each column and way."""
    data = table(name)
    rank = data.x[:, 0].argsort(stable=True).argsort(stable=True)
    for t in range(min(MOST, data.num_tasks)):
        hide = torch.zeros(tuple(data.y.shape), dtype=torch.bool)
        if kind == "half empty":
            hide[:, t] = (rank < len(rank) / 2) == (t % 2 == 0)
        else:
            hide[edge(data, t, SHARE, kind == "early end"), t] = True
        seen, truth = data.split(hide)
        answer, cells = filled(seen).forecast(truth), truth.observed[:, t]
        unit = np.nanstd(data.y[:, t])
        off, sd = ((v[cells, t] / unit).numpy() for v in (answer.mean - data.y, answer.sd))
        factors = {"before": 1.0, "moved": calibrating.factor(calibrating.errors_again(filled, seen, 4, 0, {}))}
        with mock.patch.object(calibrating, "hidden_again", ends_again):
            factors["kept"] = calibrating.factor(calibrating.errors_again(filled, seen, 4, 0, {}))
        for row in scores(off, sd, factors):
            yield {"of": name, "kind": kind, "column": t} | row


def counted(seen):
    """An ICM of a reading and a count: its answer."""
    return impute(fit(icm(seen, likelihood={"count": Poisson()}, noise="per task")))


def of_world(rate, seed):
    """A line for each place of the hole, and way; "counts" has the coverage of the counts themselves."""
    kernel = MaternKernel(nu=1.5)
    kernel.lengthscale = 8.0
    B, noise = torch.tensor([[1, 1.6], [1.6, 4]]), torch.diag(torch.tensor([0.05, 0.05]))
    f, y = simulate.draw_icm(torch.arange(60.0), kernel, B, noise, seed=seed)
    rng, log_rate = np.random.default_rng(seed), f.y[:, 1].double().numpy() + np.log(rate)
    both = np.c_[y.y[:, 0].double().numpy(), rng.poisson(np.exp(log_rate))]
    whole = TaskData(np.arange(60), both, tasks=["reading", "count"])
    for kind, gone in {"gap": slice(24, 36), "early end": slice(48, 60)}.items():
        hide = torch.zeros(60, 2, dtype=torch.bool)
        hide[gone, 1] = True
        seen, _ = whole.split(hide)
        answer, again = counted(seen), ends_again if kind == "early end" else calibrating.hidden_again
        law, count = answer, both[:, 1]
        off, sd = (v[gone, 1].numpy() for v in (law.latent_mean - log_rate[:, None], law.latent_variance.sqrt()))
        low, high = law.band(0.95)
        inside = ((count >= low[:, 1].numpy()) & (count <= high[:, 1].numpy()))[gone].mean()
        runs = []
        for number, mask in enumerate(again(seen, 4, 0)):
            less, _ = seen.split(torch.as_tensor(mask))
            g, at = counted(less), mask[:, 1]
            cell = CellLaw(Poisson(), g.latent_mean[at, 1].numpy(), g.latent_variance[at, 1].numpy(), np.ones(at.sum()))
            runs.append(calibrating.HiddenRun(number, 1, cell.residuals(count[at], seed)))
        for row in scores(off, sd, {"before": 1.0, "kept": calibrating.factor(runs)}):
            yield {"of": f"rate {rate}, {seed}", "kind": f"{kind}, rate {rate}", "column": 1} | row | {"counts": inside}


def rows(*what):
    """Of a table or of a world."""
    warnings.simplefilter("ignore")
    return list(of_table(*what) if isinstance(what[0], str) else of_world(*what))


if __name__ == "__main__":
    names = [name for name in specs("further.csv").index if table(name).x.shape[1] == 1]
    run(__file__, [*((n, k) for n in names for k in KINDS), *((r, s) for r in (1, 20) for s in range(WORLDS))])

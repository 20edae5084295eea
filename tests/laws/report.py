"""The report: what fills a table, and parameters that are kept for another one."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import sem

from laws.common import RANDOM, close, table, unfitted
from mtgp_tutorial import TaskData, icm, independent
from mtgp_tutorial.exact.covariance import all_cells, observation_covariance
from mtgp_tutorial.report.trial_fits import at_kept_parameters
from mtgp_tutorial.report.verdict import choose, crps_by_part


def law_what_fills_is_the_best_or_a_simpler_arm_nearly_as_good():
    """By loops over random tables of trials: means of tasks, of the trials of a part, then over the parts."""
    rng, taken = RANDOM(73), set()
    for _ in range(60):
        parts, arms = int(rng.integers(1, 5)), list("abcd")[: rng.integers(2, 5)]
        score = {
            (trial, task, arm): rng.normal() + 0.2 * k
            for trial in range(12)
            for task in "st"
            for k, arm in enumerate(reversed(arms))
        }
        rows = [{"trial": i, "task": t, "arm": a, "CRPS": v, "stretch": i % parts} for (i, t, a), v in score.items()]
        groups = [[i for i in range(12) if i % parts == part] for part in range(parts)]
        groups = groups if parts > 1 else [[i] for i in range(12)]
        mean = {a: [sum(score[i, t, a] / 2 for t in "st" for i in g) / len(g) for g in groups] for a in arms}
        best = min(arms, key=lambda a: sum(mean[a]))
        nearly = [
            a
            for a in arms
            if a == best or np.mean(np.subtract(mean[a], mean[best])) <= 0.5 * sem(np.subtract(mean[a], mean[best]))
        ]
        table = crps_by_part(pd.DataFrame(rows).sort_values("arm", kind="stable"))
        close(table.to_numpy(), np.array([mean[a] for a in arms]).T, 1e-12)
        assert choose(table) == nearly[0]
        taken.add((choose(table) == best, len(groups)))
    assert {(True, 12), (False, 12), (True, 2), (False, 2)} <= taken


def law_parameters_are_those_of_the_table_they_were_fitted_to():
    """On another table they stand for the same covariance in data units, and condition on its values by it."""
    rng = RANDOM(72)
    whole = table(rng, rows=14, known=True)
    half = TaskData(whole.x[:8], 3 * whole.y[:8], sd=whole.sd[:8])
    for build in (lambda data: icm(data, noise="full"), lambda data: independent(data, hyper="shared")):
        fitted = unfitted(build(whole), 3)
        free = [name for name, p in build(whole).named_parameters() if p.requires_grad]
        values = {name: fitted.model.get_parameter(name).tolist() for name in free}
        scale = fitted.model.scale
        kept = {"mean": scale.mean.tolist(), "sd": scale.sd.tolist(), "values": values}
        other = at_kept_parameters(build(half), kept, Path("parameters.json"))
        close(other.fitted.B, fitted.B), close(other.fitted.Sigma, fitted.Sigma)
        found = other.forecast(half)
        unit, model = scale.to_unit(half.y), fitted.model
        cells, hidden = all_cells(~half.y.isnan()), all_cells(half.y.isnan())
        terms, known = [(K.detach(), B) for K, B in model.terms(half.x)], (half.sd / scale.sd).nan_to_num() ** 2
        C = observation_covariance(terms, model.Sigma(), cells, known)
        cross = sum(K[hidden[0]][:, cells[0]] * B[hidden[1]][:, cells[1]] for K, B in terms)
        cross = cross + (hidden[0][:, None] == cells[0]) * model.Sigma()[hidden[1]][:, cells[1]]
        means = model.means()
        weights = torch.linalg.solve(C, unit[cells] - means[cells[1]])
        expected = (cross @ weights + means[hidden[1]]) * scale.sd[hidden[1]] + scale.mean[hidden[1]]
        close(found.mean[hidden], expected, 1e-7)

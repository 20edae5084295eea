"""A calibrated method has the same mean, and a law that is wider by what cells that were hidden again say."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import torch

from laws.common import RANDOM, close
from laws.plain import outage, refused, walks, with_holes
from mtgp_tutorial import FitError, TaskData, fit, icm, impute
from mtgp_tutorial.tables import NotApplicable, calibrated, calibrating, fill, linear_pool, plain_methods
from mtgp_tutorial.tables.methods import Answering

LINE = plain_methods()["interpolation"]


def narrow(seen, by=0.4):
    """A line whose bands are too narrow, or too wide."""
    line = LINE(seen)
    return Answering(lambda hidden: calibrating.widened(line.forecast(hidden), by), None)


def by_hand(z, runs):
    """The factor, as the docstring says it."""
    return max(1.0, ((runs * np.mean([min(abs(e), 3) ** 2 for e in z]) + 10) / (runs + 10)) ** 0.5)


def stretches(column):
    """Lengths of the stretches of True in a list, by counting."""
    found, now = [], 0
    for one in [*column, False]:
        if one:
            now += 1
        elif now:
            found.append(now)
            now = 0
    return found


def sorted_walks(seed, **more):
    data = walks(seed, **more)
    at = data.x[:, 0].argsort()
    return TaskData(data.x[at], data.y[at])


def over(data, method, before=LINE):
    """By what the sd of missing cells is larger than without calibration."""
    before, after = fill(data, before), fill(data, method)
    missing = ~data.observed
    assert torch.equal(before.mean, after.mean) and bool((after.variance[~missing] == 0).all())
    found = (after.sd / before.sd)[missing]
    assert float(found.max() - found.min()) < 1e-9
    return float(found[0])


def law_a_calibrated_method_has_the_same_mean():
    """To the digit, of a rule, a model and a mixture; the law around it is wider in all its parts."""
    data = with_holes(walks(51), 1)
    assert over(data, calibrated(LINE)) > 0
    seen, hidden = outage(walks(52))
    model, two = (lambda one: icm(one, noise="per task")), linear_pool(LINE, plain_methods()["regression"])
    before, after = fill(seen, model, starts=1), fill(seen, calibrated(model, starts=1))
    asked = hidden.observed
    close(after.mean, before.mean, 1e-12)
    ratio = (after.sd / before.sd)[asked]
    close(ratio, ratio[0].expand(len(ratio)), 1e-9)
    with patch.object(calibrating, "factor", lambda runs: 1.5):
        before, after = two(seen).forecast(hidden), calibrated(two)(seen).forecast(hidden)
    assert torch.equal(before.mean[asked], after.mean[asked])
    close(after.sd[asked], 1.5 * before.sd[asked], 1e-12)
    for old, new in zip(before.band(0.9), after.band(0.9)):
        close((new - after.mean)[asked], 1.5 * (old - before.mean)[asked], 1e-6)
    joint = impute(fit(model(seen), starts=1), covariance=True)
    close(calibrating.widened(joint, 3.0).covariance, 9 * joint.covariance, 1e-12)


def law_the_factor_is_that_of_errors_at_cells_hidden_again():
    """Against loops: each refit's own hidden and asked tables, its errors, runs by counting, and the formula."""
    data = with_holes(sorted_walks(53), 2)
    found, number = [], 0
    for mask in calibrating.hidden_again(data, 4, 7):
        less, hidden = data.split(torch.as_tensor(mask))
        answer = narrow(less).forecast(hidden)
        for t in range(data.num_tasks):
            z = ((hidden.y - answer.mean) / answer.variance.sqrt())[:, t].numpy()
            at = 0
            for length in stretches(mask[:, t]):
                at += int(np.flatnonzero(mask[at:, t])[0])
                found.append(z[at : at + length])
                at += length
                number += 1
    every = np.concatenate(found)
    by = over(data, calibrated(narrow, seed=7), narrow)
    close(by, by_hand(every, len(found)), 1e-9)
    assert by > 1.2 and np.abs(every).max() > 3 and number > 40 and len(every) > number


def law_a_factor_of_one_changes_nothing():
    """A table without holes, and a method without an answer where more is hidden; a wide one stays."""
    data = walks(54)
    whole = LINE(data).forecast(data)
    kept = calibrated(LINE)(data).forecast(data)
    assert torch.equal(whole.mean, kept.mean) and torch.equal(whole.variance, kept.variance)
    holes = with_holes(data, 3)
    count = int(holes.observed.sum())

    for error in (NotApplicable, FitError):

        def shy(seen, error=error):
            if int(seen.observed.sum()) < count:
                raise error("seen: too few")
            return LINE(seen)

        assert over(holes, calibrated(shy)) == 1

    def broken(seen):
        if int(seen.observed.sum()) < count:
            raise ZeroDivisionError
        return LINE(seen)

    try:
        fill(holes, calibrated(broken))
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("an error that is no refusal passes")

    def wide(seen):
        return narrow(seen, 100.0)

    before, after = (fill(holes, method) for method in (wide, calibrated(wide)))
    assert torch.equal(before.sd, after.sd)


def law_a_factor_has_no_units():
    """Columns in other units, and another place and scale of the input."""
    data = with_holes(walks(55), 4)
    by = over(data, calibrated(narrow), narrow)
    other = TaskData(5 + 3 * data.x, torch.tensor([1e3, 2.0, 0.1]) * data.y + torch.tensor([0.0, -7.0, 100.0]))
    close(over(other, calibrated(narrow), narrow), by, 1e-9)
    turned = TaskData(data.x.flip(0), data.y.flip(0))
    close(over(turned, calibrated(narrow), narrow), by, 1e-9)


def law_holes_are_of_the_same_kind():
    """One stretch stays one of its length in its column, scattered cells stay apart; at most a third of a column."""
    data = sorted_walks(56, rows=60)
    seen, hidden = data.split(torch.as_tensor((np.arange(60)[:, None] // 9 == 3) & (np.arange(3) == 1)))
    masks = calibrating.hidden_again(seen, 4, 0)
    masks = calibrating.hidden_again(seen, 4, 0)
    for mask in masks:
        assert not mask[:, [0, 2]].any() and not (mask & hidden.observed.numpy()).any()
    assert sum(stretches(mask[:, 1]) == [9] for mask in masks) >= 3  # one may begin anew at the other end, or overlap
    rows = [{*np.flatnonzero(mask[:, 1])} for mask in masks]
    assert sum(map(len, rows)) == len(set().union(*rows))  # no cell twice
    few = TaskData(data.x, np.where(RANDOM(1).random((60, 3)) < 0.15, np.nan, data.y))
    lengths = [
        length for mask in calibrating.hidden_again(few, 4, 0) for column in mask.T for length in stretches(column)
    ]
    assert np.mean(lengths) < 1.5 and len(lengths) > 50
    most = TaskData(data.x, np.where(np.arange(60)[:, None] % 5 < [4, 1, 0], np.nan, data.y))
    for mask in calibrating.hidden_again(most, 4, 0):
        assert (mask.sum(0) <= most.observed.sum(0).numpy() // 3).all() and not (mask & ~most.observed.numpy()).any()
    short = replace(data, y=torch.where(torch.arange(60)[:, None] < torch.tensor([5, 60, 60]), data.y, torch.nan))
    assert not any(mask[:, 0].sum() > 1 for mask in calibrating.hidden_again(short, 4, 0))


def law_a_seed_of_a_calibration_repeats():
    """Two seeds differ in factor and fingerprint, one repeats; so does the number of refits."""
    data = with_holes(walks(57), 5)
    found = [over(data, calibrated(narrow, **how), narrow) for how in ({}, {"seed": 0}, {"seed": 1}, {"refits": 2})]
    assert found[0] == found[1] and len({*found}) == 3
    marks = [calibrated(icm, **how)(data).fingerprint for how in ({}, {"seed": 0}, {"seed": 1}, {"refits": 2})]
    assert marks[0] == marks[1] and len({*marks}) == 3
    refused("refits: ", lambda: calibrated(LINE, refits=0), ValueError)

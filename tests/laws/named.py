"""Each argument, column, name and sentence stands where it belongs: mistakes of a tired person turn a check red."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import RBFKernel
from scipy.stats import multivariate_normal, norm

from laws.common import RANDOM, close, dense_numpy, tensor, unfitted
from mtgp_tutorial import (
    TaskData,
    Trend,
    at_parameters,
    detrend,
    fit,
    icm,
    impute,
    leave_out,
    lmc,
    parts,
    predict,
    scores,
    simulate,
)
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables import check, checking, compare


def places(rows=8):
    """Two inputs in no order, two tasks with units, errors and names of the rows; one cell is missing."""
    rng = RANDOM(110)
    x, y = rng.uniform(0, 1, (rows, 2)) * [1, 10], rng.normal(size=(rows, 2)) * [1, 20] + [0, 50]
    y[2, 1] = np.nan
    names = pd.Index([*"stuvwxyz"[:rows]], name="place")
    return TaskData(
        x, y, ["a", "b"], ["m", "kg"], "east", "km", sd=0.1 + y**2 / 99, index=names, x_names=["east", "up"]
    )


def law_what_is_hidden_lies_along_the_named_input():
    """Both ends belong to the stretch; errors go with their cells; one task alone is touched."""
    data = places()
    for dim, (t, task) in itertools.product((0, 1), enumerate("ab")):
        x = data.x[:, dim].numpy()
        low, high = np.sort(x)[[1, 5]]
        inside = (x >= low) & (x <= high) & data.observed[:, t].numpy()
        assert inside.sum() >= 4
        seen, hidden = data.hide(task, low, high, dim=dim)
        for found, kept in ((hidden, inside[:, None] & (np.arange(2) == t)), (seen, None)):
            kept = data.observed.numpy() & ~(inside[:, None] & (np.arange(2) == t)) if kept is None else kept
            np.testing.assert_array_equal(found.y, data.y.where(tensor(kept).bool(), torch.nan))
            np.testing.assert_array_equal(found.sd, data.sd.where(tensor(kept).bool(), torch.nan))
    for (t, task), share in itertools.product(enumerate("ab"), (0.3, 0.7)):
        seen, hidden = data.hide_random(task, share, seed=1)
        expected = [0, 0]
        expected[t] = round(share * int(data.observed[:, t].sum()))
        assert hidden.observed.sum(0).tolist() == expected
        assert torch.equal(seen.observed ^ hidden.observed, data.observed)


def law_a_table_becomes_a_frame_with_its_labels():
    data = places()
    frame = data.to_frame()
    assert frame.index.equals(data.index)
    for name, values in {
        "east": data.x[:, 0],
        "up": data.x[:, 1],
        "a [m]": data.y[:, 0],
        "b [kg]": data.y[:, 1],
    }.items():
        np.testing.assert_array_equal(frame[name], values)
    np.testing.assert_array_equal(frame[["a_se [m]", "b_se [kg]"]], data.sd)
    assert TaskData(np.ones((3, 3)) * np.arange(3), np.eye(3)).x_names == ("x", "x 2", "x 3")
    unit, scale = data.standardise()
    close(unit.sd.nan_to_num() * scale.sd, data.sd.nan_to_num())
    assert unit.units == ("sd", "sd") and unit.tasks == data.tasks


def law_an_answer_has_the_names_of_its_question():
    """Means and errors under their task; the rows' own names where they are the table's rows, else the inputs."""
    data = places()
    fitted = unfitted(icm(data), 2)
    for found in (impute(fitted), leave_out(fitted), impute(fitted, noise=False)):
        frame = found.to_frame()
        assert frame.index.equals(data.index) and (found.tasks, found.units) == (data.tasks, data.units)
        for t, name in enumerate(("a [m]", "b [kg]")):
            np.testing.assert_array_equal(frame[name, "mean"], found.mean[:, t])
            np.testing.assert_array_equal(frame[name, "sd"], found.sd[:, t])
    for found in (predict(fitted, data.x), parts(fitted, data.x)[0]):
        frame = found.to_frame()
        assert frame.index.names == ["east", "up"] and found.x_names == ("east", "up")
        np.testing.assert_array_equal(np.array(frame.index.to_list()), data.x)


def law_a_frame_gives_what_was_named():
    frame = pd.DataFrame({"a (m)": [1.0, 2, 3], "b": [4.0, 5, 7], "c": [7.0, 8, 8], "t": [0.0, 1, 5], "z": [9.0, 8, 1]})
    by_name = {name.split()[0]: frame[name] for name in frame}
    for tasks in itertools.permutations("abc", 2):
        for x in ("t", ["z", "t"], ["t", "z"]):
            table = TaskData.from_frame(frame, x, list(tasks), {tasks[1]: "kg"}, sd={tasks[0]: 0.5})
            np.testing.assert_array_equal(table.x, np.column_stack([by_name[name] for name in x]))
            np.testing.assert_array_equal(table.y, np.column_stack([by_name[task] for task in tasks]))
            assert table.tasks == tasks and table.units == ("m" if tasks[0] == "a" else "", "kg")
            assert table.x_names == tuple(x) and table.sd[0].nan_to_num().tolist() == [0.5, 0]
    assert TaskData.from_frame(frame, "t", ["c", "a"], ["s", "K"]).units == ("s", "K")
    assert TaskData.from_frame(frame, "t", ["b", "c"], {"c": "s", "b": "kg"}).units == ("kg", "s")
    assert TaskData.from_frame(frame, "t", units={"c": "s"}).units == ("m", "", "s", "")


def law_draws_are_what_was_asked_for():
    data = simulate.two_sines(4000, lag=0.3, noise_sd=0.5, noise_correlation=-0.8, seed=5)
    x = torch.linspace(0, 1, 4000, dtype=torch.float64)[:, None]
    wave = torch.cat([torch.sin(2 * np.pi * x), torch.sin(2 * np.pi * (x - 0.3))], 1)
    assert torch.equal(data.x, x)
    close(torch.cov((data.y - wave).T), [[0.25, -0.2], [-0.2, 0.25]], 0.02)
    B, sd = tensor([[1, 0.5], [0.5, 2]]), np.repeat([[1.0, 3.0]], 300, 0)
    bare, known = (simulate.draw_icm(x[:300], RBFKernel(), B, B, seed=3, sd=one)[1] for one in (None, sd))
    close(known.sd, sd, 0), close(torch.cov(((known.y - bare.y) / tensor(sd)).T), np.eye(2), 0.2)


def law_a_start_stores_how_its_run_went():
    """Height with the prior's nats and without the units' ones; evaluations as counted; the highest wins."""
    data, calls = simulate.two_sines(12, seed=2), [0]
    plain = Objective.many

    def counted(self, vectors, slopes=True):
        calls[0] += len(vectors)
        return plain(self, vectors, slopes)

    Objective.many = counted
    try:
        once = fit(icm(data), starts=1)
    finally:
        Objective.many = plain
    assert once.starts["evaluations"].tolist() == calls and once.starts["converged"].tolist() == [True]
    for priors in (True, False):
        found = fit(icm(data), starts=3, priors=priors)
        assert list(found.starts.index) == [0, 1, 2] and found.priors is priors
        C, r, cells = dense_numpy(found)
        height = multivariate_normal(np.zeros(len(r)), C).logpdf(r)
        close(found.log_likelihood, height - np.log(found.model.scale.sd[[t for _, t in cells]]).sum(), 1e-7)
        prior = float(objective(found.model, True) - objective(found.model, False))
        close(found.starts["objective"].max(), height + priors * prior, 1e-6)
        assert abs(prior) > 0.1  # or the two could not be told apart
    one, same, other = (fit(icm(data), starts=3, seed=seed).starts for seed in (7, 7, 8))
    assert one.equals(same) and not one.equals(other)
    mixed = unfitted(lmc(data, kernels=3), 4)
    close(mixed.shares, np.column_stack([np.diag(B) / np.diag(mixed.B) for B in mixed.Bs]))


def law_the_columns_of_a_check_are_counted():
    """Three tasks, of which one is on the floor and one has a wild value below: each column by numpy."""
    rng, names = RANDOM(111), ["a", "b", "c"]
    x = np.arange(12.0)
    y = np.column_stack([np.sin(x), np.cos(x), rng.normal(size=12)])
    data = TaskData(x, y, names, x_name="depth", x_unit="m")
    fitted = at_parameters(
        icm(data), {"likelihood.task_noises": [0.1, 1.001 * FLOOR, 0.1], "mean.base_means.2.constant": 9.0}
    )
    found = check(fitted, draws=9)
    alone, block = leave_out(fitted), leave_out(fitted, np.repeat(np.arange(6), 2))
    for t, name in enumerate(names):
        cells = found.cells.xs(name, level="task")
        for column, of in (("z", alone), ("block z", block)):
            close(cells[column], (data.y[:, t] - of.mean[:, t]) / of.sd[:, t])
        close(cells["value"], y[:, t]), close(cells["mean"], alone.mean[:, t])
        assert cells.groupby("block").size().tolist() == [2] * 6
    for level, (what, column) in itertools.product((0.5, 0.95), (("cell", "z"), ("block", "block z"))):
        inside = (found.cells[column].abs() <= norm.ppf(0.5 + level / 2)).mean()
        close(found.calibration[what][np.isclose(found.calibration.index, level)], [inside])
    assert (found.cells["z"] < -4).any(), "or a sign would not show"
    assert any(one.startswith("b: its noise is on the floor") for one in found.findings)
    assert found.x_label == "depth [m]" and found.findings[0].startswith("c at ") and found.tasks == tuple(names)
    once = check(fitted, draws=1).calibration  # one table: its lowest share is its highest
    for shares, same in ((found.calibration, False), (once, True)):
        for what in ("cell", "block"):
            low, high = shares[f"{what} lowest"], shares[f"{what} highest"]
            assert (low <= high).all() and (low == high).all() == same


def _says(found, *each):
    """One finding for each tuple of words, which stand in it: the task, the place, the number, what to do."""
    found = [*found]
    assert len(found) == len(each), found
    assert all(word in one for one, words in zip(found, each) for word in words), (found, each)


def law_each_finding_of_a_bound_is_of_its_own_task_and_kernel():
    data = TaskData(np.linspace(0, 2, 9), RANDOM(84).normal(size=(9, 3)), ["a", "b", "c"])
    part = "kernel.covar_module_list.{}."
    fair = {part.format(q) + "task_covar_module.covar_factor": [[0.5], [0.4 * (-1) ** q], [0.3]] for q in (0, 1)}
    fair |= {part.format(q) + "task_covar_module.var": [0.5, 0.5, 0.5] for q in (0, 1)}
    fair |= {part.format(q) + "data_covar_module.lengthscale": 0.5 for q in (0, 1)}

    def found(**given):
        names = {"kappa": "task_covar_module.var", "length": "data_covar_module.lengthscale"}
        changed = {part.format(1) + names[name]: value for name, value in given.items() if name in names}
        noises = {"likelihood.task_noises": given.get("noises", [0.1, 0.1, 0.1])}
        return checking.of_bounds(at_parameters(lmc(data), fair | changed | noises))

    _says(found())
    _says(found(noises=[0.1, 0.1, 1.001 * FLOOR]), ("c: ", "noise", "floor"))
    _says(found(kappa=[0.5, 1e-6, 0.5]), ("b: ", "kappa of kernel 2"))
    _says(found(length=3.0), ("kernel 2, 3, ", "longer", " 2."))
    _says(found(length=0.2), ("kernel 2, 0.2, ", "shorter", "0.25"))
    given = {"covar_factor": [[1, 0], [0, 0.9], [0, -0.8]], "var": [0.5, 1e-3, 1e-3]}
    given = {f"kernel.task_covar_module.{name}": value for name, value in given.items()}
    same = at_parameters(icm(data, rank=2), given)
    _says(checking.of_bounds(same), ("b and c: ", "-0.999"))
    alone, second = [0, 1, 2], [0, 0, 2]  # the second joined the first
    for heights, joined, expected in (
        ([1, 1.5, 0], alone, 1),
        ([1.5, 1.4999, 0], alone, 0),
        ([1.5, 1, 0], second, 0),
        ([2.0], [0], 0),
    ):
        ended = replace(same, starts=pd.DataFrame({"objective": heights, "joined": joined}))
        _says(checking.of_runs(ended), *[("Of 3 runs one ", "0.5 nats below", "more starts")] * expected)


def refused(sentence, call):
    try:
        call()
    except (ValueError, RuntimeError) as error:
        assert str(error).startswith(sentence), str(error)
    else:
        raise AssertionError(f"not refused: {sentence}")


def law_another_order_is_refused_or_changes_nothing():
    """Of rows; of tasks, inputs and columns that have names."""
    data = places()
    fitted, order = unfitted(icm(data, noise="full"), 3), [4, 2, 0, 7, 1, 6, 3, 5]
    mixed = replace(data, x=data.x[order], y=data.y[order], sd=data.sd[order], index=data.index[order])
    model = icm(mixed, noise="full")
    model.load_state_dict(fitted.model.state_dict())
    other = Fit(model.requires_grad_(False), False, 0.0, None)
    for answer in (impute, leave_out, lambda fit: leave_out(fit, "row")):
        close(answer(other).mean.nan_to_num(), answer(fitted).mean[order].nan_to_num(), 1e-8)
        close(answer(other).variance.nan_to_num(), answer(fitted).variance[order].nan_to_num(), 1e-7)
    close(predict(other, data.x).mean, predict(fitted, data.x).mean, 1e-8)
    close(Trend(mixed).at(data.x), Trend(data).at(data.x), 1e-8)
    swapped = TaskData(data.x, data.y.flip(1), ["b", "a"], ["kg", "m"], "east", x_names=["east", "up"])
    turned = TaskData(data.x.flip(1) + 5, data.y, data.tasks, data.units, "up", x_names=["up", "east"])
    x = pd.DataFrame(data.x.numpy(), columns=["east", "up"])
    sd = pd.DataFrame(np.ones((8, 2)) * [0.1, 9], columns=["a", "b"])
    y = pd.DataFrame({"a": [1.0, 2], "b": [8.0, 5]})
    close(predict(fitted, x, sd=sd).variance, predict(fitted, data.x, sd=sd.to_numpy()).variance, 1e-12)
    for sentence, call in (
        ("table: has the tasks", lambda: impute(fitted, swapped)),
        ("table, answer: has other tasks", lambda: Trend(data).remove(swapped)),
        ("table, answer: has other tasks", lambda: Trend(swapped).restore(impute(fitted))),
        ("others: a table has other tasks", lambda: detrend(data, swapped)),
        ("seen: has the tasks", lambda: scores.table(impute(fitted), data, swapped)),
        (
            "trial: its hidden table for 1 has other tasks",
            lambda: compare(lambda _: (data, swapped), [1], {"ICM": icm}),
        ),
        ("x: has the columns up, east, and the fit east, up;", lambda: predict(fitted, x[["up", "east"]])),
        ("sd: has the columns b, a, and the fit a, b;", lambda: predict(fitted, x, sd=sd[["b", "a"]])),
        ("table: has the columns up, east, and the fit east, up;", lambda: impute(fitted, turned)),
        ("tasks, y: have the same names in another order;", lambda: TaskData([0, 1], y, ["b", "a"])),
        ("sd, y: have the same columns in another order;", lambda: TaskData([0, 1], y, sd=y[["b", "a"]])),
    ):
        refused(sentence, call)

"""The two extensions: files that are read, and the report: its trials, what fills a table, parameters that are kept."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from laws.common import RANDOM, close, table, tensor, unfitted
from laws.facts import columns
from laws.named import places
from mtgp_tutorial import TaskData, datasets, icm, impute, independent, read_table
from mtgp_tutorial.exact.covariance import all_cells, observation_covariance
from mtgp_tutorial.report.deciding import in_deviations
from mtgp_tutorial.report.holes import Trial
from mtgp_tutorial.report.tables import filled_table
from mtgp_tutorial.report.trial_fits import at_kept_parameters


def law_the_example_file_is_of_the_lakes():
    lakes, file = columns(datasets.great_lakes()), read_table(datasets.example_csv())
    assert file.units == ("m",) * 4
    holes = columns(file).isna().to_numpy()
    close(columns(file)[list(lakes)].to_numpy()[~holes], lakes.to_numpy()[~holes], 0)


def law_a_file_gives_what_was_named():
    """Each argument of `read_table` alone: another column, order or word would give other numbers."""
    rows = {"k": "3 4 5 6", "u": "1 2 4 8", "v": "5 7 6 9", "w": "0.1 0.2 0.3 0.5"}
    rows |= {"day": "01.02.2020 02.03.2020 03.04.2020 04.05.2020", "who": "p q p q"}
    wide = {name: text.split() for name, text in rows.items()}
    number = {name: [float(one) for one in wide[name]] for name in "kuvw"}

    def read(without=("day",), **options):
        with tempfile.TemporaryDirectory() as folder:
            pd.DataFrame(wide).to_csv(Path(folder) / "t.csv", index=False)
            return read_table(Path(folder) / "t.csv", without=without, **options)

    assert read(x="u").x[:, 0].tolist() == number["u"] and read(x=["v", "k"]).x_names == ("v", "k")
    table = read(x="k", tasks=["v", "u"], sd={"u": "w"})
    assert table.tasks == ("v", "u") and table.y.T.tolist() == [number["v"], number["u"]]
    assert table.sd[:, 1].tolist() == number["w"] and bool(table.sd[:, 0].isnan().all())
    assert read(x="k", tasks=["u", "v"], missing=["7"]).observed.tolist()[1] == [True, False]
    assert read(x="k", without=["u", "who", "day"]).tasks == ("v", "w")
    for order, months in (("day-first", [2, 3, 4, 5]), ("month-first", [1, 2, 3, 4])):
        table = read(x="day", tasks=["u"], dates=order, without=())
        assert [moment.month for moment in table.calendar.to_dates(table.x[:, 0])] == months
    table = read(x="k", series="who", value="v", sd="w")
    assert table.tasks == ("p", "q") and table.y[0, 0] == 5 and table.y[1, 1] == 7 and table.sd[3, 1] == 0.5


def law_trials_of_a_report_stand_under_their_own_task():
    """Scores in the task's own standard deviations; cells, stretch and what was asked are those of the trial's mask."""
    rng, data = RANDOM(112), replace(places(), tasks=["a", "b"])
    masks = {"1: gap": np.arange(8)[:, None] < [3, 1], "2: gap": np.arange(8)[:, None] > [5, 3]}
    asked, rows = {"1: gap": ("a",), "2: gap": ("b",)}, {"1: gap": slice(0, 6), "2: gap": slice(1, 8)}
    trials = [Trial(name, asked[name], mask, rows[name], f"part {name[0]}") for name, mask in masks.items()]
    table = pd.DataFrame(
        [
            (trial, arm, f"{task} [{unit}]")
            for trial in masks
            for arm in ("p", "q")
            for task, unit in zip("ba", ("kg", "m"))
        ],
        columns=["trial", "arm", "task"],
    )
    table[["MSE", "CRPS", "NLPD", "coverage"]] = rng.uniform(0.1, 1, (8, 4))
    spread = dict(zip("ab", np.nanstd(data.y.numpy(), axis=0)))
    for given, row in zip(table.to_dict("records"), in_deviations(table, trials, data).to_dict("records")):
        task, trial = given["task"][0], given["trial"]
        assert row["task"] == task and row["stretch"] == f"part {trial[0]}" and row["asked"] == (task in asked[trial])
        assert row["cells"] == masks[trial][:, "ab".index(task)].sum() and row["coverage"] == given["coverage"]
        expected = [
            given["MSE"] ** 0.5 / spread[task],
            given["CRPS"] / spread[task],
            given["NLPD"] - np.log(spread[task]),
        ]
        close([row["error"], row["CRPS"], row["NLPD"]], expected)
    for trial in trials:
        seen, hidden = trial.tables(data)
        kept, gone = data.y[trial.rows], tensor(masks[trial.label])[trial.rows].bool()
        np.testing.assert_array_equal(hidden.y, kept.where(gone, torch.nan))
        np.testing.assert_array_equal(seen.y, kept.where(~gone, torch.nan))
        assert list(seen.index) == list(data.index[trial.rows]) and torch.equal(hidden.x, data.x[trial.rows])


def law_a_filled_table_has_the_ends_of_its_bands():
    data = places()
    answer = impute(unfitted(icm(data), 2))
    found = filled_table(data, answer)
    names = ["place", "east", "up", *(f"{task}{end}" for task in "ab" for end in ("", " low", " high", " filled"))]
    assert list(found) == names and found["place"].tolist() == list(data.index)
    mean, sd = float(answer.mean[2, 1]), float(answer.sd[2, 1])
    close(found.loc[2, ["b", "b low", "b high"]].astype(float), [mean, mean - 2 * sd, mean + 2 * sd], 1e-3)
    assert (found["b filled"] == "yes").tolist() == [k == 2 for k in range(8)] and set(found["a filled"]) == {"no"}
    assert found["a low"].isna().all() and found["b high"].notna().sum() == 1
    np.testing.assert_array_equal(found[["east", "up", "a"]], torch.cat([data.x, data.y[:, :1]], 1))


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

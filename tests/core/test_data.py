"""TaskData: what goes in comes out, holes and names included."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from refusals import refusing

from mtgp_tutorial import TaskData, at_parameters, icm, predict

NAN = float("nan")


def test_every_kind_of_array_becomes_float64_and_is_copied():
    y = np.array([[1, 2], [3, 4]])
    for kind in (y, y.astype("float32"), torch.tensor(y), y.tolist(), pd.DataFrame(y)):
        data = TaskData([0.1, 0.7], kind)
        assert data.x.dtype == data.y.dtype == torch.float64 and data.x.shape == (2, 1)
        assert data.y.tolist() == y.tolist() and data.x[1, 0] == 0.7
    x, tensor = y[:, 0], torch.tensor(y, dtype=torch.float64)
    data = TaskData(x, tensor)
    y[0, 0] = tensor[0, 0] = 99
    assert data.x[0, 0] == data.y[0, 0] == 1


def test_a_data_frame_brings_names_and_holes():
    frame = pd.DataFrame({"Erie": [1.0, None, 3.0], "Ontario": pd.array([1, 2, None], dtype="Int64")})
    data = TaskData([0, 1, 2], frame, units=["m", "m"])
    assert data.tasks == ("Erie", "Ontario") and data.observed.tolist() == [[True, True], [False, True], [True, False]]


def test_names_of_inputs_are_all_taken():
    x, names = [[1, 2], [3, 4], [5, 6]], ("east", "north")
    data = TaskData(x, [[1], [2], [3]], x_names=names)
    assert data.x_names == names and data.x_name == "east" and replace(data, x_name="e").x_names == ("e", "north")
    swapped = pd.DataFrame(x, columns=["north", "east"])
    with pytest.raises(ValueError, match="x: has the columns north, east, and the fit east, north; pass them"):
        predict(at_parameters(icm(data)), swapped)


def test_the_message_says_which_dimensions_fit():
    with refusing(ValueError, match=r"y: has 1 dimension; pass a matrix \[N, T\], one column for each task"):
        TaskData([0, 1], [1.0, 2.0])
    with refusing(ValueError, match="x: has 3 dimensions; pass a vector or a matrix"):
        TaskData(np.zeros((2, 1, 1)), [[1.0], [2.0]])


@pytest.mark.parametrize("text", ["2024-01-01", "a", b"1"])
def test_text_is_refused_and_told_what_to_do_with_dates(text):
    with refusing(ValueError, match=f"x: holds text, first {text!r} in row 0; pass numbers only .*TaskData.from_frame"):
        TaskData([text], [[1.0]])


def test_standard_errors_for_whole_tasks():
    y = [[1, 2], [NAN, 3], [4, 5]]
    for sd in ([0.5, 2], np.array([0.5, 2]), torch.tensor([0.5, 2]), {"b": 2, "a": 0.5}, pd.Series({"b": 2, "a": 0.5})):
        found = TaskData([0, 1, 2], y, ["a", "b"], sd=sd).sd
        assert found.nan_to_num(-1).tolist() == [[0.5, 2], [-1, 2], [0.5, 2]]
    assert TaskData([0, 1, 2], y, sd=0.5).sd.nan_to_num(-1).tolist() == [[0.5, 0.5], [-1, 0.5], [0.5, 0.5]]
    assert TaskData([0, 1, 2], y, ["a", "b"], sd={"b": 2}).sd[:, 0].isnan().all()
    for sd, said in (
        ([1, 2, 3], "sd: holds 3 numbers for 2 tasks; pass one number, one for each task, or a matrix"),
        ({"c": 1}, "sd: 'c' is not one of 'a', 'b'"),
        (-1, "sd: is -1 at row 0 of 'a', 5 such in all"),
    ):
        with refusing(ValueError, match=said):
            TaskData([0, 1, 2], y, ["a", "b"], sd=sd)


def test_none_in_a_list_is_a_hole():
    data = TaskData([0, 1, 2], [[1, None], [2.5, 3], [None, 4]])
    assert data.y.dtype == torch.float64 and data.y[data.observed].tolist() == [1, 2.5, 3, 4]
    assert data.observed.tolist() == [[True, False], [True, True], [False, True]]


def test_hide_moves_cells_and_loses_none():
    data = TaskData([0, 1, 2, 3], [[1, 5], [2, 6], [NAN, 7], [4, 8]], tasks=["a", "b"])
    seen, hidden = data.hide("a", 1, 3)
    assert hidden.observed.nonzero().tolist() == [[1, 0], [3, 0]]
    assert torch.equal(seen.observed ^ hidden.observed, data.observed)
    assert torch.equal(seen.y.nan_to_num() + hidden.y.nan_to_num(), data.y.nan_to_num())
    assert data.observed.sum() == 7, "the table itself is left alone"


def test_hide_random_hides_the_stated_share_and_keeps_the_global_generator():
    data, state = TaskData(range(40), np.arange(80.0).reshape(40, 2)), torch.get_rng_state()
    seen, hidden = data.hide_random("task 2", 0.25, seed=1)
    assert hidden.observed.sum(0).tolist() == [0, 10] and seen.observed.sum(0).tolist() == [40, 30]
    assert torch.equal(hidden.observed, data.hide_random("task 2", 0.25, seed=1)[1].observed)
    assert not torch.equal(hidden.observed, data.hide_random("task 2", 0.25, seed=2)[1].observed)
    assert torch.equal(state, torch.get_rng_state())


def test_standardise_and_back():
    data = TaskData(range(4), [[1, 1e6], [2, 3e6], [NAN, 5e6], [6, NAN]])
    unit, scale = data.standardise()
    for t in range(2):
        column = unit.y[unit.observed[:, t], t]
        assert column.mean().abs() < 1e-12 and (column.std(correction=0) - 1).abs() < 1e-12
    assert torch.allclose(scale.to_data(unit.y)[data.observed], data.y[data.observed], rtol=1e-14)


def test_a_single_value_takes_its_scale_from_the_others():
    data = TaskData(range(3), [[0, 0, NAN], [2, 8, 5], [NAN, NAN, NAN]])
    with pytest.warns(UserWarning, match="^y: task 'task 3' has one observed cell, which tells no spread"):
        scale = data.scale()
    assert scale.sd.tolist() == pytest.approx([1, 4, 2]) and scale.mean.tolist() == [1, 4, 5]


def test_a_table_on_another_device_keeps_everything_else():
    moved = TaskData([0, 1], [[1.0], [2.0]], tasks=["a"], units=["m"]).to("meta")
    assert moved.x.device.type == moved.y.device.type == "meta" and moved.tasks == ("a",)


def test_masked_entries_are_holes():
    y = np.ma.array([[1.0, 2], [999, 3], [4, 5]], mask=[[0, 0], [1, 0], [0, 0]])
    data = TaskData([0, 1, 2], y)
    assert data.observed.tolist() == [[True, True], [False, True], [True, True]]

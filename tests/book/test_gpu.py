"""The page on GPUs: its program mixes no devices, and on a card it comes to what the CPU comes to."""

import pytest
import torch
from plain import ROOT, read  # tools/plain.py
from pretended import MixedDevicesError, PretendedDevice, label

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here: the page was not run on one")


def program():
    """The cells of code from the table to the last assertion."""
    cells = [cell.source for cell in read("gpu", ROOT).cells if cell.cell_type == "code"]
    begin = next(number for number, source in enumerate(cells) if source.startswith("import gpytorch"))
    end = next(number for number, source in enumerate(cells) if source.startswith("constants ="))
    return cells[begin : end + 1]


def ran(cells):
    names = {"__name__": "__main__"}
    for source in cells:
        exec(source, names)
    return names


def on_a_pretended_device(cells):
    """The first line would find no card; the others do not know."""
    first = '"cuda" if torch.cuda.is_available() else "cpu"'
    assert sum(first in cell for cell in cells) == 1
    with PretendedDevice():
        return ran([cell.replace(first, '"cuda"') for cell in cells])


def test_the_program_mixes_no_devices(capsys):
    """Each assertion of the page holds there, and the height is that of the CPU."""
    here = ran(program())
    there = on_a_pretended_device(program())
    assert there["device"] == "cuda" and label(there["y"].mean) == "cuda" and label(there["y_mean"]) == "cpu"
    assert there["heights"][-1] == pytest.approx(here["heights"][-1], abs=1e-6)


@pytest.mark.parametrize("line", ["model = model.to(device)", ".to(device)  # third line"])
def test_none_of_the_lines_can_be_left_out(capsys, line):
    cells = program()
    assert sum(cell.count(line) for cell in cells) == 1
    with pytest.raises(MixedDevicesError):
        on_a_pretended_device([cell.replace(line, "") for cell in cells])


@cuda
def test_the_program_runs_on_a_card(capsys):
    """Its own assertions compare it with the CPU."""
    names = ran(program())
    assert {names["y"].mean.device.type, names["prediction"].mean.device.type} == {"cuda"}
    assert names["heights"][-1] == pytest.approx(-85.917, abs=0.01)

"""The first program of the page on GPyTorch, taken from its cells, reaches the height of the module's fit.

Asked is the height, not the same values at the same parameters: on the table of the chapter on noise a climb from one
first length-scale ends 58.6 nats low, and the reader would conclude that sharing does not pay.
"""

import functools
import sys
from pathlib import Path

import pytest
import torch
from gpytorch.kernels import MaternKernel

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "studies"))
import gpytorch_program  # noqa: E402

from mtgp_tutorial import TaskData, datasets, fit, icm, simulate  # noqa: E402

SEEDS, QUICK = range(10), {"el nino": 2, "great lakes": 1, "two sines": 1, "random holes": 2}


def four_months():
    sea = datasets.el_nino()
    names = ["March", "June", "September", "December"]
    return TaskData(sea.x, sea.y[:, [sea.task_index(name) for name in names]], names)


def seen(name):
    if name == "el nino":
        return four_months().hide_random("June", 2 / 3, seed=0)[0]
    if name == "great lakes":
        return datasets.great_lakes().hide("Erie", 1967, 1981)[0]
    if name == "two sines":
        return simulate.two_sines(seed=1)
    data = four_months()
    gone = torch.rand(data.y.shape, generator=torch.Generator().manual_seed(0)) < 0.2
    return TaskData(data.x, data.y.where(~gone, torch.nan), data.tasks)


@functools.cache
def height_of_the_module(name):
    data = seen(name)
    x, scale = data.x, data.scale()
    unit = TaskData((x - x.amin(0)) / (x.amax(0) - x.amin(0)), (data.y - scale.mean) / scale.sd)
    return fit(icm(unit, noise="per task", kernel=MaternKernel(nu=1.5)), priors=False).log_likelihood


@pytest.mark.parametrize(
    "name, seed",
    [
        pytest.param(name, seed, marks=[] if seed < quick else pytest.mark.slow)
        for name, quick in QUICK.items()
        for seed in SEEDS
    ],
)
def test_the_first_program_is_at_most_half_a_nat_lower(name, seed):
    data = seen(name)
    found = gpytorch_program.run_on(data.x, data.y, seed, fill=not data.observed.all())
    assert max(found["heights"]) > height_of_the_module(name) - 0.5


def test_one_first_length_scale_is_not_enough():
    """Why there are three: the first climb on the table of the chapter on noise ends low."""
    data = seen("el nino")
    found = gpytorch_program.run_on(data.x, data.y)
    assert found["heights"][0] < height_of_the_module("el nino") - 50

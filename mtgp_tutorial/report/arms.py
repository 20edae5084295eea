"""The models that the report compares, and the baseline; each as a line of Python, too."""

from __future__ import annotations

from collections.abc import Callable

from gpytorch.kernels import Kernel, MaternKernel, RBFKernel

from mtgp_tutorial.judging.comparing import standard_arms
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.holes import own_rows
from mtgp_tutorial.table.data import TaskData

KERNELS = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5, "rbf": None}
BASELINE, LMC = "independent, shared", "LMC"
# the line of Python that builds each arm, for the program that repeats the report
CODE = {
    BASELINE: 'independent(data, hyper="shared", kernel=kernel)',
    "ICM": "icm(data, kernel=kernel)",
    "ICM, full noise": 'icm(data, noise="full", kernel=kernel)',
    LMC: "lmc(data, kernels=[kernel, kernel])",
}


def kernel(name: str, inputs: int) -> Kernel:
    """A kernel by its name on the command line; with several inputs, each has a length-scale of its own."""
    width, nu = inputs if inputs > 1 else None, KERNELS[name]
    return RBFKernel(ard_num_dims=width) if nu is None else MaternKernel(nu=nu, ard_num_dims=width)


def kernel_code(name: str, inputs: int) -> str:
    """The same as a line of Python."""
    nu, width = KERNELS[name], f"ard_num_dims={inputs}" if inputs > 1 else ""
    return f"RBFKernel({width})" if nu is None else f"MaternKernel(nu={nu}{', ' * bool(width)}{width})"


def arms_for(data: TaskData, name: str, *, lmc: bool = True) -> dict[str, Callable[[TaskData], Model]]:
    """The baseline and what shares, by name.

    Full noise needs rows that hold several values, the LMC three tasks or more, and time (lmc).
    """
    arms = standard_arms(kernel(name, data.x.shape[1]))
    wanted = [BASELINE, "ICM", *(["ICM, full noise"] * (not own_rows(data))), *([LMC] * (lmc and data.num_tasks > 2))]
    return {arm: arms[arm] for arm in wanted}

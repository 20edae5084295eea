"""The program in mini-batches that book/gpytorch.ipynb links: near the exact model at the parameters that it found."""

import ast
import sys
from pathlib import Path

import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import TaskData, at_parameters, impute, lmc

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "gpytorch_minibatch.py"
sys.path.insert(0, str(PROGRAM.parent))

import gpytorch_minibatch  # noqa: E402


def exact(found):
    """The module's LMC of the same table, at the program's parameters."""
    noise, W = found["likelihood"].noise, found["model"].variational_strategy.lmc_coefficients
    values = {"likelihood.task_noises": noise.flatten()} | {
        f"mean.base_means.{t}.constant": noise.new_zeros(()) for t in range(3)
    }
    for q in range(2):
        part = f"kernel.covar_module_list.{q}."
        values[part + "data_covar_module.lengthscale"] = found["model"].kernel.lengthscale[q]
        values[part + "task_covar_module.covar_factor"] = W[q][:, None]
    data = TaskData(found["x"], (found["Y"] - found["mean"]) / found["sd"])
    kernels = [MaternKernel(nu=2.5) for _ in range(2)]
    model = lmc(data, kernels=kernels, noise="per task", kappa=False)
    return at_parameters(model, {name: value.detach().cpu() for name, value in values.items()})


def test_the_program_is_near_the_exact_model():
    """The bound ends below the likelihood and within a tenth of it; a fifth of a band's sd, and a twentieth of it."""
    found = gpytorch_minibatch.main()
    twin = exact(found)
    assert found["bounds"][0] < 0 < twin.log_likelihood - 8 < found["bounds"][-1] < twin.log_likelihood
    filled, holes = impute(twin), found["Y"].isnan()
    mean, sd = filled.mean[holes], filled.variance[holes].sqrt()
    assert ((found["z"] - mean).abs() / sd).max() < 0.2
    assert (found["z_sd"] / sd - 1).abs().max() < 0.05
    truth = torch.cat([found["x"].sin(), (2 * found["x"]).cos()], 1)
    truth = truth @ torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 0.5]]).double()
    error = (found["filled"] - truth)[holes].square().mean().sqrt()
    assert bool((found["filled"] == found["Y"])[~holes].all()) and error < 0.1


def test_the_program_needs_nothing_of_the_book():
    tree = ast.parse(PROGRAM.read_text(encoding="utf8"))
    named = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert named == ["gpytorch", "torch"] and "mtgp_tutorial" not in PROGRAM.read_text(encoding="utf8")

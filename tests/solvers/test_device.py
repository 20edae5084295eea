"""The same chapter on CUDA and on the CPU (skipped, and said so, without a GPU), and on a device that is pretended."""

import math

import laws
import pytest
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from laws.common import RANDOM, in_each_form, unfitted
from pretended import MixedDevicesError, PretendedDevice, label

from mtgp_tutorial import (
    datasets,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    parts,
    predict,
    sample,
    scores,
    simulate,
    sparse,
)
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.parameters import free_vector
from mtgp_tutorial.solvers import choice as solvers

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here: CPU and GPU were not compared")
RBF = RBFKernel()
METHODS = {
    "apart": lambda data: independent(data, kernel=RBF),
    "one kernel": lambda data: icm(data, kernel=RBF, noise="full"),
    "two kernels": lambda data: lmc(data, kernels=[RBF, RBF]),
    "a long series": lambda data: icm(data, kernel=MaternKernel(nu=1.5), noise="full"),
    "fewer functions than tasks": lambda data: lmc(data, kernels=[RBF, RBF], kappa=False, noise="full"),
}
SPARSE = {name: lambda data, build=build: sparse(build(data), 4) for name, build in METHODS.items()}


def answers(fitted, x):
    """Everything that a fit is asked, as one list of tensors."""
    new, filled = predict(fitted, x, covariance=True), impute(fitted, covariance=True)
    found = [new.mean, new.variance, new.covariance, predict(fitted, x).variance, filled.mean, filled.covariance]
    found.append(sample(fitted, x, 2, seed=0))
    if not fitted.model.bounded:
        found += [leave_out(fitted).variance, leave_out(fitted, "row").mean]
    found += [sample(fitted, fitted.model.data, 2, seed=0, noise=True), *(part.mean for part in parts(fitted, x))]
    return found + ([latent_functions(fitted, x).variance] if fitted.model.kernel.coregional else [])


def gradients(fitted):
    """What autograd would ask of the form, called here since no mode looks on inside autograd; and what a fit asks."""
    form = fitted.conditioned().solver
    dKs, dBs, dSigma = form.gradients()
    model = fitted.model.requires_grad_(True)
    return [*dKs, *dBs, dSigma, torch.as_tensor(Objective(model, True)(free_vector(model))[1]).to(dSigma)]


def value_and_gradient(model):
    """The objective, and its derivative in every parameter that is fitted."""
    parameters = [p for p in model.requires_grad_(True).parameters() if torch.isfinite(p).all()]
    value = objective(model, True)
    return [value.detach(), *torch.autograd.grad(value, parameters, allow_unused=True)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("holes", [False, True], ids=["complete", "holes"])
def test_no_form_mixes_devices(method, holes):
    """On a pretended device: the same numbers as on the CPU, and no call that a real device would refuse."""
    data = laws.table(RANDOM(50), holes=holes)
    for fitted in in_each_form(unfitted(METHODS[method](data), 2)):
        same_on_a_pretended_device(fitted, METHODS[method], data)


@pytest.mark.parametrize("method", SPARSE)
def test_the_bound_does_not_mix_devices(method):
    data = laws.table(RANDOM(50), known=True)
    same_on_a_pretended_device(unfitted(SPARSE[method](data), 2), SPARSE[method], data)


def same_on_a_pretended_device(fitted, build, data):
    x = torch.tensor([[0.2], [1.5]], dtype=torch.float64)
    expected = answers(fitted, x) + gradients(fitted)
    expected += value_and_gradient(fitted.model)
    with PretendedDevice():
        moved = data.to("cuda")
        assert moved.x.device.type == moved.y.device.type == "cuda"
        there = unfitted(build(moved), 2)
        found = answers(there, x.to("cuda")) + gradients(there)
        assert {label(value) for value in found} == {"cuda"}
        found += value_and_gradient(there.model)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11, equal_nan=True)


def test_a_fit_does_not_mix_devices():
    with PretendedDevice():
        fitted = fit(icm(simulate.two_sines(n=6, seed=1).to("cuda"), noise="full"), starts=2, max_iterations=300)
        assert math.isfinite(fitted.log_likelihood) and label(fitted.model.Sigma()) == "cuda"


def test_the_pretended_device_refuses_what_a_real_one_does():
    with PretendedDevice():
        there, here = torch.ones(3, 3, device="cuda"), torch.ones(3, 3)
        for mixture in (lambda: there @ here, lambda: there + here[0], lambda: there.numpy(), lambda: here[there > 0]):
            with pytest.raises(MixedDevicesError):
                mixture()
        assert label(there * torch.tensor(2.0)) == "cuda" and label(there[torch.tensor([0])]) == "cuda"
        problem = solvers.problem_of(icm(simulate.two_sines(n=6, seed=1).to("cuda")))
        with pytest.raises(MixedDevicesError):
            solvers.BySolver(problem._replace(Sigma=problem.Sigma.cpu()), solvers.Dense)


@cuda
@pytest.mark.parametrize("method", METHODS)
def test_cuda_agrees_with_the_cpu(method):
    lakes = datasets.great_lakes()
    for table in (lakes, lakes.hide("Erie", 1950, 1970)[0], simulate.two_sines(seed=1)):
        for fitted in in_each_form(unfitted(METHODS[method](table), 2)):
            same_on_cuda(fitted, METHODS[method], table)
        same_on_cuda(unfitted(SPARSE[method](table), 2), SPARSE[method], table)


def same_on_cuda(fitted, build, table):
    expected = answers(fitted, table.x[:5]) + value_and_gradient(fitted.model)
    there = unfitted(build(table.to("cuda")), 2)
    found = answers(there, table.x[:5].to("cuda"))
    assert {value.device.type for value in found} == {"cuda"}
    for ours, theirs in zip(found + value_and_gradient(there.model), expected, strict=True):
        torch.testing.assert_close(ours.cpu(), theirs, rtol=1e-6, atol=1e-6, equal_nan=True)


@cuda
def test_queries_on_another_device_are_refused():
    fitted = fit(icm(simulate.two_sines(seed=1).to("cuda")), starts=1)
    with pytest.raises(ValueError, match="move one of them"):
        predict(fitted, [0.0])
    data = datasets.great_lakes().to("cuda")
    assert scores.mse(data.y[:, 0], data.y[:, 0]) == 0

"""Closed kernels equal their formulas digit by digit, and their derivatives central differences."""

import copy
import math

import gpytorch
import numpy as np
import torch
from gpytorch.kernels import AdditiveKernel, MaternKernel, PeriodicKernel, RBFKernel, RQKernel, ScaleKernel
from mpmath import mp, mpf

from laws.common import RANDOM, close, table, tensor, unfitted
from mtgp_tutorial import TaskData, icm, predict
from mtgp_tutorial.kernels import FORMULAS, among, covariance_of_inputs, is_plain, unit_kernel
from mtgp_tutorial.priors import input_spread, typical_range
from mtgp_tutorial.starts import starting_point


def kernels(width):
    """Each closed kernel, isotropic and with a length-scale for each input."""
    for ard in (None, width):
        for kernel in (
            RBFKernel(ard_num_dims=ard),
            *(MaternKernel(nu=nu, ard_num_dims=ard) for nu in (0.5, 1.5, 2.5)),
            RQKernel(ard_num_dims=ard),
        ):
            kernel = unit_kernel(kernel, torch.zeros(1, width).double())
            kernel.lengthscale = tensor([[0.7, 0.2][: ard or 1]])
            if isinstance(kernel, RQKernel):
                kernel.alpha = tensor([1.7])
            yield kernel


def formula(kernel, x, z):
    """K(x, z) with forty digits (Rasmussen and Williams 2006, section 4.2.1)."""
    lengths = [mpf(float(length)) for length in kernel.lengthscale[0].detach()] * (
        len(x) if kernel.ard_num_dims is None else 1
    )
    u = sum(((mpf(float(a)) - mpf(float(b))) / length) ** 2 for a, b, length in zip(x, z, lengths))
    r = mp.sqrt(u)
    if isinstance(kernel, RBFKernel):
        return mp.exp(-u / 2)
    if isinstance(kernel, RQKernel):
        alpha = mpf(kernel.alpha.item())
        return (1 + u / (2 * alpha)) ** -alpha
    a = mp.sqrt(2 * mpf(kernel.nu)) * r
    return {0.5: 1, 1.5: 1 + a, 2.5: 1 + a + a**2 / 3}[kernel.nu] * mp.exp(-a)


def law_closed_kernels_have_their_digits():
    """Also at inputs that nearly agree, repeat, or lie far from 0, where expanded squares lose half of them."""
    mp.dps = 40
    rng = RANDOM(40)
    assert {type(kernel) for kernel in kernels(1)} == set(FORMULAS)
    for width in (1, 2):
        x = 1950 + rng.uniform(0, 1, (5, width))
        x[1], x[2], x[3] = x[0], x[0] + 1e-9, x[0] + 1e-3
        for kernel in kernels(width):
            assert is_plain(kernel)
            expected = [[float(formula(kernel, a, b)) for b in x] for a in x]
            close(covariance_of_inputs(kernel, tensor(x)), expected, 1e-14)
            close(covariance_of_inputs(kernel, tensor(x[:2]), tensor(x)), expected[:2], 1e-14)
            close(among(kernel, tensor(x)), expected, 1e-14)


def law_closed_kernels_have_their_derivatives():
    rng = RANDOM(41)
    for width in (1, 2):
        x, z = tensor(rng.uniform(0, 1, (6, width))), tensor(rng.uniform(0, 1, (5, width)))
        z[0] = x[0]  # a distance of 0, where a square root has no derivative
        G = tensor(rng.normal(size=(6, 5)))
        for kernel in kernels(width):
            parameters = list(kernel.parameters())
            found = torch.autograd.grad((G * covariance_of_inputs(kernel, x, z)).sum(), parameters)
            for parameter, slopes in zip(parameters, found):
                for entry in range(parameter.numel()):
                    values = []
                    for move in (1e-6, -2e-6):
                        parameter.data.view(-1)[entry] += move
                        values.append((G * covariance_of_inputs(kernel, x, z)).sum().item())
                    parameter.data.view(-1)[entry] += 1e-6
                    close(slopes.flatten()[entry], (values[0] - values[1]) / 2e-6, 1e-7)


def law_other_kernels_are_gpytorchs():
    """Products, periodic kernels and kernels of a user's own class keep their way through GPyTorch and autograd."""

    class Own(RBFKernel):
        pass

    x = tensor(np.linspace(0, 3, 6))[:, None]
    for kernel in (PeriodicKernel(), RBFKernel() * PeriodicKernel(), Own()):
        kernel = unit_kernel(kernel, x)
        assert not is_plain(kernel)
        close(covariance_of_inputs(kernel, x), kernel(x).to_dense(), 1e-12)
        close(among(kernel, x), kernel(x).to_dense(), 1e-12)
        slopes = torch.autograd.grad(covariance_of_inputs(kernel, x).sum(), list(kernel.parameters()))
        assert all(math.isfinite(float(slope.sum())) for slope in slopes)


def law_a_sum_of_kernels_is_gpytorch_s_with_weights_that_add_to_one():
    """Likelihood and predictions of plain modules at the same parameters; inner active_dims; no part starts alike."""
    data = table(RANDOM(61), holes=False)
    x = torch.column_stack([data.x, tensor(RANDOM(62).uniform(size=7))])
    data, new = TaskData(x, data.y), x[:3] + 0.1
    parts = [RBFKernel(active_dims=[1]), ScaleKernel(MaternKernel(nu=1.5)), MaternKernel(nu=1.5, active_dims=[0])]
    parts[1].outputscale = 2.0
    model = icm(data, kernel=parts[0] + parts[1] + parts[2])
    close(model.kernel.data_covar_module.weights, [0.25, 0.5, 0.25], 1e-6)
    fitted = unfitted(model, 3)
    ours, plain = fitted.model.kernel.data_covar_module, copy.deepcopy(parts)
    scales = [ScaleKernel(part.base_kernel if type(part) is ScaleKernel else part).double() for part in plain]
    gp = copy.deepcopy(fitted.model).exact_gp()
    for one, kernel, weight in zip(scales, ours.kernels, ours.weights, strict=True):
        raw = one.base_kernel.raw_lengthscale_constraint.inverse_transform(kernel.lengthscale.detach())
        one.base_kernel.raw_lengthscale.data = raw
        one.raw_outputscale.data = one.raw_outputscale_constraint.inverse_transform(weight.detach())
    gp.covar_module.data_covar_module = AdditiveKernel(*scales)
    with torch.no_grad(), gpytorch.settings.fast_computations(False, False, False):
        mll = gpytorch.mlls.ExactMarginalLogLikelihood(gp.likelihood, gp.train())
        value = mll(gp(fitted.model.unit.x), fitted.model.unit.y) * 21
        latent = gp.eval()(new)
    close(value, fitted.model.log_likelihood(), 1e-9)
    f, sd = predict(fitted, new, noise=False, covariance=True), fitted.model.scale.sd
    close(fitted.model.scale.to_unit(f.mean), latent.mean, 1e-9)
    close(f.covariance / torch.outer(sd.repeat(3), sd.repeat(3)), latent.covariance_matrix, 1e-9)
    one = MaternKernel(nu=1.5)
    start = starting_point(icm(data, kernel=one + one), 0, torch.Generator()).kernel.data_covar_module
    first, second = (float(kernel.lengthscale) for kernel in start.kernels)
    close(first / second, 5.0)
    close(typical_range(ours.kernels[0], x), input_spread(x)[1:])

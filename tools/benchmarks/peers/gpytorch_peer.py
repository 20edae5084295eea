"""The ICM with full noise in plain GPyTorch: L-BFGS-B, and Adam as in its tutorial, each from GPyTorch's start."""

import gpytorch
import numpy as np
import torch
from harness import FLOOR, lbfgs, main
from torch.nn.utils import parameters_to_vector, vector_to_parameters


class ICM(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        T = y.shape[1]
        self.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ConstantMean(), num_tasks=T)
        self.covar_module = gpytorch.kernels.MultitaskKernel(gpytorch.kernels.RBFKernel(), num_tasks=T, rank=1)

    def forward(self, x):
        return gpytorch.distributions.MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))


def full_noise(T):
    """Sigma = F F^T + FLOOR I; the noise that all tasks share is held at FLOOR."""
    positive = gpytorch.constraints.Positive()
    likelihood = gpytorch.likelihoods.MultitaskGaussianLikelihood(T, rank=T, noise_constraint=positive).double()
    likelihood.noise = torch.tensor(FLOOR, dtype=torch.float64)
    likelihood.raw_noise.requires_grad_(False)
    return likelihood


def build(x, y):
    torch.manual_seed(0)
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    likelihood = full_noise(y.shape[1])
    model = ICM(x, y, likelihood).double()
    return model.train(), gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model), x, y


def found(model):
    index, T = model.covar_module.task_covar_module, model.likelihood.num_tasks
    F = model.likelihood.task_noise_covar_factor.detach().numpy()
    return {
        "mean": [float(base.constant) for base in model.mean_module.base_means],
        "B": index.covar_matrix.to_dense().detach().numpy(),
        "Sigma": F @ F.T + FLOOR * np.eye(T),
        "length": float(model.covar_module.data_covar_module.lengthscale),
    }


def by_lbfgs(x, y):
    model, mll, x, y = build(x, y)
    free = [p for p in model.parameters() if p.requires_grad]

    def loss(vector):
        vector_to_parameters(torch.as_tensor(vector), free)
        value = -mll(model(x), y) * y.numel()
        return value.item(), parameters_to_vector(torch.autograd.grad(value, free)).numpy()

    lbfgs(loss, parameters_to_vector(free).detach().numpy(), lambda v: vector_to_parameters(torch.as_tensor(v), free))
    return found(model)


def by_adam(x, y):
    """500 steps of 0.1, as GPyTorch's multitask tutorial trains."""
    model, mll, x, y = build(x, y)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        loss = -mll(model(x), y)
        loss.backward()
        optimizer.step()
    return found(model)


if __name__ == "__main__":
    main({"GPyTorch, L-BFGS": by_lbfgs, "GPyTorch, Adam 500": by_adam}, ["gpytorch", "torch"])

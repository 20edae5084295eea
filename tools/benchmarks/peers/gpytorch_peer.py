"""The ICM in plain GPyTorch: by SciPy's L-BFGS-B, and by Adam as in its tutorial."""

import gpytorch
import numpy as np
import torch
from harness import FLOOR, lbfgs
from linear_operator import to_linear_operator
from torch.nn.utils import parameters_to_vector, vector_to_parameters


class ICM(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        T = y.shape[1]
        self.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ConstantMean(), num_tasks=T)
        self.covar_module = gpytorch.kernels.MultitaskKernel(gpytorch.kernels.RBFKernel(), num_tasks=T, rank=1)

    def forward(self, x):
        covariance = self.covar_module(x)
        if len(x) < 50:
            covariance = to_linear_operator(covariance.to_dense())  # small tables take half the time without factors
        return gpytorch.distributions.MultitaskMultivariateNormal(self.mean_module(x), covariance)


def likelihood_of(T, noise, start):
    """Noise per task, or Sigma = F F^T + FLOOR I; the noise that all tasks share is held at FLOOR."""
    positive, above = gpytorch.constraints.Positive(), gpytorch.constraints.GreaterThan(FLOOR)
    kind = gpytorch.likelihoods.MultitaskGaussianLikelihood
    if noise == "per task":
        likelihood = kind(T, rank=0, has_global_noise=False, noise_constraint=above).double()
        likelihood.task_noises = torch.full((T,), start["noise"], dtype=torch.float64)
        return likelihood
    likelihood = kind(T, rank=T, noise_constraint=positive).double()
    likelihood.noise = torch.tensor(FLOOR, dtype=torch.float64)
    likelihood.raw_noise.requires_grad_(False)
    F = likelihood.task_noise_covar_factor
    F.data = np.sqrt(start["noise"]) * torch.eye(T, dtype=torch.float64)
    F.register_hook(torch.tril)  # F stays triangular: the other entries say nothing new
    return likelihood


def begin(data_kernel, task_kernel, start):
    """Sets kernels to where all programs start."""
    W, kappa = (torch.tensor(start[name][0], dtype=torch.float64) for name in ("W", "kappa"))
    task_kernel.covar_factor.data, task_kernel.var = W[:, None], kappa
    data_kernel.lengthscale = float(start["length"][0])


def build(x, y, noise, start):
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    likelihood = likelihood_of(y.shape[1], noise, start)
    model = ICM(x, y, likelihood).double()
    begin(model.covar_module.data_covar_module, model.covar_module.task_covar_module, start)
    return model.train(), gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model), x, y


def found(model):
    index, likelihood, T = model.covar_module.task_covar_module, model.likelihood, model.likelihood.num_tasks
    if likelihood.rank:
        F = likelihood.task_noise_covar_factor.detach().numpy()
        Sigma = F @ F.T + FLOOR * np.eye(T)
    else:
        Sigma = np.diag(likelihood.task_noises.detach().numpy())
    return {
        "mean": [base.constant.item() for base in model.mean_module.base_means],
        "B": index.covar_matrix.to_dense().detach().numpy()[None],
        "Sigma": Sigma,
        "length": [model.covar_module.data_covar_module.lengthscale.item()],
    }


def by_lbfgs(x, y, noise, start, record):
    model, mll, x, y = build(x, y, noise, start)
    free = [p for p in model.parameters() if p.requires_grad]

    def loss(vector):
        vector_to_parameters(torch.as_tensor(vector), free)
        value = -mll(model(x), y) * y.numel()
        return value.item(), parameters_to_vector(torch.autograd.grad(value, free)).numpy()

    end = lbfgs(loss, parameters_to_vector(free).detach().numpy(), record)
    vector_to_parameters(torch.as_tensor(end), free)
    return found(model)


def by_adam(x, y, noise, start, record):
    """500 steps of 0.1; GPyTorch's multitask tutorial makes 50 of them."""
    model, mll, x, y = build(x, y, noise, start)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        loss = -mll(model(x), y)
        record(loss.item() * y.numel())
        loss.backward()
        optimizer.step()
    return found(model)


RUN = {"GPyTorch, L-BFGS": by_lbfgs, "GPyTorch, Adam 500": by_adam}, ["gpytorch", "torch"]

"""The ICM with full noise in BoTorch: KroneckerMultiTaskGP without its priors, by BoTorch's own fit (L-BFGS-B)."""

import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import KroneckerMultiTaskGP
from gpytorch.kernels import IndexKernel, RBFKernel
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch_peer import found, full_noise
from harness import main


def build(x, y):
    torch.manual_seed(0)
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    T = y.shape[1]
    model = KroneckerMultiTaskGP(x, y, likelihood=full_noise(T), data_covar_module=RBFKernel(), rank=1)
    model.covar_module.task_covar_module = IndexKernel(num_tasks=T, rank=1)  # the same without the LKJ prior
    return model.double()


def by_botorch(x, y):
    model = build(x, y)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return found(model)


if __name__ == "__main__":
    main({"BoTorch": by_botorch}, ["botorch", "gpytorch", "torch"])

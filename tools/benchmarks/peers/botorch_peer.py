"""The ICM in BoTorch: KroneckerMultiTaskGP without its priors, by BoTorch's own fit (L-BFGS-B)."""

import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import KroneckerMultiTaskGP
from botorch.optim.closures import get_loss_closure_with_grads
from gpytorch.kernels import IndexKernel, RBFKernel
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch_peer import begin, found, likelihood_of


def by_botorch(x, y, noise, start, record):
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    T = y.shape[1]
    likelihood = likelihood_of(T, noise, start)
    model = KroneckerMultiTaskGP(x, y, likelihood=likelihood, data_covar_module=RBFKernel(), rank=1)
    model.covar_module.task_covar_module = IndexKernel(num_tasks=T, rank=1)  # the same without the LKJ prior
    mll = ExactMarginalLogLikelihood(model.double().likelihood, model).train()
    begin(model.covar_module.data_covar_module, model.covar_module.task_covar_module, start)
    evaluated = get_loss_closure_with_grads(mll, {n: p for n, p in mll.named_parameters() if p.requires_grad})

    def recorded():
        value, slopes = evaluated()
        record(value.item() * y.numel())
        return value, slopes

    fit_gpytorch_mll(mll, closure=recorded, optimizer_kwargs={"options": {"maxcor": 50}})
    return found(model)


RUN = {"BoTorch": by_botorch}, ["botorch", "gpytorch", "torch"]

"""The audit's exact answers are those of the one equation."""

import torch

from laws.common import close
from mtgp_tutorial import icm, simulate
from mtgp_tutorial.auditing import Exact


def law_audit_answers_as_the_module_predicts():
    """Height, means and variances of f and of readings, summed from the model's own `forward`."""
    data = simulate.two_sines(n=12, seed=1)
    fitted = icm(data)
    model = fitted.exact_gp()
    exact = Exact(model, model.likelihood)
    K = exact.signal + exact.noise(exact.cells)
    right = exact.answers(model.train_inputs)
    height = torch.distributions.MultivariateNormal(exact.mean, K).log_prob(exact.targets)
    close(right["nats"], height)
    gain = torch.linalg.solve(K, exact.signal).T
    close(right["mean"], exact.mean + gain @ (exact.targets - exact.mean))
    close(right["f"], (exact.signal - gain @ exact.signal).diagonal())
    close(right["y"], (exact.signal - gain @ exact.signal + exact.noise(exact.cells)).diagonal())

"""What GPyTorch does, and this module guards against: the day one of these fails, it was mended upstream."""

import contextlib
import io
import re
import warnings
from pathlib import Path

import gpytorch
import laws
import pytest
import torch
from gpytorch.likelihoods import MultitaskGaussianLikelihood
from gpytorch.utils.warnings import NumericalWarning

from mtgp_tutorial import TaskData, at_parameters, icm, independent, lmc, predict
from mtgp_tutorial.auditing import TRAPS
from mtgp_tutorial.noise import KINDS

PROGRAMS = (Path(__file__).parents[2] / "docs" / "decisions" / "upstream.md").read_text()
SECTIONS = re.split(r"^## ", PROGRAMS, flags=re.MULTILINE)[2:]


@pytest.mark.parametrize("section", SECTIONS, ids=[one.splitlines()[0] for one in SECTIONS])
def test_a_program_to_send_on_still_prints_what_is_wrong(section):
    """With GPyTorch alone, after the model that stands before them all."""
    model, (program, printed) = (
        re.search("```python\n(.*?)```", PROGRAMS, re.DOTALL)[1],
        re.findall("```.*?\n(.*?)```", section, re.DOTALL),
    )
    kept, shown = torch.get_default_dtype(), io.StringIO()
    try:
        with contextlib.redirect_stdout(shown), warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            exec(model + program, {"__name__": "program"})
    finally:
        torch.set_default_dtype(kept)
    assert shown.getvalue() == printed
    assert re.search('audit names it "(.*?)"', section)[1] in TRAPS


def test_index_kernel_adds_a_diagonal_to_its_factor():
    kernel = gpytorch.kernels.IndexKernel(num_tasks=2, rank=1)
    W = kernel.covar_factor
    assert not torch.allclose(kernel.covar_matrix.to_dense(), W @ W.T)
    assert torch.allclose(kernel.covar_matrix.to_dense(), W @ W.T + torch.diag(kernel.var))


def test_likelihood_adds_global_noise_to_its_factor():
    likelihood = MultitaskGaussianLikelihood(num_tasks=2, rank=1)
    L = likelihood.task_noise_covar_factor
    zero = gpytorch.distributions.MultitaskMultivariateNormal(torch.zeros(1, 2), torch.eye(2))
    Sigma = likelihood(zero).covariance_matrix - torch.eye(2)
    assert torch.allclose(Sigma, L @ L.T + likelihood.noise * torch.eye(2), atol=1e-6)
    assert not torch.allclose(Sigma, L @ L.T, atol=1e-3)
    with pytest.raises(AttributeError):
        likelihood.task_noises  # noqa: B018
    MultitaskGaussianLikelihood(num_tasks=2, rank=5)  # accepted: more columns than tasks
    assert len(list(MultitaskGaussianLikelihood(num_tasks=2).parameters())) == 2  # T + 1 numbers for T variances
    assert len(list(KINDS["per task"].likelihood(2).parameters())) == 1


def test_multitask_kernel_ignores_active_dims():
    x = torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    kernel = gpytorch.kernels.MultitaskKernel(gpytorch.kernels.RBFKernel(active_dims=[0]), num_tasks=1, rank=1)
    B = kernel.task_covar_module.covar_matrix.to_dense()
    assert not torch.allclose(kernel(x).to_dense(), B * torch.ones(2, 2))


def test_log_prob_of_independent_distributions_is_wrong():
    parts = [
        gpytorch.distributions.MultivariateNormal(torch.full((3,), float(t)), (1 + t) * torch.eye(3)) for t in range(2)
    ]
    joint = gpytorch.distributions.MultitaskMultivariateNormal.from_independent_mvns(parts)
    y = torch.tensor([[0.0, 1], [0.5, 2], [-1, 0]])
    true = sum(part.log_prob(y[:, t]) for t, part in enumerate(parts))
    assert not torch.allclose(joint.log_prob(y), true, atol=0.1)


def test_masked_variance_forgets_the_holes():
    """With observation_nan_policy("mask") the mean is right; the variance is that of a table without holes."""
    data, new = laws.table(laws.RANDOM(1)), torch.tensor([[0.5], [2.0]], dtype=torch.float64)
    for model in (icm(data), independent(data)):
        fitted = laws.unfitted(model)
        filled = laws.unfitted(model)
        with torch.no_grad(), gpytorch.settings.observation_nan_policy("mask"):
            found = fitted.model.exact_gp().eval()(new)
        theirs, sd = found.variance, fitted.model.scale.sd
        ours = predict(fitted, new, noise=False)
        right = ours.variance / sd**2
        assert torch.allclose(found.mean, fitted.model.scale.to_unit(ours.mean), atol=1e-8)
        filled.model.unit = TaskData(data.x, data.y.nan_to_num())
        without_holes = predict(filled, new, noise=False).variance / sd**2
        assert torch.allclose(theirs, without_holes, atol=1e-8)
        assert (right / theirs).max() > 1.05, "the right variance is larger where a cell is missing"


def test_an_mll_with_holes_is_divided_by_all_cells():
    fitted = laws.unfitted(icm(laws.table(laws.RANDOM(1))))
    model, plain = fitted.model, fitted.model.exact_gp()
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(plain.likelihood, plain.train())
    with torch.no_grad(), gpytorch.settings.observation_nan_policy("mask"):
        value = mll(plain(model.unit.x), model.unit.y)
    assert torch.allclose(value * model.unit.y.numel(), model.log_likelihood())
    assert model.unit.observed.sum() < model.unit.y.numel()


def test_sum_of_likelihoods_weighs_short_tasks_more():
    members = []
    for size in (4, 20):
        x, likelihood = torch.linspace(0, 5, size), gpytorch.likelihoods.GaussianLikelihood()
        members.append(OneTask(x, x.sin(), likelihood).train())
    both = gpytorch.models.IndependentModelList(*members)
    value = gpytorch.mlls.SumMarginalLogLikelihood(both.likelihood, both)
    heights = [m.likelihood(m(*m.train_inputs)).log_prob(m.train_targets) for m in members]
    got = value(both(*both.train_inputs), both.train_targets)
    assert torch.allclose(got, (heights[0] / 4 + heights[1] / 20) / 2)


class OneTask(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        self.mean_module, self.covar_module = gpytorch.means.ZeroMean(), gpytorch.kernels.RBFKernel()

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


def test_density_of_independent_normals_is_wrong():
    Normal, Multi = gpytorch.distributions.MultivariateNormal, gpytorch.distributions.MultitaskMultivariateNormal
    pair = [Normal(torch.zeros(3), torch.diag(torch.tensor([1.0, 4, 9]))), Normal(torch.ones(3), 0.1 * torch.eye(3))]
    y = torch.tensor([[0, 1.0], [1, 1.2], [2, 0.9]])
    truth = sum(one.log_prob(y[:, t]) for t, one in enumerate(pair))
    batch = Normal(torch.stack([p.mean for p in pair]), torch.stack([p.covariance_matrix for p in pair]))
    assert torch.allclose(Multi.from_batch_mvn(batch).log_prob(y), truth)
    assert (Multi.from_independent_mvns(pair).log_prob(y) - truth).abs() > 1


def test_periodic_kernel_divides_by_its_length_scale_not_by_the_square():
    kernel = gpytorch.kernels.PeriodicKernel().double()
    kernel.lengthscale, kernel.period_length = 0.5, 3.0
    got = kernel(torch.tensor([[0.0]]).double(), torch.tensor([[0.7]]).double()).to_dense()
    sine = torch.tensor(0.7 * torch.pi / 3).sin() ** 2
    assert torch.allclose(got, torch.exp(-2 * sine / 0.5).double())


def test_dense_likelihood_is_random_above_800_cells():
    """An LMC of 450 rows and 2 tasks with little noise: exact only when max_cholesky_size allows it."""
    torch.manual_seed(0)  # of the probe vectors
    x = torch.linspace(0, 45, 450).double()
    model = lmc(TaskData(x, torch.stack([x.sin() + (3 * x).cos(), x.sin() - (3 * x).cos()], 1)))
    with torch.no_grad():
        (raw,) = model.kind.start(0.001 * torch.ones(2).double(), torch.eye(2).double()).values()
        model.likelihood.raw_task_noises.copy_(raw)
        for part, length in zip(model.kernel.coregional, (2.5, 0.6), strict=True):
            part.data_covar_module.lengthscale = length
        plain, cells = model.exact_gp().train(), model.unit.y.numel()
        mll, exact = gpytorch.mlls.ExactMarginalLogLikelihood(plain.likelihood, plain), model.log_likelihood()
        default = [mll(plain(model.unit.x), model.unit.y) * cells for _ in range(2)]
        with gpytorch.settings.max_cholesky_size(1000):
            assert torch.allclose(mll(plain(model.unit.x), model.unit.y) * cells, exact)
    assert all((value - exact).abs() > 50 for value in default)
    assert (default[0] - default[1]).abs() > 0.1


def test_fixed_noise_of_a_multi_task_model_is_dropped():
    likelihood = gpytorch.likelihoods.FixedNoiseGaussianLikelihood(torch.full((6,), 0.5))
    f = gpytorch.distributions.MultitaskMultivariateNormal(torch.zeros(3, 2), torch.eye(6))
    with pytest.warns(gpytorch.utils.warnings.GPInputWarning, match="This is treated as a no-op"):
        assert torch.equal(likelihood(f).variance, f.variance)


def test_a_list_of_cells_in_two_tensors_takes_the_first_for_the_task():
    likelihood = gpytorch.likelihoods.HadamardGaussianLikelihood(2)
    likelihood.noise = torch.tensor([0.1, 1.0])
    f = gpytorch.distributions.MultivariateNormal(torch.zeros(1), torch.eye(1))
    task, x = torch.tensor([[1]]), torch.tensor([[0.5]])  # x is cut to 0, without an error
    for inputs, noise in (([task, x], 1.0), ([x, task], 0.1)):
        assert likelihood(f, inputs).variance.item() == pytest.approx(1 + noise)


def test_transposed_targets_are_taken():
    data = TaskData(torch.arange(4.0), torch.arange(8.0).reshape(4, 2) ** 2)
    plain = icm(data).exact_gp().train()
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(plain.likelihood, plain)
    with torch.no_grad():
        right, turned = (mll(plain(data.x), y) for y in (plain.train_targets, plain.train_targets.T))
    assert (right - turned).abs() > 1e-3


def test_a_multi_task_model_takes_one_further_row_and_not_two():
    plain = icm(TaskData(torch.arange(4.0), torch.eye(4, 2))).exact_gp().eval()
    new = torch.tensor([[4.5], [5.5]]).double()
    with torch.no_grad():
        plain(new)
    assert len(plain.get_fantasy_model(new[:1], torch.zeros(1, 2).double()).train_targets) == 5
    with pytest.raises(RuntimeError, match="must match the size"):
        plain.get_fantasy_model(new, torch.zeros(2, 2).double())


def test_fast_variances_of_an_icm_are_far_too_large_above_800_cells():
    """`fast_pred_var` stands around the predictions of GPyTorch's own multi-task example; no warning is given."""
    new = torch.linspace(0, 1, 9).double()[:, None]
    off = {}
    for rows in (400, 401):
        x = torch.linspace(0, 1, rows).double()
        y = torch.stack([(6 * x).sin(), (6 * x).cos()], 1) + 0.2 * torch.randn(rows, 2, generator=seeded()).double()
        given = {"kernel.data_covar_module.lengthscale": 0.3, "likelihood.task_noises": 0.05}
        given = at_parameters(icm(TaskData(x, y), noise="per task"), given)
        right = predict(given, new).sd / given.model.scale.sd
        for fast in (True, False):
            plain = given.model.exact_gp().eval()
            with torch.no_grad(), gpytorch.settings.fast_pred_var(fast), warnings.catch_warnings():
                warnings.simplefilter("error", NumericalWarning)
                off[rows, fast] = plain.likelihood(plain(new)).stddev / right
    assert (off.pop((401, True)) > 3).all()
    assert all(torch.allclose(ratio, torch.ones_like(ratio)) for ratio in off.values())


def seeded():
    return torch.Generator().manual_seed(0)


def test_a_parameter_that_changes_after_a_prediction_leaves_the_old_answer():
    """In evaluation mode; `train()` and `eval()` clear what is kept. The module's own answers follow the change."""
    fitted = laws.unfitted(icm(laws.table(laws.RANDOM(1), holes=False)))
    plain, new = fitted.model.exact_gp().eval(), torch.tensor([[0.7]]).double()
    with torch.no_grad():
        plain(new)
        predict(fitted, new)
        for parameter in plain.parameters():
            parameter += 0.5
        kept, fresh = plain(new).mean, plain.train().eval()(new).mean
    assert (kept - fresh).abs().max() > 0.01
    ours = predict(fitted, new, noise=False).mean
    assert torch.allclose(fitted.model.scale.to_unit(ours), fresh, atol=1e-8)

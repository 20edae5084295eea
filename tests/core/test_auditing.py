"""An audit names each trap that is planted here, and none in models that are right; it changes nothing."""

import copy
import warnings
from contextlib import nullcontext

import gpytorch
import pytest
import torch
from gpytorch import settings
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from gpytorch.kernels import IndexKernel, LCMKernel, MaternKernel, MultitaskKernel, RBFKernel, ScaleKernel
from gpytorch.likelihoods import (
    FixedNoiseGaussianLikelihood,
    GaussianLikelihood,
    HadamardGaussianLikelihood,
    MultitaskGaussianLikelihood,
)

from mtgp_tutorial import audit, icm, simulate
from mtgp_tutorial.auditing import TRAPS, Exact


class Table(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood, kernel=None):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ConstantMean(), num_tasks=2)
        self.covar_module = kernel or MultitaskKernel(RBFKernel(), num_tasks=2)

    def forward(self, x):
        return MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))


class Parts(Table):
    """Two functions that share nothing, in one distribution that is not interleaved."""

    def forward(self, x):
        one = MultivariateNormal(torch.zeros(len(x)).double(), RBFKernel().double()(x))
        return MultitaskMultivariateNormal.from_independent_mvns([one, one])


class Lines(gpytorch.models.ExactGP):
    """A line for each cell; first: the tensor of tasks stands before that of x."""

    def __init__(self, inputs, y, likelihood, first=False):
        super().__init__(inputs, y, likelihood)
        self.mean_module, self.covar_module, self.first = gpytorch.means.ConstantMean(), RBFKernel(), first
        self.task_covar_module = IndexKernel(num_tasks=2, rank=1)

    def forward(self, x, task):
        x, task = (task, x) if self.first else (x, task)
        return MultivariateNormal(self.mean_module(x), self.covar_module(x).mul(self.task_covar_module(task)))


def waves(n=30, rate=6.0):
    x, noise = torch.linspace(0, 1, n).double(), torch.randn(n, 2, generator=torch.Generator().manual_seed(0)).double()
    return x, torch.stack([(rate * x).sin(), (rate * x).cos()], -1) + 0.2 * noise


def trained(model, steps=60):
    """By Adam, then L-BFGS, as a user would."""
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model.double().train())
    more = [list(model.train_inputs)] if len(model.train_inputs) > 1 else list(model.train_inputs)
    free = [one for one in model.parameters() if one.requires_grad]
    adam = torch.optim.Adam(free, lr=0.1)
    last = torch.optim.LBFGS(free, max_iter=300, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def closure():
        last.zero_grad()
        loss = -mll(model(*model.train_inputs), model.train_targets, *more)
        loss.backward()
        return loss

    for _ in range(steps):
        closure()
        adam.step()
    if steps >= 60:
        last.step(closure)
    return model.eval()


def table(y=None, kernel=None, steps=60, likelihood=None, x=None, **noise):
    torch.manual_seed(1)
    noise = {"has_global_noise": False} | noise
    own = waves() if y is None else (waves(len(y))[0], y)
    likelihood = likelihood or MultitaskGaussianLikelihood(num_tasks=2, **noise)
    return trained(Table(own[0] if x is None else x, own[1], likelihood, kernel), steps)


def lines(likelihood=None, steps=60, first=False, scale=1.0):
    torch.manual_seed(1)
    x, y = waves()
    y = y * torch.tensor([1.0, scale]).double()
    task = torch.arange(2).repeat_interleave(30)[:, None]
    inputs = (task, x.repeat(2)[:, None]) if first else (x.repeat(2), task)
    return trained(Lines(inputs, y.T.reshape(-1), likelihood or GaussianLikelihood(), first), steps)


def changed(model, **values):
    for part in model.modules():
        for name, value in values.items():
            if isinstance(getattr(type(part), name, None), property) and getattr(part, name) is not None:
                part.initialize(**{name: torch.full_like(getattr(part, name), value)})
    return model


def with_targets(model, change):
    model.set_train_data(targets=change(model.train_targets.clone()), strict=False)
    return model


def holed(y):
    y[10:18, 0] = torch.nan
    return y


def early():
    """Asked, and only then changed."""
    model = table()
    with torch.no_grad():
        model(model.train_inputs[0])
    return changed(model, lengthscale=0.05)


def asked_at_half(model, of_f):
    x = model.train_inputs[0][:9] + 0.01
    with torch.no_grad():
        f = model(x)
        return model, {"test_x": x, "predicted": f if of_f else model.likelihood(f)}


def wide(cells=410):
    y = waves(cells)[1]
    likelihood = MultitaskGaussianLikelihood(num_tasks=2, has_global_noise=False)
    model = Table(waves(cells)[0], y, likelihood).double().eval()
    return changed(model, lengthscale=0.3, task_noises=0.05)


def two_terms(cells=410):
    x, y = waves(cells, 40.0)
    likelihood = MultitaskGaussianLikelihood(num_tasks=2, has_global_noise=False)
    kernel = LCMKernel([RBFKernel(), RBFKernel()], num_tasks=2, rank=1)
    model = changed(Table(x, y, likelihood, kernel).double().eval(), task_noises=0.001)
    for part, length in zip(kernel.covar_module_list, (0.05, 0.02), strict=True):
        part.data_covar_module.lengthscale = length
    return model


def mirrored():
    x, y = waves()
    return torch.stack([y[:, 0], -y[:, 0]], 1) + 0.01 * torch.stack([y[:, 1], y[:, 1].flip(0)], 1)


def other_likelihood():
    model = table()
    return model, changed(copy.deepcopy(model.likelihood), task_noises=0.5)


def ragged():
    x, _ = waves()
    return table(kernel=MultitaskKernel(RBFKernel(active_dims=[0]), num_tasks=2), x=torch.stack([x, x.flip(0) ** 2], 1))


def no_numbers():
    model = table(steps=0)
    with torch.no_grad():
        next(iter(model.parameters())).fill_(torch.nan)
    return model


class Refuses(Table):
    """Fails when it predicts."""

    def forward(self, x):
        if len(x) != len(self.train_inputs[0]):
            raise RuntimeError("the sizes do not fit")
        return super().forward(x)


class Odd(Table):
    """Says another thing when it is trained than when it predicts."""

    def forward(self, x):
        f = super().forward(x)
        return f if not self.training else MultitaskMultivariateNormal(f.mean, f.lazy_covariance_matrix * 1.5)


def own_class(kind):
    likelihood = MultitaskGaussianLikelihood(num_tasks=2, has_global_noise=False)
    return kind(*waves(), likelihood).double().eval()


MASK, NONE, FAST = lambda: settings.observation_nan_policy("mask"), nullcontext, settings.fast_pred_var
FAR, FIXED = lambda y: 3 * y + 30, lambda n: FixedNoiseGaussianLikelihood(torch.full((n,), 0.05).double())
PLANTED = {  # name of the trap: what makes it, settings, further arguments
    "NaN": [(lambda: with_targets(table(), holed), NONE, {}), (no_numbers, NONE, {}),
            (lambda: with_targets(table(), holed), lambda: settings.observation_nan_policy("fill"), {})],
    "masked": [(lambda: with_targets(table(), holed), MASK, {})],
    "fixed noise": [(lambda: table(likelihood=FIXED(60), steps=1), NONE, {})],
    "order": [(lambda: table(waves()[1].T.contiguous(), steps=20, x=waves()[0]), NONE, {}),
              (lambda: table(waves()[1].T.reshape(30, 2)), NONE, {}),
              (table, NONE, {"train_y": waves()[1].flip(0)})],
    "other data": [(table, NONE, {"train_y": waves()[1] * torch.tensor([1.0, 1.1]).double()}),
                   (table, NONE, {"train_x": waves()[0] + 1})],
    "train mode": [(lambda: table().train(), NONE, {})],
    "prior mode": [(table, settings.prior_mode, {})],
    "skip variances": [(table, settings.skip_posterior_variances, {}), (lines, settings.skip_posterior_variances, {})],
    "fast_pred_var": [(wide, FAST, {})],
    "800 cells": [(two_terms, NONE, {}), (lines, lambda: settings.max_cholesky_size(20), {})],
    "single precision": [(lambda: changed(table(), lengthscale=0.4, task_noises=2e-4).float(), NONE, {})],
    "singular": [(lambda: table(x=waves()[0].round(decimals=1), likelihood=MultitaskGaussianLikelihood(
        2, has_global_noise=False, noise_constraint=gpytorch.constraints.GreaterThan(1e-18)).initialize(
        raw_task_noises=torch.full((2,), -45.0)), steps=0), NONE, {})],
    "stale cache": [(early, NONE, {})],
    "two likelihoods": [(other_likelihood, NONE, {})],
    "task from x": [(lambda: changed_noise(lines(HadamardGaussianLikelihood(2), steps=0)), NONE, {})],
    "active dims": [(ragged, NONE, {})],
    "wrong prior": [(lambda: own_class(Parts), NONE, {})],
    "fails": [(lambda: own_class(Refuses), NONE, {})],
    "unexplained": [(lambda: own_class(Odd), NONE, {})],
    "f for y": [(lambda: asked_at_half(table(), True), NONE, {}), (lambda: asked_at_half(table(), True), FAST, {})],
    "predicted": [(lambda: shifted(asked_at_half(table(), False)), NONE, {})],
    "mean": [(lambda: table(FAR(waves()[1]), steps=20), NONE, {})],
    "not converged": [(lambda: table(steps=10), NONE, {}), (lambda: lines(steps=10), NONE, {})],
    "other optimum": [(lambda: bad_start(), NONE, {})],
    "length-scale": [(lambda: changed(table(), lengthscale=1e-4), NONE, {}),
                     (lambda: changed(lines(), lengthscale=50.0), NONE, {})],
    "copies": [(lambda: table(mirrored()), NONE, {})],
    "nothing shared": [(lambda: own_class(Parts), NONE, {})],
    "scale beside B": [(lambda: table(kernel=ScaleKernel(MultitaskKernel(RBFKernel(), num_tasks=2))), NONE, {}),
                       (lambda: table(kernel=MultitaskKernel(ScaleKernel(RBFKernel()), num_tasks=2)), NONE, {})],
    "two noises": [(lambda: table(has_global_noise=True), NONE, {})],
    "noise rank": [(lambda: table(has_global_noise=True, rank=5), NONE, {})],
}  # fmt: skip
CLEAN = {
    "table": (table, NONE, {}),
    "complete, fast variances": (table, FAST, {}),
    "above 800 cells, in factors": (lambda: wide(), NONE, {"seconds": 0}),
    "above 800 cells, raised": (two_terms, lambda: settings.max_cholesky_size(10_000), {"seconds": 0}),
    "single precision that suffices": (lambda: table().float(), NONE, {}),
    "list of cells": (lines, NONE, {}),
    "noise of each task, task first": (lambda: lines(HadamardGaussianLikelihood(2), first=True, scale=3.0), NONE, {}),
    "fixed noise of each cell": (lambda: lines(FIXED(60)), NONE, {}),
    "full noise": (lambda: table(has_global_noise=True, rank=2), NONE, {}),
    "rank 2, Matern": (lambda: table(kernel=MultitaskKernel(MaternKernel(nu=1.5), num_tasks=2, rank=2)), NONE, {}),
    "bands of readings": (lambda: asked_at_half(table(), False), NONE, {}),
    "data as meant": (table, NONE, {"train_x": waves()[0], "train_y": waves()[1]}),
}


def changed_noise(model):
    model.likelihood.noise = torch.tensor([0.01, 0.5]).double()
    return model


def shifted(case):
    model, more = case
    found = more["predicted"]
    return model, more | {"predicted": MultitaskMultivariateNormal(found.mean + 5, found.covariance_matrix)}


def bad_start():
    x, y = waves(40, 60.0)
    model = Table(x, y, MultitaskGaussianLikelihood(2, has_global_noise=False)).double()
    return trained(changed(model, lengthscale=2.0), 100)


def report(build, context, more):
    case = build()
    model, extra = case if isinstance(case, tuple) else (case, None)
    likelihood = extra if isinstance(extra, gpytorch.likelihoods.Likelihood) else model.likelihood
    kept, mode = copy.deepcopy(model.state_dict()), model.training
    with context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = audit(model, likelihood, **{"seconds": 5.0} | (extra if isinstance(extra, dict) else {}) | more)
    assert all(torch.equal(value.nan_to_num(), kept[name].nan_to_num()) for name, value in model.state_dict().items())
    assert model.training == mode
    return found


@pytest.mark.parametrize("name, number", [(name, k) for name, cases in PLANTED.items() for k in range(len(cases))])
def test_a_planted_trap_is_named(name, number):
    found = report(*PLANTED[name][number])
    assert name in found.names, found
    assert TRAPS[name][2] in repr(found)


def test_each_trap_is_planted():
    assert set(PLANTED) == set(TRAPS)


@pytest.mark.parametrize("name", CLEAN)
def test_a_model_that_is_right_raises_no_alarm(name):
    found = report(*CLEAN[name])
    assert found.ok and not found.names - {"copies", "length-scale"}, found
    assert any(line.startswith("equal to the exact answer") for line in found.numbers)


@pytest.mark.parametrize("seed", range(20))
def test_a_random_model_at_its_own_draw_raises_no_alarm(seed):
    """Sizes, tasks, ranks, kernels and dtypes are drawn; the targets are a draw of the model itself."""
    torch.manual_seed(seed)
    pick = lambda *options: options[int(torch.randint(len(options), ()))]  # noqa: E731
    N, T, kind = pick(12, 30, 60), pick(2, 3, 5), pick("table", "terms", "lines")
    kernels = [pick(RBFKernel(), MaternKernel(nu=1.5), MaternKernel(nu=2.5)) for _ in range(2)]
    x, rank = torch.rand(N).sort().values.double(), pick(1, 2)
    if kind == "lines":
        task = torch.randint(T, (N, 1))
        task[:T, 0] = torch.arange(T)
        model = Lines((x, task), torch.zeros(N).double(), GaussianLikelihood())
        model.task_covar_module = IndexKernel(T, rank=rank)
    else:
        kernel = LCMKernel(kernels, T, rank) if kind == "terms" else MultitaskKernel(kernels[0], T, rank)
        likelihood = MultitaskGaussianLikelihood(T, rank=pick(0, T), has_global_noise=pick(True, False))
        model = Table(x, torch.zeros(N, T).double(), likelihood, kernel)
        model.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ZeroMean(), T)
    changed(model.double(), lengthscale=float(0.1 + 0.3 * torch.rand(())))
    with torch.no_grad():
        prior = model.forward(*model.train_inputs)
        y = model.likelihood(prior, list(model.train_inputs)).sample()
    model.set_train_data(targets=y, strict=False)
    single = seed % 4 == 0
    model = model.float() if single else model
    found = audit(model.eval(), model.likelihood, seconds=0)
    assert found.ok and found.numbers[-1].startswith("equal to the exact answer"), found


@pytest.fixture
def botorch(monkeypatch):
    """Its models and its fitting. To import it changes six settings of GPyTorch, which come back after the test."""
    fast = settings.fast_computations
    for part in (fast.covar_root_decomposition, fast.log_prob, fast.solves):
        monkeypatch.setattr(part, "_default", part._default)
    for part in (settings.cholesky_max_tries, settings.max_cholesky_size, settings.max_eager_kernel_size):
        monkeypatch.setattr(part, "_global_value", part._global_value)
    return pytest.importorskip("botorch.models"), pytest.importorskip("botorch.fit")


@pytest.mark.parametrize("kind", ["lines", "lines, known noise", "table"])
def test_a_model_of_botorch_raises_no_alarm(kind, botorch):
    models, fitting = botorch
    x, y = waves(20)
    rows = torch.cat([torch.stack([x, torch.full_like(x, t)], 1) for t in range(2)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "table":
            model = models.KroneckerMultiTaskGP(x[:, None], y)
        else:
            known = {"train_Yvar": torch.full((40, 1), 0.04).double()} if "known" in kind else {}
            model = models.MultiTaskGP(rows, y.T.reshape(-1, 1), task_feature=-1, **known)
        fitting.fit_gpytorch_mll(gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model))
        assert audit(model.train(), model.likelihood, seconds=0).names >= {"train mode"}
        found = audit(model.eval(), model.likelihood, seconds=5)
    assert found.ok and not found.names - {"two noises", "copies"}, found
    assert found.numbers[-1].startswith("equal to the exact answer")


def test_the_size_of_the_harm_is_that_of_a_sum_by_hand():
    """Masked holes: the bands of a table without them, by the module itself."""
    plain = icm(simulate.two_sines(n=20, seed=0)).exact_gp().eval()
    y = plain.train_targets.clone()
    y[2:5, 0] = torch.nan
    plain.set_train_data(targets=y, strict=False)
    with settings.observation_nan_policy("mask"):
        found = audit(plain, plain.likelihood, seconds=0)
    assert found.names >= {"masked"}
    right = Exact(plain, plain.likelihood).answers(plain.train_inputs)["f"]
    with settings.observation_nan_policy("mask"), torch.no_grad():
        given = plain(plain.train_inputs[0]).variance.reshape(-1)
    ratio = float((right / given).sqrt().max())
    assert f"bands of f up to {ratio:.3g} times too narrow" in repr(found)


def test_better_parameters_are_as_likely_as_it_says():
    model = table(steps=10)
    found = audit(model, model.likelihood)
    (early,) = (one for one in found.findings if one.name == "not converged")
    low = audit(model, model.likelihood, seconds=0).numbers[0]
    model.load_state_dict(found.better)
    again = audit(model.train().eval(), model.likelihood)
    gain = float(again.numbers[0].split()[-1]) - float(low.split()[-1])
    assert again.ok and gain > 1
    assert gain > float(early.harm.split()[-1]) - 0.06


def test_what_it_does_not_know_is_refused():
    model = table(steps=0)
    with pytest.raises(ValueError, match="likelihood: is a StudentTLikelihood"):
        audit(model, gpytorch.likelihoods.StudentTLikelihood())
    with pytest.raises(ValueError, match="model: is a Linear; pass an ExactGP"):
        audit(torch.nn.Linear(1, 1), model.likelihood)
    x, likelihood = waves()[0].expand(2, 30)[..., None], GaussianLikelihood(batch_shape=torch.Size([2]))
    batched = Table(x, waves()[1].T, likelihood)
    with pytest.raises(ValueError, match=r"model: holds inputs of shape \[2, 30, 1\]; pass one without batches"):
        audit(batched, likelihood)


def test_where_a_climb_raises_the_rest_is_said():
    """A forward that cannot be differentiated takes the second opinion away, and not the report."""

    class Once(Table):
        def forward(self, x):
            if torch.is_grad_enabled():
                raise RuntimeError("no gradients here")
            return super().forward(x)

    found = report(lambda: own_class(Once), MASK, {"seconds": 5.0})
    assert "no second opinion: no gradients here" in found.numbers
    assert any(line.startswith("equal to") for line in found.numbers)

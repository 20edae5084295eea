"""The numbers of the figure of a lag: its readings, the likeliest correlation and its answers are the module's."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scripts import CLOSE, KERNEL, loaded, source

from mtgp_tutorial import gaussian, kernels
from mtgp_tutorial.covariance import noise_covariance, observation_covariance, signal_covariance

SOURCE = source("lag")
ASK = """states => states.map(state => {
    const found = MTGP.lag.compute(state), listed = (one) => [Array.from(one.mean), Array.from(one.variance)];
    return { ...found, curve: Array.from(found.curve), tasks: found.tasks.map(listed) };
})"""
NORMALS = "[MTGP.gaussian.normals(129, 1), MTGP.gaussian.normals(82, 2)].map((list) => Array.from(list))"
KEYS = ("delay", "l", "noise", "allow")
SITUATIONS = [
    (0, 1, 0.1, 0),
    (0.6, 1, 0.1, 0),
    (0.6, 1, 0.1, 1),
    (1.37, 0.5, 0.05, 1),
    (3, 2, 0.05, 0),
    (2.2, 1.5, 0.5, 1),
    (1, 2, 0.3, 0),
]
STATES = [dict(zip(KEYS, one)) for one in SITUATIONS]
ROWS, DELAYS, ALONG = np.arange(41) / 4, np.arange(31) / 10, np.arange(101) / 10
SEEN = torch.tensor(np.c_[ROWS > -1, (ROWS < 3.9) | (ROWS > 6.1)]).T.nonzero(as_tuple=True)  # tasks, rows


def number(value):
    return torch.as_tensor(value, dtype=torch.float64)


def readings(state, weights, errors):
    """Both tasks [2, 41]: a weighted sum of bumps, the second read `delay` later, and errors."""
    knots, l = -12 + np.arange(129) / 4, state["l"]  # noqa: E741
    x = np.stack([ROWS, ROWS - state["delay"]])
    bumps = np.exp(-(((x[..., None] - knots) / l) ** 2))
    return bumps @ weights * np.sqrt(0.25 / (l * np.sqrt(np.pi / 2))) + state["noise"] * errors.reshape(2, 41)


def moments(state, lag, x):
    """The inputs of both tasks, as the delayed kernel has them (book: delayed)."""
    return number(np.r_[x, x - lag]) / state["l"]


def terms_of(state, lag, rho, x=ROWS):
    """The one equation's list of a kernel and a B, over 2 N rows: those of task 2 are relabelled."""
    u = moments(state, lag, x)
    one = number(1.0)
    return [(kernels.rbf((u[:, None] - u) ** 2)[0], torch.stack([one, rho, rho, one]).reshape(2, 2))]


def log_likelihood(state, lag, y, rho):
    tasks, rows = SEEN
    Sigma = state["noise"] ** 2 * torch.eye(2, dtype=torch.float64)
    C = observation_covariance(terms_of(state, lag, rho), Sigma, (rows + 41 * tasks, tasks))
    return gaussian.log_likelihood(y[tasks, rows], C)


def likeliest(state, lag, y):
    """The rho that the module's log likelihood is highest at, and that height; the slope by autograd."""
    value = partial(log_likelihood, state, lag, number(y))

    def slope(rho):
        rho = number(rho).requires_grad_()
        return torch.autograd.grad(value(rho), rho)[0].item()

    grid = np.linspace(-1, 1, 81)
    best = int(np.argmax([value(number(rho)).item() for rho in grid]))
    low, high = grid[max(0, best - 1)], grid[min(80, best + 1)]
    rho = high if slope(high) > 0 else brentq(slope, low, high, xtol=1e-14)
    return rho, value(number(rho)).item()


def posterior(state, lag, y, rho, t):
    """Mean and variance of f of one task along x, by the module's dense algebra."""
    x = np.r_[ROWS, ALONG]
    terms, (tasks, rows) = terms_of(state, lag, number(rho), x), SEEN
    Sigma = state["noise"] ** 2 * torch.eye(2, dtype=torch.float64)
    seen, new = (rows + len(x) * tasks, tasks), torch.arange(101) + 41 + len(x) * t
    wanted = new, torch.full_like(new, t)
    C = signal_covariance(terms, seen, seen) + noise_covariance(Sigma, seen, seen)
    cross, prior = signal_covariance(terms, wanted, seen), signal_covariance(terms, wanted, wanted)
    return [part.numpy() for part in gaussian.posterior(number(y)[tasks, rows], C, cross, prior.diagonal())]


def answers(state, normals):
    """All that the figure shows, by the module."""
    weights, errors = map(np.array, normals)
    y = readings(state, weights, errors)
    plain, known = likeliest(state, 0, y), likeliest(state, state["delay"], y)
    rho, lag = (known[0], state["delay"]) if state["allow"] else (plain[0], 0)
    some = [likeliest(state, 0, readings(state | {"delay": DELAYS[k]}, weights, errors))[0] for k in (0, 7, 12, 30)]
    tasks = [posterior(state, lag, y, rho, t) for t in range(2)]
    return {"y": y, "plain": plain, "known": known, "rho": rho, "some": some, "tasks": np.array(tasks)}


@pytest.fixture(scope="module")
def expected(blank):
    blank.evaluate(KERNEL)
    normals = blank.evaluate(NORMALS)
    return [answers(state, normals) for state in STATES]


def computed(blank, source):
    return loaded(blank, source).evaluate(ASK, STATES)


def worst(found, expected):
    """The largest difference between the script and the module."""
    far = 0.0
    for state, one, wanted in zip(STATES, found, expected):
        pairs = [(one["y"], wanted["y"]), (one["rho"], wanted["rho"]), (one["tasks"], wanted["tasks"])]
        pairs += [([one["curve"][k] for k in (0, 7, 12, 30)], wanted["some"])]
        for name in ("plain", "known"):
            rho, value = wanted[name]
            pairs += [(one[name]["rho"], rho), (one[name]["value"] / value, 1)]
        pairs += [(one["equal"], np.exp(-0.5 * (state["delay"] / state["l"]) ** 2))]
        far = max(far, *(float(np.abs(np.array(a, float) - np.array(b, float)).max()) for a, b in pairs))
    return far


def test_answers_are_those_of_the_module(blank, expected):
    assert worst(computed(blank, SOURCE), expected) < CLOSE

"""The figure of draws from a kernel: what its sentences claim."""

import numpy as np
import pytest
import torch

from mtgp_tutorial import kernels

KERNELS = ["RBF", "Matérn 3/2", "Matérn 1/2"]
# The largest move of a curve while the length-scale goes up by a per cent, and by half a per cent, from several places.
STEPS = """figure => [1.01, 1.005].map(step => Math.max(...[0.3, 0.5, 0.8, 1.3, 2, 3.3, 4.9].flatMap(l => {
    const at = l => MTGP.prior.compute({ ...figure.explore.start, kernel: KERNEL, l }).draws;
    const [before, after] = [at(l), at(l * step)];
    return before.flatMap((curve, i) => Array.from(curve, (v, j) => Math.abs(v - after[i][j])));
})))"""


PROFILES = [kernels.rbf, kernels.matern32, kernels.matern12]


def lower(kernel, length, n):
    """Factor of the module's kernel on n places of the figure, as the draws are made: in the order given."""
    x = torch.linspace(0, 10, n, dtype=torch.float64)
    K, _ = PROFILES[kernel](((x[:, None] - x) / length) ** 2)

    def of(order):
        return np.linalg.cholesky(K.numpy()[np.ix_(order, order)] + 1e-8 * np.eye(n))

    return of


@pytest.mark.parametrize("kernel", range(3))
@pytest.mark.parametrize(("length", "sd", "other"), [(1, 1, 3), (0.3, 2, 20), (5, 0.5, 0.3)])
def test_draws_and_map_are_made_of_the_kernels_of_the_module(playing, kernel, length, sd, other):
    """The same normals through factors of the module's matrices, by numpy."""
    figure = playing("prior", f"#explore&prior.kernel={kernel}&prior.l={length}&prior.sd={sd}&prior.l2={other}")
    orders, normals = figure.place.evaluate(
        """() => { const { coarseFirst, normals } = MTGP.gaussian;
        const Z = [4, 5, 6].map(seed => [...normals(193, seed)]);
        return [[coarseFirst(193), coarseFirst(33)], [Z, [...normals(33 * 33, 7)]]]; }"""
    )
    draws, field = np.zeros((3, 193)), np.zeros((33, 33))
    draws[:, orders[0]] = sd * np.array(normals[0]) @ lower(kernel, length, 193)(orders[0]).T
    up, across = (lower(kernel, one, 33)(orders[1]) for one in (other, length))
    field[np.ix_(orders[1], orders[1])] = up @ np.reshape(normals[1], (33, 33)) @ across.T
    assert figure.computed("found.draws.map(curve => [...curve])") == pytest.approx(draws, abs=1e-8)
    assert figure.computed("[...found.field]") == pytest.approx(field.ravel(), abs=1e-8)


def test_a_larger_sd_adds_no_crossing(playing):
    """A larger sd scales the draws, and no crossing of zero comes or goes."""
    figure = playing("prior")
    before = np.array(figure.computed("found.draws.map(curve => [...curve])"))
    crossings = figure.computed("found.crossings")
    slider = figure.place.get_by_role("slider", name="sd of f")
    slider.press("End")
    assert figure.state["sd"] == 2
    assert np.allclose(figure.computed("found.draws.map(curve => [...curve])"), 2 * before, atol=1e-9)
    assert figure.computed("found.crossings") == crossings
    assert f"thick draw {crossings[0]}" in figure.words()
    for kernel, rate in ((0, 1), (1, 3**0.5)):  # Rice: of 10 units of x, at length-scale 1
        figure = playing("prior", f"#explore&prior.kernel={kernel}")
        assert figure.computed("found.expected") == pytest.approx(rate * 10 / (2 * np.pi))


@pytest.mark.parametrize("kernel", range(3))
def test_draws_deform_and_never_jump(playing, kernel):
    """Half the step, half the move, for each kernel."""
    whole, half = playing("prior").place.evaluate(STEPS.replace("KERNEL", str(kernel)))
    assert 0 < whole < 0.05 and 0.4 < half / whole < 0.6


def test_another_kernel_roughens_the_same_draws(playing):
    """Steps between neighbours grow; the curves stay where they were on a large scale."""
    figure, steps, draws = playing("prior"), [], []
    for name in KERNELS:
        figure.place.get_by_text(name, exact=True).click()
        figure.settle()
        draws.append(np.array(figure.computed("found.draws.map(curve => [...curve])")))
        steps.append(np.abs(np.diff(draws[-1], 2)).mean())
    assert steps[0] * 3 < steps[1] and steps[1] * 3 < steps[2]
    assert all(np.corrcoef(draws[0].ravel(), other.ravel())[0, 1] > 0.7 for other in draws[1:])


def test_the_map_stretches_along_its_second_input_alone(playing):
    figure = playing("prior")

    def roughness():
        field = np.array(figure.computed("[...found.field]")).reshape(33, 33)
        return np.abs(np.diff(field, axis=0)).mean(), np.abs(np.diff(field, axis=1)).mean()

    before, curves = roughness(), figure.computed("found.draws.map(curve => [...curve])")
    figure.place.get_by_label("length-scale along the second input").press("End")
    after = roughness()
    assert after[0] < before[0] / 3 and after[1] > before[1] / 2
    assert figure.computed("found.draws.map(curve => [...curve])") == curves

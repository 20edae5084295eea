"""One log likelihood with its gradient: the forms against the LAPACK floor, and against GPyTorch.

    python tools/benchmarks/evaluations.py            # two minutes; all times are CPU milliseconds of one thread

"form": kernel, value and gradient in torch, against length-scale, B, Sigma and residual. "whole": as `fit` asks for
it, of one vector of parameters, by stacks where they are cheaper ("way"). "floor": LAPACK alone; on complete tables
the cheaper of T Cholesky factorisations with inverses (dpotrf, dpotri) and one eigendecomposition with its product,
else one Cholesky factorisation with inverse of the observed cells. "of complete": how many times the table without its
holes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from common import about, floor, side_by_side, table  # first: it sets the number of threads

import gpytorch  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import RBFKernel  # isort: skip

from torch.nn.utils import parameters_to_vector  # isort: skip

from mtgp_tutorial import Model, TaskData, icm, lmc  # isort: skip
from mtgp_tutorial.solvers import choice as solvers  # isort: skip
from mtgp_tutorial.solvers.solver import Solver  # isort: skip
from mtgp_tutorial.objective import Objective  # isort: skip


def free(model: Model) -> list[torch.Tensor]:
    """The parameters that are fitted."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def whole(model: Model) -> Callable[[], object]:
    """Value and gradient as `fit` asks for them."""
    flat, vector = Objective(model, False), parameters_to_vector(free(model)).detach().numpy().copy()
    return lambda: flat(vector)


def way(model: Model) -> str:
    """How `fit` asks."""
    flat = Objective(model, False)
    return "stack" if flat.stacks else flat.solver.__name__


def in_form(model: Model, form: type[Solver]) -> Callable[[], object]:
    """Kernel and form alone: gradient against length-scales, loads, Sigma and the residual."""
    given = solvers.problem_of(model)
    leaves = [value.detach().clone().requires_grad_() for value in (given.residual, given.Sigma)]
    loads = [load.detach().clone().requires_grad_() for load in form.loads(given)]
    problem = form.with_loads(given, loads)._replace(residual=leaves[0], Sigma=leaves[1])
    lengths = [p for name, p in model.named_parameters() if name.endswith("raw_lengthscale")]
    return lambda: torch.autograd.grad(form.log_likelihood(problem), [*leaves, *loads, *lengths])


def in_gpytorch(model: Model) -> Callable[[], object]:
    """The same model as a plain GPyTorch ExactGP with its default settings."""
    plain = model.exact_gp().train()
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(plain.likelihood, plain)
    return lambda: torch.autograd.grad(mll(plain(model.unit.x), model.unit.y), free(model))


def modelled(data: TaskData, kernels: int) -> Model:
    """An ICM with full noise, or an LMC, of RBF kernels."""
    return icm(data, noise="full", kernel=RBFKernel()) if kernels == 1 else lmc(data, kernels=[RBFKernel()] * kernels)


def complete(rows: int, tasks: int) -> str:
    model = modelled(table(rows, tasks), 1)
    form = solvers.cheapest(solvers.problem_of(model).shape())
    programs = {
        "cholesky": floor([rows] * tasks),
        "eigh": floor([rows], spectral=True),
        "form": in_form(model, form),
        "whole": whole(model),
        "gpytorch": in_gpytorch(model),
    }
    times = side_by_side(programs, 15 if rows <= 200 else 3)
    least = min(times["cholesky"], times["eigh"])
    return (
        f"{tasks:5} {rows:5} {form.__name__:9} {least:8.2f} {times['form']:8.2f} {times['form'] / least:6.2f} "
        f"{times['whole']:8.2f} {times['whole'] / least:6.2f} {times['gpytorch']:9.1f} "
        f"{times['gpytorch'] / times['whole']:6.1f}"
    )


def with_holes(rows: int, tasks: int, kernels: int, holes: float, gap: int) -> str:
    data = table(rows, tasks, holes=holes, gap=gap)
    model = modelled(data, kernels)
    shape = solvers.problem_of(model).shape()
    programs = {"floor": floor([shape.cells]), "dense": in_form(model, solvers.Dense), "whole": whole(model)}
    programs["complete"] = whole(modelled(table(rows, tasks), kernels))
    few = solvers.LowRankCorrection.cost(shape) < math.inf
    if few:
        programs["few holes"] = in_form(model, solvers.LowRankCorrection)
    times = side_by_side(programs, 9 if shape.cells <= 1000 else 2)
    gain = f"{times['few holes']:9.2f} {times['dense'] / times['few holes']:6.1f}" if few else " " * 16
    return (
        f"{tasks:5} {rows:5} {kernels:7} {shape.cells:6} {rows * tasks - shape.cells:6} {times['floor']:8.2f} "
        f"{times['dense']:8.2f} {times['dense'] / times['floor']:6.2f} {gain} {way(model):9} {times['whole']:8.2f} "
        f"{times['whole'] / times['complete']:6.2f}"
    )


def main() -> None:
    print(about())
    print("\ncomplete tables, one kernel, full noise")
    print("tasks  rows form         floor     form  ratio    whole  ratio   gpytorch  times")
    for tasks in (2, 3, 5, 10, 20):
        for rows in (100, 200, 500) if tasks > 5 else (100, 200, 500, 1000):
            print(complete(rows, tasks), flush=True)
    print("\nholes, and several kernels")
    print("tasks  rows kernels  cells  holes    floor    dense  ratio few holes  times way          whole  of complete")
    cases = [(250, 2, 2, 0.0, 0), (100, 5, 2, 0.0, 0), (25, 20, 2, 0.0, 0), (200, 5, 2, 0.1, 0), (100, 10, 2, 0.0, 0)]
    cases += [(500, 2, 2, 0.0, 0), (92, 4, 1, 0.0, 15), (360, 2, 1, 0.0, 40), (300, 4, 1, 0.0, 30), (300, 4, 1, 0.1, 0)]
    cases += [(1000, 2, 1, 0.0, 100), (500, 5, 1, 0.05, 0), (1000, 2, 1, 0.2, 0)]
    for case in cases:
        print(with_holes(*case), flush=True)


if __name__ == "__main__":
    main()

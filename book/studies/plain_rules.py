"""Plain rules and models that choose their kernel, on real holes: mtgp_tutorial/datasets/studies/plain_rules.csv.

The trials of cases.py (but its nine other stretches of the economy) and of five.py. Every method that has a kernel
chooses it by its own likelihood of the seen cells, from one list: Matern 1/2, Matern 3/2 and RBF.
"""

import five
from cases import CASES, SCORES
from gpytorch.kernels import MaternKernel, RBFKernel
from running import run

from mtgp_tutorial import fit, icm, impute, independent, scores
from mtgp_tutorial.tables import plain_methods

MODELS = {
    "independent, shared": lambda data, kernel: independent(data, hyperparameters="shared", kernel=kernel),
    "ICM": lambda data, kernel: icm(data, noise="per task", kernel=kernel),
    "ICM, full noise": lambda data, kernel: icm(data, noise="full", kernel=kernel),
}
KERNELS = {
    "matern12": lambda inputs: MaternKernel(nu=0.5, ard_num_dims=inputs),
    "matern32": lambda inputs: MaternKernel(nu=1.5, ard_num_dims=inputs),
    "rbf": lambda inputs: RBFKernel(ard_num_dims=inputs),
}
HOLES = [f"{lake} {start}" for lake in five.LAKES.tasks for start in five.STARTS]


def hole(trial):
    """A lake of the example file without the years from a start on."""
    lake, start = trial.rsplit(" ", 1)
    return five.LAKES.hide(lake, int(start), int(start) + five.LENGTH)


TRIALS = {name: case for name, case in CASES.items() if name != "US macro, others"}
TRIALS["example file"] = (hole, HOLES, lambda trial: int(trial.rsplit(" ", 1)[1]))


def by_rule(method, seen, hidden):
    """Kernel and prediction of a plain rule."""
    rule = plain_methods(kernels=tuple(KERNELS))[method](seen)
    answer = rule.forecast(hidden)
    kernels = {law.kernel for law in getattr(rule, "residuals", {}).values()}
    return "/".join(sorted(kernels)), answer


def by_model(method, seen, hidden):
    """The same of a model, with the kernel of the highest likelihood."""
    fits = {name: fit(MODELS[method](seen, build(seen.x.shape[1]))) for name, build in KERNELS.items()}
    kernel = max(fits, key=lambda name: fits[name].log_likelihood)
    return kernel, impute(fits[kernel])


def rows(case, label):
    """One row for each method."""
    make, _, cluster = TRIALS[case]
    seen, hidden = make(label)
    found = []
    trial = " ".join(map(str, label)) if isinstance(label, tuple) else label
    for method in [*plain_methods(), *MODELS]:
        kernel, answer = (by_model if method in MODELS else by_rule)(method, seen, hidden)
        named = {"case": case, "trial": trial, "cluster": cluster(label), "method": method, "kernel": kernel}
        table = scores.table(answer, hidden, seen).iloc[0]
        found.append(named | dict(table[["MAE", *SCORES]]))
    return found


if __name__ == "__main__":
    run(__file__, ((case, label) for case, (_, labels, _) in TRIALS.items() for label in labels))

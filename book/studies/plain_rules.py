"""Plain rules and models that choose their kernel, on real holes: mtgp_tutorial/datasets/studies/plain_rules.csv.

The trials of cases.py (but its nine other stretches of the economy) and of five.py. Every arm that has a kernel chooses
it by its own likelihood of the seen cells, from one list: Matern 1/2, Matern 3/2 and RBF. Joint scores stand where an
arm has one law for all hidden cells of a trial.
"""

import five
from cases import CASES, SCORES
from gpytorch.kernels import MaternKernel, RBFKernel
from running import run

from mtgp_tutorial import fit, icm, impute, independent, scores
from mtgp_tutorial.tables import Unanswered, plain_arms

MODELS = {
    "independent, shared": lambda data, kernel: independent(data, hyper="shared", kernel=kernel),
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


def by_rule(arm, seen, hidden):
    """Kernel, prediction and joint covariance (where there is one) of a plain rule."""
    rule = plain_arms(kernels=tuple(KERNELS))[arm](seen)
    answer = rule.forecast(hidden)
    kernels = {law.kernel for law in getattr(rule, "residuals", {}).values()}
    try:
        covariance = rule.joint(hidden)[1]
    except Unanswered:
        covariance = None
    return "/".join(sorted(kernels)), answer, covariance, sum(rule.bridged(hidden))


def by_model(arm, seen, hidden):
    """The same of a model, with the kernel of the highest likelihood."""
    fits = {name: fit(MODELS[arm](seen, build(seen.x.shape[1]))) for name, build in KERNELS.items()}
    kernel = max(fits, key=lambda name: fits[name].log_likelihood)
    answer = impute(fits[kernel], covariance=True)
    wanted = [(row, seen.tasks[t]) for row, t in hidden.observed.nonzero().tolist()]
    places = [list(answer.cells).index(cell) for cell in wanted]  # other holes of the file are filled, too
    return kernel, answer, answer.covariance[places][:, places], 0


def rows(case, label):
    """One row for each arm."""
    make, _, cluster = TRIALS[case]
    seen, hidden = make(label)
    wanted, found = hidden.observed, []
    trial = " ".join(map(str, label)) if isinstance(label, tuple) else label
    for arm in [*plain_arms(), *MODELS]:
        kernel, answer, covariance, bridged = (by_model if arm in MODELS else by_rule)(arm, seen, hidden)
        joint = None
        if covariance is not None:
            joint = float(scores.joint_nlpd(answer.mean[wanted], covariance, hidden.y[wanted]))
        named = {"case": case, "trial": trial, "cluster": cluster(label), "arm": arm, "kernel": kernel}
        table = scores.table(answer, hidden, seen).iloc[0]
        found.append(named | {"joint NLPD": joint} | dict(table[["MAE", *SCORES]]) | {"bridged": bridged})
    return found


if __name__ == "__main__":
    run(__file__, ((case, label) for case, (_, labels, _) in TRIALS.items() for label in labels))

"""Two optima off Peru: the best fit for each length-scale. mtgp_tutorial/datasets/studies/peru_profile.csv.

Four months, 61 years, two Junes in three hidden (seed 0); ICM with full noise.
Its length-scale is held, all else is fitted: once with priors (the objective, and the log likelihood there), once by
maximum likelihood. Shown in book/noise.ipynb.
"""

import numpy as np
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, datasets, fit, icm

LENGTHS = np.geomspace(0.1, 200, 23).round(3)


def june():
    """What is seen of the four months."""
    months = datasets.el_nino()
    four = [months.task_index(name) for name in ("March", "June", "September", "December")]
    sea = TaskData(months.x, months.y[:, four], [months.tasks[t] for t in four], ["°C"] * 4)
    return sea.hide_random("June", 2 / 3, seed=0)[0]


def held(data, length):
    """The ICM with full noise and a length-scale that is not fitted."""
    model = icm(data, noise="full", kernel=MaternKernel(nu=1.5))
    kernel = model.kernel.data_covar_module
    kernel.lengthscale = length
    kernel.raw_lengthscale.requires_grad_(False)
    return model


def rows(length):
    """One length-scale."""
    mode, likeliest = (fit(held(june(), length), priors=priors) for priors in (True, False))
    top = float(mode.starts["objective"].max())
    return [
        {
            "length": length,
            "cluster": length,
            "objective": top,
            "log likelihood at the mode": mode.log_likelihood,
            "highest log likelihood": likeliest.log_likelihood,
        }
    ]


if __name__ == "__main__":
    run(__file__, ((length,) for length in LENGTHS))

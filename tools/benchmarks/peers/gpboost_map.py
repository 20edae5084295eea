"""GPBoost's Vecchia approximation on a map: from a file of arrays to a file of predictions.

alone: column 1. residual: what its least-squares line on column 2 leaves. covariate: column 2 as one, fitted together
with the kernel. pair: both columns, "ar1_mf_matern", in which column 1's function is a multiple of column 2's plus one
of its own. Prints CPU seconds and the peak in GiB as JSON.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import gpboost
import numpy as np


def arranged(method, x, y, hidden):
    """Kernel, then inputs, covariates and values of the seen cells, then inputs and covariates of the hidden ones."""
    seen, one = ~np.isnan(y[:, 0]), np.ones((len(x), 1))
    if method == "pair":
        both = np.r_[np.c_[x[seen], one[seen]], np.c_[x, 0 * one]]
        values = np.r_[y[seen, 0], y[:, 1]]
        return "ar1_mf_matern", both, np.ones((len(both), 1)), values, np.c_[x, one][hidden], one[hidden]
    X = np.c_[one, y[:, 1]] if method == "covariate" else one
    return "matern", x[seen], X[seen], y[seen, 0], x[hidden], X[hidden]


if __name__ == "__main__":
    method, file, out = sys.argv[1:]
    given, start = np.load(file), time.process_time()
    y, hidden = given["y"], given["hidden"]
    line = np.polyfit(y[~hidden, 1], y[~hidden, 0], 1) if method == "residual" else [0.0]
    trend = np.polyval(line, y[:, 1])
    y = np.c_[y[:, 0] - trend, y[:, 1]]
    kernel, x, X, y, at, X_at = arranged(method, given["x"], y, hidden)
    # near in the map: by correlation, the default of "ar1_mf_matern", the fit had not ended after six minutes
    approximation = "vecchia_euclidean" if method == "pair" else "vecchia"
    model = gpboost.GPModel(
        gp_coords=x, cov_function=kernel, cov_fct_shape=1.5, gp_approx=approximation, num_neighbors=20
    )
    model.fit(y=y, X=X)
    found = model.predict(gp_coords_pred=at, X_pred=X_at, predict_var=True)
    np.savez(out, mean=found["mu"] + trend[hidden], variance=found["var"])
    took, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    told = str(model.get_cov_pars().round(4).to_dict())
    print(json.dumps({"seconds": took, "peak": peak, "version": gpboost.__version__, "found": told}))

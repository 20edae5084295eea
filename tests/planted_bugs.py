"""Break each formula on purpose, and see whether the laws notice.

    python tests/planted_bugs.py        # prints which law caught which bug; exit 1 if one got away

Each bug is one replacement in one file of a copy of the module, and names the law that catches it. That law runs first
on the copy; the others run only where it did not notice.
"""

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BUGS = [  # what it is, file, the right code, the wrong code, the law that catches it
    (
        "first B for every term",
        "exact/covariance.py",
        "for K, B in terms)",
        "for K, B in [(K, terms[0][1]) for K, _ in terms])",
        "law_one_equation",
    ),
    (
        "last B for every term",
        "exact/covariance.py",
        "for K, B in terms)",
        "for K, B in [(K, terms[-1][1]) for K, _ in terms])",
        "law_one_equation",
    ),
    ("kappa dropped", "exact/covariance.py", "W @ W.T + torch.diag(kappa)", "W @ W.T", "law_symmetries"),
    (
        "noise at equal task instead of equal row",
        "exact/covariance.py",
        "a[0][:, None] == b[0][None, :]",
        "a[1][:, None] == b[1][None, :]",
        "law_one_equation",
    ),
    (
        "task-major cells",
        "exact/covariance.py",
        "rows, tasks = mask.nonzero(as_tuple=True)",
        "tasks, rows = mask.T.nonzero(as_tuple=True)",
        "law_one_equation",
    ),
    (
        "correlation without square root",
        "exact/covariance.py",
        "sd = variances.sqrt()",
        "sd = variances",
        "law_symmetries",
    ),
    (
        "posterior variance adds what was explained",
        "exact/gaussian.py",
        "prior - explained",
        "prior + explained",
        "law_kronecker_equals_dense",
    ),
    (
        "root of the draw not a root",
        "exact/gaussian.py",
        "values.clamp_min(0).sqrt() @ vectors.T",
        "values.clamp_min(0) @ vectors.T",
        "law_samples_of_missing_cells_have_their_moments",
    ),
    (
        "half log-determinant",
        "exact/gaussian.py",
        "log_det = 2 * factor.diagonal()",
        "log_det = factor.diagonal()",
        "law_kronecker_equals_dense",
    ),
    (
        "gradient without the inverse",
        "exact/gaussian.py",
        "torch.outer(weights, weights) - inverse",
        "torch.outer(weights, weights)",
        "law_kronecker_equals_dense",
    ),
    (
        "the noise of a row is not shared",
        "exact/form.py",
        "crosses.append((same_row.to(x.dtype), self.problem.Sigma))",
        "pass",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "weights that are not those of B",
        "exact/form.py",
        "K @ self.weights @ B.mT",
        "K @ self.weights @ B.abs().mT",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "gradient of the residual with the wrong sign",
        "exact/form.py",
        "-grad * ctx.form.weights",
        "grad * ctx.form.weights",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "rows counted among those kept",
        "exact/forms.py",
        "torch.where(rows >= 0, self.place[rows], -1)",
        "rows",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "weights not put back into their rows",
        "exact/forms.py",
        "weights[self.kept] = self.form.weights",
        "weights[: len(self.form.weights)] = self.form.weights",
        "law_every_form_has_the_inverse_of_the_loops",
    ),
    (
        "half log-determinant, dense",
        "exact/dense.py",
        "2 * self.L.diagonal().log()",
        "self.L.diagonal().log()",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "2 pi forgotten, dense",
        "exact/dense.py",
        " + len(self.r) * LOG_2PI",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "last B for every term, dense",
        "exact/dense.py",
        "for columns, B in zip(self.columns, self.numbers):\n                block",
        "for columns, B in zip(self.columns, self.numbers[::-1]):\n                block",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "noise of the first task for the second",
        "exact/dense.py",
        "C[a, b] += Sigma[one, other]",
        "C[a, b] += Sigma[one, one]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "a block without its mirror image",
        "exact/dense.py",
        "B[s][t] / 2 if s == t else B[s][t]",
        "B[s][t] / 2",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "gradient of Sigma on the diagonal alone",
        "exact/dense.py",
        "index_put((one, other), G[a, b]",
        "index_put((one, one), G[a, b]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "gradient of B transposed away",
        "exact/dense.py",
        "dB[s, t] = dB[t, s] = (block",
        "dB[s, t] = (block",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "rows of the other task",
        "exact/dense.py",
        "index_add_(0, self.rows[s], block, alpha=share)",
        "index_add_(0, self.rows[t][: len(self.rows[s])] if len(self.rows[t]) >= len(self.rows[s]) else self.rows[s], block, alpha=share)",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "explained squared too late",
        "exact/dense.py",
        "(half**2).sum(0)",
        "half.sum(0) ** 2",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "separate tasks with the noise of the first",
        "exact/separate.py",
        "Sigma=self.problem.Sigma[column, column]",
        "Sigma=self.problem.Sigma[:1, :1]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "separate: gradient of K from the last task alone",
        "exact/separate.py",
        "dKs[q] += dK",
        "dKs[q] = dK",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "separate: gradients of all noises for the first",
        "exact/separate.py",
        "dSigma[t, t] = own_dSigma[0, 0]",
        "dSigma[0, 0] += own_dSigma[0, 0]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "separate: cells of another task",
        "exact/separate.py",
        "(cells[1] == t)",
        "(cells[0] == t)",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "separate: other unknowns' inputs",
        "exact/separate.py",
        "(cells[0][at], ",
        "(cells[0][: len(at)], ",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "log-determinant of Sigma once, not N times",
        "exact/split.py",
        "len(residual) * log_det_Sigma",
        "log_det_Sigma",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "2 pi forgotten, split",
        "exact/split.py",
        " + self.residual.numel() * LOG_2PI",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "gradient of B without its trace",
        "exact/split.py",
        " - P @ traces_K @ P.mT",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "traces swapped",
        "exact/split.py",
        "A.mT @ A - P @ traces_I",
        "A.mT @ A - P @ traces_K",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "gradient of K without lambda",
        "exact/split.py",
        "total.add_(inverse, alpha=lam)",
        "total.add_(inverse)",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "whitening forgotten on the way back",
        "exact/split.py",
        "torch.cat(columns, 1) @ self.P.mT",
        "torch.cat(columns, 1) @ self.P.inverse()",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "unknowns whitened by the transpose",
        "exact/split.py",
        "loads = [B @ self.P for",
        "loads = [B @ self.P.mT for",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "cross terms of signal and noise forgotten",
        "exact/split.py",
        "for p, right in enumerate(halves):",
        "for p, right in [(q, left)]:",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "spectral: gradient of K without lambda",
        "exact/split.py",
        "self.d @ self.lam)) @",
        "self.d.sum(1))) @",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "spectral: half is whole",
        "exact/split.py",
        "d.sqrt()[:, None] * rotated",
        "d[:, None] * rotated",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "spectral: trace without the spectrum",
        "exact/split.py",
        "torch.diag(self.s @ self.d)",
        "torch.diag(self.d.sum(0))",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "spectral: solve without the spectrum",
        "exact/split.py",
        "(self.d * (self.Q.mT @ residual @ self.P))",
        "(self.Q.mT @ residual @ self.P)",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: half of the determinant",
        "exact/few_holes.py",
        "self.log_det + 2 * self.F",
        "self.log_det + self.F",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: 2 pi of the holes",
        "exact/few_holes.py",
        " + 0.5 * len(self.F) * LOG_2PI",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: filled with the wrong sign",
        "exact/few_holes.py",
        "fill = -torch",
        "fill = torch",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: trace not corrected",
        "exact/few_holes.py",
        ' - torch.einsum("ari,aqi->rq", U, U)',
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: spectrum forgotten in the correction",
        "exact/few_holes.py",
        "U * self.s, U",
        "U, U",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: lambda for its root",
        "exact/few_holes.py",
        "self.lam.sqrt()[:, None]",
        "self.lam[:, None]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "few holes: correction added",
        "exact/few_holes.py",
        "return whole - (",
        "return whole + (",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "few holes: loads of the first output",
        "exact/few_holes.py",
        "load[cells[1]]",
        "load[cells[1] * 0]",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "projected: the columns outside forgotten",
        "exact/projected.py",
        " - 0.5 * self.beyond",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "projected: trace outside forgotten",
        "exact/projected.py",
        " - K.diagonal().sum() * self.rest",
        "",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "projected: mixed terms forgotten",
        "exact/projected.py",
        "mixed + mixed.mT + alone",
        "alone",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "projected: weights inside alone",
        "exact/projected.py",
        "(self.core.weights @ self.V.mT + self.outside)",
        "(self.core.weights @ self.V.mT)",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "projected: noise outside explains nothing",
        "exact/projected.py",
        "return inside + signal",
        "return inside + 0 * signal",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "projected: variances outside explain nothing",
        "exact/projected.py",
        "return inside + sum(",
        "return inside + 0 * sum(",
        "law_every_form_has_the_posterior_of_the_loops",
    ),
    (
        "projected: the smallest columns",
        "exact/projected.py",
        "[1][:, -R:]",
        "[1][:, :R]",
        "law_every_form_has_the_value_and_gradient_of_the_loops",
    ),
    (
        "standard deviation over all tasks",
        "table/data.py",
        "column.std(correction=0) if",
        "self.y.nan_to_num().std() if",
        "law_independent_is_separate_gps",
    ),
    (
        "mean of tasks not added back",
        "table/data.py",
        "y * self.sd + self.mean",
        "y * self.sd",
        "law_gpytorch_says_the_same",
    ),
    (
        "trend without intercept",
        "table/trends.py",
        "torch.ones_like(x[:, :1])",
        "torch.zeros_like(x[:, :1])",
        "law_trends_come_from_seen_cells",
    ),
    (
        "trend on the wrong task",
        "table/trends.py",
        "torch.stack(lines, 1)",
        "torch.stack(lines[::-1], 1)",
        "law_trends_come_from_seen_cells",
    ),
    (
        "L L^T alone as Sigma",
        "models/noise.py",
        "Sigma = Sigma + likelihood.noise * torch.eye",
        "Sigma = Sigma + 0 * torch.eye",
        "law_model_likelihood_equals_loops",
    ),
    (
        "LKJ sign",
        "models/priors.py",
        "value = value + torch.linalg.slogdet",
        "value = value - torch.linalg.slogdet",
        "law_prior_is_the_stated_density",
    ),
    (
        "length-scale prior ignores the spread",
        "models/priors.py",
        "scale / reference",
        "scale",
        "law_fit_follows_the_scale_of_data_and_inputs",
    ),
    ("kappa of 1 for none", "models/kernels.py", "0.0 if own else -math.inf", "0.0", "law_one_hot_lmc_is_independent"),
    (
        "Matern 5/2 with the slope of 3/2",
        "models/closed.py",
        ".mul_(decay).mul_(5 / 3)",
        ".mul_(3 * decay)",
        "law_closed_kernels_have_their_digits",
    ),
    (
        "Matern 5/2 without its square",
        "models/closed.py",
        "u, decay, value=5 / 3",
        "u, decay, value=0",
        "law_closed_kernels_have_their_digits",
    ),
    (
        "Matern 3/2 not rescaled",
        "models/closed.py",
        "(3 * u).sqrt_()",
        "u.sqrt()",
        "law_closed_kernels_have_their_digits",
    ),
    (
        "one length-scale for all inputs",
        "models/closed.py",
        "length[d if len(length) > 1 else 0]",
        "length[0]",
        "law_closed_kernels_have_their_digits",
    ),
    (
        "derivative of the logarithm",
        "models/closed.py",
        "for part in parts]) / length",
        "for part in parts])",
        "law_closed_kernels_have_their_derivatives",
    ),
    (
        "alpha without its own term",
        "models/closed.py",
        "slope * share - K * torch.log1p(share)",
        "slope * share",
        "law_closed_kernels_have_their_derivatives",
    ),
    (
        "distances by expanded squares",
        "models/closed.py",
        "scaled = (x[:, d, None] - z[:, d]).mul_(1 / length",
        "scaled = (x[:, d, None] ** 2 - 2 * x[:, d, None] * z[:, d] + z[:, d] ** 2).clamp_min(0).sqrt().mul_(1 / length",
        "law_closed_kernels_have_their_digits",
    ),
    (
        "new inputs centred on their own mean",
        "models/kernels.py",
        "else self.kernel(z, x).to_dense().mT",
        "else self.kernel(x, z).to_dense()",
        "law_predictions_do_not_depend_on_their_companions",
    ),
    (
        "new inputs in one call",
        "models/kernels.py",
        "torch.cat([self(x, one[None]) for one in x], 1)",
        "self(x, x)",
        "law_predictions_do_not_depend_on_their_companions",
    ),
    (
        "W W^T alone as B",
        "models/kernels.py",
        "self.task_covar_module._eval_covar_matrix()",
        "(lambda W: W @ W.mT)(self.task_covar_module.covar_factor)",
        "law_gpytorch_says_the_same",
    ),
    (
        "one B for all kernels",
        "models/kernels.py",
        "part.terms()[0] for part in self.coregional",
        "Term(part.terms()[0].kernel, self.coregional[0].terms()[0].B) for part in self.coregional",
        "law_gpytorch_says_the_same",
    ),
    (
        "the last kernel for every B",
        "models/kernels.py",
        "part.terms()[0] for part in self.coregional",
        "Term(self.coregional[-1].terms()[0].kernel, part.terms()[0].B) for part in self.coregional",
        "law_gpytorch_says_the_same",
    ),
    (
        "tasks apart that share noise",
        "models/model.py",
        'and self.noise != "full"',
        "",
        "law_model_likelihood_equals_loops",
    ),
    (
        "narrow although there is a kappa",
        "models/model.py",
        "None if any(bool((kappa > 0).any())",
        "None if any(bool((kappa > 9).any())",
        "law_model_likelihood_equals_loops",
    ),
    (
        "mean forgotten",
        "models/model.py",
        "self.unit.y - self.means()",
        "self.unit.y",
        "law_model_likelihood_equals_loops",
    ),
    (
        "only the first term's variance",
        "models/model.py",
        "return sum(term.B for term in self.kernel.terms())",
        "return sum(term.B for term in self.kernel.terms()[:1])",
        "law_independent_is_separate_gps",
    ),
    (
        "prior on a singular B",
        "models/model.py",
        "self.columns() == self.data.num_tasks or",
        "True or",
        "law_a_singular_B_has_no_prior_on_its_correlation",
    ),
    (
        "no prior on the B of a kernel with kappa",
        "models/model.py",
        "any(bool((kappa > 0).all()) for",
        "any(bool((kappa > 1e9).all()) for",
        "law_a_singular_B_has_no_prior_on_its_correlation",
    ),
    (
        "the floor in single precision",
        "models/noise.py",
        "above_floor.lower_bound.fill_(FLOOR)",
        "pass",
        "law_the_floor_and_what_passes_setters_is_in_double_precision",
    ),
    (
        "a start in single precision",
        "models/noise.py",
        "torch.eye(len(factor), dtype=torch.float64)",
        "torch.eye(len(factor)) * torch.tensor(1 + 1e-7)",
        "law_the_floor_and_what_passes_setters_is_in_double_precision",
    ),
    (
        "start ignores the inputs' range",
        "fits/starting.py",
        "fraction * target.expand_as",
        "fraction + 0 * target.expand_as",
        "law_same_optimum_from_parametrisations_that_span_the_same_B",
    ),
    (
        "shares not of the sum",
        "fits/result.py",
        "parts / parts.sum(1, keepdim=True)",
        "parts / parts.sum(0, keepdim=True)",
        "law_lmc_with_equal_kernels_is_an_icm_with_the_sum_of_B",
    ),
    (
        "log likelihood not in data units",
        "fits/fitting.py",
        "best.log_likelihood() - best.log_scale()",
        "best.log_likelihood()",
        "law_fit_follows_the_scale_of_data_and_inputs",
    ),
    (
        "a shared signal counted T times",
        "fits/fitting.py",
        "B.diagonal()[:1] if model.one_signal",
        "B.diagonal() if model.one_signal",
        "law_a_shared_variance_is_counted_once",
    ),
    (
        "a shared noise counted T times",
        "fits/fitting.py",
        'Sigma.diagonal()[:1] if model.noise == "shared"',
        'Sigma.diagonal() if model.noise == "shared"',
        "law_a_shared_variance_is_counted_once",
    ),
    (
        "a factor kept for ever",
        "fits/result.py",
        "if kept is None or not all(map(_same, kept[0], state)):",
        "if kept is None:",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "a factor never kept",
        "fits/result.py",
        "if kept is None or not all(map(_same, kept[0], state)):",
        "if True:",
        "law_a_fit_keeps_its_factor_until_something_changes",
    ),
    (
        "the table not among what is watched",
        "fits/result.py",
        "state = [self.model.unit.x, self.model.unit.y, *",
        "state = [*",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "parameters in single precision",
        "fits/given.py",
        "torch.as_tensor(value, dtype=torch.float64)",
        "torch.as_tensor(value, dtype=torch.float32).double()",
        "law_parameters_can_be_set_without_a_fit",
    ),
    (
        "impute without the row's noise",
        "answers/predicting.py",
        "rows[used] if noise and rows is not None else None",
        "None",
        "law_impute_carries_the_noise_of_its_row",
    ),
    (
        "rows of other cells",
        "answers/predicting.py",
        "rows[used] if noise",
        "rows[: len(used)] if noise",
        "law_impute_carries_the_noise_of_its_row",
    ),
    (
        "impute ignores new observations",
        "answers/asking.py",
        "torch.cat([problem.residual, y - model.means()])",
        "torch.cat([problem.residual, y * torch.nan])",
        "law_missing_cells_have_the_joint_covariance_of_the_loops",
    ),
    (
        "new observations not centred",
        "answers/asking.py",
        "y - model.means()])",
        "y])",
        "law_missing_cells_have_the_joint_covariance_of_the_loops",
    ),
    (
        "noise of what is predicted forgotten",
        "answers/predicting.py",
        "(model.B() + Sigma if noise else model.B())",
        "model.B()",
        "law_predictive_is_the_conditional_of_the_joint",
    ),
    (
        "joint noise forgotten",
        "answers/predicting.py",
        "prior + noise_covariance(Sigma, cells, cells) if noise else prior",
        "prior",
        "law_gpytorch_says_the_same",
    ),
    (
        "variance scaled once",
        "answers/predicting.py",
        "variance.clamp_min(0) * scale.sd**2",
        "variance.clamp_min(0) * scale.sd",
        "law_predictive_is_the_conditional_of_the_joint",
    ),
    (
        "covariance scaled by one task",
        "answers/predicting.py",
        "joint * torch.outer(sd, sd)",
        "joint * scale.sd[0] ** 2",
        "law_gpytorch_says_the_same",
    ),
    (
        "seed of a sample ignored",
        "answers/predicting.py",
        "exact.sample(mean, covariance, num_samples, seed=seed)",
        "exact.sample(mean, covariance, num_samples, seed=0)",
        "law_samples_of_missing_cells_have_their_moments",
    ),
    (
        "missing cells by the wrong names",
        "answers/asking.py",
        "[tasks[t] for t in columns.tolist()]",
        "[tasks[-1 - t] for t in columns.tolist()]",
        "law_missing_cells_have_the_joint_covariance_of_the_loops",
    ),
    (
        "part through all kernels",
        "answers/latent.py",
        "mean, variance = _given_data(fit, x, term, term.B.diagonal())",
        "mean, variance = _given_data(fit, x, fit.model.kernel.terms()[0], term.B.diagonal())",
        "law_parts_and_latent_functions",
    ),
    (
        "latent function without its factor",
        "answers/latent.py",
        "Term(term.kernel, W.mT)",
        "Term(term.kernel, torch.ones_like(W.mT))",
        "law_parts_and_latent_functions",
    ),
    (
        "precision for variance when a cell is left out",
        "answers/leaving.py",
        "1 / conditioned.inverse_diagonal(cells)",
        "conditioned.inverse_diagonal(cells)",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "cells of a block one by one",
        "answers/leaving.py",
        "error[cells] = left @ weights[cells]",
        "error[cells] = left.diagonal() * weights[cells]",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "blocks ignored",
        "answers/leaving.py",
        "(labels == label) & observed",
        "(labels >= label) & (labels <= label + 1) & observed",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "left out with the wrong sign",
        "answers/leaving.py",
        "model.unit.y - error",
        "model.unit.y + error",
        "law_leave_out_is_what_is_left_when_cells_are_hidden",
    ),
    (
        "pooled SMSE",
        "judging/scores.py",
        "scale.mean[t], scale.sd[t] ** 2)",
        "scale.mean.mean(), scale.sd[t] ** 2)",
        "law_scores_are_per_task",
    ),
    (
        "SMSE by the test mean",
        "judging/scores.py",
        "mse(mean, y) / mse(train_mean, y)",
        "mse(mean, y) / mse(y.mean(), y)",
        "law_scores",
    ),
    (
        "NLPD with sd for variance",
        "judging/scores.py",
        "/ variance + variance.log()",
        "/ variance.sqrt() + variance.log()",
        "law_scores",
    ),
    ("CRPS sign", "judging/scores.py", "- 1 / math.sqrt(math.pi)", "+ 1 / math.sqrt(math.pi)", "law_scores"),
    ("one sd for two", "judging/scores.py", "<= 2 * variance.sqrt()", "<= variance.sqrt()", "law_scores"),
    (
        "overlap of splits forgotten",
        "judging/comparing.py",
        "1 / len(difference) + held_out / (1 - held_out)",
        "1 / len(difference)",
        "law_paired_comparisons",
    ),
    (
        "share hidden for hidden over seen",
        "judging/comparing.py",
        "held_out / (1 - held_out)",
        "held_out",
        "law_paired_comparisons",
    ),
    (
        "unpaired order of arms",
        "judging/comparing.py",
        "two.iloc[:, 0] - two.iloc[:, 1]",
        "two.iloc[:, 1] - two.iloc[:, 0]",
        "law_paired_comparisons",
    ),
    (
        "tasks weigh for trials",
        "judging/comparing.py",
        'groupby(["arm", "trial"])[score].mean()',
        'set_index(["arm", "trial"])[score].groupby(level=[0, 1]).sum()',
        "law_summaries_weigh_trials_alike",
    ),
    (
        "baseline less arm",
        "judging/comparing.py",
        "[(arm, baseline) for arm in arms if",
        "[(baseline, arm) for arm in arms if",
        "law_summaries_weigh_trials_alike",
    ),
    (
        "summary forgets the overlap",
        "judging/comparing.py",
        'by=["trial"], held_out=held_out)',
        'by=["trial"])',
        "law_summaries_weigh_trials_alike",
    ),
    (
        "hidden values in any place",
        "judging/trials.py",
        "(place * values).nansum()",
        "values.nansum()",
        "law_compare_scores_what_it_says_and_resumes",
    ),
    (
        "stored rows taken for any data",
        "judging/trials.py",
        "if not np.allclose(",
        "if False and not np.allclose(",
        "law_compare_scores_what_it_says_and_resumes",
    ),
    (
        "a hole predicted, not imputed",
        "judging/trials.py",
        "impute(fitted) if",
        "predict(fitted, seen.x) if",
        "law_compare_scores_what_it_says_and_resumes",
    ),
    (
        "stored numbers rounded",
        "judging/trials.py",
        "to_csv(draft, index=False)",
        'to_csv(draft, index=False, float_format="%.6g")',
        "law_compare_scores_what_it_says_and_resumes",
    ),
    (
        "uncorrelated noise drawn",
        "simulate.py",
        'normals @ cholesky(Sigma, "Sigma").T',
        "normals * Sigma.diagonal().sqrt()",
        "law_draws",
    ),
    (
        "Cholesky factor transposed in the draw",
        "simulate.py",
        'cholesky(Sigma, "Sigma").T',
        'cholesky(Sigma, "Sigma")',
        "law_draws",
    ),
    (
        "global random generator used",
        "simulate.py",
        "torch.randn(truth.y.shape, generator=generator, dtype",
        "torch.randn(truth.y.shape, dtype",
        "law_draws",
    ),
    ("lag of the wrong sign", "simulate.py", "* (x - lag))]", "* (x + lag))]", "law_two_sines"),
]


def laws_of(folder: Path) -> dict:
    """The laws by name, on the copy of the module in `folder`."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("laws", "mtgp_tutorial")]:
        del sys.modules[name]
    sys.path[:0] = [str(folder), str(ROOT / "tests")]
    importlib.invalidate_caches()
    try:
        laws = importlib.import_module("laws")
        assert Path(sys.modules["mtgp_tutorial"].__file__).is_relative_to(folder)
        return {law.__name__: law for law in laws.LAWS}
    finally:
        del sys.path[:2]


def caught_by(file: str, right: str, wrong: str, first: str) -> str | None:
    """Name of a law that fails on a module in which `right` reads `wrong`; the law named `first` runs first."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "mtgp_tutorial"
        shutil.copytree(ROOT / "mtgp_tutorial", copy, ignore=shutil.ignore_patterns("__pycache__"))
        source = (copy / file).read_text(encoding="utf8")
        assert source.count(right) == 1, f"{file}: {right!r} stands there {source.count(right)} times"
        (copy / file).write_text(source.replace(right, wrong), encoding="utf8")
        laws = laws_of(copy.parent)
        for law in [first, *(law for law in laws if law != first)]:
            try:
                laws[law]()
            except Exception:
                return law
    return None


def main() -> int:
    sys.dont_write_bytecode = True
    caught = 0
    for what, file, right, wrong, named in BUGS:
        law = caught_by(file, right, wrong, named)
        caught += law == named
        print(f"{what:55} {law or 'NOT CAUGHT'}{'' if law in (named, None) else f', not by {named}'}", flush=True)
    print(f"{caught} of {len(BUGS)} planted bugs caught by the law that is named for them")
    return int(caught < len(BUGS))


if __name__ == "__main__":
    sys.exit(main())

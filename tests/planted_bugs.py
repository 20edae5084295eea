"""Break each formula on purpose, and see whether the laws notice.

    python tests/planted_bugs.py        # prints which law caught which bug; exit 1 if one got away

Each bug is one replacement in one file of a copy of the module, and names the law that catches it. That law runs first
on the copy; the others run only where it did not notice.
"""

import compileall
import importlib
import os
import py_compile
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# fmt: off
BUGS = [  # one bug, one line: what it is, file, the right code, the wrong code, the law that catches it
    ("first B for every term", "exact/covariance.py", "for K, B in terms)", "for K, B in [(K, terms[0][1]) for K, _ in terms])", "law_one_equation"),
    ("last B for every term", "exact/covariance.py", "for K, B in terms)", "for K, B in [(K, terms[-1][1]) for K, _ in terms])", "law_one_equation"),
    ("kappa dropped", "exact/covariance.py", "W @ W.T + torch.diag(kappa)", "W @ W.T", "law_symmetries"),
    ("noise at equal task instead of equal row", "exact/covariance.py", "a[0][:, None] == b[0][None, :]", "a[1][:, None] == b[1][None, :]", "law_one_equation"),
    ("task-major cells", "exact/covariance.py", "rows, tasks = mask.nonzero(as_tuple=True)", "tasks, rows = mask.T.nonzero(as_tuple=True)", "law_one_equation"),
    ("correlation without square root", "exact/covariance.py", "sd = variances.sqrt()", "sd = variances", "law_symmetries"),
    ("posterior variance adds what was explained", "exact/gaussian.py", "prior - explained", "prior + explained", "law_kronecker_equals_dense"),
    ("root of the draw not a root", "exact/gaussian.py", "values.clamp_min(0).sqrt() @ vectors.T", "values.clamp_min(0) @ vectors.T", "law_samples_of_missing_cells_have_their_moments"),
    ("half log-determinant", "exact/gaussian.py", "log_det = 2 * factor.diagonal()", "log_det = factor.diagonal()", "law_kronecker_equals_dense"),
    ("gradient without the inverse", "exact/gaussian.py", "torch.outer(weights, weights) - inverse", "torch.outer(weights, weights)", "law_kronecker_equals_dense"),
    ("the noise of a row is not shared", "exact/form.py", "crosses.append((same_row.to(x.dtype), self.problem.Sigma))", "pass", "law_every_form_has_the_posterior_of_the_loops"),
    ("weights that are not those of B", "exact/form.py", "K @ self.weights @ B.mT", "K @ self.weights @ B.abs().mT", "law_every_form_has_the_posterior_of_the_loops"),
    ("gradient of the residual with the wrong sign", "exact/form.py", "-grad * ctx.form.weights", "grad * ctx.form.weights", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("rows counted among those kept", "exact/forms.py", "torch.where(rows >= 0, self.place[rows], -1)", "rows", "law_every_form_has_the_posterior_of_the_loops"),
    ("weights not put back into their rows", "exact/forms.py", "weights[self.kept] = self.form.weights", "weights[: len(self.form.weights)] = self.form.weights", "law_every_form_has_the_inverse_of_the_loops"),
    ("half log-determinant, dense", "exact/dense.py", "2 * self.L.diagonal().log()", "self.L.diagonal().log()", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("2 pi forgotten, dense", "exact/dense.py", " + len(self.r) * LOG_2PI", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("last B for every term, dense", "exact/dense.py", "for columns, B in zip(self.columns, self.numbers):\n                block", "for columns, B in zip(self.columns, self.numbers[::-1]):\n                block", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("noise of the first task for the second", "exact/dense.py", "C[a, b] += Sigma[one, other]", "C[a, b] += Sigma[one, one]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("a block without its mirror image", "exact/dense.py", "B[s][t] / 2 if s == t else B[s][t]", "B[s][t] / 2", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("gradient of Sigma on the diagonal alone", "exact/dense.py", "index_put((one, other), G[a, b]", "index_put((one, one), G[a, b]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("gradient of B transposed away", "exact/dense.py", "dB[s, t] = dB[t, s] = (block", "dB[s, t] = (block", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("rows of the other task", "exact/dense.py", "index_add_(0, self.rows[s], block, alpha=share)", "index_add_(0, self.rows[t][: len(self.rows[s])] if len(self.rows[t]) >= len(self.rows[s]) else self.rows[s], block, alpha=share)", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("explained squared too late", "exact/dense.py", "(half**2).sum(0)", "half.sum(0) ** 2", "law_every_form_has_the_posterior_of_the_loops"),
    ("separate tasks with the noise of the first", "exact/dense.py", "Sigma=self.problem.Sigma[column, column]", "Sigma=self.problem.Sigma[:1, :1]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("separate: gradient of K from the last task alone", "exact/dense.py", "dKs[q] += dK", "dKs[q] = dK", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("separate: gradients of all noises for the first", "exact/dense.py", "dSigma[t, t] = own_dSigma[0, 0]", "dSigma[0, 0] += own_dSigma[0, 0]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("separate: cells of another task", "exact/dense.py", "(cells[1] == t)", "(cells[0] == t)", "law_every_form_has_the_posterior_of_the_loops"),
    ("separate: other unknowns' inputs", "exact/dense.py", "(cells[0][at], ", "(cells[0][: len(at)], ", "law_every_form_has_the_posterior_of_the_loops"),
    ("log-determinant of Sigma once, not N times", "exact/split.py", "len(residual) * log_det_Sigma", "log_det_Sigma", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("2 pi forgotten, split", "exact/split.py", " + self.residual.numel() * LOG_2PI", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("gradient of B without its trace", "exact/split.py", " - P @ traces_K @ P.mT", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("traces swapped", "exact/split.py", "A.mT @ A - P @ traces_I", "A.mT @ A - P @ traces_K", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("gradient of K without lambda", "exact/split.py", "total.add_(inverse, alpha=lam)", "total.add_(inverse)", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("whitening forgotten on the way back", "exact/split.py", "torch.cat(columns, 1) @ self.P.mT", "torch.cat(columns, 1) @ self.P.inverse()", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("unknowns whitened by the transpose", "exact/split.py", "[B[outputs] @ self.P for", "[B[outputs] @ self.P.mT for", "law_every_form_has_the_posterior_of_the_loops"),
    ("cross terms of signal and noise forgotten", "exact/split.py", "for p, right in enumerate(halves):", "for p, right in [(q, left)]:", "law_every_form_has_the_posterior_of_the_loops"),
    ("the floor of a full noise has no slope when it is free", "fits/flat.py", 'np.trace(of_Sigma) * np.exp(p["likelihood.raw_noise"])', 'np.zeros(1) * (self.model.noise == "full") + np.trace(of_Sigma) * np.exp(p["likelihood.raw_noise"]) * (self.model.noise == "shared")', "law_the_flat_objective_is_the_models"),
    ("an arm with the noise of another", "judging/comparing.py", 'icm(data, noise="full", kernel=kernel)', "icm(data, kernel=kernel)", "law_arms_are_what_their_names_say"),
    ("the kernel of an arm ignored", "judging/comparing.py", '"ICM": lambda data: icm(data, kernel=kernel)', '"ICM": lambda data: icm(data)', "law_arms_are_what_their_names_say"),
    ("a noise that is ignored", "models/building.py", "ICMKernel(unit_kernel(kernel, data.x), data.num_tasks, rank), noise)", 'ICMKernel(unit_kernel(kernel, data.x), data.num_tasks, rank), "per task")', "law_noise_words_say_what_is_free"),
    ("ranks of the LMC ignored", "models/building.py", "data.num_tasks, ranks, own), noise)", "data.num_tasks, [1] * len(ranks), own), noise)", "law_ranks_and_kernels_reach_the_model"),
    ("a seed of two_sines that is ignored", "simulate.py", "_with_noise(truth, Sigma, seed)", "_with_noise(truth, Sigma, 0)", "law_seeds_count"),
    ("a seed of hide_random that is ignored", "table/data.py", "generator=generator(seed))", "generator=generator(0))", "law_seeds_count"),
    ("a seed of the places that is ignored", "fits/multistart.py", "qmc.Sobol(5 + T, seed=seed)", "qmc.Sobol(5 + T, seed=0)", "law_seeds_count"),
    ("two scores under each other's name", "judging/scores.py", '"MSE": mse(mean, y)', '"MSE": mae(mean, y)', "law_each_score_has_its_column"),
    ("tasks on the floor by the wrong axis", "fits/result.py", "** 2).sum(1)\n        return [task", "** 2).sum(0)\n        return [task", "law_on_floor_names_the_tasks_of_the_direction"),
    ("units of the likelihood without regard to holes", "models/model.py", "(self.unit.observed * self.scale.sd.log()).sum()", "(len(self.unit.y) * self.scale.sd.log()).sum()", "law_log_likelihood_is_that_of_the_data_in_their_units"),
    ("one length-scale measured by the mean range", "fits/flat.py", "self.log_spread.mean()\n            off", "np.log(np.exp(self.log_spread).mean())\n            off", "law_the_flat_objective_is_the_models"),
    ("one length-scale measured by the mean range, in autograd", "models/priors.py", "else spread.log().mean().exp()", "else spread.mean()", "law_length_scales_have_their_prior"),
    ("a period's length-scale has a prior", "models/priors.py", ' and not hasattr(part, "period_length")', "", "law_length_scales_have_their_prior"),
    ("Sigma in the place of B", "fits/result.py", "return self._in_data_units(self.model.Sigma())", "return self._in_data_units(self.model.B())", "law_a_prediction_has_the_labels_of_its_table"),
    ("constraints of a user's own in the flat form", "fits/flat.py", "type(each) is Positive and each._transform is torch.exp for each", "True for each", "law_constraints_of_a_users_own_stay_with_autograd"),
    ("variances for their logarithms", "fits/multistart.py", "[np.log(variances), np.arctanh", "[variances, np.arctanh", "law_coordinates_are_log_variances_and_arctanh_of_correlations"),
    ("places of any correlation", "fits/multistart.py", "2 * (u[:, 4] - 0.5) * 0.98", "2 * (u[:, 4] - 0.5) * 0.5", "law_places_stay_in_their_ranges"),
    ("another draw for the same seed", "simulate.py", "seed + 1_000_003", "seed + 1_000_004", "law_a_seed_gives_the_draw_that_it_always_gave"),
    ("small: gradient of K without lambda", "exact/split.py", "(Q * (d @ lam)) @ Q.T", "(Q * d.sum(1)) @ Q.T", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("small: traces swapped", "exact/split.py", "(P * (s @ d)) @ P.T", "(P * d.sum(0)) @ P.T", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("small: log determinant of Sigma once", "exact/split.py", "len(r) * log_det_Sigma", "log_det_Sigma", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("an indefinite B is taken", "exact/split.py", "if no_vectors or not lam[0] >= -1e-8 * abs(lam[-1]):", "if no_vectors:", "law_no_form_takes_what_is_no_covariance"),
    ("tasks that share nothing keep the climb that is best together", "fits/multistart.py", "best = max((np.where(piece, vector, best) for vector in vectors)", "best = max((vector for vector in vectors)", "law_each_task_has_its_best_climb"),
    ("spectral: gradient of K without lambda", "exact/split.py", "self.d @ self.lam)) @", "self.d.sum(1))) @", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("spectral: half is whole", "exact/split.py", "d.sqrt()[:, None] * rotated", "d[:, None] * rotated", "law_every_form_has_the_posterior_of_the_loops"),
    ("spectral: trace without the spectrum", "exact/split.py", "torch.diag(self.s @ self.d)", "torch.diag(self.d.sum(0))", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("spectral: solve without the spectrum", "exact/split.py", "(self.d * (self.Q.mT @ residual @ self.P))", "(self.Q.mT @ residual @ self.P)", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: half of the determinant", "exact/few_holes.py", "self.log_det + 2 * self.F", "self.log_det + self.F", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: 2 pi of the holes", "exact/few_holes.py", " + 0.5 * len(self.F) * LOG_2PI", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: filled with the wrong sign", "exact/few_holes.py", "fill = -torch", "fill = torch", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: trace not corrected", "exact/few_holes.py", ' - torch.einsum("ari,aqi->rq", U, U)', "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: spectrum forgotten in the correction", "exact/few_holes.py", "U * self.s, U", "U, U", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: lambda for its root", "exact/few_holes.py", "self.lam.sqrt()[:, None]", "self.lam[:, None]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("few holes: correction added", "exact/few_holes.py", "return whole - (", "return whole + (", "law_every_form_has_the_posterior_of_the_loops"),
    ("few holes: loads of the first output", "exact/few_holes.py", "load[cells[1]]", "load[cells[1] * 0]", "law_every_form_has_the_posterior_of_the_loops"),
    ("projected: the columns outside forgotten", "exact/dense.py", " - 0.5 * self.beyond", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("projected: trace outside forgotten", "exact/dense.py", " - K.diagonal().sum() * self.rest", "", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("projected: mixed terms forgotten", "exact/dense.py", "mixed + mixed.mT + alone", "alone", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("projected: weights inside alone", "exact/dense.py", "(self.core.weights @ self.V.mT + self.outside)", "(self.core.weights @ self.V.mT)", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("projected: noise outside explains nothing", "exact/dense.py", "return inside + signal", "return inside + 0 * signal", "law_every_form_has_the_posterior_of_the_loops"),
    ("projected: variances outside explain nothing", "exact/dense.py", "return inside + sum(", "return inside + 0 * sum(", "law_every_form_has_the_posterior_of_the_loops"),
    ("projected: the smallest columns", "exact/dense.py", "[1][:, -R:]", "[1][:, :R]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("standard deviation over all tasks", "table/data.py", "column.std(correction=0) if", "self.y.nan_to_num().std() if", "law_independent_is_separate_gps"),
    ("mean of tasks not added back", "table/data.py", "y * self.sd + self.mean", "y * self.sd", "law_gpytorch_says_the_same"),
    ("trend without intercept", "table/trends.py", "torch.ones_like(x[:, :1])", "torch.zeros_like(x[:, :1])", "law_trends_come_from_seen_cells"),
    ("trend on the wrong task", "table/trends.py", "for task, cells, y in fits], 1)", "for task, cells, y in fits][::-1], 1)", "law_trends_come_from_seen_cells"),
    ("L L^T alone as Sigma", "models/noise.py", "Sigma = Sigma + likelihood.noise * torch.eye", "Sigma = Sigma + 0 * torch.eye", "law_model_likelihood_equals_loops"),
    ("LKJ sign", "models/priors.py", "value = value + torch.linalg.slogdet", "value = value - torch.linalg.slogdet", "law_prior_is_the_stated_density"),
    ("length-scale prior ignores the spread", "models/priors.py", "scale / reference", "scale", "law_prior_is_the_stated_density"),
    ("kappa of 1 for none", "models/kernels.py", "0.0 if own else -math.inf", "0.0", "law_one_hot_lmc_is_independent"),
    ("Matern 5/2 with the slope of 3/2", "models/closed.py", ".mul_(decay).mul_(5 / 3)", ".mul_(3 * decay)", "law_closed_kernels_have_their_digits"),
    ("Matern 5/2 without its square", "models/closed.py", "u, decay, value=5 / 3", "u, decay, value=0", "law_closed_kernels_have_their_digits"),
    ("Matern 3/2 not rescaled", "models/closed.py", "(3 * u).sqrt_()", "u.sqrt()", "law_closed_kernels_have_their_digits"),
    ("one length-scale for all inputs", "models/closed.py", "length[d if len(length) > 1 else 0]", "length[0]", "law_closed_kernels_have_their_digits"),
    ("derivative of the logarithm", "models/closed.py", "for part in parts]) / length", "for part in parts])", "law_closed_kernels_have_their_derivatives"),
    ("alpha without its own term", "models/closed.py", "slope * share - K * torch.log1p(share)", "slope * share", "law_closed_kernels_have_their_derivatives"),
    ("distances by expanded squares", "models/closed.py", "scaled = (x[:, d, None] - z[:, d]).mul_(1 / length", "scaled = (x[:, d, None] ** 2 - 2 * x[:, d, None] * z[:, d] + z[:, d] ** 2).clamp_min(0).sqrt().mul_(1 / length", "law_closed_kernels_have_their_digits"),
    ("new inputs centred on their own mean", "models/kernels.py", "else self.kernel(z, x).to_dense().mT", "else self.kernel(x, z).to_dense()", "law_predictions_do_not_depend_on_their_companions"),
    ("new inputs in one call", "models/kernels.py", "torch.cat([self(x, one[None]) for one in x], 1)", "self(x, x)", "law_predictions_do_not_depend_on_their_companions"),
    ("W W^T alone as B", "models/kernels.py", "self.task_covar_module._eval_covar_matrix()", "(lambda W: W @ W.mT)(self.task_covar_module.covar_factor)", "law_gpytorch_says_the_same"),
    ("one B for all kernels", "models/kernels.py", "part.terms()[0] for part in self.coregional", "Term(part.terms()[0].kernel, self.coregional[0].terms()[0].B) for part in self.coregional", "law_gpytorch_says_the_same"),
    ("the last kernel for every B", "models/kernels.py", "part.terms()[0] for part in self.coregional", "Term(self.coregional[-1].terms()[0].kernel, part.terms()[0].B) for part in self.coregional", "law_gpytorch_says_the_same"),
    ("tasks apart that share noise", "models/model.py", 'and self.noise != "full"', "", "law_model_likelihood_equals_loops"),
    ("narrow although there is a kappa", "models/model.py", "None if any(bool((kappa > 0).any())", "None if any(bool((kappa > 9).any())", "law_model_likelihood_equals_loops"),
    ("mean forgotten", "models/model.py", "self.unit.y - self.means()", "self.unit.y", "law_model_likelihood_equals_loops"),
    ("only the first term's variance", "models/model.py", "return sum(term.B for term in self.kernel.terms())", "return sum(term.B for term in self.kernel.terms()[:1])", "law_lmc_with_equal_kernels_is_an_icm_with_the_sum_of_B"),
    ("prior on a singular B", "models/model.py", "self.columns() + own >=", "9 + own >=", "law_a_singular_B_has_no_prior_on_its_correlation"),
    ("no prior on the B of a kernel with kappa", "models/model.py", "(torch.stack(kappas) > 0)", "(torch.stack(kappas) > 1e9)", "law_a_singular_B_has_no_prior_on_its_correlation"),
    ("the floor in single precision", "models/noise.py", "above_floor.lower_bound.fill_(FLOOR)", "pass", "law_the_floor_and_what_passes_setters_is_in_double_precision"),
    ("a start in single precision", "models/noise.py", "torch.eye(len(factor), dtype=torch.float64)", "torch.eye(len(factor)) * torch.tensor(1 + 1e-7)", "law_the_floor_and_what_passes_setters_is_in_double_precision"),
    ("start ignores the inputs' range", "fits/multistart.py", "fraction * target.expand_as", "fraction + 0 * target.expand_as", "law_fit_follows_the_scale_of_data_and_inputs"),
    ("shares not of the sum", "fits/result.py", "parts / parts.sum(1, keepdim=True)", "parts / parts.sum(0, keepdim=True)", "law_lmc_with_equal_kernels_is_an_icm_with_the_sum_of_B"),
    ("log likelihood not in data units", "fits/fitting.py", "best.log_likelihood() - best.log_scale()", "best.log_likelihood()", "law_fit_follows_the_scale_of_data_and_inputs"),
    ("a shared signal counted T times", "fits/flat.py", "B.diagonal()[:1] if model.one_signal", "B.diagonal() if model.one_signal", "law_a_shared_variance_is_counted_once"),
    ("a shared noise counted T times", "fits/flat.py", 'Sigma.diagonal()[: {"shared": 1, "none": 0}', 'Sigma.diagonal()[: {"none": 0}', "law_a_shared_variance_is_counted_once"),
    ("a factor kept for ever", "fits/result.py", "if kept is None or not all(map(_same, kept[0], state)):", "if kept is None:", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("a factor never kept", "fits/result.py", "if kept is None or not all(map(_same, kept[0], state)):", "if True:", "law_a_fit_keeps_its_factor_until_something_changes"),
    ("the table not among what is watched", "fits/result.py", "state = [unit.x, unit.y, *", "state = [*", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("parameters in single precision", "fits/result.py", "torch.as_tensor(value, dtype=torch.float64)", "torch.as_tensor(value, dtype=torch.float32).double()", "law_parameters_can_be_set_without_a_fit"),
    ("impute without the row's noise", "answers/predicting.py", "rows[used] if noise and rows is not None else None", "None", "law_impute_carries_the_noise_of_its_row"),
    ("rows of other cells", "answers/predicting.py", "rows[used] if noise", "rows[: len(used)] if noise", "law_impute_carries_the_noise_of_its_row"),
    ("impute ignores new observations", "answers/questions.py", "torch.cat([problem.residual, y - model.means()])", "torch.cat([problem.residual, y * torch.nan])", "law_missing_cells_have_the_joint_covariance_of_the_loops"),
    ("new observations not centred", "answers/questions.py", "y - model.means()])", "y])", "law_missing_cells_have_the_joint_covariance_of_the_loops"),
    ("noise of what is predicted forgotten", "answers/predicting.py", "(Sigma.diagonal() if noise else 0.0)", "0.0", "law_predictive_is_the_conditional_of_the_joint"),
    ("joint noise forgotten", "answers/predicting.py", "prior + noise_covariance(Sigma, cells, cells) if noise else prior", "prior", "law_gpytorch_says_the_same"),
    ("variance scaled once", "answers/predicting.py", "variance.clamp_min(0) * scale.sd**2", "variance.clamp_min(0) * scale.sd", "law_predictive_is_the_conditional_of_the_joint"),
    ("covariance scaled by one task", "answers/predicting.py", "joint[1] * torch.outer(sd, sd)", "joint[1] * scale.sd[0] ** 2", "law_gpytorch_says_the_same"),
    ("seed of a sample ignored", "answers/predicting.py", "num_samples, seed=seed, rounding", "num_samples, seed=0, rounding", "law_samples_of_missing_cells_have_their_moments"),
    ("missing cells by the wrong names", "answers/questions.py", "[tasks[t] for t in columns.tolist()]", "[tasks[-1 - t] for t in columns.tolist()]", "law_missing_cells_have_the_joint_covariance_of_the_loops"),
    ("part through all kernels", "answers/predicting.py", "mean, variance = _given_data(fit, x, term, term.B.diagonal())", "mean, variance = _given_data(fit, x, fit.model.kernel.terms()[0], term.B.diagonal())", "law_parts_and_latent_functions"),
    ("latent function without its factor", "answers/predicting.py", "term._replace(B=W.mT)", "term._replace(B=torch.ones_like(W.mT))", "law_parts_and_latent_functions"),
    ("precision for variance when a cell is left out", "answers/leaving.py", "1 / conditioned.inverse_diagonal(cells)", "conditioned.inverse_diagonal(cells)", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("cells of a block one by one", "answers/leaving.py", "error[block] = left @ weights[block]", "error[block] = left.diagonal() * weights[block]", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("blocks ignored", "answers/leaving.py", "labels.argsort(stable=True)", "torch.arange(len(labels))", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("left out with the wrong sign", "answers/leaving.py", "model.unit.y - error", "model.unit.y + error", "law_leave_out_is_what_is_left_when_cells_are_hidden"),
    ("pooled SMSE", "judging/scores.py", "scale.mean[t], scale.sd[t] ** 2)", "scale.mean.mean(), scale.sd[t] ** 2)", "law_scores_are_per_task"),
    ("SMSE by the test mean", "judging/scores.py", "mse(mean, y) / mse(train_mean, y)", "mse(mean, y) / mse(y.mean(), y)", "law_scores"),
    ("NLPD with sd for variance", "judging/scores.py", "/ variance + variance.log()", "/ variance.sqrt() + variance.log()", "law_scores"),
    ("CRPS sign", "judging/scores.py", "- 1 / math.sqrt(math.pi)", "+ 1 / math.sqrt(math.pi)", "law_scores"),
    ("one sd for two", "judging/scores.py", "<= 2 * variance.sqrt()", "<= variance.sqrt()", "law_scores"),
    ("clusters weigh by their trials", "judging/paired.py", "means[widest].mean(),", "difference.mean(),", "law_clusters_are_averaged_first_and_the_wider_interval_counts"),
    ("the narrower interval counts", "judging/paired.py", "widest = max(means", "widest = min(means", "law_clusters_are_averaged_first_and_the_wider_interval_counts"),
    ("clusters ignored", "judging/paired.py", "means = means or {", "means = {", "law_clusters_are_averaged_first_and_the_wider_interval_counts"),
    ("the summary forgets clusters", "judging/paired.py", "cluster=cluster, held_out=held_out)", "held_out=held_out)", "law_summaries_weigh_trials_alike"),
    ("two errors for t", "judging/paired.py", "stats.t.sf(", "(lambda z, k: stats.norm.sf(z))(", "law_verdicts_follow_the_rule"),
    ("a verdict of three clusters", "judging/paired.py", "LEVEL, FEWEST = 0.05, 4", "LEVEL, FEWEST = 0.05, 3", "law_verdicts_follow_the_rule"),
    ("no correction for many pairs", "judging/paired.py", "p * np.arange(len(p), 0, -1)", "p * 1", "law_verdicts_follow_the_rule"),
    ("Bonferroni for Holm", "judging/paired.py", "p * np.arange(len(p), 0, -1)", "p * len(p)", "law_verdicts_follow_the_rule"),
    ("Holm without its order", "judging/paired.py", ").cummax()", ")", "law_verdicts_follow_the_rule"),
    ("the median is not asked", "judging/paired.py", ' & (np.sign(mean) == np.sign(rows["median"]))', "", "law_verdicts_follow_the_rule"),
    ("wins for loses", "judging/paired.py", "np.where(mean < 0,", "np.where(mean > 0,", "law_verdicts_follow_the_rule"),
    ("coverage gets a verdict", "judging/paired.py", '"" if score == "coverage" else ', "", "law_verdicts_follow_the_rule"),
    ("a joint score of all cells, not of one", "judging/scores.py", "covariance) / len(y)", "covariance)", "law_joint_score_of_a_gap"),
    ("lags turned round", "answers/correlation.py", "data.x[:, 0] - data.x  #", "data.x - data.x[:, 0]  #", "law_empirical_correlations_find_lag_and_nugget"),
    ("neighbours counted at distance 0", "answers/correlation.py", "same if step == 0 else", "same if step is None else", "law_empirical_correlations_by_loops"),
    ("a row is its own neighbour", "answers/correlation.py", " & ~same for step", " for step", "law_empirical_correlations_by_loops"),
    ("twice the width", "answers/correlation.py", "<= width / 2", "<= width", "law_empirical_correlations_by_loops"),
    ("holes counted as zeros", "answers/correlation.py", "seen = data.observed.to(z)", "seen = torch.ones_like(z)", "law_empirical_correlations_by_loops"),
    ("noise at every distance", "answers/correlation.py", "(h[:, :, None] == 0) * Sigma", "Sigma", "law_model_correlations_are_those_of_its_observations"),
    ("correlation of f for y", "answers/correlation.py", "(B + Sigma).diagonal()", "B.diagonal()", "law_model_correlations_are_those_of_its_observations"),
    ("overlap of splits forgotten", "judging/paired.py", "1 / len(means) + held_out / (1 - held_out)", "1 / len(means)", "law_paired_comparisons"),
    ("share hidden for hidden over seen", "judging/paired.py", "+ held_out / (1 - held_out)", "+ held_out", "law_paired_comparisons"),
    ("unpaired order of arms", "judging/paired.py", "two.iloc[:, 0] - two.iloc[:, 1]", "two.iloc[:, 1] - two.iloc[:, 0]", "law_paired_comparisons"),
    ("tasks weigh for trials", "judging/paired.py", "[score].mean().reset_index()", "[score].sum().reset_index()", "law_summaries_weigh_trials_alike"),
    ("baseline less arm", "judging/paired.py", "[(arm, baseline) for arm in arms if", "[(baseline, arm) for arm in arms if", "law_summaries_weigh_trials_alike"),
    ("summary forgets the overlap", "judging/paired.py", "cluster=cluster, held_out=held_out)", "cluster=cluster)", "law_summaries_weigh_trials_alike"),
    ("hidden values in any place", "judging/comparing.py", "np.nan_to_num(steps, nan=-1)", "np.sort(np.nan_to_num(steps, nan=-1))", "law_compare_scores_what_it_says_and_resumes"),
    ("stored rows taken for any data", "judging/comparing.py", 'and (data == marks["data"]).all()', "and True", "law_compare_scores_what_it_says_and_resumes"),
    ("stored rows that forget what was seen", "judging/comparing.py", "_digest(seen, hidden)}", "_digest(hidden)}", "law_compare_scores_what_it_says_and_resumes"),
    ("a choice by two standard errors", "report/verdict.py", "ERRORS = 0.5", "ERRORS = 2.0", "law_what_fills_is_the_best_or_a_simpler_arm_nearly_as_good"),
    ("the last of the arms that are nearly as good", "report/verdict.py", "for arm in means if", "for arm in reversed(list(means)) if", "law_what_fills_is_the_best_or_a_simpler_arm_nearly_as_good"),
    ("a choice that counts trials, not parts", "report/verdict.py", 'if asked["stretch"].nunique() > 1 else', "if False else", "law_what_fills_is_the_best_or_a_simpler_arm_nearly_as_good"),
    ("decimals taken for months", "table/dates.py", 'rf"(?!\\d+\\.\\d+$)(?P<year>', 'rf"(?P<year>', "law_numbers_are_dates_only_where_they_run_as_months_do"),
    ("any six digits taken for months", "table/dates.py", "if larger.nunique() < 2 or part.nunique() < 2", "if part.nunique() < 2", "law_numbers_are_dates_only_where_they_run_as_months_do"),
    ("row numbers as a task", "table/roles.py", "for start in (0, 1))", "for start in (0,))", "law_row_numbers_are_no_task"),
    ("a hole predicted, not imputed", "judging/comparing.py", "impute(fitted, sd=sd) if", "predict(fitted, seen.x, sd=sd) if", "law_compare_scores_what_it_says_and_resumes"),
    ("stored numbers rounded", "judging/comparing.py", "to_csv(draft, index=False)", 'to_csv(draft, index=False, float_format="%.6g")', "law_compare_scores_what_it_says_and_resumes"),
    ("uncorrelated noise drawn", "simulate.py", 'normals @ cholesky(Sigma, "Sigma").T', "normals * Sigma.diagonal().sqrt()", "law_draws"),
    ("Cholesky factor transposed in the draw", "simulate.py", 'cholesky(Sigma, "Sigma").T', 'cholesky(Sigma, "Sigma")', "law_draws"),
    ("global random generator used", "simulate.py", "torch.randn(truth.y.shape, generator=generator(seed), dtype", "torch.randn(truth.y.shape, dtype", "law_draws"),
    ("lag of the wrong sign", "simulate.py", "* (x - lag))]", "* (x + lag))]", "law_two_sines"),
    ("a sample that knows no rounding but its own", "answers/predicting.py", ", rounding=1e-8 * largest)", ")", "law_samples_survive_the_rounding_of_a_large_prior"),
    ("variance 1 at every input", "models/kernels.py", "torch.ones_like(x[:, 0]) if is_closed(self.kernel) else self.kernel(x, diag=True)", "torch.ones_like(x[:, 0])", "law_a_kernels_own_variance_is_asked_at_new_inputs"),
    ("no new inputs for a kernel of GPyTorch's", "answers/predicting.py", "    if len(cells[0]) == 0:", "    if False:", "law_a_table_without_holes_has_nothing_missing"),
    ("flat: kappa not a logarithm", "fits/flat.py", 'dB.diagonal() * np.exp(p[part.signal + "raw_var"])', "dB.diagonal()", "law_the_flat_objective_is_the_models"),
    ("flat: half the slope of W", "fits/flat.py", "(dB + dB.T) @ p[part.signal", "dB @ p[part.signal", "law_the_flat_objective_is_the_models"),
    ("flat: half the slope of the noise factor", "fits/flat.py", "(of_Sigma + of_Sigma.T) @ p[name]", "of_Sigma @ p[name]", "law_the_flat_objective_is_the_models"),
    ("flat: no floor", "fits/flat.py", ") + FLOOR) * eye", ") + 0 * FLOOR) * eye", "law_the_flat_objective_is_the_models"),
    ("flat: prior on one B_q alone", "fits/flat.py", "flat_log_prior(means, np.sum(Bs, 0)", "flat_log_prior(means, Bs[0]", "law_the_flat_objective_is_the_models"),
    ("flat: a shared signal counted T times", "models/priors.py", "off[1:] = 0.0", "pass", "law_the_flat_objective_is_the_models"),
    ("flat: correlation without its variances", "models/priors.py", " - float(np.log(variances).sum())", "", "law_the_flat_objective_is_the_models"),
    ("flat: one length-scale for all inputs", "models/kernels.py", "* each for square, each in zip(self.squares, self.inverse)]", "* self.inverse[0] for square in self.squares]", "law_the_flat_objective_is_the_models"),
    ("flat: alpha not a logarithm", "models/kernels.py", "float(by_alpha) * self.alpha", "float(by_alpha)", "law_the_flat_objective_is_the_models"),
    ("flat: range forgotten in the prior", "fits/flat.py", "off = p[name] - spread - math.log(0.3)", "off = p[name] - math.log(0.3)", "law_the_flat_objective_is_the_models"),
    ("looking: the lowest places", "fits/multistart.py", "np.argsort(-heights", "np.argsort(heights", "law_places_are_what_they_say"),
    ("looking: places that are all alike", "fits/multistart.py", ".max() > APART for j", ".max() > 0 for j", "law_places_are_what_they_say"),
    ("looking: noise against the tasks' direction", "fits/multistart.py", "np.linalg.cholesky(along(R, of_noise))", "np.linalg.cholesky(along(R, -of_noise))", "law_places_are_what_they_say"),
    ("looking: the floor twice", "fits/multistart.py", "above = noise - FLOOR", "above = noise", "law_places_are_what_they_say"),
    ("looking: all of B for each kernel's noise", "fits/multistart.py", "B = scale * (1 - noise.mean())", "B = scale", "law_places_are_what_they_say"),
    ("looking: length-scales in units of the inputs", "fits/multistart.py", "math.log(length) + spread", "math.log(length)", "law_places_are_what_they_say"),
    ("looking: any height is that of the summit", "fits/multistart.py", "abs(top - value) < BELOW", "True", "law_natural_coordinates_do_not_see_rotations"),
    ("looking: correlations ignored", "fits/multistart.py", "np.arctanh(0.999 * R[np.triu_indices(len(M), 1)])", "np.zeros(0)", "law_natural_coordinates_do_not_see_rotations"),
    ("climbing: a box above the floor", "fits/fitting.py", "np.where(noise, np.minimum(low, NO_NOISE), low)", "low", "law_a_noise_comes_to_its_floor_from_anywhere"),
    ("check: an inverse's root that is upper on the other side", "judging/residuals.py", 'return cholesky(inverse.flip(0, 1), "inverse covariance").flip(0, 1)', 'return cholesky(inverse, "inverse covariance").mT', "law_one_step_errors_are_each_cell_against_those_before_it"),
    ("check: a block's variance before the rest is known", "judging/residuals.py", "left.diagonal().sqrt()[:, None]", "(U[block] ** 2).sum(1).rsqrt()[:, None]", "law_left_out_residuals_are_those_of_leave_out"),
    ("check: the farthest neighbour", "judging/residuals.py", "int(np.argmin(((unit[i]", "int(np.argmax(((unit[i]", "law_groups_are_compact"),
    ("intervals: twice the nats", "answers/correlation.py", "(rows + 2) / 2 * math.log1p", "(rows + 2) * math.log1p", "law_rows_are_worth_what_independent_rows_are"),
    ("intervals: half the nats at an end", "answers/correlation.py", "_left(loss, top.loss + drop)", "_left(loss, top.loss + drop / 2)", "law_intervals_are_those_of_the_profile"),
    ("known errors not squared", "models/model.py", "(self.unit.sd**2).nan_to_num()", "self.unit.sd.nan_to_num()", "law_known_errors_stand_on_the_diagonal"),
    ("known errors left out of C", "exact/dense.py", "C.diagonal().add_(self.problem.variances[self.cells])", "pass", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("tasks apart: the errors of the first task for all", "exact/dense.py", "known[:, column]", "known[:, :1]", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("known errors ignored by the split form", "exact/split.py", "shape.cells == shape.rows * shape.tasks and not shape.known", "shape.cells == shape.rows * shape.tasks", "law_every_form_has_the_value_and_gradient_of_the_loops"),
    ("known errors of the rows that are kept, unsorted", "exact/forms.py", "problem.variances[kept]", "problem.variances[: int(kept.sum())]", "law_known_errors_stand_on_the_diagonal"),
    ("sd of a call in standardised units", "answers/questions.py", "return (values / fit.model.scale.sd).nan_to_num() ** 2", "return values.nan_to_num() ** 2", "law_a_predicted_cell_has_the_learned_noise_and_what_the_call_gives"),
    ("further rows without their errors", "answers/questions.py", "both = [(fit.model.data, fit.model.data.sd), (table, table.sd)]", "both = [(fit.model.data, fit.model.data.sd), (table, None)]", "law_further_rows_bring_their_errors"),
    ("hidden cells leave their errors behind", "table/data.py", "self.sd.where(kept, torch.nan)", "self.sd", "law_tables_carry_their_errors_along"),
    ("fit: one place alone", "fits/fitting.py", "LOOKS = 64", "LOOKS = 1", "law_more_places_find_more"),
    ("a forecast that sees its horizon", "judging/forecasting.py", "return _rows(self.data, before), _rows", "return _rows(self.data, ahead), _rows", "law_a_cut_off_hides_what_comes_after_it"),
    ("overlapping cut-offs in stretches of their own", "judging/forecasting.py", "dict.fromkeys(names, names[0])", "zip(names, names)", "law_stretches_share_no_hidden_row"),
    ("a naive forecast as sure two seasons ahead as one", "judging/forecasting.py", "seasons * self.variances[t]", "self.variances[t]", "law_a_seasonal_naive_forecast_is_the_value_a_season_earlier"),
    ("the variance of a task in place of that of its seasonal differences", "judging/forecasting.py", "(values - self._earlier(self.seen.x[cells], task, 1)) ** 2", "(values - values.mean()) ** 2", "law_a_seasonal_naive_forecast_is_the_value_a_season_earlier"),
    ("every harmonic is the first", "table/trends.py", "[wave(h * turns)", "[wave(turns + 0 * h)", "law_a_trend_is_the_least_squares_fit"),
    ("a level that takes a line", "table/trends.py", "if self.line:", "if self.line is not None:", "law_a_trend_is_the_least_squares_fit"),
    ("the trend of a prediction is not put back", "table/trends.py", "mean=answer.mean + self.at(answer.x)", "mean=answer.mean", "law_what_a_trend_takes_it_gives_back"),
    ("a kept kernel loses its smoothness", "fits/saving.py", '"nu": getattr(kernel, "nu", None)}', '"nu": None}', "law_a_kept_fit_answers_the_same_to_the_bit"),
    ("a kept fit forgets what is free", "fits/saving.py", 'parameter.requires_grad_(name in words["free"])', "parameter.requires_grad_(False)", "law_a_kept_fit_says_how_it_was_reached"),
    ("a kept table loses its calendar", "fits/saving.py", "calendar=None if calendar is None else _calendar_from_plain(calendar)", "calendar=None", "law_a_kept_table_is_whole"),
    ("a checksum that nobody compares", "fits/saving.py", 'np.array_equal(arrays.pop("sha256"), _checksum(arrays))', 'arrays.pop("sha256") is not None', "law_a_changed_file_is_noticed"),
    ("day and month swapped", "table/dates.py", '("day", "month") if order == "day-first" else', '("day", "month") if order != "day-first" else', "law_day_and_month_stand_as_asked"),
    ("a month counted from one in a year", "table/dates.py", "when.month - 1 + day", "when.month + day", "law_a_month_is_a_twelfth_of_a_year"),
    ("all months of 31 days", "table/dates.py", "day / when.days_in_month", "day / 31", "law_a_month_is_a_twelfth_of_a_year"),
    ("a year as text that stops at its start", "table/data.py", 'year=year + (name == "stop")', "year=year", "law_a_year_as_text_is_all_of_it"),
    ("a given calendar that is not used", "table/inputs.py", "Calendar.of(values) if calendar is None else calendar", "Calendar.of(values)", "law_a_calendar_that_is_given_is_kept"),
    ("standard errors by position, not by index", "table/frames.py", "sd.reindex(frame.index)", "sd.set_axis(frame.index)", "law_standard_errors_follow_their_labels"),
    ("standard errors in the order of a dict", "table/frames.py", "[sd.get(task, math.nan) for task in tasks]", "list(sd.values())", "law_standard_errors_follow_their_labels"),
    ("a second reading written over the first", "table/roles.py", ".assign(copy=copy)", ".assign(copy=0)", "law_each_row_of_a_long_frame_is_one_cell"),
    ("what Q leaves out added to the bound", "exact/bound.py", "log_det + squares + missed)", "log_det + squares - missed)", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("what Q leaves out forgotten: no bound any more", "exact/bound.py", "log_det + squares + missed)", "log_det + squares)", "law_the_bound_grows_with_the_inducing_inputs_to_the_log_likelihood"),
    ("half of what Q leaves out", "exact/bound.py", "missed = sum((left * (E**2)", "missed = sum((0.5 * left * (E**2)", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("2 pi counted for holes, bound", "exact/bound.py", "int(self.observed.sum()) * LOG_2PI", "self.observed.numel() * LOG_2PI", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("log-determinant of the noise forgotten, bound", "exact/bound.py", " - 2 * self.U.diagonal(dim1=1, dim2=2)[self.observed].log().sum()", "", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("inverse of Sigma, then its observed cells", "exact/bound.py", "noise = torch.where(both, Sigma, eye)", "noise = torch.where(both | True, Sigma, eye)", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("known variances forgotten, bound", "exact/bound.py", "if variances is not None:", "if False:", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("a jitter that is felt", "exact/bound.py", "JITTER = 1e-8", "JITTER = 1e-3", "law_with_every_row_a_sparse_model_is_the_exact_one"),
    ("slope of K(Z, Z) with the wrong sign", "exact/bound.py", "of_Z = -0.5 *", "of_Z = 0.5 *", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("slope of the noise without what u does not know", "exact/bound.py", "spread = mixed @ Phi.mT + error", "spread = error", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("slope of the noise without what Q leaves out", "exact/bound.py", "spread += left * (E @ E.mT)", "pass", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("slope of B counted twice inside its span", "exact/bound.py", "0.5 * (X + X.mT - inside @ X)", "0.5 * (X + X.mT)", "law_the_bound_has_the_value_and_gradient_of_the_cells"),
    ("the first chunk of rows alone", "exact/bound.py", "for start in range(0, len(self.residual), size))", "for start in range(0, 1, size))", "law_rows_in_chunks_are_the_whole_table"),
    ("noise of the row not taken off the features", "exact/bound.py", "told = phi - torch.cat(", "told = phi + torch.cat(", "law_sparse_answers_are_those_of_a_gaussian_model"),
    ("an unknown of the first kernel, whatever its own", "exact/bound.py", "q = known.index(term.kernel)", "q = 0", "law_with_every_row_a_sparse_model_is_the_exact_one"),
    ("a new row that shares the noise of the last", "exact/bound.py", " * (own >= 0)[:, None]", "", "law_sparse_answers_are_those_of_a_gaussian_model"),
    ("a sparse model fitted by the exact form", "models/model.py", "form = None if self.inducing is None else Collapsed", "form = None", "law_a_sparse_fit_comes_to_the_exact_fit"),
    ("inducing inputs in the units of the inputs", "models/building.py", "unit = rows / input_spread(rows)", "unit = rows", "law_inducing_inputs_are_rows_that_are_spread"),
    ("scan: runs joined the other way round", "exact/scanning.py", "(A, b, C, h, J), (A2, b2, C2, h2, J2) = first, then", "(A2, b2, C2, h2, J2), (A, b, C, h, J) = first, then", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: what later rows say of the mean with the wrong sign", "exact/scanning.py", "h2 - J2 @ b", "h2 + J2 @ b", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: the rows between forgotten", "exact/scanning.py", "X.mT @ J2 @ A + J", "X.mT @ J2 @ A", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: the first row knows no state before it", "exact/scanning.py", "onward[0] = A[0] @ m[:, None], A[0] @ P @ A[0].mT + Q[0], 0", "onward[0] = 0 * A[0] @ m[:, None], A[0] @ P @ A[0].mT + Q[0], 0", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: a hole counted", "exact/scanning.py", "seen.sum() * math.log", "seen.numel() * math.log", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: prefixes of the wrong rows", "exact/scanning.py", "joined([a[: (n - 1) // 2] for a in odd]", "joined([a[: (n - 1) // 2] for a in each]", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: maps followed the other way round", "exact/scanning.py", "(F, g, N), (F2, g2, N2) = first, then", "(F2, g2, N2), (F, g, N) = first, then", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: what later stretches say forgotten", "exact/scanning.py", "(torch.zeros_like(M), r[:, None], M)", "(torch.zeros_like(M), 0 * r[:, None], M)", "law_a_scan_has_the_likelihood_of_the_dense_form"),
    ("scan: a hole with a block of C^-1", "exact/scanning.py", "* seen[:, :, None] * seen[:, None]", "", "law_a_scan_has_the_answers_of_the_dense_form"),
    ("scan: states beside noise with the wrong sign", "exact/scanning.py", "rows.H.mT @ D - MK", "rows.H.mT @ D + MK", "law_a_scan_has_the_answers_of_the_dense_form"),
    ("scan: gives up and says so", "exact/chain.py", "            if math.isnan(value) and isinstance(run, partial):", "            if False:", "law_a_scan_leaves_to_the_rows_what_it_cannot_say"),
    ("long: a block left out that is seen", "answers/leaving.py", "rest[block] = torch.nan", "rest[block[0][:1], block[1][:1]] = torch.nan", "law_large_blocks_are_left_out_as_by_a_matrix"),
    ("long: all left out, and no noise", "answers/leaving.py", "for term in problem.terms), problem.Sigma)", "for term in problem.terms), 0 * problem.Sigma)", "law_large_blocks_are_left_out_as_by_a_matrix"),
    ("long: all left out, and no known error", "answers/leaving.py", "prior + problem.variances[block]", "prior", "law_large_blocks_are_left_out_as_by_a_matrix"),
    ("long: a transition transposed", "exact/chain.py", "(A[:, :, None, :, None] * eye", "(A.swapaxes(1, 2)[:, :, None, :, None] * eye", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: a hole counted", "exact/filters.py", "w.sum() * np.log(2 * np.pi)", "len(w) * np.log(2 * np.pi)", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: a hole with a block of C^-1", "exact/filters.py", "D = (inverse + K.T @ MK) * np.outer(w, w)", "D = inverse + K.T @ MK", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: half the slope of the transition", "exact/markov.py", "2 * dQ @ one.A @ one.P", "dQ @ one.A @ one.P", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: the noise of a step forgotten in the length-scale", "exact/markov.py", "+ (np.tensordot(own, part.B) * steps.dQ).sum()", "", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: a slope in the logarithm", "exact/markov.py", "by_log / part.length", "by_log", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: twice the slope of Sigma", "exact/markov.py", "self.Sigma += 0.5 *", "self.Sigma +=", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: kernels that share a B", "exact/chain.py", "self.B[place, place] = part.B", "self.B[place, place] = parts[0].B", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: known variances in the order of the table", "exact/markov.py", "as_array(known)[self.order]", "as_array(known)", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: the smoother goes the other way", "exact/filters.py", "- K.T @ r", "+ K.T @ r", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: what is explained less what is not", "exact/smoother.py", "one.M[at] @ PL + 2 * YG", "one.M[at] @ PL - 2 * YG", "law_the_markov_form_has_the_posterior_of_the_dense_form"),
    ("long: a product between rows that forgets the row itself", "exact/smoother.py", "[W @ F[j].T, self.left[here]]", "[W, self.left[here]]", "law_the_markov_form_has_the_posterior_of_the_dense_form"),
    ("long: products of rows from the wrong side", "exact/filters.py", "C = C @ A[k]", "C = A[k] @ C", "law_the_markov_form_has_the_posterior_of_the_dense_form"),
    ("long: noise beside states of the wrong sign", "exact/smoother.py", "- one.M[at] @ PL - YG", "- one.M[at] @ PL + YG", "law_the_markov_form_has_the_posterior_of_the_dense_form"),
    ("long: rows of C^-1 of the wrong sign", "exact/markov.py", "-W @ Y[row]", "W @ Y[row]", "law_the_markov_form_has_the_inverse_of_the_dense_form"),
    ("long: the first stretch for all", "exact/chain.py", "self.stretches[number], self.starts[number]", "self.stretches[number], self.starts[0]", "law_stretches_change_nothing"),
    ("long: no step of zero", "exact/chain.py", "np.minimum(math.sqrt(2 * part.order - 1) / part.length * d, FAR)", "np.clip(math.sqrt(2 * part.order - 1) / part.length * d, 1e-3, FAR)", "law_the_markov_form_has_the_likelihood_of_the_dense_form"),
    ("long: a step that loses a power", "exact/chain.py", "share + x**n", "share + x ** (n + 1)", "law_the_state_of_a_matern_kernel"),
    ("long: the order of the table for that of its rows", "exact/markov.py", "self.looked_back.u[self.position]", "self.looked_back.u[self.order]", "law_the_order_of_rows_changes_nothing"),
    ("long: draws that do not know the table", "exact/smoother.py", "chain.y - readings", "0 * chain.y - readings", "law_draws_along_the_rows_have_the_moments_of_the_posterior"),
    ("long: the noise of a new row is that of its neighbour", "exact/smoother.py", "np.where(shared[:, None], noise[places], own)", "noise[places]", "law_draws_along_the_rows_have_the_moments_of_the_posterior"),
    ("report: parameters in the scale of another table", "report/trial_fits.py", "y=model.scale.to_unit(model.data.y)", "y=model.data.scale().to_unit(model.data.y)", "law_parameters_are_those_of_the_table_they_were_fitted_to"),
    ("long: one-step errors that take the rows before them for less", "exact/whitening.py", 'v = chain.seen[one.at] * chain.y[one.at] - np.einsum("nts,ns->nt", one.H, one.before)', 'v = chain.seen[one.at] * chain.y[one.at] - 0.9 * np.einsum("nts,ns->nt", one.H, one.before)', "law_one_step_errors_go_along_the_rows"),
    ("long: tasks of a row in no order", "exact/whitening.py", 'found[one.at] = np.einsum("ntu,nu->nt", np.linalg.inv(one.root), v)', "found[one.at] = v / np.sqrt((one.root**2).sum(2))", "law_one_step_errors_go_along_the_rows"),
    ("long: what is hidden without its share in the row's noise", "exact/whitening.py", " + chain.Sigma @ u", "", "law_one_step_errors_go_along_the_rows"),
    ("long: drawn tables weighed by the factor for its transpose", "exact/whitening.py", "np.linalg.inv(one.root).swapaxes(1, 2) @ e[one.at]", "np.linalg.inv(one.root) @ e[one.at]", "law_one_step_errors_go_along_the_rows"),
]
# fmt: on


def copied(folder: Path) -> Path:
    """A copy of the module and of the laws, compiled; Python compiles a file of it again where its text has changed."""
    for source in (ROOT / "mtgp_tutorial", ROOT / "tests" / "laws"):
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    # by the text, not by the time of the file: two bugs of one length may be planted within a second
    compileall.compile_dir(folder, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    return folder


def laws_of(copy: Path) -> dict:
    """The laws by name, on the module as it stands in the copy."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("laws", "mtgp_tutorial")]:
        del sys.modules[name]
    sys.path.insert(0, str(copy))
    importlib.invalidate_caches()
    try:
        laws = importlib.import_module("laws")
        assert Path(sys.modules["mtgp_tutorial"].__file__).is_relative_to(copy)
        return {law.__name__: law for law in laws.LAWS}
    finally:
        del sys.path[0]


def caught_by(copy: Path, file: str, right: str, wrong: str, first: str) -> str | None:
    """Name of a law that fails on a module in which `right` reads `wrong`; the law named `first` runs first."""
    path = copy / "mtgp_tutorial" / file
    source = path.read_text(encoding="utf8")
    assert source.count(right) == 1, f"{file}: {right!r} stands there {source.count(right)} times"
    path.write_text(source.replace(right, wrong), encoding="utf8")
    try:
        laws = laws_of(copy)
        for law in [first, *(law for law in laws if law != first)]:
            try:
                laws[law]()
            except Exception:
                return law
        return None
    finally:
        path.write_text(source, encoding="utf8")


def main() -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in conftest.py; torch is imported with the first bug
    sys.dont_write_bytecode = True  # what is compiled stays the right code
    caught = 0
    with tempfile.TemporaryDirectory() as name:
        copy = copied(Path(name))
        for what, file, right, wrong, named in BUGS:
            law = caught_by(copy, file, right, wrong, named)
            caught += law == named
            print(f"{what:55} {law or 'NOT CAUGHT'}{'' if law in (named, None) else f', not by {named}'}", flush=True)
    print(f"{caught} of {len(BUGS)} planted bugs caught by the law that is named for them")
    return int(caught < len(BUGS))


if __name__ == "__main__":
    sys.exit(main())

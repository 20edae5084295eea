"""Break each formula on purpose, and see whether the laws notice.

    python tests/planted_bugs.py        # prints which law caught which bug; exit 1 if one got away

Each bug is one replacement in one file of a copy of the module; the laws then run on the copy.
"""

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BUGS = [  # what it is, file, the right code, the wrong code
    (
        "first B for every term",
        "exact/covariance.py",
        "for K, B in terms)",
        "for K, B in [(K, terms[0][1]) for K, _ in terms])",
    ),
    (
        "last B for every term",
        "exact/covariance.py",
        "for K, B in terms)",
        "for K, B in [(K, terms[-1][1]) for K, _ in terms])",
    ),
    ("kappa dropped", "exact/covariance.py", "W @ W.T + torch.diag(kappa)", "W @ W.T"),
    (
        "noise at equal task instead of equal row",
        "exact/covariance.py",
        "a[0][:, None] == b[0][None, :]",
        "a[1][:, None] == b[1][None, :]",
    ),
    (
        "task-major cells",
        "exact/covariance.py",
        "rows, tasks = mask.nonzero(as_tuple=True)",
        "tasks, rows = mask.T.nonzero(as_tuple=True)",
    ),
    ("correlation without square root", "exact/covariance.py", "sd = variances.sqrt()", "sd = variances"),
    (
        "half log-determinant",
        "exact/gaussian.py",
        "log_det = 2 * factor.diagonal().log().sum()\n        return",
        "log_det = factor.diagonal().log().sum()\n        return",
    ),
    ("log-determinant of Sigma once, not N times", "exact/gaussian.py", "len(K) * log_det_sigma", "log_det_sigma"),
    ("2 pi forgotten", "exact/gaussian.py", "+ residual.numel() * LOG_2PI", ""),
    (
        "gradient without the inverse",
        "exact/gaussian.py",
        "torch.outer(weights, weights) - inverse",
        "torch.outer(weights, weights)",
    ),
    ("gradient of B without its trace", "exact/gaussian.py", "- P * trace_K @ P.T", ""),
    ("traces swapped", "exact/gaussian.py", "weights.T @ weights - P * trace_I", "weights.T @ weights - P * trace_K"),
    ("gradient of K without lambda", "exact/gaussian.py", "(lam[:, None, None] * inverses).sum(0)", "inverses.sum(0)"),
    ("whitening forgotten on the way back", "exact/gaussian.py", "back = Sigma @ P", "back = P"),
    ("posterior variance adds what was explained", "exact/gaussian.py", "prior - explained", "prior + explained"),
    (
        "posterior of f without lambda squared",
        "exact/gaussian.py",
        "lam[:, None] ** 2 * (half**2)",
        "lam[:, None] * (half**2)",
    ),
    ("Kronecker covariance task-major", "exact/gaussian.py", "jmn,sj,tj->msnt", "jmn,sj,tj->smtn"),
    (
        "L L^T alone as Sigma",
        "models/noise.py",
        "Sigma = Sigma + likelihood.noise * torch.eye",
        "Sigma = Sigma + 0 * torch.eye",
    ),
    (
        "W W^T alone as B",
        "models/kernels.py",
        "self.task_covar_module._eval_covar_matrix()",
        "(lambda W: W @ W.mT)(self.task_covar_module.covar_factor)",
    ),
    (
        "groups lose the coupling",
        "models/model.py",
        'isinstance(self.kernel, IndependentKernel) and self.noise != "full"',
        "True",
    ),
    ("mean forgotten", "models/model.py", "self.unit.y - self.mean(self.unit.x)", "self.unit.y"),
    ("impute without the row's noise", "answers/predicting.py", "same_rows=noise", "same_rows=False"),
    (
        "impute ignores new observations",
        "answers/predicting.py",
        "torch.cat([y, model.scale.to_unit(table.y)])",
        "torch.cat([y, table.y * torch.nan])",
    ),
    ("noise of new rows forgotten", "answers/predicting.py", "else Sigma.diagonal())", "else 0 * Sigma.diagonal())"),
    (
        "variance scaled once",
        "answers/predicting.py",
        "spread.clamp_min(0) * scale.sd**2",
        "spread.clamp_min(0) * scale.sd",
    ),
    (
        "standard deviation over all tasks",
        "table/data.py",
        "column.std(correction=0) if",
        "self.y.nan_to_num().std() if",
    ),
    ("mean of tasks not added back", "table/data.py", "y * self.sd + self.mean", "y * self.sd"),
    ("pooled SMSE", "judging/scores.py", "scale.mean[t], scale.sd[t] ** 2)", "scale.mean.mean(), scale.sd[t] ** 2)"),
    (
        "SMSE by the test mean",
        "judging/scores.py",
        "mse(mean, y) / mse(train_mean, y)",
        "mse(mean, y) / mse(y.mean(), y)",
    ),
    (
        "NLPD with sd for variance",
        "judging/scores.py",
        "/ variance + variance.log()",
        "/ variance.sqrt() + variance.log()",
    ),
    ("CRPS sign", "judging/scores.py", "- 1 / math.sqrt(math.pi)", "+ 1 / math.sqrt(math.pi)"),
    ("one sd for two", "judging/scores.py", "<= 2 * variance.sqrt()", "<= variance.sqrt()"),
    ("LKJ sign", "models/priors.py", "value = value + torch.linalg.slogdet", "value = value - torch.linalg.slogdet"),
    ("length-scale prior ignores the spread", "models/priors.py", "scale / reference", "scale"),
    (
        "uncorrelated noise drawn",
        "simulate.py",
        'normals @ cholesky(Sigma, "Sigma").T',
        "normals * Sigma.diagonal().sqrt()",
    ),
    ("Cholesky factor transposed in the draw", "simulate.py", 'cholesky(Sigma, "Sigma").T', 'cholesky(Sigma, "Sigma")'),
    (
        "global random generator used",
        "simulate.py",
        "torch.randn(truth.y.shape, generator=generator, dtype",
        "torch.randn(truth.y.shape, dtype",
    ),
    ("lag of the wrong sign", "simulate.py", "* (x - lag))]", "* (x + lag))]"),
    (
        "root of the draw not a root",
        "exact/gaussian.py",
        "values.clamp_min(0).sqrt() @ vectors.T",
        "values.clamp_min(0) @ vectors.T",
    ),
    (
        "log likelihood not in data units",
        "fits/fitting.py",
        "float(best.log_likelihood() - log_scale)",
        "float(best.log_likelihood())",
    ),
    (
        "new inputs centred on their own mean",
        "models/kernels.py",
        "kernel(z, x).to_dense().mT",
        "kernel(x, z).to_dense()",
    ),
    (
        "a shared noise counted T times",
        "models/model.py",
        'self.Sigma().diagonal()[:1] if self.noise == "shared"',
        'self.Sigma().diagonal() if self.noise == "shared"',
    ),
    (
        "a shared signal counted T times",
        "models/model.py",
        "self.B().diagonal()[:1] if tied",
        "self.B().diagonal() if tied",
    ),
    (
        "start ignores the inputs' range",
        "fits/starting.py",
        "fraction * target.expand_as",
        "fraction + 0 * target.expand_as",
    ),
    (
        "overlap of splits forgotten",
        "judging/comparing.py",
        "1 / len(difference) + held_out / (1 - held_out)",
        "1 / len(difference)",
    ),
    ("share hidden for hidden over seen", "judging/comparing.py", "held_out / (1 - held_out)", "held_out"),
    (
        "unpaired order of arms",
        "judging/comparing.py",
        "two.iloc[:, 0] - two.iloc[:, 1]",
        "two.iloc[:, 1] - two.iloc[:, 0]",
    ),
    (
        "tasks weigh for trials",
        "judging/comparing.py",
        'groupby(["arm", "trial"])[score].mean()',
        'set_index(["arm", "trial"])[score].groupby(level=[0, 1]).sum()',
    ),
    (
        "baseline less arm",
        "judging/comparing.py",
        "[(arm, baseline) for arm in arms if",
        "[(baseline, arm) for arm in arms if",
    ),
    ("summary forgets the overlap", "judging/comparing.py", 'by=["trial"], held_out=held_out)', 'by=["trial"])'),
    ("trend without intercept", "table/trends.py", "torch.ones_like(x[:, :1])", "torch.zeros_like(x[:, :1])"),
    ("trend on the wrong task", "table/trends.py", "torch.stack(lines, 1)", "torch.stack(lines[::-1], 1)"),
    (
        "one B for all kernels",
        "models/kernels.py",
        "part.terms(x, z)[0] for part in self.coregional",
        "(part.terms(x, z)[0][0], self.coregional[0].terms(x, z)[0][1]) for part in self.coregional",
    ),
    (
        "the last kernel for every B",
        "models/kernels.py",
        "part.terms(x, z)[0] for part in self.coregional",
        "(self.coregional[-1].terms(x, z)[0][0], part.terms(x, z)[0][1]) for part in self.coregional",
    ),
    ("kappa of 1 for none", "models/kernels.py", "0.0 if own else -math.inf", "0.0"),
    (
        "only the first term's variance",
        "models/model.py",
        "return sum(B for _, B in self.terms(self.unit.x[:1]))",
        "return sum(B for _, B in self.terms(self.unit.x[:1])[:1])",
    ),
    (
        "part through all kernels",
        "answers/latent.py",
        "signal_covariance([(K, B)], wanted, seen)",
        "signal_covariance(fit.model.terms(x, fit.model.unit.x), wanted, seen)",
    ),
    ("latent function without its factor", "answers/latent.py", "K[:, rows] * column[tasks]", "K[:, rows]"),
    (
        "shares not of the sum",
        "fits/result.py",
        "parts / parts.sum(1, keepdim=True)",
        "parts / parts.sum(0, keepdim=True)",
    ),
    ("prior on a singular B", "models/model.py", "or width >= self.data.num_tasks", "or width > 0"),
    (
        "no prior on what is frozen",
        "models/model.py",
        "bool((index.var > 0).all()) for",
        "index.raw_var.requires_grad for",
    ),
    (
        "hidden values in any place",
        "judging/trials.py",
        "(place * values).nansum()",
        "values.nansum()",
    ),
    ("stored rows taken for any data", "judging/trials.py", "if not np.allclose(", "if False and not np.allclose("),
    ("a hole predicted, not imputed", "judging/trials.py", "impute(fitted) if", "predict(fitted, seen.x) if"),
    (
        "stored numbers rounded",
        "judging/trials.py",
        "to_csv(draft, index=False)",
        'to_csv(draft, index=False, float_format="%.6g")',
    ),
]


def laws_of(folder: Path) -> list:
    """The laws, on the copy of the module in `folder`."""
    for name in [name for name in sys.modules if name == "laws" or name.split(".")[0] == "mtgp_tutorial"]:
        del sys.modules[name]
    sys.path[:0] = [str(folder), str(ROOT / "tests")]
    importlib.invalidate_caches()
    try:
        laws = importlib.import_module("laws")
        assert Path(sys.modules["mtgp_tutorial"].__file__).is_relative_to(folder)
        return laws.LAWS
    finally:
        del sys.path[:2]


def caught_by(file: str, right: str, wrong: str) -> str | None:
    """Name of the first law that fails on a module in which `right` reads `wrong`."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "mtgp_tutorial"
        shutil.copytree(ROOT / "mtgp_tutorial", copy, ignore=shutil.ignore_patterns("__pycache__"))
        source = (copy / file).read_text(encoding="utf8")
        assert source.count(right) == 1, f"{file}: {right!r} stands there {source.count(right)} times"
        (copy / file).write_text(source.replace(right, wrong), encoding="utf8")
        for law in laws_of(copy.parent):
            try:
                law()
            except Exception:
                return law.__name__
    return None


def main() -> int:
    sys.dont_write_bytecode = True
    escaped = 0
    for what, file, right, wrong in BUGS:
        law = caught_by(file, right, wrong)
        escaped += law is None
        print(f"{what:45} {law or 'NOT CAUGHT'}", flush=True)
    print(f"{len(BUGS) - escaped} of {len(BUGS)} planted bugs caught")
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main())

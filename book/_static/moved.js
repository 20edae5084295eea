// Sections, equations and exercises of earlier editions that stand elsewhere now: page, fragment, where to.
const MOVED = {
  "api": {
    "module-mtgp_tutorial.exact": "api.html#module-mtgp_tutorial.gaussian",
    "mtgp_tutorial.Averaged": "api.html#mtgp_tutorial.PosteriorSamples",
    "mtgp_tutorial.Check": "api.html#mtgp_tutorial.tables.Check",
    "mtgp_tutorial.TableError": "api.html#mtgp_tutorial.tables.TableError",
    "mtgp_tutorial.Unanswered": "api.html#mtgp_tutorial.tables.NotApplicable",
    "mtgp_tutorial.average": "api.html#mtgp_tutorial.sample_posterior",
    "mtgp_tutorial.averaging": "api.html#mtgp_tutorial.tables.posterior_averaging",
    "mtgp_tutorial.check": "api.html#mtgp_tutorial.tables.check",
    "mtgp_tutorial.combining": "api.html#mtgp_tutorial.tables.linear_pool",
    "mtgp_tutorial.compare": "api.html#mtgp_tutorial.tables.compare",
    "mtgp_tutorial.cutoffs": "api.html#mtgp_tutorial.tables.cutoffs",
    "mtgp_tutorial.exact.cholesky": "api.html#mtgp_tutorial.gaussian.cholesky",
    "mtgp_tutorial.exact.kronecker_log_likelihood": "api.html#mtgp_tutorial.kronecker.log_likelihood",
    "mtgp_tutorial.exact.kronecker_posterior": "api.html#mtgp_tutorial.kronecker.posterior",
    "mtgp_tutorial.exact.log_likelihood": "api.html#mtgp_tutorial.gaussian.log_likelihood",
    "mtgp_tutorial.exact.posterior": "api.html#mtgp_tutorial.gaussian.posterior",
    "mtgp_tutorial.exact.sample": "api.html#mtgp_tutorial.gaussian.sample",
    "mtgp_tutorial.explained_shares": "api.html#mtgp_tutorial.tables.explained_shares",
    "mtgp_tutorial.fill": "api.html#mtgp_tutorial.tables.fill",
    "mtgp_tutorial.neighbours": "api.html#mtgp_tutorial.tables.neighbours",
    "mtgp_tutorial.plain_arms": "api.html#mtgp_tutorial.tables.plain_methods",
    "mtgp_tutorial.propose_season": "api.html#mtgp_tutorial.tables.propose_season",
    "mtgp_tutorial.read_table": "api.html#mtgp_tutorial.tables.read_table",
    "mtgp_tutorial.seasonal_arms": "api.html#mtgp_tutorial.tables.seasonal_methods",
    "mtgp_tutorial.seasonal_naive": "api.html#mtgp_tutorial.tables.seasonal_naive",
    "mtgp_tutorial.standard_arms": "api.html#mtgp_tutorial.tables.standard_methods",
    "mtgp_tutorial.tables.Unanswered": "api.html#mtgp_tutorial.tables.NotApplicable",
    "mtgp_tutorial.tables.averaging": "api.html#mtgp_tutorial.tables.posterior_averaging",
    "mtgp_tutorial.tables.combining": "api.html#mtgp_tutorial.tables.linear_pool",
    "mtgp_tutorial.tables.plain_arms": "api.html#mtgp_tutorial.tables.plain_methods",
    "mtgp_tutorial.tables.seasonal_arms": "api.html#mtgp_tutorial.tables.seasonal_methods",
    "mtgp_tutorial.tables.standard_arms": "api.html#mtgp_tutorial.tables.standard_methods",
    "mtgp_tutorial.with_parameters": "api.html#mtgp_tutorial.at_parameters",
    "mtgp_tutorial.with_trend": "api.html#mtgp_tutorial.tables.with_trend"
  },
  "glossary": {
    "term-Form": "glossary.html#term-Solver",
    "term-Arm": "glossary.html#term-Method",
    "term-widehat-R": "glossary.html#term-R-hat"
  },
  "more_cases": {
    "a-row-for-each-value": "forty.html#forty-holes",
    "case-ice": "forty.html#forty-holes",
    "six-more-tables": "more_cases.html#five-more-tables"
  },
  "compare": {
    "compare-real": "cases.html#compare-real",
    "ex-unpaired": "scores.html#ex-unpaired",
    "real-data": "cases.html#compare-real",
    "the-two-sines-a-hundred-seeds": "compare.html#compare-sines",
    "what-is-claimed-and-what-is-found": "compare.html#compare-claims"
  },
  "five": {
    "did-the-other-columns-help": "five.html#five-honest",
    "fill-and-write-back": "five.html#five-fill",
    "fit-in-one-line": "five.html#five-fit",
    "five-minutes": "five.html#first-table",
    "five-trust": "five.html#five-next",
    "what-you-took-on-trust": "five.html#five-next",
    "your-own-table-today": "five.html#five-next"
  },
  "gp": {
    "a-real-series": "gp.html#gp-erie",
    "calibration-is-the-band-as-wide-as-the-error": "scores.html#gp-scores",
    "digits-single-precision-and-jitter": "wrong.html#digits-single-precision-and-jitter",
    "equation-crps": "scores.html#equation-crps",
    "equation-leave-one-out": "scores.html#equation-leave-one-out",
    "equation-nlpd": "scores.html#equation-nlpd",
    "ex-average": "priors.html#ex-average",
    "ex-band": "scores.html#ex-band",
    "fitting-with-and-without-priors": "priors.html#gp-priors",
    "from-the-multivariate-normal-to-functions": "gp.html#from-the-normal-to-functions",
    "gaussian-processes-in-one-sitting": "gp.html#gaussian-processes",
    "gp-digits": "wrong.html#gp-digits",
    "gp-priors": "priors.html#gp-priors",
    "gp-scores": "scores.html#gp-scores",
    "leaving-out-without-fitting-again": "scores.html#leaving-out-without-fitting-again",
    "proper": "scores.html#proper",
    "the-same-in-gpytorch": "gpytorch.html#gpytorch-one",
    "what-a-length-scale-means": "gp.html#gp-samples"
  },
  "icm": {
    "a-first-experiment-in-plain-gpytorch": "gpytorch.html#gpytorch-icm",
    "ex-open": "icm.html#icm-fails",
    "ex-span": "icm_full.html#ex-span",
    "four-lakes": "icm.html#icm-whole",
    "from-latent-functions-to-a-kronecker-product": "icm.html#from-latent-functions-to-a-matrix",
    "icm-priors": "priors.html#icm-priors",
    "inference-in-ten-lines": "icm.html#predict-and-impute",
    "priors": "priors.html#icm-priors",
    "task-correlation": "icm.html#icm-whole",
    "the-intrinsic-coregionalization-model": "icm.html#the-icm-one-kernel-one-matrix",
    "the-same-with-the-module": "icm.html#icm-whole",
    "what-one-seed-cannot-show": "compare.html#compare-sines",
    "why-share": "sharing.html#sharing-how-much"
  },
  "icm_full": {
    "autokrigeability": "sharing.html#autokrigeability",
    "autokrigeability-when-the-other-tasks-do-not-matter": "sharing.html#sharing-complete",
    "equation-autokrigeable": "sharing.html#equation-autokrigeable",
    "equation-same-row": "icm.html#equation-same-row",
    "ex-invent": "priors.html#ex-invent",
    "ex-whiten": "sharing.html#ex-whiten",
    "full-given": "noise.html#full-given",
    "full-krige": "sharing.html#full-krige",
    "full-map": "sharing.html#full-map",
    "full-maps": "cases.html#full-maps",
    "given-the-other-tasks-predict-and-impute": "noise.html#full-given",
    "holes-in-gpytorch": "gpytorch.html#gpytorch-holes",
    "maps-where-it-wins-and-where-it-loses": "cases.html#full-maps",
    "read-only-b": "icm_full.html#only-b-is-identified",
    "tasks-with-inputs-of-their-own": "independent.html#ind-holes",
    "the-icm-in-full": "icm_full.html#what-b-can-say",
    "the-lag-that-an-icm-cannot-see": "icm_full.html#full-lag",
    "what-a-rank-can-express": "icm_full.html#full-rank",
    "when-does-it-pay": "sharing.html#priors-map",
    "where-to-go-next": "icm_full.html#summary"
  },
  "independent": {
    "different-inputs-and-holes": "independent.html#ind-holes",
    "equation-nadeau-bengio": "scores.html#equation-nadeau-bengio",
    "ex-lag-hole": "icm_full.html#ex-lag-hole",
    "ex-leak": "table.html#ex-leak",
    "ex-pooled": "scores.html#ex-pooled",
    "ex-weights": "gpytorch.html#ex-weights",
    "in-gpytorch-two-ways": "gpytorch.html#gpytorch-independent",
    "enough-and-not": "independent.html#ind-gaps",
    "holes-and-other-inputs": "independent.html#ind-holes",
    "ind-sharing": "independent.html#ex-worlds",
    "independent-gps": "independent.html#many-columns-one-at-a-time",
    "one-model-t-fits": "independent.html#ind-own",
    "several-tasks-independently": "independent.html#many-columns-one-at-a-time",
    "standardise-per-task": "independent.html#ind-units",
    "standardising-per-task": "independent.html#ind-units",
    "tasks-that-separate": "independent.html#ind-own",
    "the-setting": "independent.html#two-cells-of-a-table",
    "when-it-is-all-one-needs-and-when-it-fails": "independent.html#ind-gaps"
  },
  "lmc": {
    "ex-climate-lmc": "cases.html#ex-climate-lmc",
    "four-lakes-again-how-many-kernels-which-rank": "lmc.html#lmc-orders",
    "in-gpytorch": "gpytorch.html#gpytorch-lmc",
    "not-an-icm-with-a-sum-of-kernels": "lmc.html#not-a-sum-of-kernels",
    "relatives": "lmc.html#limits-and-relatives",
    "the-latent-functions": "lmc.html#lmc-parts",
    "us-investment-consumption-and-gdp": "lmc.html#lmc-gaps",
    "where-to-go-next": "lmc.html#summary"
  },
  "noise": {
    "equation-known-noise": "table.html#equation-known-noise",
    "equation-sigma-sum": "gpytorch.html#equation-sigma-sum",
    "ex-known-again": "table.html#ex-known-again",
    "ex-latent-band": "scores.html#ex-band",
    "ex-noise-rank": "gpytorch.html#ex-noise-rank",
    "f-or-y": "noise.html#noise-f-or-y",
    "noise-known": "table.html#noise-known",
    "noise-names": "gpytorch.html#noise-names",
    "noise-that-you-know": "table.html#noise-known",
    "the-floor": "noise.html#noise-floor",
    "the-sea-off-peru-twenty-times": "cases.html#case-peru",
    "three-matrices": "noise.html#noise-nugget",
    "what-a-wrong-noise-model-costs": "noise.html#noise-kinds",
    "which-number-is-which": "gpytorch.html#noise-names",
    "data-on-which-full-noise-hurts": "noise.html#noise-hurts"
  },
  "notation": {
    "equation-one-equation": "independent.html#equation-one-equation"
  },
  "preface": {
    "for-whom": "about.html#three-paths",
    "how-every-number-can-be-reproduced": "about.html#what-a-chapter-promises",
    "licence-and-citation": "about.html#licence-and-citation",
    "on-colab": "preface.html#get-the-module",
    "start": "preface.html#get-the-module",
    "the-map": "notation.html#row-order",
    "three-paths": "about.html#three-paths",
    "three-ways-to-use-it": "about.html#three-paths",
    "what-a-chapter-promises": "about.html#what-a-chapter-promises",
    "what-you-will-be-able-to-do": "about.html#what-you-will-be-able-to-do"
  },
  "priors": {
    "all-of-the-posterior": "priors.html#priors-posterior",
    "both-tasks-of-a-row-at-once": "priors.html#priors-worth",
    "in-the-cells-of-the-map-where-sharing-failed": "sharing.html#priors-map",
    "on-which-axis": "priors.html#the-priors-one-by-one",
    "priors-map": "sharing.html#priors-map",
    "the-same-a-second-way": "priors.html#priors-posterior",
    "what-about-low-rank": "priors.html#the-priors-one-by-one",
    "when-is-it-worth-its-time": "priors.html#priors-worth",
    "where-the-noise-prior-is-wrong": "priors.html#priors-levels"
  }
};

function follow() {
  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const fragment = decodeURIComponent(location.hash.slice(1));
  const target = (MOVED[page] || {})[fragment];
  if (target && !document.getElementById(fragment)) location.replace(target);
}

addEventListener("DOMContentLoaded", follow);
addEventListener("hashchange", follow);

// What readers type, and the book's words for it; "" is left out of the question. A word stands here in one number.
const SYNONYMS = {
  output: "task", column: "task", series: "task", channel: "task", sensor: "task", target: "task", variable: "task", response: "task",
  x: "input", location: "input", feature: "input", nan: "hole missing", missing: "hole", gap: "hole", measured: "observed", sample: "draw",
  dataset: "table", dataframe: "table frame", data: "observation", sparse: "inducing approximate",
  hyperparameter: "length-scale", overfitting: "worse prior", overfit: "worse prior", uncertainty: "band noise", confidence: "band", credible: "band",
  interval: "band", narrow: "calibrated coverage", error: "noise", known: "know", fixed: "known", fix: "known",
  normalize: "standardise", normalise: "standardise", scaling: "standardise", lag: "delay", delay: "lag", shift: "lag", time: "date",
  slow: "long minutes large", fast: "minutes", points: "rows", many: "large much", big: "large", huge: "large", size: "large", memory: "large",
  refit: "add trained", refitting: "add trained", retrain: "add trained", update: "add", new: "add", append: "add",
  worse: "harm negative", single: "independent", separate: "independent", alone: "independent", different: "own",
  interleaved: "point-major order", layout: "order", choose: "which rank", select: "choosing which", equivalent: "elsewhere libraries",
  difference: "", per: "", versus: "", vs: "", using: "", example: "", mixing: "coregionalization", category: "categorical", cholesky: "definite",
  forecast: "predict", fill: "impute", interpolate: "predict", extrapolate: "forecast", relation: "correlation",
};

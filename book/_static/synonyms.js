// Words that tell nothing, beside those of language_data.js.
const SKIPPED =
  "a an and any between can do does each every from get give has have how i is it its me my of on one only or should so " +
  "that the then there this to use using want was we what when where which who why with you your";

// What readers type, and the book's words for it; "" is left out of a question that has other words. Plurals are understood.
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
  interleaved: "point-major order", layout: "order", choose: "rank", select: "choosing", equivalent: "elsewhere libraries",
  difference: "", per: "", versus: "", vs: "", example: "", mixing: "coregionalization", category: "categorical", cholesky: "definite",
  rmse: "root mean square", speed: "long minutes", proof: "proposition", nystrom: "inducing approximate", nyström: "inducing approximate",
  forecast: "predict", fill: "impute", interpolate: "predict", extrapolate: "forecast", relation: "correlation",
};

// Words that tell nothing, beside those of language_data.js.
const SKIPPED =
  "a an and any actually all also between can cannot cant comes do does doesnt dont each every from get goes got has have how i " +
  "is isnt it its just keep make makes me my of on one ones only or over really should so some still take takes than that the " +
  "them then there this to too use using very want was way we what when where while who why with you your";

// What readers type, and the book's words for it; "" is left out of a question that has other words. Plurals are
// understood. A phrase is written with underscores.
const SYNONYMS = {
  output: "task", column: "task", series: "task", channel: "task", sensor: "task", target: "task", variable: "task",
  response: "task", new_sensor: "new task", gene: "task", marker: "task", multioutput: "multi-task",
  multi_output: "multi-task", x: "input", location: "input", feature: "input", covariate: "input", regressor: "input",
  predictor: "input", explanatory: "input", coordinate: "input", direction: "input", vertical: "input",
  horizontal: "input", nan: "hole missing", missing: "hole", gap: "hole", measured: "observed", sample: "draw",
  outage: "silent", offline: "network silent", line_up: "different inputs", unaligned: "different inputs",
  irregular: "different inputs", uneven: "different inputs", sampling_time: "different inputs",
  sampling_rate: "different inputs", sampling_frequency: "different inputs", number_of_observation: "hole",
  several_time: "twice repeated visit", repeated: "twice visit", replicate: "repeated visit", patient: "visit",
  subject: "visit", spatial: "map", export: "write save", dataset: "table", dataframe: "table frame",
  data: "observation", far: "away", csv: "file read_table", load: "read", import: "read", sparse: "inducing approximate",
  monthly: "month", quarterly: "quarter", daily: "day", hourly: "hour", yearly: "year", hyperparameter: "length-scale",
  overfitting: "worse prior", overfit: "worse prior", range: "length-scale", uncertainty: "band noise",
  confidence: "band", credible: "band", interval: "band", error_bar: "band", errorbar: "band",
  narrow: "calibrated coverage", small: "narrow few", tight: "narrow", thin: "narrow", skinny: "narrow",
  overconfident: "narrow", over_confident: "narrow", wide: "narrow calibrated", error: "noise", train: "fit",
  training: "fit", tuning: "fit", optimizer: "climb", optimiser: "climb", known: "know", fixed: "known", fix: "known",
  dodgy: "noise", noisy: "noise", normalize: "standardise", normalise: "standardise", scaling: "standardise",
  lag: "delay", delay: "lag", shift: "lag", time: "date", timestamp: "date", slow: "long minutes large",
  fast: "minutes", forever: "long minutes", laptop: "minutes", speed: "long minutes", points: "rows",
  many: "large much", lots: "much", big: "large", huge: "large", size: "large", memory: "large",
  out_of_memory: "MemoryError large", gpu: "device", cuda: "device", only: "few", handful: "few", enough: "few many",
  refit: "add trained", refitting: "add trained", retrain: "add trained", update: "add", new: "add", another: "new",
  append: "add", worse: "harm negative", single: "independent", separate: "independent", alone: "independent",
  different: "own", better: "ahead gain", improvement: "gain ahead", improve: "gain ahead", help: "gain",
  luck: "chance", fluke: "chance", significant: "interval chance", unfair: "fair",
  cross_validation: "leave-one-out hide split", interleaved: "point-major order", layout: "order", choose: "rank",
  choice: "choose which", select: "choosing", equivalent: "elsewhere libraries", difference: "", two: "", out: "",
  per: "", versus: "", vs: "", example: "", plus: "", good: "", same: "", thing: "", mixing: "coregionalization",
  category: "categorical", cholesky: "definite", rmse: "root mean square", proof: "proposition",
  nystrom: "inducing approximate", forecast: "predict", fill: "impute", impute: "fill", imputation: "fill", reconstruct: "fill impute", dead: "silent outage", trait: "",
  zero: "count", neighbour: "column", neighbor: "column",
  interpolate: "predict", extrapolate: "beyond forecast", outside: "beyond", relation: "correlation",
  anisotropy: "ARD length-scale", anisotropic: "ARD length-scale", secondary: "cheap", auxiliary: "cheap",
  species: "task column", taxon: "task column", taxa: "task column", abundance: "count", survey: "visit", transect: "visit",
  unsampled: "never sampled", sampled: "observed read", hurt: "harm", dropout: "silent outage", percentage: "share",
  percent: "share", proportion: "share", low_cost: "cheap", cheap: "coarse costly", costly: "expensive", expensive: "costly", proxy: "cheap",
  anomaly: "outlier wild", outlier: "wild", spike: "outlier wild", pick: "choose which", should_i_use: "which",
  bad: "wild", length_scale: "length-scale", latent_process: "latent functions", future: "forecast beyond", detrend: "trend",
  bayesian: "Bayes prior", any_good: "check score", real_time: "online", streaming: "online", plain_words: "", simple_terms: "", simple_words: "",
  positive: "logarithm", nonnegative: "logarithm", internet: "network wheel", install: "pip module wheel",
  installation: "pip module wheel", beforehand: "need", prerequisite: "need", student: "teach", lecturer: "teach",
};

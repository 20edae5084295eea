/* Two tasks of an LMC with a slow and a fast kernel. Task 2 is silent in a gap; below, how the tasks go together. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, condition, logLikelihood, explained, mean } = MTGP.gaussian;
  const { make, set, write, shown, figure, Plot } = MTGP.explore;

  const ROWS = Array.from({ length: 25 }, (_, i) => i), X = [0, 24], Y = [-3.8, 3.8], FAR = 8, TASKS = [0, 1], VALUES = ["y1", "y2"];
  const GRID = Float64Array.from({ length: 289 }, (_, i) => i / 12); // the rows are on it: a fast part peaks there
  const DISTANCES = Float64Array.from({ length: 241 }, (_, i) => i / 30);

  const start = {
    y1: [1.04, -1.04, 0, 0.27, 0.22, 0.29, -0.27, -0.51, -0.16, -0.18, 0.01, -0.75, -0.34, -0.65, -0.93, -0.65, 1.45, -0.2, 0.39, 0.69, -0.5, 1.31, -0.82, -2.38, -0.56],
    y2: [0.71, 1.61, 1.05, 0.17, -0.19, -1.01, -1.86, -2.14, -2.33, -1.1, -1.7, -1.89, -1.72, -2.24, -0.75, -1.28, -1.58, 0.38, -0.48, 0.55, 0.86, -0.25, 1.29, 1.63, -1.21],
    gap: [7.5, 16.5], rho: [0.9, -0.9], slow: 2.5, fast: 0.6, sd: [1, 0.8], noise: 0.2, view: 0, at: 12,
  };
  const bounds = { y1: [-3.5, 3.5], y2: [-3.5, 3.5], gap: X, rho: [-1, 1], slow: [1.5, 6], fast: [0.15, 1.5], sd: [0, 1.5],
    noise: [0.05, 1], view: [0, 2], at: X };

  function tidy(state) {
    state.gap.sort((a, b) => a - b);
    state.view = Math.round(state.view);
  }

  const isHidden = ({ gap }, t, i) => t === 1 && gap[0] <= ROWS[i] && ROWS[i] <= gap[1];
  const modelOf = ({ rho, slow, fast, sd, noise }) => ({
    terms: [slow, fast].map((l, q) => ({ B: pair(sd[q], sd[q], rho[q]), k: kernels.rbf(l) })),
    Sigma: pair(noise, noise, 0),
  });

  /* The observed cells: all of task 1, then what is seen of task 2. */
  function seenCells(state) {
    const cells = { x: [], row: [], task: [], y: [] };
    for (const t of TASKS) ROWS.forEach((x, i) => {
      if (isHidden(state, t, i)) return;
      cells.x.push(x); cells.row.push(i); cells.task.push(t); cells.y.push(state[VALUES[t]][i]);
    });
    return cells;
  }

  /* The grid and then the marker, as new rows. */
  function wantedCells(at, t) {
    const x = [...GRID, at];
    return { x, row: x.map((_, i) => -1 - i), task: x.map(() => t) };
  }

  /* Mean and variance of f, or of what runs through one of its kernels, at the grid and (the last one) at the marker. */
  function solve(state, keep) {
    const { terms, Sigma } = modelOf(state), cells = seenCells(state), { rho, slow, fast, sd, noise, view, at } = state;
    const fixed = [state.gap, rho, slow, fast, sd, noise].join(";");
    const factor = keep("factor", fixed, () => condition(terms, Sigma, cells));
    const { weights } = logLikelihood(factor, cells.y), some = view ? [terms[view - 1]] : terms;
    return TASKS.map((t) => {
      const found = keep(`task ${t}`, [fixed, view, at].join(";"), () => explained(factor, wantedCells(at, t), { terms: some }));
      return { mean: mean(found, weights), variance: found.variance };
    });
  }

  /* Correlations of y at a distance beyond 0, where noise adds nothing: of a task with itself, of the two tasks, what each
     kernel adds to the latter, and the same of f. In the same row the noise makes the first one 1, and leaves the others. */
  function correlations({ terms, Sigma }, distance) {
    const signal = terms.reduce((sum, { B }) => sum + B[0][0], 0), variance = signal + Sigma[0][0];
    const adds = terms.map(({ B, k }) => (B[0][1] * k(0, distance)) / variance);
    return { own: terms.reduce((sum, { B, k }) => sum + B[0][0] * k(0, distance), 0) / variance, cross: adds[0] + adds[1], adds,
      latent: signal ? ((adds[0] + adds[1]) * variance) / signal : 0 };
  }

  /* All numbers of the picture. */
  function compute(state, keep = (name, key, make) => make()) {
    const model = modelOf(state), at = (h) => correlations(model, h);
    return { found: solve(state, keep), curves: Array.from(DISTANCES, at), rows: Array.from({ length: FAR + 1 }, (_, h) => at(h)) };
  }

  function build(ui) {
    ui.choice({ key: "view", label: "what is drawn", words: ["f", "its slow part", "its fast part"] });

    const panel = (t) => ({ range: Y, ticks: [-2, 0, 2], title: `task ${t + 1}`, task: t + 1 });
    const plot = new Plot(ui, { label: "two tasks over x", x: { range: X, ticks: [0, 4, 8, 12, 16, 20, 24], title: "x" }, panels: TASKS.map(panel), height: [0.5, 270, 340] });
    const drawn = plot.panels.map((one) => ({ band: one.band(), mean: one.curve() }));
    plot.gap({ panel: 1, name: "the gap in task 2", ends: (state) => state.gap, move: (state, gap) => (state.gap = gap) });
    plot.marker({ label: "the x at which numbers are read", at: (state) => state.at, move: (state, x) => (state.at = x) });
    for (const t of TASKS) {
      plot.points({
        panel: t, count: () => ROWS.length, name: (state, i) => `task ${t + 1} in row ${i + 1}`, at: (state, i) => [ROWS[i], state[VALUES[t]][i]],
        hidden: (state, i) => isHidden(state, t, i), move: (state, i, x, y) => (state[VALUES[t]][i] = y),
      });
    }
    ui.say("");

    const below = new Plot(ui, { label: "correlation of y against the distance", x: { range: [0, FAR], ticks: [0, 2, 4, 6, 8], title: "distance h" },
      panels: [{ range: [-1.05, 1.05], ticks: [-1, 0, 1] }], height: [0.3, 180, 210] });
    const [frame] = below.panels, own = frame.curve("explore-line"), adds = TASKS.map(() => frame.curve("explore-dashed"));
    const parts = ["slow", "fast"].map((name) => make(below.svg, "text", {}, name));
    const cross = frame.curve("explore-rule"), dots = frame.path("explore-dot");
    make(ui.box, "p", {}, "Correlation of y. Thick: task 1 with task 2, with dots where a table sees it. Thin: a task with itself, beyond its own row. Dashed: what each kernel adds to the thick line.");
    const both = (key, words, label, range, step) => ["slow", "fast"].map((name, index) =>
      ({ key, index, words: `${name}: ${words}${"\u2081\u2082"[index]}`, label: `${label} of the ${name} part`, range, step }));
    const [rhoSlow, rhoFast] = both("rho", "\u03c1", "correlation", [-1, 1], 0.01), [sdSlow, sdFast] = both("sd", "sd", "standard deviation", [0, 1.5], 0.05);
    ui.presets(ui.box, ["shortest \u2113\u2082", { fast: bounds.fast[0] }], ["\u03c1\u2082 = \u03c1\u2081", ({ rho }) => ({ rho: [rho[0], rho[0]] })]);
    ui.sliders(ui.box, rhoSlow, rhoFast,
      { key: "slow", words: "slow: \u2113\u2081", label: "length-scale of the slow part", range: bounds.slow, step: 0.05 },
      { key: "fast", words: "fast: \u2113\u2082", label: "length-scale of the fast part", range: bounds.fast, step: 0.05 },
      sdSlow, sdFast, { key: "noise", words: "sd of the noise", range: bounds.noise, step: 0.05 });

    return function render(state) {
      const { found, curves, rows } = compute(state, (name, key, make) => ui.keep(name, key, make)), last = GRID.length;
      const edge = ({ mean: m, variance }, sign) => m.subarray(0, last).map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
      TASKS.forEach((t) => {
        drawn[t].band(GRID, edge(found[t], -1), edge(found[t], 1));
        drawn[t].mean(GRID, found[t].mean.subarray(0, last));
        write(plot.panels[t].title, `task ${t + 1}${["", ": its slow part (points: y)", ": its fast part (points: y)"][state.view]}`);
      });
      own(DISTANCES, curves.map((one) => one.own));
      cross(DISTANCES, curves.map((one) => one.cross));
      TASKS.forEach((q) => {
        adds[q](DISTANCES, curves.map((one) => one.adds[q]));
        set(parts[q], { x: below.x(0) + 6, y: frame.y(curves[0].adds[q]) + (curves[0].adds[q] < 0 ? 14 : -5) });
      });
      set(dots, { d: rows.map((one, h) => `M${below.x(h) - 4.5},${frame.y(one.cross)}a4.5,4.5,0,1,0,9,0a4.5,4.5,0,1,0,-9,0Z`).join("") });
      const what = ["f", "slow part", "fast part"][state.view], both = (name) => `${shown(rows[0][name])} in the same row, ${shown(rows[1][name])} in the next`;
      ui.say(`Correlation of f: ${both("latent")};`, `of y: ${both("cross")}.`, `At x = ${shown(state.at, 1)}:`, ...TASKS.map((t) => [t + 1,
        `${what} of task ${t + 1} ${shown(found[t].mean[last])}, sd ${shown(Math.sqrt(Math.max(0, found[t].variance[last])))}`]));
    };
  }

  MTGP.lmc = { compute, modelOf, seenCells, correlations, GRID };
  figure("lmc", { start, bounds, tidy, build });
})(self.MTGP);

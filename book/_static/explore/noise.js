/* One row of a table, of which task 2 was not read: what the other cell of the row says of it, through the noise. The
   setting of the figure before it: twenty rows, an ICM with known parameters, full Sigma or its correlation r left out. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, condition, logLikelihood, explained, mean, observationCovariance, forward, backward } = MTGP.gaussian;
  const { make, set, shown, figure, Plot, bars } = MTGP.explore;

  const N = 20, X = [0, 10], Y = [-3, 3], TASKS = [0, 1], SUB = ["\u2081", "\u2082"], VALUES = ["y1", "y2"];
  const ROWS = Array.from({ length: N }, (_, i) => (10 * i) / (N - 1));
  const GRID = Float64Array.from({ length: 201 }, (_, i) => i / 20);

  const start = {
    y1: [-0.22, -1.84, -1.26, -0.46, -0.33, 0.52, 0.61, 0.21, 1.15, 1.59, 1.45, -0.29, 0.44, -0.39, -0.4, -0.97, -1.01, -0.8, -2.07, -1.24],
    y2: [-0.75, -2.21, -1.62, -1.22, -0.63, 0.01, 0.2, -0.03, 1.2, 1.65, 1.3, -0.32, 0.12, -0.68, -0.85, -1.21, -1.39, -1.13, -2.11, -1.05],
    row: 10, seen: 1, view: 1, r: 0.9, rho: 0.8, l: 2, sd: 0.5,
  };
  const bounds = { y1: [-2.8, 2.8], y2: [-2.8, 2.8], row: [0, N - 1], seen: [0, 1], view: [0, 1], r: [-0.95, 0.95], rho: [-0.95, 0.95], l: [0.3, 4], sd: [0.1, 1] };

  function tidy(state) {
    for (const key of ["row", "seen", "view"]) state[key] = Math.round(state[key]);
  }

  const isHidden = ({ row, seen }, t, i) => i === row && (t === 1 || !seen);
  const modelOf = ({ rho, l, sd }, r) => ({ terms: [{ B: pair(1, 1, rho), k: kernels.rbf(l) }], Sigma: pair(sd, sd, r) });

  function seenCells(state) {
    const cells = { x: [], row: [], task: [], y: [] };
    for (const t of TASKS) ROWS.forEach((x, i) => {
      if (isHidden(state, t, i)) return;
      cells.x.push(x); cells.row.push(i); cells.task.push(t); cells.y.push(state[VALUES[t]][i]);
    });
    return cells;
  }

  /* What a model with this noise correlation says: of new rows along x, and of task 2 in the row, as y and as f. */
  function solve(state, r, keep) {
    const { terms, Sigma } = modelOf(state, r), cells = seenCells(state);
    const fixed = [r, state.row, state.seen, state.rho, state.l, state.sd].join(";");
    const factor = keep(`factor ${r === 0}`, fixed, () => condition(terms, Sigma, cells));
    const { weights } = logLikelihood(factor, cells.y);
    const ask = (name, wanted, noise) => {
      const found = keep(`${name} ${r === 0}`, `${fixed};${noise}`, () => explained(factor, wanted, { noise }));
      return { mean: mean(found, weights), ...found };
    };
    const along = TASKS.map((t) => ask(`curve ${t}`, { x: GRID, row: Array.from(GRID, (_, i) => -1 - i), task: Array.from(GRID, () => t) }, state.view === 1));
    const hole = { x: [ROWS[state.row]], row: [state.row], task: [1] }; // the row's own number: its noise is shared
    return { factor, cells, along, y: ask("y", hole, true), f: ask("f", hole, false) };
  }

  /* Expected NLPD of the hole, less the best: data from a model with r, prediction from one without. V: variances that the
     two predict; E: the true one of the error of the mean that leaves r out. */
  function cost(state, full, plain, kind) {
    const { terms, Sigma } = modelOf(state, state.r), C = observationCovariance(terms, Sigma, full.cells), n = full.cells.x.length;
    const w = backward(plain.factor.L, forward(plain.factor.L, plain[kind].cross.slice()));
    let E = kind === "y" ? 1 + state.sd ** 2 : 1;
    for (let i = 0; i < n; i++) {
      E -= 2 * w[i] * full[kind].cross[i];
      for (let j = 0; j < n; j++) E += w[i] * C[i * n + j] * w[j];
    }
    const V = full[kind].variance[0], believed = plain[kind].variance[0];
    return 0.5 * (Math.log(believed / V) + E / believed - 1);
  }

  /* All numbers of the picture. */
  function compute(state, keep = (name, key, make) => make()) {
    const full = solve(state, state.r, keep), plain = solve(state, 0, keep);
    const key = [state.row, state.seen, state.r, state.rho, state.l, state.sd].join(";");
    const costs = keep("costs", key, () => ({ y: cost(state, full, plain, "y"), f: cost(state, full, plain, "f") }));
    return { full, plain, ...costs, ceiling: -0.5 * Math.log(1 - state.r ** 2) };
  }

  const spread = (one) => 2 * Math.sqrt(Math.max(0, one.variance[0]));

  function build(ui) {
    ui.choice({ key: "view", label: "the band and the interval are of", words: ["latent f", "observed y"] });
    ui.check({ key: "seen", words: "task 1 was read in this row" });

    const panel = (t) => ({ range: Y, ticks: [-2, 0, 2], title: t ? "task 2: with r, and r left out (dashed)" : "task 1", task: t + 1 });
    const plot = new Plot(ui, { label: "two tasks over x", x: { range: X, ticks: [0, 2, 4, 6, 8, 10], title: "x" }, panels: TASKS.map(panel), height: [0.6, 310, 390] });
    const drawn = plot.panels.map((one) => ({ band: one.band(), mean: one.curve() }));
    const ring = plot.panels[0].path("explore-line"), said = plot.panels[1].path("explore-rule"), without = plot.panels[1].path("explore-dashed");
    const nearest = (x) => Math.min(N - 1, Math.max(0, Math.round((x * (N - 1)) / 10)));
    plot.marker({ label: "the row of which task 2 was not read", step: 10 / (N - 1), at: (state) => ROWS[state.row], move: (state, x) => (state.row = nearest(x)), words: (state) => `Row ${state.row + 1}` });
    for (const t of TASKS) {
      plot.points({
        panel: t, count: () => N, name: (state, i) => `task ${t + 1} in row ${i + 1}`, at: (state, i) => [ROWS[i], state[VALUES[t]][i]],
        hidden: (state, i) => isHidden(state, t, i), move: (state, i, x, y) => { state[VALUES[t]][i] = y; },
      });
    }
    ui.say("");
    make(ui.box, "p", {}, "At the marker, an interval of two sd to each side of its middle tick: solid with r, dashed beside it with r left out.");

    const side = make(ui.box, "div", { class: "explore-side" });
    ui.presets(side, ["shortest \u2113", { l: bounds.l[0] }], ["shortest \u2113, r = 0", { l: bounds.l[0], r: 0 }]);
    ui.sliders(side,
      { key: "r", words: "noise correlation r", range: bounds.r, step: 0.01 },
      { key: "rho", words: "correlation \u03c1 in B", range: bounds.rho, step: 0.01 },
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.05 },
      { key: "sd", words: "sd of the noise", range: bounds.sd, step: 0.01 });
    const losses = make(side, "div");
    make(losses, "div", {}, "what leaving r out costs task 2 in this row, in nats, in the mean of such tables");
    const draw = bars(losses, [`of y${SUB[1]}`, `of f${SUB[1]}`, "ceiling"], 2);

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), kind = state.view ? "y" : "f";
      drawn.forEach(({ band, mean: curve }, t) => {
        const { mean: m, variance } = found.full.along[t], edge = (sign) => m.map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
        band(GRID, edge(-1), edge(1));
        curve(GRID, m);
      });
      const x = plot.x(ROWS[state.row]), [first, second] = plot.panels;
      const bar = (one, at) => { const ends = [-1, 1].map((sign) => second.y(one.mean[0] + sign * spread(one))); return `M${at - 5},${ends[0]}h10M${at - 5},${ends[1]}h10M${at},${ends[0]}V${ends[1]}M${at - 5},${second.y(one.mean[0])}h10`; };
      set(said, { d: bar(found.full[kind], x) });
      set(without, { d: bar(found.plain[kind], x + (state.row < N - 1 ? 13 : -13)) }); // the last row has no room to its right
      set(ring, { d: `M${x - 10},${first.y(state.y1[state.row])}a10,10,0,1,0,20,0a10,10,0,1,0,-20,0Z` });
      draw([found.y, found.f, found.ceiling], [0, 1.2]);
      const words = (name) => `${name}${SUB[1]} ${shown(found.full[name].mean[0])}, sd ${shown(spread(found.full[name]) / 2)} (r left out ${shown(found.plain[name].mean[0])}, sd ${shown(spread(found.plain[name]) / 2)})`;
      ui.say(`Row ${state.row + 1}:`, [2, words("y")], [2, words("f")]);
    };
  }

  MTGP.noise = { compute, start };
  figure("noise", { start, bounds, tidy, build });
})(self.MTGP);

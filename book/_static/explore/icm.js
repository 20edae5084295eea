/* Two tasks of an ICM, one of them silent in a gap: what it says there, it has from the other. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, condition, logLikelihood, explained, mean } = MTGP.gaussian;
  const { make, set, write, shown, figure, Plot, ellipse, heatmap, plane } = MTGP.explore;

  const X = [0, 10], Y = [-3.6, 3.6], TASKS = [0, 1], SUB = ["\u2081", "\u2082"], VALUES = ["y1", "y2"];
  const GRID = Float64Array.from({ length: 300 }, (_, i) => X[0] + ((X[1] - X[0]) * i) / 299);

  const start = {
    x: [0.3, 1, 1.6, 2.5, 3.2, 3.8, 4.6, 5.3, 5.9, 6.7, 7.4, 8.2, 8.9, 9.6],
    y1: [0.78, 1.02, 0.8, 0.79, 0.52, -0.1, -0.1, 1.39, 2.37, 1.56, 0.94, 0.07, -0.54, -0.68],
    y2: [0.16, 0.08, 0.08, 0.12, -0.28, -0.91, -0.35, 1.66, 2.16, 2.09, 1.02, 0.85, 0.26, -0.37],
    off: [], gap: [4.2, 7.8], rho: 0.9, l: 1, sd: [1, 1], noise: 0.1, view: 0, alone: 1, at: 6,
  };
  const bounds = {
    x: [...X, 40], y1: [-3, 3, 40], y2: [-3, 3, 40], off: [0, 79, 80], gap: X,
    rho: [-1, 1], l: [0.3, 4], sd: [0.3, 2], noise: [0.02, 1], view: [0, 1], alone: [0, 1], at: X,
  };

  function tidy(state) {
    const rows = Math.min(state.x.length, state.y1.length, state.y2.length);
    for (const key of ["x", "y1", "y2"]) state[key].length = rows;
    state.gap.sort((a, b) => a - b);
    for (const key of ["view", "alone"]) state[key] = Math.round(state[key]);
  }

  /* A cell is a number: its row for task 1, and on from the number of rows for task 2. */
  const isHidden = ({ x, off, gap }, t, i) =>
    off.includes(t * x.length + i) || (t === 1 && gap[0] <= x[i] && x[i] <= gap[1]);
  const modelOf = ({ rho, l, sd, noise }) => ({
    terms: [{ B: pair(sd[0], sd[1], rho), k: kernels.rbf(l) }],
    Sigma: pair(noise, noise, 0),
  });

  /* The observed cells of some tasks: all of task 1, then all of task 2. */
  function seenCells(state, tasks) {
    const cells = { x: [], row: [], task: [], y: [] };
    for (const t of tasks) state.x.forEach((x, i) => {
      if (isHidden(state, t, i)) return;
      cells.x.push(x); cells.row.push(i); cells.task.push(t); cells.y.push(state[VALUES[t]][i]);
    });
    return cells;
  }

  /* The grid and then the marker, as new rows: they share no noise with the data. */
  function wantedCells(at, t) {
    const x = [...GRID, at];
    return { x, row: x.map((_, i) => -1 - i), task: x.map(() => t) };
  }

  /* Mean and variance of each of some tasks, from these tasks, at the grid and (the last one) at the marker; of both
     their joint covariance there too. The factor and the cross-covariances are kept while only values change. */
  function solve(state, tasks, keep) {
    const { terms, Sigma } = modelOf(state), cells = seenCells(state, tasks);
    const fixed = [tasks, state.x, state.off, state.gap, state.rho, state.l, state.sd, state.noise];
    const factor = keep(`factor ${tasks}`, fixed.join(";"), () => condition(terms, Sigma, cells));
    const { weights } = logLikelihood(factor, cells.y), noise = state.view === 1;
    const asked = [...fixed, state.at, noise].join(";");
    const found = tasks.map((t) => {
      const one = keep(`task ${t} of ${tasks}`, asked, () => explained(factor, wantedCells(state.at, t), { noise }));
      return { mean: mean(one, weights), variance: one.variance };
    });
    if (tasks.length === 1) return found;
    const marker = { x: [state.at, state.at], row: [-1, -1], task: tasks };
    found.joint = keep("joint", asked, () => explained(factor, marker, { noise, joint: true })).covariance;
    return found;
  }

  /* All numbers of the picture. rule: the sd deep in the gap, of f, or of y with its noise. */
  function compute(state, keep = (name, key, make) => make()) {
    const { rho, sd, noise, view } = state;
    return {
      together: solve(state, TASKS, keep),
      alone: TASKS.map((t) => solve(state, [t], keep)[0]),
      rule: Math.sqrt(sd[1] * sd[1] * (1 - rho * rho) + (view ? noise * noise : 0)),
    };
  }

  function build(ui) {
    ui.choice({ key: "view", label: "the bands are of", words: ["latent f", "observed y"] });
    ui.check({ key: "alone", words: "each task alone (dashed)" });

    const panel = (t) => ({ range: Y, ticks: [-2, 0, 2], title: `task ${t + 1}`, task: t + 1 });
    const plot = new Plot(ui, {
      label: "two tasks over x", x: { range: X, ticks: [0, 2, 4, 6, 8, 10] }, panels: TASKS.map(panel), height: [0.55, 290, 370],
    });
    const drawn = plot.panels.map((one) => ({
      band: one.band(), alone: [one.curve("explore-dashed"), one.curve("explore-dashed")], mean: one.curve(),
    }));
    const bracket = plot.panels[1].path("explore-rule");
    plot.gap({ panel: 1, name: "the gap in task 2", ends: (state) => state.gap, move: (state, gap) => (state.gap = gap) });
    plot.marker({ label: "the x at which numbers are read", at: (state) => state.at, move: (state, x) => (state.at = x) });
    for (const t of TASKS) {
      plot.points({
        panel: t, count: (state) => state.x.length, sideways: 14,
        name: (state, i) => `task ${t + 1} at x = ${shown(state.x[i], 1)}`,
        at: (state, i) => [state.x[i], state[VALUES[t]][i]], hidden: (state, i) => isHidden(state, t, i),
        move: (state, i, x, y) => { state.x[i] = x; state[VALUES[t]][i] = y; },
        flip: (state, i) => {
          const cell = t * state.x.length + i;
          state.off = state.off.includes(cell) ? state.off.filter((other) => other !== cell) : [...state.off, cell];
        },
      });
    }
    ui.say("");

    const side = make(ui.box, "div", { class: "explore-side" });
    ui.presets(side, ...[0.9, 0, -0.9].map((rho) => [`\u03c1 = ${shown(rho, rho ? 1 : 0)}`, { rho }]));
    ui.sliders(side,
      { key: "rho", words: "correlation \u03c1", range: [-1, 1], step: 0.01 },
      { key: "l", words: "length-scale \u2113", range: [0.3, 4], step: 0.05 },
      ...TASKS.map((t) => ({
        key: "sd", index: t, task: t + 1, range: [0.3, 2], step: 0.05,
        words: `sd of f${SUB[t]}`, label: `standard deviation of task ${t + 1}`,
      })),
      { key: "noise", words: "sd of the noise", range: [0.02, 1], step: 0.01 });
    const pairs = make(side, "div", { class: "explore-pair" });
    const square = plane(pairs, {
      range: [-4.2, 4.2],
      label: "both tasks at the marker: two standard deviations before the data (outline) and after (filled)",
    });
    make(pairs, "p", {}, "Both tasks at the marker, two sd: before the data (outline) and after (filled).");
    const before = square.path("explore-line"), after = square.path("explore-filled");
    const matrix = make(side, "div");
    make(matrix, "div", {}, "B");
    const heat = heatmap(matrix, 2, "the matrix B");

    return function render(state) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make));
      const letter = state.view ? "y" : "f", last = GRID.length, { B } = modelOf(state).terms[0];
      const edge = ({ mean: m, variance }, sign) =>
        m.subarray(0, last).map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
      TASKS.forEach((t) => {
        const { band, alone, mean: curve } = drawn[t], own = found.together[t];
        band(GRID, edge(own, -1), edge(own, 1));
        curve(GRID, own.mean.subarray(0, last));
        [-1, 1].forEach((sign, i) => alone[i](GRID, state.alone ? edge(found.alone[t], sign) : null));
      });
      const middle = found.together[1].mean[last], { y } = plot.panels[1], x = plot.x(state.at);
      const inside = state.gap[0] <= state.at && state.at <= state.gap[1];
      set(bracket, { d: inside ? [-2, 2].map((m) => `M${x - 7},${y(middle + m * found.rule)}h14`).join("") : "" });
      const noise = state.view ? state.noise ** 2 : 0;
      set(before, { d: ellipse(square.x, square.y, [0, 0], [B[0][0] + noise, B[0][1], B[1][0], B[1][1] + noise]) });
      set(after, { d: ellipse(square.x, square.y, found.together.map((one) => one.mean[last]), found.together.joint) });
      square.words.forEach((one, t) => write(one, letter + SUB[t]));
      heat(B, 4);
      const sd = (one) => shown(Math.sqrt(Math.max(0, one.variance[last])));
      ui.say(`At x = ${shown(state.at)}:`, ...TASKS.map((t) => [t + 1,
        `${letter}${SUB[t]} ${shown(found.together[t].mean[last])}, sd ${sd(found.together[t])} (alone ${sd(found.alone[t])})`]),
        `rule for sd of ${letter}\u2082 deep in a gap, task 1 known (bars): ${shown(found.rule)}`);
    };
  }

  MTGP.icm = { compute, modelOf, seenCells, GRID };
  figure("icm", { start, bounds, tidy, build });
})(self.MTGP);

/* What readings say about a curve: click to add one, and the band narrows there and nowhere far away. */
(function (MTGP) {
  "use strict";

  const { kernels, condition, logLikelihood, explained, mean, sample, normals, oneTask } = MTGP.gaussian;
  const { clamp, shown, figure, Plot } = MTGP.explore;

  const X = [0, 12], Y = [-3.2, 3.2], MOST = 20, SIZE = 129;
  const GRID = Float64Array.from({ length: SIZE }, (_, i) => X[0] + ((X[1] - X[0]) * i) / (SIZE - 1));
  const { cellsAt, wanted, inOrder } = oneTask(GRID), CURVES = [1, 2, 3];

  const start = { x: [0.81, 1.75, 3.76, 5.11, 5.44, 6.07, 8.02, 8.72, 9.43, 9.76], y: [0.61, 0.72, 1.14, -1.24, -1.58, -2.05, 0.08, -0.17, -0.96, -1.02],
    l: 1, noise: 0.2, view: 0, draws: 0, draw: 0 };
  const bounds = { x: [...X, MOST], y: [-3, 3, MOST], l: [0.3, 5], noise: [0.05, 1.5], view: [0, 1], draws: [0, 1], draw: [0, 99] };

  function tidy(state) {
    state.x.length = state.y.length = Math.min(state.x.length, state.y.length);
    if (!state.x.length) Object.assign(state, { x: [0], y: [0] }); // an address may say so
    for (const key of ["view", "draws", "draw"]) state[key] = Math.round(state[key]);
  }

  /* All numbers of the picture; what depends on places alone is kept while values change. */
  function compute({ x, y, l, noise, view, draws, draw = 0 }, keep = (name, key, make) => make()) {
    const key = [x, l, noise].join(";"), factor = keep("factor", key, () => condition([{ B: [[1]], k: kernels.rbf(l) }], [[noise * noise]], cellsAt(x)));
    const found = keep("explained", `${key};${draws}`, () => explained(factor, wanted, { joint: draws === 1 }));
    const middle = mean(found, logLikelihood(factor, y).weights), variance = inOrder(found.variance);
    return {
      mean: inOrder(middle),
      variance: variance.map((v) => Math.max(0, v) + (view ? noise * noise : 0)),
      widest: variance.reduce((best, v, i) => (GRID[i] <= 10 && v > variance[best] ? i : best), 0),
      draws: draws ? sample(middle, found.covariance, ...keep("normals", draw, () => CURVES.map((one) => normals(SIZE, one + 10 * draw)))).map(inOrder) : CURVES.map(() => null),
    };
  }

  function build(ui) {
    const leave = (i) => (state) => { state.x.splice(i, 1); state.y.splice(i, 1); };
    ui.choice({ key: "view", label: "the band is of", words: ["the curve f", "a new reading"] });
    ui.check({ key: "draws", words: "three draws of f" });
    ui.button({ words: "Add a reading", able: (state) => state.x.length < MOST, act: () => ui.change((state) => {
      const { mean: curve, widest } = compute(state); // where the curve is known least, on the mean
      state.x.push(GRID[widest]);
      state.y.push(curve[widest]);
    }) });
    ui.button({ words: "Remove the last", able: (state) => state.x.length > 1, act: () => ui.change((state) => leave(state.x.length - 1)(state)) });
    ui.newDraw((state) => state.draws === 1);
    const plot = new Plot(ui, { label: "readings and the curve", x: { range: X, ticks: [0, 2, 4, 6, 8, 10, 12], title: "x" },
      panels: [{ range: Y, ticks: [-2, 0, 2], title: "", task: 1 }], height: [0.4, 220, 280] });
    const [panel] = plot.panels, band = panel.band(), lines = CURVES.map(() => panel.curve("explore-line explore-thin")), curve = panel.curve();
    plot.points({ panel: 0, count: (state) => state.x.length, at: (state, i) => [state.x[i], state.y[i]], sideways: 4, what: "A reading",
      name: (state, i) => `reading at x = ${shown(state.x[i], 1)}`, move: (state, i, x, y) => { state.x[i] = x; state.y[i] = y; },
      remove: (state, i) => { if (state.x.length > 1) leave(i)(state); } });
    ui.tell("A click or tap beside the readings adds one.");
    plot.onBackground = (x, y) => ui.change((state) => { if (state.x.length < MOST) { state.x.push(x); state.y.push(clamp(y, bounds.y)); } });
    ui.say("");
    ui.sliders(ui.box,
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.01, log: true },
      { key: "noise", words: "sd of the noise", range: bounds.noise, step: 0.01, log: true });

    return function render(state) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), sd = found.variance.map(Math.sqrt);
      band(GRID, found.mean.map((m, i) => m - 2 * sd[i]), found.mean.map((m, i) => m + 2 * sd[i]));
      curve(GRID, found.mean);
      lines.forEach((line, i) => line(GRID, found.draws[i]));
      const at = found.widest;
      ui.say(`${state.x.length} readings, \u2113 ${shown(state.l)}, noise ${shown(state.noise)}.`,
        `Between 0 and 10 the band is widest at x = ${shown(GRID[at], 1)}:`, `${shown(found.mean[at], 1)} \u00b1 ${shown(2 * sd[at], 1)}`);
    };
  }

  MTGP.readings = { compute, GRID };
  figure("readings", { start, bounds, tidy, build });
})(self.MTGP);

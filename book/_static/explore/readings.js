/* What 24 readings of Lake Erie say about its curve: drag one and the mean follows, the band stays; add one and it
   narrows. Levels are in cm above the mean of the 24, and the curve's own sd is that of the 24. */
(function (MTGP) {
  "use strict";

  const { kernels, condition, logLikelihood, explained, mean, sample, normals, oneTask } = MTGP.gaussian;
  const { set, clamp, shown, figure, Plot } = MTGP.explore;

  const X = [1915, 2015], Y = [-110, 110], MOST = 40, SIZE = 201, SD = 34.58;
  const GRID = Float64Array.from({ length: SIZE }, (_, i) => X[0] + ((X[1] - X[0]) * i) / (SIZE - 1));
  const { cellsAt, wanted, inOrder } = oneTask(GRID), CURVES = [1, 2, 3];
  const FIRST = 1918, LAST = 2009, VISITED = (year) => (year - FIRST) % 8 < 2; // in every eighth year the crew is back
  const VISITABLE = (x) => FIRST <= x && x <= LAST;
  const YEARS = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i), HIDDEN = YEARS.filter((year) => !VISITED(year));
  const TRUTH = [-19.1, -7.4, -17.2, -34.2, -25.6, -50.6, -14.8, 21.2, 17, -39.5, -36.4, -42.3, -61.1, -28, -25.9, -25.4, -30.5, -40, -0.8, 8.9, 3.6, 13.5, 12.1, -12.6, 42, 23.1, 18.9, 24.9, 2, -6.3, -0.5, 0.1, -19.2, -37.3, -49.2, -38.7, 10.5, 29, 15.9, 21.2, 40, 64.1, 47.4, 19.8, 27.3, 29.2, 42.2, 29.9, 42.3, 62.9, 79.9, 56.8, 16.2, 12.6, 25.7, 40.5, 26.7, 18.5, 27.5, 61.8, -11, -18.5, -4.1, -13.4, 1.6, 7, 6, 14.9]; // of HIDDEN
  const circle = (x, y, r) => `M${x - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`;

  const start = { x: YEARS.filter(VISITED), y: [-8.5, 8.1, -45.9, -28.1, -76.8, -68.9, -22.3, 13.2, 3.5, 22.5, -29.1, -25, -20, -4, 59, 51.6, 32.5, 42.1, 19.5, 22.7, 45.1, 0.3, 4.7, 4],
    l: 10, noise: 10.37, view: 0, draws: 0, draw: 0, truth: 0 };
  const bounds = { x: [...X, MOST], y: [-105, 105, MOST], l: [1, 60], noise: [1, 50], view: [0, 1], draws: [0, 1], draw: [0, 99], truth: [0, 1] };

  function tidy(state) {
    state.x.length = state.y.length = Math.min(state.x.length, state.y.length);
    if (!state.x.length) Object.assign(state, { x: [FIRST], y: [0] }); // an address may say so
    for (const key of ["view", "draws", "draw", "truth"]) state[key] = Math.round(state[key]);
  }

  /* All numbers of the picture; what depends on places alone is kept while values change. */
  function compute({ x, y, l, noise, view, draws, draw = 0 }, keep = (name, key, make) => make()) {
    const key = [x, l, noise].join(";"), factor = keep("factor", key, () => condition([{ B: [[SD * SD]], k: kernels.matern32(l) }], [[noise * noise]], cellsAt(x)));
    const found = keep("explained", `${key};${draws}`, () => explained(factor, wanted, { joint: draws === 1 }));
    const middle = mean(found, logLikelihood(factor, y).weights), variance = inOrder(found.variance);
    const curve = inOrder(middle), missed = HIDDEN.map((year, i) => Math.abs(curve[(year - X[0]) * 2] - TRUTH[i]));
    return {
      mean: curve,
      error: missed.reduce((sum, v) => sum + v) / missed.length, // of the hidden levels
      variance: variance.map((v) => Math.max(0, v) + (view ? noise * noise : 0)),
      widest: variance.reduce((best, v, i) => (v > variance[best] && VISITABLE(GRID[i]) ? i : best), GRID.findIndex(VISITABLE)),
      draws: draws ? sample(middle, found.covariance, ...keep("normals", draw, () => CURVES.map((one) => normals(SIZE, one + 10 * draw)))).map(inOrder) : CURVES.map(() => null),
    };
  }

  function build(ui) {
    const leave = (i) => (state) => { state.x.splice(i, 1); state.y.splice(i, 1); };
    ui.choice({ key: "view", label: "the band is of", words: ["the curve f", "a new reading"] });
    ui.check({ key: "draws", words: "three draws of f" });
    ui.check({ key: "truth", words: "the hidden levels" });
    ui.button({ words: "Add a reading", able: (state) => state.x.length < MOST, act: () => ui.change((state) => {
      const { mean: curve, widest } = compute(state); // where the curve is known least, on the mean
      state.x.push(GRID[widest]);
      state.y.push(curve[widest]);
    }) });
    ui.button({ words: "Remove the last", able: (state) => state.x.length > 1, act: () => ui.change((state) => leave(state.x.length - 1)(state)) });
    ui.newDraw((state) => state.draws === 1);
    const plot = new Plot(ui, { label: "readings of Lake Erie and the curve", x: { range: X, ticks: [1920, 1940, 1960, 1980, 2000], title: "year" },
      panels: [{ range: Y, ticks: [-100, -50, 0, 50, 100], title: "level of Erie [cm]", task: 1 }], height: [0.4, 220, 280] });
    const [panel] = plot.panels, band = panel.band(), lines = CURVES.map(() => panel.curve("explore-line explore-thin")), curve = panel.curve(), hollow = panel.path("explore-hollow explore-ink");
    plot.points({ panel: 0, count: (state) => state.x.length, at: (state, i) => [state.x[i], state.y[i]], sideways: 4, what: "A reading",
      steps: [1, 2], name: (state, i) => `reading of ${Math.round(state.x[i])}`, move: (state, i, x, y) => { state.x[i] = x; state.y[i] = y; },
      remove: (state, i) => { if (state.x.length > 1) leave(i)(state); } });
    ui.tell("A click or tap beside the readings adds one.");
    plot.onBackground = (x, y) => ui.change((state) => { if (state.x.length < MOST) { state.x.push(x); state.y.push(clamp(y, bounds.y)); } });
    ui.say("");
    ui.sliders(ui.box,
      { key: "l", words: "length-scale \u2113 [years]", range: bounds.l, step: 0.01, log: true },
      { key: "noise", words: "sd of the noise [cm]", range: bounds.noise, step: 0.01, log: true });

    return function render(state) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), sd = found.variance.map(Math.sqrt);
      band(GRID, found.mean.map((m, i) => m - 2 * sd[i]), found.mean.map((m, i) => m + 2 * sd[i]));
      curve(GRID, found.mean);
      lines.forEach((line, i) => line(GRID, found.draws[i]));
      set(hollow, { d: state.truth ? HIDDEN.map((year, i) => circle(plot.x(year), panel.y(TRUTH[i]), 2.6)).join("") : "" });
      const at = found.widest;
      ui.say(`${state.x.length} readings, \u2113 ${shown(state.l)} years, noise ${shown(state.noise)} cm.`,
        `Until ${LAST} the band is widest in ${Math.floor(GRID[at])}: \u00b1 ${shown(2 * sd[at], 0)} cm.`,
        ...(state.truth ? [`The mean misses the hidden levels by ${shown(found.error, 1)} cm.`] : []));
    };
  }

  MTGP.readings = { compute, GRID };
  figure("readings", { start, bounds, tidy, build });
})(self.MTGP);

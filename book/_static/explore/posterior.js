/* What some readings say about a curve, and how likely they make the length-scale and the noise: fit and complexity. */
(function (MTGP) {
  "use strict";

  const { kernels, condition, logLikelihood, explained, mean, sample, normals, oneTask } = MTGP.gaussian;
  const { make, set, clamp, shown, figure, Plot, region, bars } = MTGP.explore;

  const X = [-6, 6], Y = [-3.2, 3.2], L = [0.3, 20], S = [0.05, 1.5], MOST = 20, SIZE = 129;
  const evenly = ([a, b], n) => Float64Array.from({ length: n }, (_, i) => a + ((b - a) * i) / (n - 1));
  const GRID = evenly(X, SIZE), { cellsAt, wanted, inOrder } = oneTask(GRID), NORMALS = [1, 2, 3].map((seed) => normals(SIZE, seed));
  const LOG_L = evenly(L.map(Math.log10), 29), LOG_S = evenly(S.map(Math.log10), 21); // where the surface is computed
  const LEVELS = [-5, -3, -2, -1, -0.5, -0.2]; // nats below its highest place

  const start = { x: [-4.94, -3.83, -3.4, -3.14, -1.23, 0.88, 3.26, 4.73], y: [2.11, 1.29, 1.34, 1.14, 1.28, 0.33, -0.63, 0.96],
    l: 3, noise: 0.16, view: 1, draws: 0 };
  const bounds = { x: [...X, MOST], y: [-3, 3, MOST], l: L, noise: S, view: [0, 1], draws: [0, 1] };

  function tidy(state) {
    state.x.length = state.y.length = Math.min(state.x.length, state.y.length);
    if (!state.x.length) Object.assign(state, { x: [0], y: [0] }); // an address may say so
    for (const key of ["view", "draws"]) state[key] = Math.round(state[key]);
  }

  const factorOf = (x, l, noise) => condition([{ B: [[1]], k: kernels.rbf(l) }], [[noise * noise]], cellsAt(x));
  const height = (factor, y) => { const { fit, complexity } = logLikelihood(factor, y); return { fit, complexity, sum: fit + complexity }; };

  /* Fit plus complexity over log10 length-scale and log10 noise: [LOG_S, LOG_L], and the highest. */
  function surface(state, keep) {
    const factors = keep("factors", state.x, () => Array.from(LOG_S, (s) => Array.from(LOG_L, (l) => factorOf(state.x, 10 ** l, 10 ** s))).flat());
    const values = factors.map((factor) => height(factor, state.y).sum);
    return { values, highest: Math.max(...values) };
  }

  /* Straight uphill in small steps from where the walker stands: the places [log10 l, log10 noise] on its way to an optimum. */
  function climb({ x, y, l, noise }) {
    const ranges = [L, S].map((range) => range.map(Math.log10)), at = ([a, b]) => height(factorOf(x, 10 ** a, 10 ** b), y).sum;
    const way = [[Math.log10(l), Math.log10(noise)]];
    for (let step = 0.04; step > 1e-4 && way.length < 400; ) {
      const here = way.at(-1), now = at(here), slope = [0, 1].map((k) => (at(here.map((v, i) => v + (i === k) * 1e-4)) - now) / 1e-4);
      for (const k of [0, 1]) if (clamp(here[k] + Math.sign(slope[k]) * 1e-9, ranges[k]) !== here[k] + Math.sign(slope[k]) * 1e-9) slope[k] = 0;
      const steep = Math.hypot(...slope), next = here.map((v, k) => clamp(v + (step * slope[k]) / (steep || 1), ranges[k]));
      if (at(next) > now) way.push(next);
      else step /= 2;
    }
    return way;
  }

  /* All numbers of the picture. Factors are kept while only values change, the surface while the walker walks. */
  function compute(state, keep = (name, key, make) => make()) {
    const { x, y, l, noise, view, draws } = state, key = [x, l, noise].join(";");
    const factor = keep("factor", key, () => factorOf(x, l, noise));
    const found = keep("explained", `${key};${draws}`, () => explained(factor, wanted, { joint: draws === 1 }));
    const middle = mean(found, logLikelihood(factor, y).weights);
    return {
      ...height(factor, y),
      mean: inOrder(middle),
      variance: inOrder(found.variance).map((v) => Math.max(0, v) + (view ? noise * noise : 0)),
      draws: draws ? sample(middle, found.covariance, ...NORMALS).map(inOrder) : NORMALS.map(() => null),
      surface: keep("surface", `${x};${y}`, () => surface(state, keep)),
    };
  }

  /* A reading more, where it is known least: on the mean, in the middle of the widest stretch without one. */
  function added(state) {
    const ends = [X[0], ...[...state.x].sort((a, b) => a - b), X[1]];
    const gaps = ends.slice(1).map((end, i) => end - ends[i]), i = gaps.indexOf(Math.max(...gaps)), x = (ends[i] + ends[i + 1]) / 2;
    const { mean: curve } = compute(state), at = Math.round(((x - X[0]) / (X[1] - X[0])) * (SIZE - 1));
    return { x: [...state.x, x], y: [...state.y, curve[at]] };
  }

  function build(ui) {
    let way = [], readings = "";
    const leave = (i) => (state) => { const at = i(state); state.x.splice(at, 1); state.y.splice(at, 1); };
    ui.button({ words: "Climb", main: true, act: () => {
      way = climb(ui.state);
      readings = `${ui.state.x};${ui.state.y}`;
      const [l, noise] = way.at(-1).map((v) => 10 ** v);
      ui.go({ l, noise });
    } });
    ui.choice({ key: "view", label: "the band is of", words: ["the curve f", "a new reading"] });
    ui.check({ key: "draws", words: "three draws of f" });
    ui.button({ words: "Add a reading", able: (state) => state.x.length < MOST, act: () => ui.change((state) => Object.assign(state, added(state))) });
    ui.button({ words: "Remove the last", able: (state) => state.x.length > 1, act: () => ui.change(leave((state) => state.x.length - 1)) });

    const plot = new Plot(ui, { label: "readings and the curve", x: { range: X, ticks: [-6, -4, -2, 0, 2, 4, 6], title: "x" },
      panels: [{ range: Y, ticks: [-2, 0, 2], title: "", task: 1 }], height: [0.4, 220, 280] });
    const [panel] = plot.panels, band = panel.band(), lines = NORMALS.map(() => panel.curve("explore-line explore-thin")), curve = panel.curve();
    plot.points({ panel: 0, count: (state) => state.x.length, at: (state, i) => [state.x[i], state.y[i]], sideways: 4, what: "A reading",
      name: (state, i) => `reading at x = ${shown(state.x[i], 1)}`, move: (state, i, x, y) => { state.x[i] = x; state.y[i] = y; },
      remove: (state, i) => { if (state.x.length > 1) leave(() => i)(state); } });
    ui.tell("A click or tap beside the readings adds one; on the map it brings the walker there.");
    plot.onBackground = (x, y) => ui.change((state) => { if (state.x.length < MOST) { state.x.push(x); state.y.push(clamp(y, bounds.y)); } });
    ui.say("");

    const side = make(ui.box, "div", { class: "explore-side" }), ground = make(side, "div", { class: "explore-wide" });
    const map = new Plot(ui, { parent: ground, label: "the walker on the surface of fit plus complexity", height: [0.62, 190, 240],
      x: { range: L.map(Math.log10), ticks: [0.3, 1, 3, 10].map((v) => [Math.log10(v), String(v)]), title: "length-scale \u2113" },
      panels: [{ range: S.map(Math.log10), ticks: [0.1, 0.3, 1].map((v) => [Math.log10(v), String(v)]), title: "sd of the noise" }] });
    const levels = LEVELS.map(() => map.panels[0].path("explore-height")), trail = map.panels[0].curve("explore-line");
    const walk = (state, l, s) => { way = []; state.l = 10 ** l; state.noise = 10 ** s; };
    map.points({ panel: 0, count: () => 1, at: (state) => [Math.log10(state.l), Math.log10(state.noise)], sideways: 0, steps: [0.02, 0.02], what: "The walker on the map",
      name: () => "walker", words: (state) => `length-scale ${shown(state.l)}, sd of the noise ${shown(state.noise)}`, move: (state, i, l, s) => walk(state, l, s) });
    map.onBackground = (l, s) => ui.change((state) => walk(state, l, s));

    const right = make(side, "div", { class: "explore-wide" });
    ui.presets(right, ["walker to the upper right", { l: 15, noise: 1 }]);
    const draw = bars(right, ["fit", "complexity", "their sum"]);
    make(right, "p", {}, "In nats, without the constant \u2212(n/2) log 2\u03c0.");
    ui.sliders(right,
      { key: "l", words: "length-scale \u2113", range: L, step: 0.01, log: true },
      { key: "noise", words: "sd of the noise", range: S, step: 0.01, log: true });

    let drawn = null;
    return function render(state, width) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), sd = found.variance.map(Math.sqrt);
      band(GRID, found.mean.map((m, i) => m - 2 * sd[i]), found.mean.map((m, i) => m + 2 * sd[i]));
      curve(GRID, found.mean);
      lines.forEach((line, i) => line(GRID, found.draws[i]));
      if (drawn?.surface !== found.surface || drawn.width !== map.width) {
        const xs = Array.from(LOG_L, map.x), ys = Array.from(LOG_S, map.panels[0].y);
        LEVELS.forEach((level, i) => set(levels[i], { d: region(xs, ys, found.surface.values, found.surface.highest + level) }));
        drawn = { surface: found.surface, width: map.width };
      }
      if (readings !== `${state.x};${state.y}`) way = []; // it was the way on another surface
      trail(way.map(([l]) => l), way.length ? way.map(([, s]) => s) : null);
      draw([found.fit, found.complexity, found.sum], [-20, 20]);
      const below = Math.max(0, found.surface.highest - found.sum);
      ui.say(`${state.x.length} readings, \u2113 ${shown(state.l)}, noise ${shown(state.noise)}:`, `fit ${shown(found.fit, 1)} and complexity ${shown(found.complexity, 1)} nats;`,
        below < 0.05 ? "at the height of the highest optimum" : `${shown(below, 1)} nats below the highest optimum`);
    };
  }

  MTGP.posterior = { compute, climb, GRID };
  figure("posterior", { start, bounds, tidy, build });
})(self.MTGP);

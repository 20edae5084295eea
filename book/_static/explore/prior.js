/* What a kernel believes before any reading: draws over one input and over two, from random numbers that stay the same. */
(function (MTGP) {
  "use strict";

  const { kernels, signalCovariance, cholesky, dot, sample, normals, coarseFirst } = MTGP.gaussian;
  const { make, set, shown, figure, Plot, region } = MTGP.explore;

  const X = [0, 10], Y = [-4.2, 4.2], SIZE = 193, SIDE = 33, MAP = 190; // MAP: pixels
  const evenly = (n) => Float64Array.from({ length: n }, (_, i) => X[0] + ((X[1] - X[0]) * i) / (n - 1));
  const GRID = evenly(SIZE), PLACES = evenly(SIDE), NORMALS = [4, 5, 6].map((seed) => normals(SIZE, seed));
  const FIELD = normals(SIDE * SIDE, 7), KERNELS = ["rbf", "matern32", "matern12"], WORDS = ["RBF", "Mat\u00e9rn 3/2", "Mat\u00e9rn 1/2"];
  const LEVELS = [0.5, 1, 1.5, 2]; // standard deviations above and below zero

  const start = { kernel: 0, l: 1, sd: 1, l2: 3 };
  const bounds = { kernel: [0, 2], l: [0.3, 5], sd: [0.3, 2], l2: [0.3, 20] };
  const tidy = (state) => (state.kernel = Math.round(state.kernel));

  const cellsAt = (xs) => ({ x: xs, task: Array.from(xs, () => 0) });
  const kernelOf = (state, l) => kernels[KERNELS[state.kernel]](l);

  /* Values computed from coarse to fine, in the order of the grid. */
  function inOrder(values, order) {
    const sorted = new Float64Array(order.length);
    order.forEach((i, n) => (sorted[i] = values[n]));
    return sorted;
  }

  /* Draws of f on the grid, from the same normals whatever the kernel. */
  function draws(state) {
    const order = coarseFirst(SIZE), cells = cellsAt(order.map((i) => GRID[i]));
    const C = signalCovariance([{ B: [[state.sd * state.sd]], k: kernelOf(state, state.l) }], cells, cells);
    return sample(new Float64Array(SIZE), C, ...NORMALS).map((values) => inOrder(values, order));
  }

  /* A draw over two inputs, with variance 1, of the product of two kernels: L1 Z L2^T, row by row along the second input. */
  function field(state) {
    const order = coarseFirst(SIDE), cells = cellsAt(order.map((i) => PLACES[i]));
    const rows = [state.l2, state.l].map((l) => { // rows of the factors, where they belong on the grid
      const C = signalCovariance([{ B: [[1]], k: kernelOf(state, l) }], cells, cells);
      for (let i = 0; i < SIDE; i++) C[i * SIDE + i] += 1e-8; // as in sample
      const L = cholesky(C), sorted = [];
      order.forEach((place, n) => (sorted[place] = L.subarray(n * SIDE, (n + 1) * SIDE)));
      return sorted;
    });
    const half = rows[1].map((row) => Float64Array.from({ length: SIDE }, (_, i) => dot(row, FIELD.subarray(i * SIDE, (i + 1) * SIDE))));
    return Float64Array.from({ length: SIDE * SIDE }, (_, n) => dot(rows[0][Math.floor(n / SIDE)], half[n % SIDE]));
  }

  /* How often a curve crosses zero upwards. */
  const crossings = (values) => values.reduce((count, v, i) => count + (i > 0 && values[i - 1] < 0 && v >= 0), 0);

  /* How often draws do so on average over the grid: sqrt(-k''(0)) / 2 pi times its length (Rice); Matern 1/2 has no limit. */
  const expected = ({ kernel, l }) => ([1, Math.sqrt(3), Infinity][kernel] * (X[1] - X[0])) / (2 * Math.PI * l);

  /* All numbers of the picture. */
  function compute(state, keep = (name, key, make) => make()) {
    const { kernel, l, sd, l2 } = state, curves = keep("draws", [kernel, l, sd], () => draws(state));
    return { draws: curves, crossings: curves.map(crossings), expected: expected(state), field: keep("field", [kernel, l, l2], () => field(state)) };
  }

  function build(ui) {
    ui.choice({ key: "kernel", label: "the kernel", words: WORDS });
    const plot = new Plot(ui, { label: "three draws over x", x: { range: X, ticks: [0, 2, 4, 6, 8, 10], title: "x" },
      panels: [{ range: Y, ticks: [-4, -2, 0, 2, 4], title: "", task: 1 }], height: [0.4, 220, 290] });
    const [panel] = plot.panels, band = panel.band(), thin = [1, 2].map(() => panel.curve("explore-line explore-thin")), thick = panel.curve();
    ui.say("");
    const side = make(ui.box, "div", { class: "explore-side" });
    ui.sliders(side,
      { key: "l", words: "length-scale \u2113", label: "length-scale", range: bounds.l, step: 0.01, log: true },
      { key: "sd", words: "sd of f", label: "standard deviation of f", range: bounds.sd, step: 0.05 },
      { key: "l2", words: "\u2113 along x\u2082 (map only)", label: "length-scale along the second input, of the map only", range: bounds.l2, step: 0.01, log: true });
    const map = make(side, "svg", { class: "explore-plane", viewBox: `0 0 ${MAP + 24} ${MAP + 24}`, width: MAP + 24, height: MAP + 24, role: "img",
      "aria-label": "a draw over two inputs, seen from above: one colour above zero, the other below" });
    make(map, "rect", { class: "explore-back", x: 24, width: MAP, height: MAP });
    make(map, "text", { x: MAP + 24, y: MAP + 18, "text-anchor": "end" }, "x\u2081");
    make(map, "text", { x: 2, y: 12 }, "x\u2082");
    const paths = [1, -1].map((sign) => LEVELS.map((level) => ({ sign, level, path: make(map, "path", { class: sign > 0 ? "explore-height explore-steep" : "explore-depth" }) }))).flat();
    const across = Array.from(PLACES, (v) => 24 + (MAP * v) / X[1]), up = Array.from(PLACES, (v) => MAP - (MAP * v) / X[1]);

    let drawn = null;
    return function render(state) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), edge = new Float64Array(SIZE);
      band(GRID, edge.map(() => -2 * state.sd), edge.map(() => 2 * state.sd));
      [thick, ...thin].forEach((curve, i) => curve(GRID, found.draws[i]));
      if (drawn !== found.field) {
        const below = found.field.map((v) => -v);
        for (const { sign, level, path } of paths) set(path, { d: region(across, up, sign > 0 ? found.field : below, level) });
        drawn = found.field;
      }
      const [first, ...others] = found.crossings;
      ui.say("Upward crossings of zero:", [1, `thick draw ${first}`], `others ${others.join(" and ")}`,
        Number.isFinite(found.expected) ? `on average ${shown(found.expected, 1)}` : "on average more and more, the finer one looks");
    };
  }

  MTGP.prior = { compute, GRID, PLACES };
  figure("prior", { start, bounds, tidy, build });
})(self.MTGP);

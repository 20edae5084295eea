/* What a kernel believes before any reading: draws over one input and over two, from random numbers that stay the same. */
(function (MTGP) {
  "use strict";

  const { kernels, cholesky, dot, normals, coarseFirst } = MTGP.gaussian;
  const { make, set, shown, figure, Plot, region } = MTGP.explore;

  const X = [0, 10], Y = [-4.2, 4.2], SIZE = 193, SIDE = 33, MAP = 190; // MAP: pixels
  const evenly = (n) => Float64Array.from({ length: n }, (_, i) => X[0] + ((X[1] - X[0]) * i) / (n - 1));
  const GRID = evenly(SIZE), PLACES = evenly(SIDE);
  const KERNELS = ["rbf", "matern32", "matern12"], WORDS = ["RBF", "Mat\u00e9rn 3/2", "Mat\u00e9rn 1/2"];
  const LEVELS = [0.5, 1, 1.5, 2]; // standard deviations above and below zero

  const start = { kernel: 0, l: 1, sd: 1, l2: 3, draw: 0 };
  const bounds = { kernel: [0, 2], l: [0.3, 5], sd: [0.3, 2], l2: [0.3, 20], draw: [0, 99] };
  const tidy = (state) => ["kernel", "draw"].forEach((key) => (state[key] = Math.round(state[key])));

  const ORDERS = new Map([SIZE, SIDE].map((n) => [n, coarseFirst(n)]));

  /* Rows of the factor of k on an even grid of n places, made from coarse to fine and put where they belong: row i gives
     the draw at place i. A grid has n distances, and so n values of k. The diagonal grows as in `sample`. */
  function factor({ kernel }, l, n) {
    const order = ORDERS.get(n), k = kernels[KERNELS[kernel]](l), C = new Float64Array(n * n), rows = [];
    const far = evenly(n).map((d) => k(0, d));
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) C[i * n + j] = far[Math.abs(order[i] - order[j])];
    for (let i = 0; i < n; i++) C[i * n + i] += 1e-8;
    cholesky(C);
    order.forEach((place, i) => (rows[place] = C.subarray(i * n, i * n + i + 1)));
    return rows;
  }

  /* A draw over two inputs, with variance 1, of the product of two kernels: L1 Z L2^T, row by row along the second input. */
  function field(state, z) {
    const [up, across] = [state.l2, state.l].map((l) => factor(state, l, SIDE));
    const half = across.map((row) => Float64Array.from({ length: SIDE }, (_, i) => dot(row, z.subarray(i * SIDE, (i + 1) * SIDE))));
    return Float64Array.from({ length: SIDE * SIDE }, (_, n) => dot(up[Math.floor(n / SIDE)], half[n % SIDE]));
  }

  /* How often a curve crosses zero upwards. */
  const crossings = (values) => values.reduce((count, v, i) => count + (i > 0 && values[i - 1] < 0 && v >= 0), 0);

  /* How often draws do so on average over the grid: sqrt(-k''(0)) / 2 pi times its length (Rice); Matern 1/2 has no limit. */
  const expected = ({ kernel, l }) => ([1, Math.sqrt(3), Infinity][kernel] * (X[1] - X[0])) / (2 * Math.PI * l);

  /* All numbers of the picture. */
  function compute(state, keep = (name, key, make) => make()) {
    const { kernel, l, sd, l2, draw = 0 } = state, seed = (one) => one + 10 * draw;
    const Z = keep("normals", draw, () => [4, 5, 6].map((one) => normals(SIZE, seed(one)))), rows = keep("factor", [kernel, l], () => factor(state, l, SIZE));
    const curves = keep("draws", [kernel, l, sd, draw], () => Z.map((z) => Float64Array.from(rows, (row) => sd * dot(row, z))));
    return { draws: curves, crossings: curves.map(crossings), expected: expected(state), field: keep("field", [kernel, l, l2, draw], () => field(state, normals(SIDE * SIDE, seed(7)))) };
  }

  function build(ui) {
    ui.choice({ key: "kernel", label: "the kernel", words: WORDS });
    ui.newDraw();
    const plot = new Plot(ui, { label: "three draws over x", x: { range: X, ticks: [0, 2, 4, 6, 8, 10], title: "x" },
      panels: [{ range: Y, ticks: [-4, -2, 0, 2, 4], title: "", task: 1 }], height: [0.4, 220, 290] });
    const [panel] = plot.panels, band = panel.band(), thin = [1, 2].map(() => panel.curve("explore-line explore-thin")), thick = panel.curve();
    ui.say("");
    const side = make(ui.box, "div", { class: "explore-side" });
    ui.sliders(side,
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.01, log: true },
      { key: "sd", words: "sd of f (curves only)", range: bounds.sd, step: 0.05 },
      { key: "l2", words: "\u2113 along x\u2082 (map only)", label: "length-scale along the second input", range: bounds.l2, step: 0.01, log: true });
    const left = 24, top = 8, [across, up] = [(v) => left + (MAP * v) / X[1], (v) => top + MAP - (MAP * v) / X[1]];
    const size = { width: left + MAP + 8, height: top + MAP + 44 };
    const map = make(side, "svg", { ...size, class: "explore-plane", viewBox: `0 0 ${size.width} ${size.height}`, role: "img",
      "aria-label": "a draw over two inputs, seen from above: red above zero and blue below, deeper with each half standard deviation" });
    make(map, "rect", { class: "explore-back", x: left, y: top, width: MAP, height: MAP });
    for (const [v, words] of [[0, "0"], [5, "5"], [7.5, ""], [10, "10"]]) {
      make(map, "text", { x: across(v), y: top + MAP + 16, "text-anchor": "middle" }, words || "x\u2081");
      make(map, "text", { x: left - 6, y: up(v) + 4, "text-anchor": "end" }, words || "x\u2082");
    }
    const kinds = ["explore-above", "explore-below"];
    ["above zero", "below zero"].forEach((words, i) => {
      make(map, "rect", { class: `${kinds[i]} explore-swatch`, x: left + 100 * i, y: size.height - 12, width: 11, height: 11 });
      make(map, "text", { x: left + 100 * i + 16, y: size.height - 2 }, words);
    });
    const paths = [1, -1].map((sign, i) => LEVELS.map((level) => ({ sign, level, path: make(map, "path", { class: kinds[i] }) }))).flat();
    const xs = Array.from(PLACES, across), ys = Array.from(PLACES, up);

    let drawn = null;
    return function render(state) {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make));
      band(X, X.map(() => -2 * state.sd), X.map(() => 2 * state.sd));
      [thick, ...thin].forEach((curve, i) => curve(GRID, found.draws[i]));
      if (drawn !== found.field) {
        const below = found.field.map((v) => -v);
        for (const { sign, level, path } of paths) set(path, { d: region(xs, ys, sign > 0 ? found.field : below, level) });
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

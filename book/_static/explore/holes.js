/* A small table with holes anywhere, filled by a line, a regression and an ICM with hyper-parameters that are held. */
(function (MTGP) {
  "use strict";

  const { kernels, dot, cholesky, signalCovariance, forward, backward, condition, explained, normals } = MTGP.gaussian;
  const { make, set, write, shown, figure, Plot, line, cellTable } = MTGP.explore;

  const T = 3, N = 14, TASKS = [0, 1, 2], ROWS = [...Array(N).keys()], X = ROWS.map((i) => i + 1), CELLS = [...Array(T * N).keys()], MANY = 100; // tables to judge by
  const LENGTH = 3, NOISE = 0.2, SPARE = 3; // of the ICM, in rows and in sd of a column; rows a regression has beyond its coefficients
  const METHODS = ["line across", "regression", "ICM, held, \u00b1 2 sd"], ROLES = [6, 3, 0]; // the module's plots.role

  const run = (t, from, to) => Array.from({ length: to - from + 1 }, (_, i) => t * N + from - 1 + i);
  const PRESETS = [
    ["one hole", run(0, 6, 10)],
    ["one column ends early", run(0, 10, 14)],
    ["holes everywhere", [1, 2, 5, 8, 9, 12, 14, 17, 18, 21, 25, 27, 29, 32, 35, 36, 38]],
  ];

  const start = { truth: 0, off: PRESETS[0][1], rho: 0.8, assumed: 0.8, draw: 1 };
  const bounds = { truth: [0, 1], off: [0, T * N - 1, T * N], rho: [0, 0.99], assumed: [0, 0.99], draw: [0, 99] };

  /* A cell is the number t * N + i. Two readings of each column stay. */
  function tidy(state) {
    for (const key of ["truth", "draw"]) state[key] = Math.round(state[key]);
    const count = [0, 0, 0];
    state.off = [...new Set(state.off.map(Math.round))].filter((cell) => count[Math.floor(cell / N)]++ < N - 2).sort((a, b) => a - b);
  }

  const alike = (rho) => TASKS.map((s) => TASKS.map((t) => (s === t ? 1 : rho)));
  const cellsOf = (cells) => ({ x: cells.map((c) => X[c % N]), row: cells.map((c) => c % N), task: cells.map((c) => Math.floor(c / N)) });
  const MODEL = { B: [[1]], k: kernels.matern32(LENGTH) }, ROOT = cholesky(signalCovariance([MODEL], cellsOf(ROWS), cellsOf(ROWS)));

  /* What the columns have in common, what each has of its own, both of variance 1, and errors, each [T * N]. Of no ICM
     (truth 0): a wave of chance period and phase, and random walks about their means. Truth 1: draws from the ICM's kernel. */
  function parts(truth, seed) {
    const z = normals(N + 2 * T * N, seed), [first, ...own] = Array.from({ length: T + 1 }, (_, k) => z.subarray(k * N, (k + 1) * N));
    const ofKernel = (one) => ROWS.map((i) => dot(ROOT.subarray(i * N, i * N + i + 1), one));
    const period = 10 * Math.exp(0.25 * z[2]), phase = Math.atan2(z[0], z[1]), size = Math.sqrt((6 * N) / (N * N - 1));
    const wave = () => X.map((x) => Math.SQRT2 * Math.sin((2 * Math.PI * x) / period + phase));
    const walk = (steps) => {
      let sum = 0;
      const path = Array.from(steps, (step) => (sum += step)), level = path.reduce((a, b) => a + b) / N;
      return path.map((v) => size * (v - level));
    };
    const common = truth ? ofKernel(first) : wave();
    return { common: TASKS.flatMap(() => common), own: own.flatMap(truth ? ofKernel : walk), errors: z.subarray(N + T * N) };
  }

  /* Functions f and readings y of a table of these parts, [T * N]. */
  function tableOf({ common, own, errors }, rho) {
    const [a, b] = [Math.sqrt(rho), Math.sqrt(1 - rho)], f = Float64Array.from(common, (v, cell) => a * v + b * own[cell]);
    return { f, y: f.map((v, cell) => v + NOISE * errors[cell]) };
  }

  /* For each hidden cell the rows of its column that are seen, and those with all columns of its regression: the others
     seen in its row, without those that share fewest rows with it while there are too few (as the module's rule). */
  function asked(off) {
    const isSeen = (t, i) => !off.includes(t * N + i), shared = (...tasks) => ROWS.filter((i) => tasks.every((t) => isSeen(t, i)));
    return off.map((cell) => {
      const t = Math.floor(cell / N), i = cell % N;
      let columns = TASKS.filter((s) => s !== t && isSeen(s, i));
      while (columns.length && shared(t, ...columns).length < columns.length + 1 + SPARE) {
        const counts = columns.map((s) => shared(s, t).length), fewest = counts.indexOf(Math.min(...counts));
        columns = columns.filter((_, k) => k !== fewest);
      }
      return { t, i, columns, seen: shared(t), rows: shared(t, ...columns) };
    });
  }

  /* The line between the readings beside the cell; the nearest one where there is one alone. */
  function interpolated(y, { t, i, seen }) {
    const before = seen.findLast((row) => row < i), after = seen.find((row) => row > i), at = (row) => y[t * N + row];
    if (before === undefined || after === undefined) return at(before ?? after);
    return at(before) + ((at(after) - at(before)) * (i - before)) / (after - before);
  }

  /* Least squares on 1 and the columns, which are made orthonormal one after the other; with no column left, the line. */
  function regressed(y, question) {
    const { t, i, columns, rows } = question, basis = [], at = (s, row) => (s < 0 ? 1 : y[s * N + row]);
    if (!columns.length) return interpolated(y, question);
    let answer = 0;
    for (const s of [-1, ...columns]) {
      const h = Float64Array.from(rows, (row) => at(s, row));
      let g = at(s, i), b = 0;
      for (const one of basis) {
        const share = dot(h, one.h);
        for (let n = 0; n < h.length; n++) h[n] -= share * one.h[n];
        g -= share * one.g;
      }
      const square = dot(h, h);
      for (let n = 0; n < h.length; n++) b += h[n] * y[t * N + rows[n]];
      answer += (b * g) / square;
      basis.push({ h: h.map((v) => v / Math.sqrt(square)), g: g / Math.sqrt(square) });
    }
    return answer;
  }

  /* What the ICM makes of the seen cells: the weights of their readings in the mean of each hidden cell, and its sd. */
  function held(seen, off, assumed) {
    const Sigma = TASKS.map((s) => TASKS.map((t) => (s === t ? NOISE * NOISE : 0))), n = seen.length;
    const { L, ...rest } = condition([{ B: alike(assumed), k: MODEL.k }], Sigma, cellsOf(seen));
    const { cross, variance } = explained({ L, ...rest }, cellsOf(off), { noise: true });
    const weights = off.map((_, k) => backward(L, forward(L, cross.slice(k * n, (k + 1) * n))));
    return { weights, sd: Array.from(variance, (v) => Math.sqrt(Math.max(0, v))) };
  }

  /* The parts of many tables, made once. */
  const stocks = [];
  const stock = (truth) => (stocks[truth] ||= Array.from({ length: MANY }, (_, k) => parts(truth, 1001 + k)));

  /* All numbers of the picture: the table; of each method the hidden cells' means; the ICM's sds; and the root mean square
     errors, here and over many tables with the same holes. */
  function compute(state, keep = (name, key, make) => make()) {
    const { truth, off, rho, assumed, draw } = state, table = tableOf(keep("parts", [truth, draw], () => parts(truth, draw)), rho);
    const { questions, seen } = keep("questions", off, () => ({ questions: asked(off), seen: CELLS.filter((cell) => !off.includes(cell)) }));
    const { weights, sd } = keep("ICM", [off, assumed].join(";"), () => held(seen, off, assumed));
    const ways = [
      (y) => questions.map((one) => interpolated(y, one)), (y) => questions.map((one) => regressed(y, one)),
      (y) => {
        const read = Float64Array.from(seen, (cell) => y[cell]);
        return weights.map((one) => dot(one, read));
      },
    ];
    const square = (way, y) => way(y).reduce((sum, v, k) => sum + (v - y[off[k]]) ** 2, 0) / off.length;
    const many = keep("tables", [truth, rho], () => stock(truth).map((one) => tableOf(one, rho).y));
    const plain = keep("plain errors", [truth, rho, off].join(";"), () => [0, 1].map((m) => many.map((y) => square(ways[m], y))));
    const errors = [...plain, keep("ICM errors", [truth, rho, assumed, off].join(";"), () => many.map((y) => square(ways[2], y)))];
    return {
      ...table, seen, questions, sd, answers: ways.map((way) => way(table.y)), here: ways.map((way) => Math.sqrt(square(way, table.y))),
      typical: errors.map((list) => Math.sqrt(list.reduce((a, b) => a + b) / MANY)), lines: questions.filter((one) => !one.columns.length).length,
    };
  }

  /* Runs of hidden rows of a column, each with the seen rows beside it. */
  function runs(off, t) {
    const hidden = ROWS.filter((i) => off.includes(t * N + i)), parts = [];
    for (const i of hidden) {
      if (!hidden.includes(i - 1)) parts.push(i ? [i - 1, i] : [i]);
      else parts.at(-1).push(i);
      if (i + 1 < N && !hidden.includes(i + 1)) parts.at(-1).push(i + 1);
    }
    return parts;
  }

  const circle = (x, y, r) => `M${x - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`;

  /* The table of errors, which is the key to the lines too. */
  function scoreTable(parent) {
    const table = make(parent, "table", { class: "explore-scores" }), head = make(make(table, "thead"), "tr"), body = make(table, "tbody");
    ["filled by", "error here [sd]", `in ${MANY} tables`].forEach((words) => make(head, "th", { scope: "col" }, words));
    const rows = METHODS.map((words, m) => {
      const row = make(body, "tr"), name = make(row, "th", { scope: "row", class: `explore-task${ROLES[m] + 1}` });
      const key = make(name, "svg", { width: 30, height: 12, "aria-hidden": "true" });
      make(key, "path", { class: `explore-way explore-way${m}`, d: "M0,6H26" });
      make(name, "span", {}, words);
      return { row, cells: [make(row, "td"), make(row, "td")] };
    });
    return ({ here, typical }, any) => rows.forEach(({ row, cells }, m) => {
      [here, typical].forEach((list, k) => write(cells[k], any ? shown(list[m]) : "\u2013"));
      row.classList.toggle("explore-best", any && typical[m] === Math.min(...typical));
    });
  }

  function build(ui) {
    ui.newDraw();
    ui.presets(ui.bar, ...PRESETS.map(([words, off]) => [words, { off }]));
    ui.choice({ key: "truth", label: "where the table comes from", words: ["truth of another kind", "drawn from the ICM"] });
    const x = { range: [0.5, N + 0.5], ticks: X }, panels = TASKS.map((t) => ({ range: [-3, 4], ticks: [-2, 0, 2], title: `column ${t + 1} [sd]` }));
    const plot = new Plot(ui, { label: "three columns over x", x, panels, height: [0.6, 210, 330] });
    const layers = plot.panels.map((panel) => ({
      truth: panel.path("explore-faint"), band: panel.path("explore-band explore-task1"),
      ways: METHODS.map((_, m) => panel.path(`explore-way explore-way${m} explore-task${ROLES[m] + 1}`)),
      seen: panel.path("explore-dot explore-ink"), hidden: panel.path("explore-hollow explore-ink"),
    }));
    cellTable(ui, make(ui.box, "div", { class: "explore-staged" }), { label: "the cells of the table", heads: ["1", "2", "3"], kinds: TASKS.map(() => "explore-ink"), count: N, name: (t, i) => `column ${t + 1} at x = ${i + 1}` });
    ui.say("");
    const side = make(ui.box, "div", { class: "explore-side" }), scores = scoreTable(side);
    ui.sliders(side,
      { key: "rho", words: "correlation of the columns", range: bounds.rho, step: 0.01 },
      { key: "assumed", words: "correlation the ICM holds", range: bounds.assumed, step: 0.01 });

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), { off } = state, any = off.length > 0;
      TASKS.forEach((t) => {
        const panel = plot.panels[t], { truth, band, ways, seen, hidden } = layers[t], own = runs(off, t);
        const path = (value, rows) => line(rows.map((i) => plot.x(X[i])), rows.map((i) => panel.y(value(t * N + i))));
        const told = (list) => (cell) => (off.includes(cell) ? list[off.indexOf(cell)] : found.y[cell]);
        const edge = (sign) => (cell) => (off.includes(cell) ? found.answers[2][off.indexOf(cell)] + 2 * sign * found.sd[off.indexOf(cell)] : found.y[cell]);
        set(truth, { d: path((cell) => found.f[cell], ROWS) });
        set(band, { d: own.map((rows) => `${path(edge(1), rows)}${path(edge(-1), [...rows].reverse()).replace("M", "L")}Z`).join("") });
        ways.forEach((way, m) => set(way, { d: own.map((rows) => path(told(found.answers[m]), rows)).join("") }));
        const dots = (cells, r) => cells.filter((cell) => Math.floor(cell / N) === t).map((cell) => circle(plot.x(X[cell % N]), panel.y(found.y[cell]), r)).join("");
        set(seen, { d: dots(found.seen, 2.8) });
        set(hidden, { d: dots(off, 3) });
      });
      scores(found, any);
      const complete = ROWS.filter((i) => TASKS.every((t) => !off.includes(t * N + i))).length;
      const short = found.lines ? `; for ${found.lines} cells the regression has too few, and takes the line` : "";
      ui.say(`${off.length} of ${T * N} cells hidden (rings; grey: the truth); ${complete} of ${N} rows complete${short}.`);
    };
  }

  MTGP.holes = { compute, PRESETS, start };
  figure("holes", { start, bounds, tidy, build });
})(self.MTGP);

/* Which cell to read next: three tasks of an ICM whose parameters are held, some cells read, one sum or stretch wanted. */
(function (MTGP) {
  "use strict";

  const { kernels, condition, logLikelihood, explained, mean, observationCovariance, sample, normals } = MTGP.gaussian;
  const { make, set, write, clamp, shown, arrows, figure, Plot } = MTGP.explore;

  const N = 13, TASKS = [0, 1, 2], X = [-0.5, N - 0.5], Y = [-3, 3], NOISE = 0.3, LENGTH = 2;
  const [MEAN, EACH, DIFFERENCE] = [0, 1, 2]; // what is wanted in the stretch
  const RHO = [[1, 0.9, 0.6], [0.9, 1, 0.55], [0.6, 0.55, 1]];
  const GIVEN = [0, 2, 11, N + 1, N + 12, 2 * N, 2 * N + 6, 2 * N + 12]; // cells that are read at the start
  const GRID = Float64Array.from({ length: 121 }, (_, i) => X[0] + ((X[1] - X[0]) * i) / 120);

  const start = { wanted: 0, stretch: [3.5, 9.5], price: [0.5, 0.1], bought: [], mark: 0, draw: 0, at: N + 6 };
  const bounds = { wanted: [0, 2], stretch: X, price: [0.05, 1], bought: [0, 3 * N - 1, 3 * N], mark: [0, 1], draw: [0, 99], at: [0, 3 * N - 1] };

  function tidy(state) {
    for (const key of ["wanted", "mark", "draw", "at"]) state[key] = Math.round(state[key]);
    state.bought = [...new Set(state.bought.map(Math.round))].filter((cell) => !GIVEN.includes(cell));
    const [from, to] = state.stretch.map((v) => Math.round(v - 0.5)).sort((a, b) => a - b); // between two rows
    state.stretch = from < to ? [from + 0.5, to + 0.5] : from < N - 1 ? [from + 0.5, from + 1.5] : [from - 0.5, from + 0.5];
  }

  /* A cell is a number: its row for task 1, on from N for task 2, and from 2 N for task 3. What is seen of the difference
     f1 - f2 is a fourth task, which nobody reads. */
  const ALL = Array.from({ length: 3 * N }, (_, cell) => cell);
  const placed = (cells) => ({ x: cells.map((c) => c % N), row: cells.map((c) => c % N), task: cells.map((c) => Math.floor(c / N)) });
  const wide = [...RHO, RHO[0].map((v, t) => v - RHO[1][t])], square = [...wide, wide[0].map((v, t) => v - wide[1][t])];
  const B = wide.map((row) => [...row, row[0] - row[1]]), Sigma = B.map((row, s) => row.map((_, t) => (s === t && s < 3 ? NOISE ** 2 : 0)));
  const terms = [{ B, k: kernels.rbf(LENGTH) }];

  /* A value for each cell, drawn from the prior. */
  const values = (draw) => sample(new Float64Array(3 * N), observationCovariance(terms, Sigma, placed(ALL)), normals(3 * N, draw + 1))[0];

  /* Of a task (which may be the difference): the band along x, and the covariance of its rows and of f in all cells. */
  function solve(bought, t, keep, name) {
    const key = [...bought, "of", t].join(), cells = [...GIVEN, ...bought], unread = (x) => ({ x, row: Array.from(x, (_, i) => -1 - i), task: Array.from(x, () => t) });
    const factor = keep(`factor ${name}`, bought.join(), () => condition(terms, Sigma, placed(cells)));
    const along = keep(`along ${name}`, key, () => explained(factor, unread(GRID)));
    const rows = unread(ALL.slice(0, N)), all = placed(ALL);
    const both = { x: [...rows.x, ...all.x], row: [...rows.row, ...all.row.map((_, i) => -100 - i)], task: [...rows.task, ...all.task] };
    return { cells, factor, along, joint: keep(`joint ${name}`, key, () => explained(factor, both, { joint: true })) };
  }

  /* Weights of rows, one list for each sum whose variance counts: the mean over the stretch, or each of its places. */
  function sums({ wanted, stretch }) {
    const inside = Array.from({ length: N }, (_, i) => Number(stretch[0] < i && i < stretch[1])), n = inside.reduce((a, b) => a + b);
    if (wanted !== EACH) return [inside.map((v) => v / n)];
    return inside.flatMap((v, i) => (v ? [inside.map((_, j) => (i === j ? 1 / Math.sqrt(n) : 0))] : []));
  }

  /* What is left of the variance of the sums, and by how much each unread cell would lower it: the square of its covariance
     with a sum, over its variance with noise. No value stands in here. */
  function variances(covariance, weights, cells) {
    const m = 4 * N, shared = (w, j) => w.reduce((sum, v, i) => sum + v * covariance[i * m + j], 0);
    const left = weights.reduce((sum, w) => sum + w.reduce((s, v, j) => s + v * shared(w, j), 0), 0);
    const gain = ALL.map((c) => {
      if (cells.includes(c)) return 0;
      return weights.reduce((sum, w) => sum + shared(w, N + c) ** 2, 0) / (covariance[(N + c) * (m + 1)] + NOISE ** 2);
    });
    return { left, gain };
  }

  /* All numbers of the picture. */
  function compute(state, keep = (name, key, make) => make()) {
    const t = state.wanted === DIFFERENCE ? 3 : 0, price = [1, ...state.price], weights = sums(state), costs = (cell) => price[Math.floor(cell / N)];
    const now = solve(state.bought, t, keep, "now"), first = solve([], t, keep, "first");
    const y = keep("values", state.draw, () => values(state.draw));
    const answer = ({ cells, factor, along, joint }) => {
      const solved = logLikelihood(factor, cells.map((c) => y[c])).weights, rows = mean(joint, solved);
      const middle = weights[0].reduce((sum, v, i) => sum + v * rows[i], 0);
      return { cells, mean: mean(along, solved), variance: along.variance, middle, ...variances(joint.covariance, weights, cells) };
    };
    const found = answer(now), rate = found.gain.map((gain, c) => gain / costs(c)), top = Math.max(...rate);
    return { ...found, y, before: answer(first), rate, best: top > 0 ? rate.indexOf(top) : -1, spent: state.bought.reduce((sum, c) => sum + costs(c), 0) };
  }

  function build(ui) {
    const flip = (state, cell) => {
      state.at = cell;
      if (!GIVEN.includes(cell)) state.bought = state.bought.includes(cell) ? state.bought.filter((c) => c !== cell) : [...state.bought, cell];
    };
    ui.choice({ key: "wanted", label: "what is wanted in the grey stretch", words: ["mean of task 1", "each place", "task 1 \u2212 task 2"] });
    ui.button({ words: "Mark the best cell", main: true, act: () => ui.change((state) => (state.mark = 1 - state.mark)), pressed: (state) => state.mark === 1 });
    ui.button({ words: "Start again", able: (state) => state.bought.length > 0, act: () => ui.change((state) => (state.bought = [])) });
    ui.newDraw();

    const strip = (t) => ({ range: [0, 1], ticks: [], title: `task ${t + 1}`, task: t + 1, share: 0.28 });
    const plot = new Plot(ui, {
      label: "what is wanted, and the cells that can be read", height: [0.5, 330, 430],
      x: { range: X, ticks: [0, 2, 4, 6, 8, 10, 12] }, panels: [{ range: Y, ticks: [-2, 0, 2], title: "task 1", task: 1 }, ...TASKS.map(strip)],
    });
    const [panel, ...strips] = plot.panels, band = panel.band(), dashed = [panel.curve("explore-dashed"), panel.curve("explore-dashed")], curve = panel.curve();
    const box = panel.path("explore-filled"), readings = panel.path("explore-dot");
    const prices = strips.map((one) => one.path("explore-filled"));
    const marks = strips.map((one) => ["hollow", "filled", "dot", "line", "rule"].map((kind) => one.path(`explore-${kind}`)));
    plot.gap({ panel: 0, name: "the stretch", words: "wanted", step: 1, ends: (state) => state.stretch, move: (state, ends) => (state.stretch = ends) });

    const cursor = make(plot.svg, "g", { class: "explore-cursor", role: "slider", tabindex: 0, "aria-label": "the cell to read, or not", "aria-valuemin": 0, "aria-valuemax": 3 * N - 1 });
    make(cursor, "path", { d: "M-11,-11h22v22h-22Z" });
    const read = () => ui.change((state) => flip(state, state.at));
    ui.tell("A cell: click or tap it to read it, and again to take the reading back; the arrow keys go from cell to cell, Enter reads.");
    arrows(cursor, (dx, dy) => ui.change((state) => {
      const row = clamp((state.at % N) + dx, [0, N - 1]), task = clamp(Math.floor(state.at / N) - Math.sign(dy), [0, 2]);
      state.at = task * N + row;
    }), { Enter: read, " ": read });
    plot.onBackground = (x, y, number) => {
      if (!number) return;
      cursor.focus({ preventScroll: true });
      ui.change((state) => flip(state, (number - 1) * N + clamp(Math.round(x), [0, N - 1])));
    };
    const name = (cell) => `task ${Math.floor(cell / N) + 1} at x = ${cell % N}`;
    const middle = (t) => strips[t].y(0.27), disc = (r) => (c) => { const y = middle(Math.floor(c / N)); return `M${plot.x(c % N) - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`; };
    ui.say("");
    const side = make(ui.box, "div", { class: "explore-side" });
    ui.sliders(side, ...[1, 2].map((t) => ({ key: "price", index: t - 1, task: t + 1, words: `price of task ${t + 1}`, label: "task 1 costs 1", range: bounds.price, step: 0.05 })));
    make(side, "p", {}, "A ring can be read; a dot was read at the start, a dot in a ring is bought. With the best cell marked, the disc in a ring is as large as the cell's gain per price.");

    return (state) => {
      const found = compute(state, (key, signature, make) => ui.keep(key, signature, make)), { before, best, rate } = found, sum = state.wanted !== EACH;
      const edge = ({ mean: m, variance }, sign) => m.map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
      band(GRID, edge(found, -1), edge(found, 1));
      curve(GRID, found.mean);
      [-1, 1].forEach((sign, i) => dashed[i](GRID, edge(before, sign)));
      const [from, to] = state.stretch.map(plot.x), ends = [1, -1].map((sign) => panel.y(found.middle + sign * 2 * Math.sqrt(found.left)));
      set(box, { d: sum ? `M${from},${ends[0]}H${to}V${ends[1]}H${from}Z` : "" });
      const both = state.wanted === DIFFERENCE, here = found.cells.filter((c) => c < N && (!both || found.cells.includes(c + N)));
      set(readings, { d: here.map((c) => { const y = panel.y(found.y[c] - (both ? found.y[c + N] : 0)); return `M${plot.x(c) - 4},${y}a4,4,0,1,0,8,0a4,4,0,1,0,-8,0Z`; }).join("") });
      write(panel.title, `task 1${both ? " \u2212 task 2" : ""}${sum ? ", and its mean (box)" : ""}; dashed: at the start`);

      TASKS.forEach((t) => {
        const own = ALL.filter((c) => Math.floor(c / N) === t), seen = own.filter((c) => found.cells.includes(c)), free = own.filter((c) => !seen.includes(c));
        const drawn = [free.map(disc(7)), state.mark ? free.map((c) => disc(7 * Math.sqrt(rate[c] / rate[best]))(c)) : [], seen.map(disc(6)),
          seen.filter((c) => state.bought.includes(c)).map(disc(9)), state.mark ? own.filter((c) => c === best).map(disc(10.5)) : []];
        drawn.forEach((paths, i) => set(marks[t][i], { d: paths.join("") }));
        const price = t ? state.price[t - 1] : 1, right = plot.x(X[1]) - 8, y = strips[t].top + 6;
        set(prices[t], { d: `M${right},${y}v9h${-70 * price}v-9Z` });
        write(strips[t].title, `task ${t + 1}${t ? `, correlation ${shown(RHO[0][t], 1)}` : ""}, costs ${t ? shown(price) : 1}`);
      });
      const task = Math.floor(state.at / N), taken = found.cells.includes(state.at);
      set(cursor, { transform: `translate(${plot.x(state.at % N)},${middle(task)})`, "aria-valuenow": state.at, "aria-valuetext": `${name(state.at)}, ${taken ? "read" : "not read"}` });

      const sd = (v) => shown(Math.sqrt(Math.max(0, v)), 3), what = ["sd of the mean", "sd of a place (root of the mean variance)", "sd of the difference"][state.wanted];
      const parts = [state.bought.length ? `${state.bought.length} bought for ${shown(found.spent)}:` : "Nothing bought yet:", `${what} ${sd(found.left)} (at the start ${sd(before.left)}).`];
      if (state.mark && best >= 0) parts.push([Math.floor(best / N) + 1, `Best: ${name(best)}, which leaves ${sd(found.left - found.gain[best])}`]);
      ui.say(...parts);
    };
  }

  MTGP.next = { compute, GRID, start };
  figure("next", { start, bounds, tidy, build });
})(self.MTGP);

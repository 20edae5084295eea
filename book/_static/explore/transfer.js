/* Two tasks of an ICM read in the same rows: when does one say anything about the other? The table of the figure before it. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, condition, logLikelihood, explained, mean, forward, backward } = MTGP.gaussian;
  const { make, set, shown, figure, Plot } = MTGP.explore;

  const ROWS = [0, 1, 2, 3, 4, 5, 6, 7], X = [-0.4, 7.4], Y = [-3, 3], TASKS = [0, 1], SUB = ["\u2081", "\u2082"], VALUES = ["y1", "y2"];
  const GRID = Float64Array.from({ length: 201 }, (_, i) => X[0] + ((X[1] - X[0]) * i) / 200);
  const LIKE_B = 1; // the second kind of noise

  const start = {
    y1: [-0.6, -1.1, -0.4, 0.9, 1.2, 0.4, -0.5, -0.3],
    y2: [0.5, -0.7, -1.3, 1.5, 0.2, 0.9, -1, 0.4],
    off: [], kind: 0, c: 0, rho: 0.9, l: 2, at: 3.4,
  };
  const bounds = { y1: [-2.6, 2.6], y2: [-2.6, 2.6], off: [0, 15, 16], kind: [0, 1], c: [0, 1], rho: [-0.98, 0.98], l: [0.3, 4], at: X };

  function tidy(state) {
    state.kind = Math.round(state.kind);
    state.off = [...new Set(state.off.map(Math.round))];
    const left = (t) => ROWS.filter((i) => !isHidden(state, t, i)).length;
    for (const t of TASKS) if (!left(t)) state.off = state.off.filter((cell) => cell !== t * ROWS.length); // no empty column
  }

  /* A cell is a number: its row for task 1, and on from the number of rows for task 2. */
  const cellOf = (t, i) => t * ROWS.length + i;
  const isHidden = ({ off }, t, i) => off.includes(cellOf(t, i));
  const flip = (state, t, i) => {
    const cell = cellOf(t, i);
    state.off = state.off.includes(cell) ? state.off.filter((other) => other !== cell) : [...state.off, cell];
  };

  /* B with variances 1, and Sigma = c I or c B. */
  function modelOf({ kind, c, rho, l }) {
    const Sigma = pair(Math.sqrt(c), Math.sqrt(c), kind === LIKE_B ? rho : 0);
    return { terms: [{ B: pair(1, 1, rho), k: kernels.matern32(l) }], Sigma };
  }

  function seenCells(state, tasks) {
    const cells = { x: [], row: [], task: [], y: [] };
    for (const t of tasks) ROWS.forEach((x, i) => {
      if (isHidden(state, t, i)) return;
      cells.x.push(x); cells.row.push(i); cells.task.push(t); cells.y.push(state[VALUES[t]][i]);
    });
    return cells;
  }

  /* Mean and variance of f at the grid and (the last one) at the marker. */
  function solve(state, tasks, t, keep) {
    const { terms, Sigma } = modelOf(state), cells = seenCells(state, tasks);
    const fixed = [tasks, state.off, state.kind, state.c, state.rho, state.l].join(";");
    const factor = keep(`factor ${tasks}`, fixed, () => condition(terms, Sigma, cells));
    const x = [...GRID, state.at], wanted = { x, row: x.map((_, i) => -1 - i), task: x.map(() => t) };
    const found = keep(`task ${t} of ${tasks}`, `${fixed};${state.at}`, () => explained(factor, wanted));
    return { factor, cells, ...found, mean: mean(found, logLikelihood(factor, cells.y).weights) };
  }

  /* What the proposition says of task 1: exactly nothing from task 2 if row 1 of Sigma is a multiple of row 1 of B and no
     row has task 2 alone. (Without a correlation there is nothing to take in any table.) */
  function isSilent(state) {
    const multiple = state.kind === LIKE_B || state.c === 0;
    return state.rho === 0 || (multiple && ROWS.every((_, i) => isHidden(state, 1, i) || !isHidden(state, 0, i)));
  }

  /* All numbers of the picture; weights: of each seen cell in the mean of f_1 at the marker. */
  function compute(state, keep = (name, key, make) => make()) {
    const together = TASKS.map((t) => solve(state, TASKS, t, keep)), alone = solve(state, [0], 0, keep);
    const { factor, cells, cross } = together[0], n = cells.x.length;
    const weights = backward(factor.L, forward(factor.L, cross.slice(-n)));
    const moved = Math.max(...together[0].mean.map((m, i) => Math.abs(m - alone.mean[i])));
    return { together, alone, cells, weights, moved, silent: isSilent(state) };
  }

  const MARKS = [(x, y) => `M${x - 4},${y}a4,4,0,1,0,8,0a4,4,0,1,0,-8,0Z`, (x, y) => `M${x},${y - 5}l5,5l-5,5l-5,-5Z`];

  function build(ui) {
    ui.choice({ key: "kind", label: "the noise covariance", words: ["\u03a3 = c I, uncorrelated", "\u03a3 = c B"] });
    const nearest = (state) => Math.min(7, Math.max(0, Math.round(state.at)));
    for (const t of TASKS) ui.button({ words: `hole in task ${t + 1}`, act: () => ui.change((state) => flip(state, t, nearest(state))), pressed: (state) => isHidden(state, t, nearest(state)) });

    const panel = (t) => ({ range: Y, ticks: [-2, 0, 2], title: t ? "task 2, the neighbour" : "task 1: together, and alone (dashed)", task: t + 1 });
    const weighed = { range: [-0.6, 1.1], ticks: [0, 0.5, 1], title: "weight of each cell at the marker, for task 1", share: 0.8 };
    const plot = new Plot(ui, { label: "two tasks over x, and the weights of their cells", x: { range: X, ticks: ROWS, title: "x" }, panels: [...TASKS.map(panel), weighed], height: [0.72, 400, 470] });
    const [first, second, last] = plot.panels;
    const drawn = [first, second].map((one) => ({ band: one.band(), mean: one.curve() }));
    const dashed = [0, 1, 2].map(() => first.curve("explore-dashed explore-alone"));
    const stems = TASKS.map((t) => last.path(`explore-line explore-task${t + 1}`)), dots = TASKS.map((t) => last.path(`explore-dot explore-task${t + 1}`));
    plot.marker({ label: "the x at which weights and numbers are read", at: (state) => state.at, move: (state, x) => (state.at = x) });
    for (const t of TASKS) {
      plot.points({
        panel: t, count: () => ROWS.length, name: (state, i) => `task ${t + 1} at x = ${ROWS[i]}`,
        at: (state, i) => [ROWS[i], state[VALUES[t]][i]], hidden: (state, i) => isHidden(state, t, i),
        move: (state, i, x, y) => { state[VALUES[t]][i] = y; }, flip: (state, i) => flip(state, t, i),
      });
    }
    ui.say("");
    ui.sliders(make(ui.box, "div", { class: "explore-side" }),
      { key: "rho", words: "correlation \u03c1 in B", range: bounds.rho, step: 0.01 },
      { key: "c", words: "noise c", label: "its variance", range: bounds.c, step: 0.01 },
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.05 });

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), end = GRID.length;
      const edge = ({ mean: m, variance }, sign) => m.subarray(0, end).map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
      drawn.forEach(({ band, mean: curve }, t) => {
        band(GRID, edge(found.together[t], -1), edge(found.together[t], 1));
        curve(GRID, found.together[t].mean.subarray(0, end));
      });
      dashed.forEach((curve, i) => curve(GRID, edge(found.alone, i - 1)));
      TASKS.forEach((t) => {
        const at = [...found.cells.task.keys()].filter((i) => found.cells.task[i] === t);
        const places = at.map((i) => [plot.x(found.cells.x[i] + (t ? 0.12 : -0.12)), last.y(found.weights[i])]);
        set(stems[t], { d: places.map(([x, y]) => `M${x},${last.y(0)}V${y}`).join("") });
        set(dots[t], { d: places.map(([x, y]) => MARKS[t](x, y)).join("") });
      });
      const other = found.weights.reduce((most, w, i) => (found.cells.task[i] && Math.abs(w) > Math.abs(most) ? w : most), 0);
      const said = (one) => `${shown(one.mean[end])}, sd ${shown(Math.sqrt(Math.max(0, one.variance[end])))}`;
      ui.say(`At x = ${shown(state.at)}:`, [1, `f${SUB[0]} ${said(found.together[0])} (alone ${said(found.alone)})`],
        [2, found.silent ? "from task 2: exactly nothing" : `largest weight on task 2: ${shown(other)}`]);
    };
  }

  MTGP.transfer = { compute, modelOf, isSilent, start };
  figure("transfer", { start, bounds, tidy, build });
})(self.MTGP);

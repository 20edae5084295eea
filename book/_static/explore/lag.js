/* One smooth function that two tasks show, the second later: what B reports as the delay grows, and what its model then
   says in a gap of task 2. Variances, length-scale and noise are known to the model; the correlation is the likeliest. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, dot, signalCovariance, forward, condition, logLikelihood, explained, mean, normals } = MTGP.gaussian;
  const { make, set, write, shown, figure, Plot } = MTGP.explore;

  const N = 41, X = [0, 10], FAR = 3, TASKS = [0, 1], GAP = [3.9, 6.1];
  const ROWS = Array.from({ length: N }, (_, i) => i / 4);
  const GRID = Float64Array.from({ length: 101 }, (_, i) => i / 10);
  const DELAYS = Float64Array.from({ length: 31 }, (_, i) => (FAR * i) / 30);
  const RHOS = Float64Array.from({ length: 41 }, (_, i) => Math.sin((Math.PI * (i - 20)) / 40)); // finer towards -1 and 1
  const KNOTS = { first: -12, step: 0.25 }, CHANCE = [];

  const start = { delay: 0.6, l: 1, noise: 0.1, allow: 0, draw: 0 };
  const bounds = { delay: [0, FAR], l: [0.5, 2], noise: [0.05, 0.5], allow: [0, 1], draw: [0, 99] };

  function tidy(state) {
    for (const key of ["allow", "draw"]) state[key] = Math.round(state[key]);
  }

  const isHidden = (t, i) => t === 1 && GAP[0] < ROWS[i] && ROWS[i] < GAP[1];
  const SEEN = TASKS.map((t) => ROWS.map((_, i) => i).filter((i) => !isHidden(t, i)));

  /* The normals of a draw: weights of the function's bumps, and errors of the readings. */
  const chance = (draw) => (CHANCE[draw] ||= { weights: normals(129, 1 + 10 * draw), errors: normals(2 * N, 2 + 10 * draw) });

  /* A draw from a GP with an RBF kernel: bumps on knots, with normal weights. The bump is the kernel's square root. */
  function truth(weights, l, x) {
    const { first, step } = KNOTS, reach = 6 * l, at = (v) => (v - first) / step; // further off a bump is rounding
    const last = Math.min(weights.length - 1, at(x + reach));
    let sum = 0;
    for (let j = Math.max(0, Math.ceil(at(x - reach))); j <= last; j++)
      sum += weights[j] * Math.exp(-(((x - first - j * step) / l) ** 2));
    return sum * Math.sqrt(step / (l * Math.sqrt(Math.PI / 2)));
  }

  /* All readings of a task: the errors are the same normals whatever the state. */
  function readings({ delay, l, noise, draw = 0 }, t) {
    const { weights, errors } = chance(draw);
    return ROWS.map((x, i) => truth(weights, l, x - t * delay) + noise * errors[t * N + i]);
  }

  /* Cells as the model takes them: one that knows the delay reads task 2 that much earlier (book: delayed). */
  const cellsOf = (x, t, lag, row = (i) => i) => ({ x: Array.from(x, (v) => v - t * lag), row: Array.from(x, (_, i) => row(i)), task: Array.from(x, () => t) });
  const seenCells = (t, lag) => cellsOf(SEEN[t].map((i) => ROWS[i]), t, lag, (i) => SEEN[t][i]);
  const modelOf = ({ l, noise }, rho) => ({ terms: [{ B: pair(1, 1, rho), k: kernels.rbf(l) }], Sigma: pair(noise, noise, 0) });

  /* Columns, turned into orthogonal ones by rotations of two at a time; the same rotations of the unit vectors. */
  function orthogonal(columns) {
    const units = columns.map((_, i) => Float64Array.from(columns, (_, j) => Number(i === j)));
    const turn = (a, b, c, s) => {
      for (let i = 0; i < a.length; i++) {
        const v = a[i];
        a[i] = c * v - s * b[i];
        b[i] = s * v + c * b[i];
      }
    };
    for (let sweep = 0, most = 1; most > 1e-14 && sweep < 30; sweep++) {
      const squares = columns.map((one) => dot(one, one)), order = [...columns.keys()].sort((a, b) => squares[b] - squares[a]);
      most = 0;
      for (let n = 1; n < order.length; n++) for (let k = 0; k < n; k++) { // the longest first: that takes fewer sweeps
        const i = order[k], j = order[n], both = dot(columns[i], columns[j]);
        if (Math.abs(both) < 1e-15) continue;
        most = Math.max(most, Math.abs(both));
        const half = (squares[j] - squares[i]) / (2 * both), t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.hypot(1, half));
        const c = 1 / Math.hypot(1, t);
        turn(columns[i], columns[j], c, c * t);
        turn(units[i], units[j], c, c * t);
        squares[i] -= t * both;
        squares[j] += t * both;
      }
    }
    return units;
  }

  /* What the likelihood of rho needs and values do not change: with both tasks' values made white, only their
     cross-covariance has rho, and once that is diagonal each rho costs one sum. */
  function white(state, lag) {
    const { terms, Sigma } = modelOf(state, 1), cells = TASKS.map((t) => seenCells(t, lag)), [m, n] = SEEN.map((rows) => rows.length);
    const factors = cells.map((own) => condition(terms, Sigma, own)), cross = signalCovariance(terms, ...cells);
    for (let i = 0; i < m; i++) forward(factors[1].L, cross.subarray(i * n, (i + 1) * n));
    const columns = Array.from({ length: n }, (_, j) => forward(factors[0].L, Float64Array.from({ length: m }, (_, i) => cross[i * n + j])));
    const units = orthogonal(columns), squares = columns.map((one) => dot(one, one));
    const felt = [...squares.keys()].filter((k) => squares[k] > 1e-20), pick = (list) => felt.map((k) => list[k]);
    return { factors, columns: pick(columns), units: pick(units), squares: pick(squares) };
  }

  /* The likeliest rho and its log likelihood, in nats: the best of a grid, then halving by the sign of the slope. */
  function likeliest({ factors, columns, units, squares }, y) {
    const z = TASKS.map((t) => forward(factors[t].L, Float64Array.from(SEEN[t], (i) => y[t][i])));
    const p = columns.map((one) => dot(one, z[0])), q = units.map((one) => dot(one, z[1]));
    const rest = TASKS.reduce((sum, t) => sum + factors[t].complexity - 0.5 * (dot(z[t], z[t]) + z[t].length * Math.log(2 * Math.PI)), 0);
    const along = (rho, term) => squares.reduce((sum, d, k) => sum + term(1 - rho * rho * d, d, p[k] * p[k] + d * q[k] * q[k], p[k] * q[k]), 0);
    const value = (rho) => rest - 0.5 * along(rho, (left, d, own, both) => Math.log(left) + (rho * rho * own - 2 * rho * both) / left);
    const slope = (rho) => along(rho, (left, d, own, both) => (rho * d - rho * own + both - (rho * d * (rho * rho * own - 2 * rho * both)) / left) / left);
    const heights = RHOS.map(value), best = heights.indexOf(Math.max(...heights));
    let low = RHOS[Math.max(0, best - 1)], high = RHOS[Math.min(RHOS.length - 1, best + 1)];
    for (let n = 0; n < 40; n++) {
      const middle = (low + high) / 2;
      if (slope(middle) > 0) low = middle;
      else high = middle;
    }
    const rho = (low + high) / 2;
    return { rho, value: value(rho) };
  }

  /* Mean and variance of both functions along x, by the model with this correlation and lag. */
  function solve(state, y, rho, lag) {
    const { terms, Sigma } = modelOf(state, rho), [a, b] = TASKS.map((t) => seenCells(t, lag));
    const factor = condition(terms, Sigma, { x: [...a.x, ...b.x], row: [...a.row, ...b.row], task: [...a.task, ...b.task] });
    const { weights } = logLikelihood(factor, TASKS.flatMap((t) => SEEN[t].map((i) => y[t][i])));
    return TASKS.map((t) => {
      const found = explained(factor, cellsOf(GRID, t, lag, (i) => -1 - i));
      return { mean: mean(found, weights), variance: found.variance };
    });
  }

  /* All numbers of the picture. plain, known: what B reports without and with the delay; curve: the first for DELAYS. */
  function compute(state, keep = (name, key, make) => make()) {
    const { delay, l, noise, draw } = state, y = TASKS.map((t) => readings(state, t)), fixed = `${l};${noise}`;
    const still = keep("white", fixed, () => white(state, 0));
    const curve = keep("curve", `${fixed};${draw}`, () => DELAYS.map((one) => likeliest(still, [y[0], readings({ ...state, delay: one }, 1)]).rho));
    const plain = likeliest(still, y), known = likeliest(keep("known", `${fixed};${delay}`, () => white(state, delay)), y);
    const [{ rho }, lag] = state.allow ? [known, delay] : [plain, 0];
    return { y, plain, known, curve, rho, tasks: solve(state, y, rho, lag), equal: kernels.rbf(l)(0, delay) };
  }

  const MARKS = [(x, y) => `M${x - 3},${y}a3,3,0,1,0,6,0a3,3,0,1,0,-6,0Z`, (x, y) => `M${x},${y - 4}l4,4l-4,4l-4,-4Z`];

  /* The whole panel is taken and drawn sideways, and task 2 with it. */
  function slide(ui, plot, panel) {
    ui.tell("The upper panel: drag it sideways, and task 2 goes along.");
    plot.svg.classList.add("explore-sweep");
    plot.handles.push({
      soft: true, wide: true, // a finger that goes up or down scrolls the page
      find: (px, py, reach) => (panel.top <= py && py <= panel.bottom ? { away: reach / 2, delay: ui.state.delay } : null),
      take: () => {},
      move: (held, px) => ui.change((state) => (state.delay = held.delay + plot.x.back(px) - plot.x.back(held.from[0]))),
      draw: () => {},
    });
  }

  function build(ui) {
    ui.check({ key: "allow", words: "the model knows the delay" });
    ui.newDraw();
    const plot = new Plot(ui, {
      label: "readings of two tasks over x, and what the model says", x: { range: X, ticks: [0, 2, 4, 6, 8, 10], title: "x" },
      panels: [{ range: [-3.5, 3.4], ticks: [-2, 0, 2], title: "task 1", task: 1 }], height: [0.42, 230, 290],
    });
    const [panel] = plot.panels, gap = panel.path("explore-gap"), second = make(plot.svg, "text", { class: "explore-title explore-task2" });
    const own = TASKS.map((t) => `explore-task${t + 1}`), bands = own.map((task) => panel.band(`explore-band ${task}`));
    const curves = own.map((task) => panel.curve(`explore-mean ${task}`)), rings = panel.path(`explore-hollow ${own[1]}`);
    const dots = own.map((task) => panel.path(`explore-dot ${task}`));
    slide(ui, plot, panel);
    ui.say("");

    const below = new Plot(ui, {
      label: "the correlation that B reports, over the delay", x: { range: [0, FAR], ticks: [0, 1, 2, 3], title: "delay of task 2" },
      panels: [{ range: [-1.1, 1.7], ticks: [-1, 0, 1], title: "correlation: in B; of the functions (dashed)" }], height: [0.3, 180, 210],
    });
    const [relation] = below.panels, equal = relation.curve("explore-dashed"), reported = relation.curve("explore-rule"), dot = relation.path("explore-dot");
    below.marker({ label: "delay of task 2", step: 0.05, at: (state) => state.delay, move: (state, x) => (state.delay = x) });
    ui.sliders(make(ui.box, "div", { class: "explore-side" }),
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.05 },
      { key: "noise", words: "sd of the noise", range: bounds.noise, step: 0.01 });
    make(ui.box, "p", {}, "Hollow marks are hidden from the model; bands: two sd of f.");
    const more = make(ui.box, "details", { class: "explore-more" });
    make(more, "summary", {}, "What is drawn");
    make(more, "p", {}, "Upper panel: filled marks are readings; curves and bands are what the model says of f, two sd wide on either side; the hidden readings lie in the shaded stretch. Lower panel, at each delay: the correlation in B that makes the filled marks likeliest, by the model that knows of no delay (the dot: at the delay drawn above); dashed: the correlation of the two functions at equal x. Both models know all else: the variances (1), the length-scale, the noise. One draw of function and noise at a time.");

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), place = (t, i) => [plot.x(ROWS[i]), panel.y(found.y[t][i])];
      const edge = ({ mean: m, variance }, sign) => m.map((v, i) => v + sign * 2 * Math.sqrt(Math.max(0, variance[i])));
      found.tasks.forEach((one, t) => {
        bands[t](GRID, edge(one, -1), edge(one, 1));
        curves[t](GRID, one.mean);
        set(dots[t], { d: SEEN[t].map((i) => MARKS[t](...place(t, i))).join("") });
      });
      set(rings, { d: ROWS.map((_, i) => (isHidden(1, i) ? MARKS[1](...place(1, i)) : "")).join("") });
      const [left, right] = GAP.map(plot.x);
      set(gap, { d: `M${left},${panel.top}H${right}V${panel.bottom}H${left}Z` });
      set(second, { x: plot.x(X[0]) + 56, y: panel.top + 17 });
      write(second, `task 2, the same ${shown(state.delay)} later`);
      equal(DELAYS, DELAYS.map((one) => kernels.rbf(state.l)(0, one)));
      reported(DELAYS, found.curve);
      const [x, y] = [below.x(state.delay), relation.y(found.rho)];
      set(dot, { d: `M${x - 5},${y}a5,5,0,1,0,10,0a5,5,0,1,0,-10,0Z` });
      ui.say(`Delay ${shown(state.delay)}:`, `B reports correlation ${shown(found.plain.rho)};`, `with the delay known ${shown(found.known.rho)}, and ${shown(found.known.value - found.plain.value, 1)} nats more log likelihood.`,
        `The functions have ${shown(found.equal)} at equal x.`);
    };
  }

  MTGP.lag = { compute, start, DELAYS };
  figure("lag", { start, bounds, tidy, build });
})(self.MTGP);

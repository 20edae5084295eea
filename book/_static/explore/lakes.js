/* The levels of four Great Lakes, year by year, that one crew reads in turn. Hide stretches, too: the answers for what is
   hidden, together and alone. */
(function (MTGP) {
  "use strict";

  const { kernels, signalCovariance, cholesky, forward, backward, dot } = MTGP.gaussian;
  const { make, set, clamp, shown, figure, Plot } = MTGP.explore;

  const NUMBERS = {
    "lakes": ["Erie", "Michigan-Huron", "Ontario", "St. Clair"],
    "first": 1918,
    "y": [[174.015, 174.1808, 173.9083, 174.0258, 173.9275, 173.7575, 173.8433, 173.5933, 173.6408, 173.8183, 173.9517, 174.3117, 174.27, 173.705, 173.7358, 173.6767, 173.3317, 173.4108, 173.4883, 173.82, 173.8408, 173.8458, 173.795, 173.7, 173.8767, 174.2317, 174.0917, 174.1883, 174.1358, 174.235, 174.2208, 173.9733, 174.135, 174.3242, 174.52, 174.3308, 174.2883, 174.3483, 174.12, 174.0367, 173.8083, 173.85, 174.0942, 174.1008, 173.9075, 173.7267, 173.6075, 173.7125, 173.8992, 174.0592, 174.2042, 174.39, 174.2583, 174.3117, 174.5, 174.7408, 174.6892, 174.6158, 174.5733, 174.2975, 174.3725, 174.3917, 174.5217, 174.3983, 174.425, 174.5208, 174.5225, 174.7283, 174.8983, 174.6675, 174.2617, 174.2258, 174.2942, 174.3267, 174.3567, 174.5042, 174.3667, 174.2842, 174.375, 174.7175, 174.5508, 174.1025, 173.99, 173.9142, 174.0583, 173.9658, 174.1158, 174.17, 174.1467, 174.1392, 174.1592, 174.2483], [176.8867, 176.745, 176.625, 176.4883, 176.445, 176.2642, 176.1867, 175.9192, 175.885, 176.1483, 176.4433, 176.8958, 176.6508, 176.1183, 175.9408, 175.8675, 175.7667, 175.8908, 175.9392, 175.9225, 176.1408, 176.2692, 176.1417, 176.1217, 176.3342, 176.6267, 176.5967, 176.57, 176.6017, 176.5667, 176.5308, 176.2108, 176.2608, 176.7358, 177.085, 176.9333, 176.8292, 176.7225, 176.44, 176.2633, 176.0675, 176.0058, 176.4775, 176.3767, 176.2225, 175.9225, 175.6825, 175.9158, 176.1608, 176.3008, 176.4467, 176.6958, 176.6783, 176.805, 176.8883, 177.1233, 177.0933, 176.9733, 176.8992, 176.505, 176.5908, 176.7942, 176.8033, 176.6983, 176.5983, 176.8333, 176.895, 177.1267, 177.2925, 176.97, 176.5642, 176.4008, 176.35, 176.4692, 176.4792, 176.6958, 176.6783, 176.5275, 176.6542, 176.9842, 176.7167, 176.2358, 175.9783, 175.9508, 176.1183, 175.8917, 176.1108, 176.09, 176.0158, 175.9433, 176.005, 176.2583], [74.8725, 74.9558, 74.5675, 74.6658, 74.6567, 74.4433, 74.5575, 74.39, 74.4025, 74.6067, 74.8008, 75.085, 75.0808, 74.3575, 74.5025, 74.2758, 74.0217, 74.0042, 74.1642, 74.4958, 74.5225, 74.4925, 74.4258, 74.4075, 74.5167, 75.1342, 74.8458, 75.06, 74.9933, 75.1692, 75.0808, 74.7408, 74.8917, 75.2467, 75.3658, 75.015, 74.9817, 75.1458, 74.9217, 74.6333, 74.4283, 74.475, 74.7125, 74.6133, 74.6417, 74.655, 74.2867, 74.3958, 74.69, 74.8583, 74.7992, 74.7492, 74.6858, 74.7233, 74.935, 75.21, 75.0658, 74.81, 75.0442, 74.7583, 74.9208, 74.84, 74.8233, 74.7858, 74.7525, 74.8217, 74.9017, 74.8775, 75.1475, 74.8492, 74.68, 74.7608, 74.8042, 74.87, 74.8325, 75.0425, 74.755, 74.7392, 74.8733, 74.9625, 74.91, 74.5725, 74.78, 74.6992, 74.79, 74.7133, 74.8483, 74.8217, 74.8308, 74.7517, 74.875, 74.8733], [174.9567, 175.0767, 174.815, 174.8692, 174.8108, 174.6525, 174.6375, 174.4058, 174.4017, 174.5983, 174.805, 175.2642, 175.095, 174.5083, 174.5658, 174.5467, 174.2742, 174.3608, 174.3933, 174.6033, 174.6892, 174.7208, 174.645, 174.5817, 174.7675, 175.1125, 174.9817, 175.0892, 175.0383, 175.1042, 175.0975, 174.8317, 174.93, 175.2408, 175.4992, 175.3233, 175.235, 175.2517, 174.9392, 174.88, 174.6292, 174.6567, 174.99, 174.9633, 174.77, 174.56, 174.365, 174.5333, 174.7567, 174.925, 175.0608, 175.2617, 175.15, 175.2692, 175.4208, 175.65, 175.6133, 175.5158, 175.4783, 175.1992, 175.2708, 175.3558, 175.4075, 175.2958, 175.2992, 175.4333, 175.435, 175.7, 175.8517, 175.5608, 175.1933, 175.1092, 175.1308, 175.1975, 175.22, 175.3808, 175.29, 175.1833, 175.2467, 175.6125, 175.3975, 174.9758, 174.7925, 174.7617, 174.8833, 174.7375, 174.9167, 174.9383, 174.8917, 174.8483, 174.92, 175.0767]],
    "scale": [[174.138231522, 0.321237154685], [176.434469565, 0.373630799441], [74.755876087, 0.259421489912], [175.007408696, 0.348123477485]],
    "together": {"l": 3.84515243956, "means": [0.0210442805552, 0.0431337899918, 0.0524429173403, 0.0212292391086], "d": [1.14889131095, 3.42939691892, 7.78789426308, 104.231002673], "V": [[6.76388111516, -1.43932747654, 0.889270083782, -5.64678838455], [-6.33745655272, 0.681286213054, 3.17732141064, 2.75486138662], [-9.18934418742, -7.5968547738, -0.665985044703, 18.3793229698], [-8.47901899174, -9.44874728654, 1.83992839233, 8.15679452936]]},
    "alone": {"l": 2.65894760023, "means": [-0.00323898237913, 0.0330985819676, 0.0218922689162, 0.0023270076333], "d": [5.75197085954, 27.2228310299, 41.3837736323, 63.3566060979], "V": [[0.0, 0.0, 2.48713900287, 0.0], [5.41076115245, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 6.67124306607], [0.0, 8.25444108022, 0.0, 0.0]]}
  };  // all of NUMBERS is written by tools/lakes.py

  const TASKS = [0, 1, 2, 3], N = NUMBERS.y[0].length, LAST = NUMBERS.first + N - 1, EDGE = 0.45; // of a year, beside a stretch
  const VISITS = [1, 2, 4, 0]; // years that the crew stays on a lake; 0: all lakes are read
  const YEARS = Float64Array.from({ length: N }, (_, i) => NUMBERS.first + i), X = [NUMBERS.first - 1, LAST + 1];

  const start = { crew: 1, off: [1, 0, 0, 0], from: [1936, 1936, 1936, 1936], to: [1941, 1941, 1941, 1941], lake: 0 };
  const bounds = { crew: [0, VISITS.length - 1], off: [0, 1], from: [NUMBERS.first, LAST], to: [NUMBERS.first, LAST], lake: [0, 3] };

  function tidy(state) {
    for (const key of ["off", "from", "to"]) state[key] = state[key].map(Math.round);
    state.to = state.to.map((year, t) => Math.max(year, state.from[t]));
    for (const key of ["crew", "lake"]) state[key] = Math.round(state[key]);
  }

  const elsewhere = (years, t, year) => years > 0 && Math.floor((year - NUMBERS.first) / years) % TASKS.length !== t;
  const isHidden = ({ crew, off, from, to }, t, year) =>
    elsewhere(VISITS[crew], t, year) || (off[t] === 1 && from[t] <= year && year <= to[t]);

  /* Inverse [n, n] of a positive definite matrix, column by column. */
  function inverse(C) {
    const n = Math.round(Math.sqrt(C.length)), L = cholesky(C), all = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      all[i * n + i] = 1;
      backward(L, forward(L, all.subarray(i * n, (i + 1) * n)));
    }
    return all;
  }

  const line = (n) => ({ x: [...Array(n).keys()], task: Array(n).fill(0) });

  /* The precision of the complete table, P = C^-1 = sum_q G_q kron v_q v_q^T, G_q = (d_q K + 1)^-1: Sigma and B are made
     diagonal at once by V, with rows v_q. Also P (y - m) as [T][N], and y, in standardised units. */
  function precision(numbers, { l, means, d, V }) {
    const n = numbers.y[0].length, K = signalCovariance([{ B: [[1]], k: kernels.matern32(l) }], line(n), line(n));
    const y = numbers.y.map((one, t) => one.map((v) => (v - numbers.scale[t][0]) / numbers.scale[t][1]));
    const G = d.map((scale) => inverse(K.map((k, i) => scale * k + (i % (n + 1) ? 0 : 1))));
    const turned = G.map((g, q) => {
      const r = y[0].map((_, i) => y.reduce((sum, one, t) => sum + V[q][t] * (one[i] - means[t]), 0));
      return r.map((_, i) => dot(g.subarray(i * n, (i + 1) * n), r));
    });
    const Py = y.map((one, t) => one.map((_, i) => turned.reduce((sum, z, q) => sum + V[q][t] * z[i], 0)));
    return { y, Py, G, V, scale: numbers.scale };
  }

  /* Mean and variance, in metres, of hidden readings given all the others. cells: pairs [row, task]. Of the whole table's
     precision P only the block of what is hidden is needed: the mean is y_H - P_HH^-1 (P (y - m))_H, the covariance P_HH^-1. */
  function answer({ y, Py, G, V, scale }, cells) {
    const n = cells.length, N = y[0].length, block = new Float64Array(n * n);
    G.forEach((g, q) => cells.forEach(([i, s], a) => cells.forEach(([j, t], b) => (block[a * n + b] += V[q][s] * V[q][t] * g[i * N + j]))));
    const L = cholesky(block), away = backward(L, forward(L, Float64Array.from(cells, ([i, t]) => Py[t][i])));
    return cells.map(([i, t], a) => {
      const z = new Float64Array(n), [level, sd] = scale[t];
      z[a] = 1;
      forward(L, z);
      return { mean: level + sd * (y[t][i] - away[a]), variance: sd * sd * dot(z, z) };
    });
  }

  /* All numbers of the picture: for each lake its hidden rows, with what both models say of them. */
  function compute(state, keep = (name, key, make) => make(), numbers = NUMBERS) {
    const cells = TASKS.flatMap((t) => [...YEARS.keys()].filter((i) => isHidden(state, t, YEARS[i])).map((i) => [i, t]));
    const [together, alone] = ["together", "alone"].map((name) => {
      const whole = keep(name, name, () => precision(numbers, numbers[name]));
      return keep(`answers ${name}`, cells.join(";"), () => answer(whole, cells));
    });
    return TASKS.map((t) => {
      const at = [...cells.keys()].filter((a) => cells[a][1] === t), pick = (list) => at.map((a) => list[a]);
      return { rows: at.map((a) => cells[a][0]), together: pick(together), alone: pick(alone) };
    });
  }

  const circle = (x, y, r) => `M${x - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`;
  const sd = (one) => Math.sqrt(Math.max(0, one.variance));

  /* From the reading before the first hidden row to that after the last: readings have sd 0, so that bands begin there. */
  function closed(t, { rows, together, alone }) {
    const first = Math.max(0, rows[0] - 1), last = Math.min(N - 1, rows.at(-1) + 1), at = new Map(rows.map((row, a) => [row, a]));
    const all = rows.length ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : [];
    const whole = (list) => all.map((row) => list[at.get(row)] ?? { mean: NUMBERS.y[t][row], variance: 0 });
    return { x: all.map((row) => YEARS[row]), together: whole(together), alone: whole(alone) };
  }

  function build(ui) {
    ui.choice({ key: "crew", label: "how long the crew stays", words: ["1 year a lake", "2 years", "4 years", "all"] });
    make(ui.bar, "span", {}, "Hide years of");
    NUMBERS.lakes.forEach((lake, t) => ui.check({ key: "off", index: t, words: lake, then: (state) => (state.lake = t) }));
    const panel = (t) => {
      const [level, spread] = NUMBERS.scale[t], low = Math.ceil(level - 3 * spread);
      return { range: [level - 3 * spread, level + 3 * spread], ticks: [low, low + 1].filter((v) => v < level + 3 * spread), title: `${NUMBERS.lakes[t]} [m]`, task: t + 1 };
    };
    const plot = new Plot(ui, { label: "yearly levels of four lakes", x: { range: X, ticks: [1920, 1940, 1960, 1980, 2000] }, panels: TASKS.map(panel), height: [0.85, 400, 560] });
    const drawn = plot.panels.map((one, t) => {
      const band = one.band(), alone = [one.curve("explore-dashed"), one.curve("explore-dashed")], mean = one.curve();
      plot.gap({
        panel: t, name: `the stretch hidden from ${NUMBERS.lakes[t]}`, words: "", step: 1, on: (state) => state.off[t] === 1, drawn: true,
        ends: (state) => [state.from[t] - EDGE, state.to[t] + EDGE],
        move: (state, [a, b]) => { state.off[t] = 1; state.from[t] = Math.round(a + EDGE); state.to[t] = Math.round(b - EDGE); state.lake = t; },
      });
      return { band, alone, mean, seen: one.path("explore-dot"), hollow: one.path("explore-hollow") };
    });
    ui.say("");
    make(ui.box, "p", {}, "Band: two sd, from all lakes together; dashed: the same for each lake alone. Rings: what is hidden. Predictions do not see them; the hyper-parameters of both models, found once from all readings, did.");

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make));
      drawn.forEach(({ band, alone, mean, seen, hollow }, t) => {
        const one = closed(t, found[t]), { y } = plot.panels[t];
        const edge = (list, sign) => list.map((cell) => cell.mean + sign * 2 * sd(cell));
        band(one.x, edge(one.together, -1), edge(one.together, 1));
        mean(one.x, one.together.map((cell) => cell.mean));
        alone.forEach((curve, i) => curve(one.x, edge(one.alone, 2 * i - 1)));
        const dots = (wanted, r) => [...YEARS.keys()].filter((i) => isHidden(state, t, YEARS[i]) === wanted).map((i) => circle(plot.x(YEARS[i]), y(NUMBERS.y[t][i]), r)).join("");
        set(seen, { d: dots(false, VISITS[state.crew] ? 3 : 2.2) });
        set(hollow, { d: dots(true, 2.6) });
      });
      const t = [state.lake, ...TASKS].find((one) => found[one].rows.length);
      if (t === undefined) return ui.say("Nothing is hidden: drag across the years of a lake.");
      const { rows, together, alone } = found[t], mean = (list, of) => shown(list.reduce((sum, one, a) => sum + of(one, a), 0) / rows.length);
      const said = (list) => `${mean(list, (one, a) => Math.abs(one.mean - NUMBERS.y[t][rows[a]]))} m off, sd ${mean(list, sd)} m`;
      ui.say(`${NUMBERS.lakes[t]}, mean of ${rows.length} hidden:`, [t + 1, `together ${said(together)}`], `alone ${said(alone)}`);
    };
  }

  MTGP.lakes = { compute, start };
  figure("lakes", { start, bounds, tidy, build });
})(self.MTGP);

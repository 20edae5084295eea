/* Two tasks of an ICM: the covariance of their cells as a map, beside a draw from it. A hole takes a row and a column. */
(function (MTGP) {
  "use strict";

  const { kernels, pair, observationCovariance, signalCovariance, sample, normals, oneTask } = MTGP.gaussian;
  const { make, set, write, clamp, shown, arrows, figure, Plot, cellTable } = MTGP.explore;

  const N = 8, FINE = 16, TASKS = [0, 1], SUB = ["\u2081", "\u2082"]; // rows; steps of the grid between two of them
  const GRID = Float64Array.from({ length: N * FINE + 1 }, (_, i) => 0.5 + i / FINE), { wanted, inOrder } = oneTask(GRID);
  const Y = [-3.2, 3.2], FRAME = 26, SIDE = 330; // of the map: its margin, and the whole

  const start = { l: 1.5, rho: 0.8, sd: [1, 1], noise: 0.2, off: [], order: 0, pick: [2, 11], draw: 15 };
  const bounds = {
    l: [0.3, 5], rho: [-1, 1], sd: [0.3, 1.5], noise: [0.02, 0.7], off: [0, 2 * N - 1, 2 * N], order: [0, 1],
    pick: [0, 2 * N - 1], draw: [0, 99],
  };

  /* A cell is a number: its row for task 1, and on from N for task 2. Two of them stay, and only those can be picked. */
  function tidy(state) {
    for (const key of ["order", "draw"]) state[key] = Math.round(state[key]);
    state.off = [...new Set(state.off.map(Math.round))].slice(0, 2 * N - 2);
    const seen = inThisOrder(state);
    state.pick = state.pick.map((cell) => seen.reduce((best, one) => (Math.abs(one - cell) < Math.abs(best - cell) ? one : best)));
  }

  /* The cells that were read, task by task (order 0) or point by point (1). */
  function inThisOrder({ order, off }) {
    const cells = Array.from({ length: 2 * N }, (_, i) => (order ? (i % 2) * N + (i >> 1) : i));
    return cells.filter((cell) => !off.includes(cell));
  }

  const taskOf = (cell) => Math.floor(cell / N), rowOf = (cell) => cell % N;

  /* All numbers of the picture: the cells in their order, their covariance, and a draw: both functions on the grid, and the
     reading of each cell. The same normals make one draw, so that curves deform without a jump. */
  function compute({ l, rho, sd, noise, off, order, draw }, keep = (name, key, make) => make()) {
    const B = pair(sd[0], sd[1], rho), k = kernels.rbf(l), Sigma = pair(noise, noise, 0), cells = inThisOrder({ order, off });
    const C = observationCovariance([{ B, k }], Sigma, { x: cells.map((one) => rowOf(one) + 1), row: cells.map(rowOf), task: cells.map(taskOf) });
    const [u, v] = keep("functions", [l, draw], () => {
      const K = signalCovariance([{ B: [[1]], k }], wanted, wanted), two = [2 * draw, 2 * draw + 1].map((one) => normals(GRID.length, one));
      return sample(new Float64Array(GRID.length), K, ...two).map(inOrder);
    });
    const own = Math.sqrt(1 - rho * rho), f = [u.map((one) => sd[0] * one), u.map((one, i) => sd[1] * (rho * one + own * v[i]))];
    const errors = keep("errors", draw, () => normals(2 * N, 5000 + draw));
    const y = Array.from({ length: 2 * N }, (_, cell) => f[taskOf(cell)][FINE / 2 + FINE * rowOf(cell)] + noise * errors[cell]);
    return { B, k, cells, C, f, y };
  }

  /* The entry of two cells in words: B times k, and the noise where it is one cell. */
  function entry({ B, k }, { pick: [a, b], noise }) {
    const [s, t] = [taskOf(a), taskOf(b)], alike = k(rowOf(a), rowOf(b));
    const added = a === b ? ` + ${shown(noise * noise)}` : "", value = B[s][t] * alike + (a === b ? noise * noise : 0);
    const name = (cell) => `y${SUB[taskOf(cell)]} at ${rowOf(cell) + 1}`;
    const both = a === b ? `${name(a)} with itself` : `${name(a)} and ${name(b)}`;
    return { value, words: `${both}: B${SUB[s]}${SUB[t]} k = ${shown(B[s][t])} \u00d7 ${shown(alike)}${added} = ${shown(value)}` };
  }

  /* The map: a square for each entry, strips in the colours of the tasks at two sides, words over them, a frame to pick. */
  function map(ui, parent) {
    const svg = make(parent, "svg", { class: "explore-map", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": "the covariance matrix C" });
    make(svg, "rect", { class: "explore-back", x: FRAME, y: FRAME, width: SIDE - FRAME, height: SIDE - FRAME });
    const step = (SIDE - FRAME) / (2 * N), all = Array.from({ length: 4 * N * N }, () => make(svg, "rect", { width: step - 0.5, height: step - 0.5 }));
    const strips = Array.from({ length: 4 * N }, () => make(svg, "rect", { class: "explore-dot" }));
    const edges = make(svg, "path", { class: "explore-rule" }), words = Array.from({ length: 4 * N }, () => make(svg, "text", { "text-anchor": "middle" }));
    const frame = make(svg, "g", { class: "explore-pick", tabindex: 0, role: "slider", "aria-label": "a picked entry of C", "aria-valuemin": -9, "aria-valuemax": 9 });
    const cross = make(frame, "path", { class: "explore-cross" }), ring = make(frame, "rect", { class: "explore-frame", width: step + 2, height: step + 2 });
    const pick = (a, b) => ui.change((state) => {
      const cells = inThisOrder(state);
      state.pick = [a, b].map((place) => cells[clamp(place, [0, cells.length - 1])]);
    });
    arrows(frame, (dx, dy) => {
      const cells = inThisOrder(ui.state), [a, b] = ui.state.pick.map((one) => cells.indexOf(one));
      pick(a - dy, b + dx);
    });
    ui.tell("The map: click or tap an entry, or drag over it sideways; the arrow keys move the frame, with Shift ten times as far.");
    let before = null; // while it is held
    const take = (event) => {
      const box = svg.getBoundingClientRect(), place = (v) => Math.floor(((v / box.width) * SIDE - FRAME) / step);
      pick(place(event.clientY - box.top), place(event.clientX - box.left));
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      before = ui.state.pick;
      svg.setPointerCapture(event.pointerId);
      frame.focus({ preventScroll: true });
      event.preventDefault();
      take(event);
    });
    svg.addEventListener("pointermove", (event) => before && take(event));
    svg.addEventListener("pointerup", () => (before = null));
    svg.addEventListener("pointercancel", () => {
      if (before) ui.change((state) => (state.pick = before)); // a finger that goes on to scroll the page has changed nothing
      before = null;
    });

    return ({ cells, C, B }, { pick: picked, order }, { value, words: said }) => {
      const n = cells.length, most = Math.max(1, B[0][0], B[1][1]), at = (i) => FRAME + i * step;
      all.forEach((square, i) => {
        if (i >= n * n) return set(square, { display: "none" });
        const share = clamp(Math.abs(C[i]) / most, [0, 1]).toFixed(3), kind = C[i] < 0 ? "explore-negative" : "explore-positive";
        set(square, { display: "inline", class: kind, x: at(i % n), y: at(Math.floor(i / n)), "fill-opacity": share });
      });
      strips.forEach((strip, i) => {
        const place = i >> 1, down = i % 2, [long, flat] = [step - 0.5, 4];
        if (place >= n) return set(strip, { display: "none" });
        const where = down ? { x: FRAME - 5, y: at(place), width: flat, height: long } : { x: at(place), y: FRAME - 5, width: long, height: flat };
        set(strip, { display: "inline", class: `explore-strip explore-task${taskOf(cells[place]) + 1}`, ...where });
      });
      const group = order ? rowOf : taskOf, groups = [...new Set(cells.map(group))].map((one) => cells.flatMap((cell, i) => (group(cell) === one ? [i] : [])));
      set(edges, { d: groups.slice(1).map(([i]) => `M${at(i) - 0.25},${FRAME}V${at(n)}M${FRAME},${at(i) - 0.25}H${at(n)}`).join("") });
      words.forEach((word, i) => {
        const some = groups[i >> 1], down = i % 2;
        if (!some) return write(word, " ");
        const one = cells[some[0]], middle = (at(some[0]) + at(some.at(-1) + 1)) / 2;
        write(word, order ? String(rowOf(one) + 1) : `task ${taskOf(one) + 1}`);
        set(word, { class: order ? "" : `explore-task${taskOf(one) + 1}`, transform: down && !order ? `translate(14,${middle}) rotate(-90)` : down ? `translate(12,${middle + 4})` : `translate(${middle},16)` });
      });
      const [a, b] = picked.map((one) => cells.indexOf(one)), half = step / 2;
      set(cross, { d: `M${FRAME},${at(a) + half}H${at(b)}M${at(b) + half},${FRAME}V${at(a)}` });
      set(ring, { x: at(b) - 1.25, y: at(a) - 1.25 });
      set(frame, { "aria-valuenow": Number(value.toPrecision(4)), "aria-valuetext": said });
    };
  }

  const circle = (x, y, r) => `M${x - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`;

  function build(ui) {
    ui.newDraw();
    ui.choice({ key: "order", label: "the order of the cells", words: ["task by task", "point by point"] });
    const duo = make(ui.box, "div", { class: "explore-staged explore-duo" }), drawMap = map(ui, duo), right = make(duo, "div");
    const panels = TASKS.map((t) => ({ range: Y, ticks: [-2, 0, 2], title: `task ${t + 1}`, task: t + 1 }));
    const x = { range: [0.5, N + 0.5], ticks: Array.from({ length: N }, (_, i) => i + 1) };
    const plot = new Plot(ui, { label: "a draw of both tasks over x", x, panels, height: [0.6, 214, 214], parent: right });
    const drawn = plot.panels.map((one) => ({ curve: one.curve(), seen: one.path("explore-dot"), hidden: one.path("explore-hollow"), ring: one.path("explore-rule") }));
    cellTable(ui, right, { label: "the cells of the table", heads: ["1", "2"], kinds: ["explore-task1", "explore-task2"], count: N, name: (t, i) => `task ${t + 1} at x = ${i + 1}` });
    ui.say("");
    ui.sliders(ui.box,
      { key: "rho", words: "correlation \u03c1", range: bounds.rho, step: 0.01 },
      { key: "l", words: "length-scale \u2113", range: bounds.l, step: 0.05 },
      ...TASKS.map((t) => ({ key: "sd", index: t, task: t + 1, range: bounds.sd, step: 0.05, words: `sd of f${SUB[t]}`, label: `standard deviation of task ${t + 1}` })),
      { key: "noise", words: "sd of the noise", range: bounds.noise, step: 0.01 });

    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), picked = entry(found, state), n = found.cells.length;
      drawMap(found, state, picked);
      TASKS.forEach((t) => {
        const panel = plot.panels[t], dots = (cells, r) => cells.filter((cell) => taskOf(cell) === t)
          .map((cell) => circle(plot.x(rowOf(cell) + 1), panel.y(found.y[cell]), r)).join("");
        drawn[t].curve(GRID, found.f[t]);
        set(drawn[t].seen, { d: dots(found.cells, 4) });
        set(drawn[t].hidden, { d: dots(state.off, 3.6) });
        set(drawn[t].ring, { d: dots([...new Set(state.pick)], 7.5) });
      });
      ui.say(`C: ${n} \u00d7 ${n}.`, `Framed: ${picked.words}`);
    };
  }

  MTGP.covariance = { compute, entry, tidy, start, bounds };
  figure("covariance", { start, bounds, tidy, build });
})(self.MTGP);

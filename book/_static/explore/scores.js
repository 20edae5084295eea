/* A reading that is dragged through a normal prediction: its error, whether the band covers it, the CRPS and the NLPD. */
(function (MTGP) {
  "use strict";

  const { density, normal, distance, normals } = MTGP.gaussian;
  const { make, set, write, clamp, shown, line, area, figure, Plot } = MTGP.explore;

  const X = [-4, 4], HIGHEST = 6; // of the scores that are drawn
  const GRID = Float64Array.from({ length: 201 }, (_, i) => X[0] + ((X[1] - X[0]) * i) / 200);

  const start = { y: 1, sd: 1 };
  const bounds = { y: X, sd: [0.4, 3] };

  /* Of the reading y under the prediction N(0, sd^2). */
  const crps = (y, sd) => distance(y, sd) - sd / Math.sqrt(Math.PI);
  const nlpd = (y, sd) => 0.5 * (Math.log(2 * Math.PI * sd * sd) + (y * y) / (sd * sd));

  const scores = (sd) => ({ crps: GRID.map((v) => crps(v, sd)), nlpd: GRID.map((v) => nlpd(v, sd)) });

  /* All numbers of the picture. right: under the prediction with sd 1; mean: over readings that are drawn from it. The
     curves are kept while the reading is dragged. */
  function compute({ y, sd }, keep = (name, key, make) => make()) {
    return {
      error: Math.abs(y), inside: Math.abs(y) <= 2 * sd, crps: crps(y, sd), nlpd: nlpd(y, sd),
      right: { crps: crps(y, 1), nlpd: nlpd(y, 1) },
      mean: {
        error: distance(0, 1), inside: 2 * normal(2 * sd) - 1,
        crps: distance(0, Math.hypot(1, sd)) - sd / Math.sqrt(Math.PI),
        nlpd: 0.5 * (Math.log(2 * Math.PI * sd * sd) + 1 / (sd * sd)),
      },
      ...keep("law", sd, () => ({ density: GRID.map((v) => density(v / sd) / sd), below: GRID.map((v) => normal(v / sd)), curves: scores(sd) })),
      rightCurves: keep("right", 1, () => scores(1)),
    };
  }

  /* Rows of a table, each with the number of this reading and the mean one. */
  function table(parent, names) {
    const whole = make(parent, "table", { class: "explore-scores" }), head = make(make(whole, "thead"), "tr"), body = make(whole, "tbody");
    for (const words of ["", "this reading", "mean over readings of sd 1"]) make(head, words ? "th" : "td", words ? { scope: "col" } : {}, words);
    return names.map(([words, task]) => {
      const row = make(body, "tr");
      make(row, "th", { scope: "row", class: `explore-task${task}`, style: "color: var(--task); min-width: 0" }, words);
      return [make(row, "td"), make(row, "td")];
    });
  }

  const DOT = (x, y) => `M${x - 4.5},${y}a4.5,4.5,0,1,0,9,0a4.5,4.5,0,1,0,-9,0Z`, ABOVE = (x, y) => `M${x},${y + 2}l5,9h-10Z`;

  function build(ui) {
    let draws = 0;
    ui.button({ words: "New reading", act: () => ui.go({ y: clamp(Math.round(100 * normals(1, ++draws)[0]) / 100, X) }) });

    const plot = new Plot(ui, {
      label: "a normal prediction, and the scores of a reading", height: [1, 372, 372],
      x: { range: X, ticks: [-4, -2, 0, 2, 4], title: "the reading; the prediction has mean 0" },
      panels: [
        { range: [0, 1.25], ticks: [0, 0.5, 1], title: "density, and the reading", task: 1, share: 0.9 },
        { range: [0, 1.35], ticks: [0, 0.5, 1], title: "probability below; the area is the CRPS", task: 1, share: 0.9 },
        { range: [0, HIGHEST], ticks: [0, 2, 4], title: "CRPS, NLPD and error (grey)", share: 1.2 },
      ],
    });
    const [law, below, panel] = plot.panels;
    const band = law.band(), bell = law.curve(), stem = law.path("explore-line explore-task3"), top = law.path("explore-dot explore-task3");
    const between = below.path("explore-band explore-task2"), climb = below.curve(), step = below.path("explore-rule");
    const far = panel.curve("explore-line explore-task7"), kinds = [["crps", 2], ["nlpd", 3]].map(([name, task]) => ({
      name, dashed: panel.curve(`explore-dashed explore-task${task}`), curve: panel.curve(`explore-mean explore-task${task}`), dot: panel.path(`explore-dot explore-task${task}`),
    }));
    plot.marker({ label: "the reading", at: (state) => state.y, move: (state, y) => (state.y = y) });

    ui.say("");

    const side = make(ui.box, "div", { class: "explore-side" });
    ui.presets(side, ["sd halved", { sd: 0.5 }], ["sd 1", { sd: 1 }], ["sd doubled", { sd: 2 }]);
    ui.sliders(side, { key: "sd", words: "sd of the prediction", range: bounds.sd, step: 0.05 });
    const rows = table(side, [["error", 7], ["covered", 1], ["CRPS", 2], ["NLPD [nats]", 3]]);
    make(side, "p", {}, "Shaded under the bell: two sd to each side of the mean. Dashed: the scores if the prediction has sd 1.");

    let drawn = ""; // the sd and the width of the curves
    return (state) => {
      const found = compute(state, (name, key, make) => ui.keep(name, key, make)), { y, sd } = state, x = plot.x(y);
      const two = Float64Array.from({ length: 61 }, (_, i) => (2 * sd * (i - 30)) / 30);
      if (drawn !== `${sd};${plot.width}`) {
        band(two, two.map(() => 0), two.map((v) => density(v / sd) / sd));
        bell(GRID, found.density);
        climb(GRID, found.below);
        far(GRID, GRID.map(Math.abs));
        for (const { name, dashed, curve } of kinds) { dashed(GRID, found.rightCurves[name]); curve(GRID, found.curves[name]); }
        drawn = `${sd};${plot.width}`;
      }
      const height = law.y(density(y / sd) / sd);
      set(stem, { d: `M${x},${law.y(0)}V${height}` });
      set(top, { d: DOT(x, height) });

      const n = GRID.filter((v) => v < y).length, here = normal(y / sd), at = [...GRID.subarray(0, n), y, y, ...GRID.subarray(n)];
      const gap = [...found.below.subarray(0, n), here, here - 1, ...found.below.subarray(n).map((v) => v - 1)];
      set(between, { d: area(at.map(plot.x), gap.map(() => below.y(0)), gap.map((v) => below.y(v * v))) });
      set(step, { d: line([plot.x(X[0]), x, x, plot.x(X[1])], [0, 0, 1, 1].map(below.y)) });

      for (const { name, dot } of kinds) set(dot, { d: found[name] > HIGHEST ? ABOVE(x, panel.top) : DOT(x, panel.y(found[name])) });
      const { mean } = found, told = { error: shown, inside: (v) => `${shown(100 * v, 0)} %`, crps: shown, nlpd: shown };
      Object.keys(told).forEach((key, i) => {
        write(rows[i][0], key === "inside" ? (found.inside ? "yes" : "no") : shown(found[key]));
        write(rows[i][1], told[key](mean[key]));
      });
      ui.say(`Reading ${shown(y)}, sd ${shown(sd)}:`, [2, `CRPS ${shown(found.crps)}`], [3, `NLPD ${shown(found.nlpd)} nats`],
        `(with sd 1: ${shown(found.right.crps)} and ${shown(found.right.nlpd)})`);
    };
  }

  MTGP.scores = { compute, GRID };
  figure("scores", { start, bounds, build });
})(self.MTGP);

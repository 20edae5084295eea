/* What figures to play with draw beside points: scales, paths, matrices, bars, a small plane. */
(function (MTGP) {
  "use strict";

  const { make, set, write, clamp, shown, arrows } = MTGP.explore;

  /* A linear scale with its inverse. */
  function scale([a, b], [p, q]) {
    const to = (v) => p + ((v - a) / (b - a)) * (q - p);
    to.span = [p, q];
    to.back = (pixel) => a + ((pixel - p) / (q - p)) * (b - a);
    return to;
  }

  const tenth = (v) => Math.round(v * 10) / 10; // of a pixel; far faster than toFixed
  const pairs = (xs, ys) => Array.from(xs, (x, i) => `${tenth(x)},${tenth(ys[i])}`);
  const line = (xs, ys) => (xs.length ? `M${pairs(xs, ys).join("L")}` : "");
  const area = (xs, low, high) => (xs.length ? `${line(xs, high)}L${pairs(xs, low).reverse().join("L")}Z` : "");

  /* Ellipse of two standard deviations of a normal with this mean and 2 x 2 covariance [c11, c12, c21, c22], as a path. */
  function ellipse(x, y, [m1, m2], [c11, c12, , c22]) {
    const l11 = Math.sqrt(Math.max(c11, 1e-12)),
      l21 = c12 / l11,
      l22 = Math.sqrt(Math.max(c22 - l21 * l21, 0));
    const turn = Array.from({ length: 61 }, (_, i) => (i * Math.PI) / 30);
    return (
      line(
        turn.map((a) => x(m1 + 2 * l11 * Math.cos(a))),
        turn.map((a) => y(m2 + 2 * (l21 * Math.cos(a) + l22 * Math.sin(a)))),
      ) + "Z"
    );
  }

  /* A matrix as coloured numbers. draw(rows, limit): the colour is full at the limit. */
  function heatmap(parent, size, label) {
    const body = make(make(parent, "table", { class: "explore-heat", "aria-label": label }), "tbody");
    const cells = Array.from({ length: size }, () => {
      const row = make(body, "tr");
      return Array.from({ length: size }, () => make(make(row, "td"), "span"));
    });
    return (rows, limit = 1) =>
      cells.forEach((row, s) =>
        row.forEach((cell, t) => {
          write(cell, shown(rows[s][t]));
          cell.classList.toggle("explore-negative", rows[s][t] < 0);
          cell.style.setProperty("--share", clamp(Math.abs(rows[s][t]) / limit, [0, 1]));
        }),
      );
  }

  /* Bars with names, from zero to both sides. draw(values, [low, high]). */
  function bars(parent, names, digits = 1) {
    const list = make(parent, "dl", { class: "explore-bars" });
    const rows = names.map((name) => {
      make(list, "dt", {}, name);
      const dd = make(list, "dd");
      return { bar: make(dd, "span"), words: make(dd, "b") };
    });
    return (values, range) => {
      const share = scale(range, [0, 100]),
        zero = share(0);
      rows.forEach(({ bar, words }, i) => {
        const end = clamp(share(values[i]), [0, 100]);
        Object.assign(bar.style, { left: `${Math.min(zero, end)}%`, width: `${Math.abs(end - zero)}%` });
        write(words, shown(values[i], digits));
      });
    };
  }

  /* Where values on a grid reach a level, as a path; values row by row: [ys, xs]. Straight between neighbours. Most
     cells are all below or all above: the first are left out, and a run of the others is one rectangle. */
  function region(xs, ys, values, level) {
    const wide = xs.length,
      parts = [];
    for (let j = 0; j + 1 < ys.length; j++) {
      const high = (i) => (values[j * wide + i] >= level) + (values[(j + 1) * wide + i] >= level);
      for (let i = 0, run = -1, left = high(0); i + 1 < wide; i++) {
        const right = high(i + 1),
          all = left + right;
        left = right;
        if (all === 4 && run < 0) run = i;
        if (run >= 0 && (all < 4 || i + 2 === wide)) {
          const end = xs[all < 4 ? i : i + 1];
          parts.push(`M${tenth(xs[run])},${tenth(ys[j])}H${tenth(end)}V${tenth(ys[j + 1])}H${tenth(xs[run])}Z`);
          run = -1;
        }
        if (all === 0 || all === 4) continue;
        const a = j * wide + i,
          corners = [a, a + 1, a + wide + 1, a + wide],
          found = [];
        for (let n = 0; n < 4; n++) {
          const one = corners[n],
            two = corners[(n + 1) % 4],
            up = values[one] - level,
            next = values[two] - level;
          const x = xs[one % wide],
            y = ys[(one - (one % wide)) / wide],
            part = up / (up - next);
          if (up >= 0) found.push(`${tenth(x)},${tenth(y)}`);
          if (up >= 0 !== next >= 0) {
            const dx = xs[two % wide] - x,
              dy = ys[(two - (two % wide)) / wide] - y;
            found.push(`${tenth(x + part * dx)},${tenth(y + part * dy)}`);
          }
        }
        if (found.length) parts.push(`M${found.join("L")}Z`);
      }
    }
    return parts.join("");
  }

  /* A small square plane for ellipses and the like: path(class) gives an element to draw on. */
  function plane(parent, { range, size = 132, label, names = ["", ""] }) {
    const svg = make(parent, "svg", {
      class: "explore-plane",
      viewBox: `0 0 ${size} ${size}`,
      width: size,
      height: size,
      role: "img",
      "aria-label": label,
    });
    make(svg, "rect", { class: "explore-back", width: size, height: size });
    make(svg, "path", { class: "explore-zero", d: `M${size / 2},0V${size}M0,${size / 2}H${size}` });
    const words = [
      make(svg, "text", { x: size - 4, y: size / 2 - 4, "text-anchor": "end" }, names[0]),
      make(svg, "text", { x: size / 2 + 4, y: 12 }, names[1]),
    ];
    return {
      svg,
      words,
      x: scale(range, [0, size]),
      y: scale(range, [size, 0]),
      path: (kind) => make(svg, "path", { class: kind }),
    };
  }

  /* The cells of a table as buttons, a row for each task (heads and, of its colour, kinds): state.off has the numbers t * count + i of those that are hidden.
     A press takes a cell away or gives it back, and so do the cells that it is drawn along; arrow keys go to the next. */
  function cellTable(ui, parent, { label, heads, kinds, count, name }) {
    const body = make(make(parent, "table", { class: "explore-cells", "aria-label": label }), "tbody");
    const buttons = heads.flatMap((head, t) => {
      const row = make(body, "tr", { class: kinds[t] });
      make(row, "th", { scope: "row" }, head);
      const place = { type: "button", tabindex: -1 };
      return Array.from({ length: count }, (_, i) => make(make(row, "td"), "button", { ...place, "aria-label": `hide ${name(t, i)}` }));
    });
    ui.tell("A cell of the table: click or tap it, or drag along several, to hide them or show them again; the arrow keys go to the next, Enter hides or shows it.");
    const isOff = (cell) => ui.state.off.includes(cell), find = (element) => buttons.indexOf(element);
    const turn = (cell, hide) => {
      if (cell < 0 || isOff(cell) === hide) return;
      ui.change((state) => (state.off = hide ? [...state.off, cell] : state.off.filter((other) => other !== cell)));
    };
    let stop = 0, held = null; // the one that the Tab key reaches; what a press began with
    body.addEventListener("focusin", (event) => {
      stop = find(event.target);
      ui.redraw();
    });
    arrows(body, (dx, dy) => {
      const t = clamp(Math.floor(stop / count) - Math.sign(dy), [0, heads.length - 1]);
      buttons[t * count + clamp((stop % count) + Math.sign(dx), [0, count - 1])].focus({ preventScroll: true });
    });
    body.addEventListener("click", (event) => event.detail === 0 && turn(find(event.target), !isOff(find(event.target)))); // by keys
    body.addEventListener("pointerdown", (event) => {
      const cell = find(event.target);
      if (cell < 0 || event.button !== 0) return;
      held = { hide: !isOff(cell), before: ui.state.off };
      body.setPointerCapture(event.pointerId);
      turn(cell, held.hide);
    });
    body.addEventListener("pointermove", (event) => held && turn(find(document.elementFromPoint(event.clientX, event.clientY)), held.hide));
    body.addEventListener("pointerup", () => (held = null));
    body.addEventListener("pointercancel", () => {
      if (held) ui.change((state) => (state.off = held.before)); // a finger that goes on to scroll the page has changed nothing
      held = null;
    });
    ui.followers.push((state) =>
      buttons.forEach((button, cell) => set(button, { "aria-pressed": state.off.includes(cell), tabindex: cell === stop ? 0 : -1 })));
  }

  Object.assign(MTGP.explore, { scale, tenth, line, area, ellipse, region, heatmap, bars, plane, cellTable });
})(self.MTGP);

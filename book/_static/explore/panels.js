/* Panels over one axis. One listener finds the nearest handle (plot.js), so that targets may be as large as a finger
   without covering each other. In pixels of the screen: the SVG is as wide as its column. */
(function (MTGP) {
  "use strict";

  const { make, set, clamp, shown, scale, line, area } = MTGP.explore;
  const FINGER = 22; // pixels: the reach of a finger, of a mouse
  const MOUSE = 14;

  class Panels {
    /* x: {range, ticks, title}; panels: a list of {range, ticks, title, task, share of the height}; ticks are numbers or
       [number, words]; height: of all panels, as a share of the width and at least, at most. */
    constructor(ui, { label, x, panels, height = [0.5, 260, 360], parent = ui.box }) {
      Object.assign(this, { ui, spec: { x, height }, handles: [], held: null, width: 0, onBackground: null });
      this.svg = make(parent, "svg", { class: "explore-plot", role: "group", "aria-label": label });
      if (parent === ui.box) ui.plots.push(this);
      this.defs = make(this.svg, "defs");
      this.panels = panels.map((panel, i) => this.panel(panel, i));
      this.ticks = x.ticks.map((tick) => this.tick(tick, "middle"));
      this.title = make(this.svg, "text", { "text-anchor": "end" }, x.title || "");
      this.layers = panels.map(() => make(this.svg, "g")); // handles lie above all curves
      ui.followers.push((state, all) => {
        const full = parent === ui.box ? all : parent.clientWidth;
        if (full !== this.width) this.layout(full);
        for (const handle of this.handles) handle.draw(state);
      });
      this.listen();
    }

    tick(tick, anchor) {
      const [value, words] = Array.isArray(tick) ? tick : [tick, shown(tick, Number.isInteger(tick) ? 0 : 1)];
      return [value, make(this.svg, "text", { "text-anchor": anchor }, words)];
    }

    panel(spec, i) {
      const id = `explore-clip-${Math.random().toString(36).slice(2)}`;
      const clip = make(make(this.defs, "clipPath", { id }), "rect");
      const back = make(this.svg, "rect", { class: "explore-back" });
      const lines = spec.ticks.map((tick) => [
        [tick].flat()[0],
        make(this.svg, "line", { class: [tick].flat()[0] ? "explore-grid" : "explore-zero" }),
      ]);
      const ticks = spec.ticks.map((tick) => this.tick(tick, "end"));
      const inside = make(this.svg, "g", {
        "clip-path": `url(#${id})`,
        class: spec.task ? `explore-task${spec.task}` : "",
      });
      const kind = `explore-title ${spec.task ? `explore-task${spec.task}` : ""}`;
      const title = make(this.svg, "text", { class: kind }, spec.title || "");
      const panel = { spec, clip, back, lines, ticks, inside, title, y: null };
      panel.path = (kind) => make(inside, "path", { class: kind });
      panel.band = (kind = "explore-band") => {
        const path = panel.path(kind);
        return (xs, low, high) => set(path, { d: area(xs.map(this.x), low.map(panel.y), high.map(panel.y)) });
      };
      panel.curve = (kind = "explore-mean") => {
        const path = panel.path(kind);
        return (xs, ys) => set(path, { d: ys ? line(xs.map(this.x), ys.map(panel.y)) : "" });
      };
      return panel;
    }

    /* Pixels for all panels: a share of the width, or, with sliders beside, the most of it for which the plots in sight
       fit together. */
    height(full) {
      const { height: [share, least, most] } = this.spec,
        { plots, room } = this.ui;
      if (!plots.includes(this) || room === Infinity) return clamp(full * share, [least, most]);
      const seen = plots.filter((one) => one === this || one.svg.style.display !== "none"),
        total = (of) => seen.reduce((sum, one) => sum + of(one), 0);
      return most * Math.min(1, (room - total((one) => one.foot + 4)) / total((one) => one.spec.height[2]));
    }

    /* Below the panels: ticks, and the name of the axis. */
    get foot() {
      return this.title.textContent ? 48 : 34;
    }

    /* Everything that depends on the width alone. */
    layout(full) {
      this.width = full;
      const { x } = this.spec,
        left = 30,
        right = full - 12,
        between = 12;
      const all = this.height(full) - between * (this.panels.length - 1);
      const shares = this.panels.map((panel) => panel.spec.share || 1),
        sum = shares.reduce((a, b) => a + b);
      this.x = scale(x.range, [left, right]);
      let top = 4;
      this.panels.forEach((panel, i) => {
        const high = (all * shares[i]) / sum,
          frame = { x: left, y: top, width: right - left, height: high };
        panel.y = scale(panel.spec.range, [top + high, top]);
        Object.assign(panel, { top, bottom: top + high });
        set(panel.clip, frame);
        set(panel.back, frame);
        for (const [v, element] of panel.lines) set(element, { x1: left, x2: right, y1: panel.y(v), y2: panel.y(v) });
        for (const [v, element] of panel.ticks) set(element, { x: left - 6, y: panel.y(v) + 4 });
        set(panel.title, { x: left + 8, y: top + 17 });
        top += high + between;
      });
      this.top = 4;
      this.bottom = top - between;
      for (const [v, element] of this.ticks) set(element, { x: this.x(v), y: this.bottom + 26 });
      set(this.title, { x: right, y: this.bottom + 42 });
      const height = this.bottom + this.foot;
      set(this.svg, { viewBox: `0 0 ${full} ${height}`, width: full, height });
    }

    /* The handle under a pointer: the nearest within reach. */
    nearest(px, py, reach) {
      let best = null,
        least = reach;
      for (const handle of this.handles) {
        const found = handle.find(px, py, reach);
        if (found && found.away < least) {
          best = { handle, ...found };
          least = found.away;
        }
      }
      return best;
    }

    /* Whether a mouse there would take something that is drawn. */
    near(px, py) {
      const found = this.nearest(px, py, MOUSE);
      return Boolean(found && !found.handle.wide);
    }

    listen() {
      const { svg } = this,
        reach = (event) => (event.pointerType === "mouse" ? MOUSE : FINGER);
      const place = (event) => {
        const frame = svg.getBoundingClientRect();
        return [event.clientX - frame.left, event.clientY - frame.top];
      };
      // touch-action does not keep Chromium from scrolling on shapes of an SVG; this does, and only while a point is held
      svg.addEventListener(
        "touchmove",
        (event) => {
          if (this.held && !this.held.handle.soft && event.cancelable) event.preventDefault();
        },
        { passive: false },
      );
      svg.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || !event.isPrimary) return;
        const [px, py] = place(event),
          found = this.nearest(px, py, reach(event));
        this.was = found;
        if (!found) return;
        event.preventDefault();
        svg.setPointerCapture(event.pointerId);
        this.held = { ...found, from: [px, py], before: structuredClone(this.ui.state) };
        found.handle.take(this.held);
      });
      svg.addEventListener("pointermove", (event) => {
        if (this.held) {
          this.was.moved = true;
          this.held.handle.move(this.held, ...place(event));
        } else if (event.pointerType === "mouse")
          svg.classList.toggle("explore-near", this.near(...place(event)));
      });
      svg.addEventListener("pointerup", () => (this.held = null));
      svg.addEventListener("pointercancel", () => {
        const { before } = this.held || {}; // a finger that goes on to scroll the page has changed nothing
        if (before) this.ui.change((state) => Object.assign(state, before));
        this.held = null;
      });
      svg.addEventListener("click", (event) => {
        const [px, py] = place(event),
          panel = this.panels.findIndex((one) => one.top <= py && py <= one.bottom);
        if ((!this.was || (this.was.click && !this.was.moved)) && panel >= 0 && this.onBackground)
          this.onBackground(this.x.back(px), this.panels[panel].y.back(py), panel);
      });
      svg.addEventListener("dblclick", (event) => {
        const found = this.nearest(...place(event), FINGER);
        found?.handle.twice?.(found);
      });
    }
  }

  Object.assign(MTGP.explore, { Panels, FINGER });
})(self.MTGP);

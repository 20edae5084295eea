/* What is dragged on panels: points, bars, the marker, stretches. Each is a handle: find (the distance from a pointer, and
   what was found), take, move and draw; twice for a double click. */
(function (MTGP) {
  "use strict";

  const { make, set, clamp, shown, arrows, tenth, Panels, FINGER } = MTGP.explore;
  const GAP_BODY = 13; // pixels: the reach of a gap between its edges
  const FAR = ", with Shift ten times as far";

  /* What can be done with points, in a sentence or two. */
  function pointWords({ what = "A point", sideways, flip, remove }) {
    const drag = sideways === 0 ? "drag it" : `drag it up${sideways ? ", down or sideways" : " or down"}`;
    const shift = sideways ? ", with Shift they move it sideways" : "";
    const next = `the up and down arrows move it${FAR}; left and right go to the next${shift}`;
    const gone = flip ? ", Enter or Delete hides it, and shows it again." : " or Delete removes it.";
    const keys = sideways === 0 ? `the arrow keys move it${FAR}` : next;
    return `${what}: ${drag}; ${keys}.${flip || remove ? ` A double click or tap${gone}` : ""}`;
  }

  class Plot extends Panels {
    /* Points of one panel. count(state), at(state, i) -> [x, y], move(state, i, x, y), name(state, i); and where it makes
       sense hidden(state, i), flip(state, i) by double click and Enter, remove(state, i) by Delete (and, without flip, by
       double click); words(state, i): its value for those who hear it. sideways: a point moves along x too, after a slip
       of some pixels or (0) at once. steps: of one key press along x and y. what: any one of them, in the fold. */
    points(spec) {
      const { panel, count, at, move, name, hidden = () => false, flip, remove, sideways, steps = [0.1, 0.05] } = spec;
      const { words = (state, i) => shown(at(state, i)[1]) } = spec;
      this.ui.tell(pointWords(spec));
      const { ui } = this,
        frame = this.panels[panel],
        marks = [];
      const layer = make(this.layers[panel], "g", { class: `explore-task${frame.spec.task || 1}` });
      const shape =
        frame.spec.task === 2 ? "M-5.5,0L0,-5.5L5.5,0L0,5.5Z" : "M-4.8,0A4.8,4.8,0,1,0,4.8,0A4.8,4.8,0,1,0,-4.8,0Z";
      let stop = 0; // the one that the Tab key reaches
      const go = (i) => {
        stop = i;
        ui.drawNow();
        marks[i].focus({ preventScroll: true });
      };
      const order = () =>
        [...Array(count(ui.state)).keys()].sort((a, b) => at(ui.state, a)[0] - at(ui.state, b)[0] || a - b);
      const add = (i) => {
        const mark = make(layer, "g", {
          class: "explore-point",
          role: "slider",
          "aria-orientation": "vertical",
          "aria-valuemin": frame.spec.range[0],
          "aria-valuemax": frame.spec.range[1],
        });
        make(mark, "path", { d: shape });
        const flips = flip && (() => ui.change((state) => flip(state, i)));
        const removes =
          remove &&
          (() => {
            ui.change((state) => remove(state, i));
            ui.drawNow();
            if (count(ui.state)) go(Math.min(i, count(ui.state) - 1));
          });
        mark.addEventListener("focus", () => {
          stop = i;
          ui.redraw();
        });
        arrows(
          mark,
          (dx, dy, far) => {
            const [x, y] = at(ui.state, i);
            if (dy) ui.change((state) => move(state, i, x, clamp(y + dy * steps[1], frame.spec.range)));
            else if (sideways !== undefined && (far || sideways === 0))
              ui.change((state) =>
                move(state, i, clamp(x + (sideways ? Math.sign(dx) : dx) * steps[0], this.spec.x.range), y),
              );
            else {
              const list = order();
              go(list[clamp(list.indexOf(i) + Math.sign(dx), [0, list.length - 1])]);
            }
          },
          {
            ...(flip && { Enter: flips, " ": flips }),
            ...((remove || flip) && { Delete: removes || flips, Backspace: removes || flips }),
          },
        );
        return mark;
      };
      this.handles.push({
        point: true,
        find: (px, py) => {
          let best = null;
          for (let i = 0; i < count(ui.state); i++) {
            const [x, y] = at(ui.state, i),
              away = Math.hypot(this.x(x) - px, frame.y(y) - py);
            if (!best || away < best.away) best = { i, away, x, dy: frame.y(y) - py };
          }
          return best;
        },
        take: (held) => go(held.i),
        move: (held, px, py) => {
          const far = px - held.from[0],
            slip = sideways ?? Infinity;
          held.slipped ||= slip === 0 ? 1e-9 : Math.abs(far) > slip ? Math.sign(far) * slip : 0;
          const x = held.slipped
            ? clamp(this.x.back(this.x(held.x) + far - held.slipped), this.spec.x.range)
            : at(ui.state, held.i)[0];
          ui.change((state) => move(state, held.i, x, clamp(frame.y.back(py + held.dy), frame.spec.range)));
        },
        twice: (found) => (flip || remove) && ui.change((state) => (flip || remove)(state, found.i)),
        draw: (state) => {
          const n = count(state);
          while (marks.length < n) marks.push(add(marks.length));
          while (marks.length > n) marks.pop().remove();
          if (stop >= n) stop = 0;
          marks.forEach((mark, i) => {
            const [x, y] = at(state, i),
              off = hidden(state, i);
            set(mark, {
              transform: `translate(${tenth(this.x(x))},${tenth(frame.y(y))})`,
              tabindex: i === stop ? 0 : -1,
              "aria-label": name(state, i),
              "aria-valuenow": Number(y.toPrecision(4)),
              "aria-valuetext": words(state, i) + (off ? ", hidden" : ""),
            });
            mark.classList.toggle("explore-hidden", off);
          });
        },
      });
    }

    /* A line across some panels that moves along x, with a grip: of the marker below the axis, of an edge in the middle;
       it is dragged by any place of the line.
       words(state): its value for those who hear it, where it is no number. */
    bar({ label, at, move, from = 0, to = this.panels.length - 1, below = false, step = 0.1, on = () => true, words }) {
      const { ui } = this,
        [low, high] = this.spec.x.range;
      const g = make(this.layers[to], "g", {
        class: "explore-handle",
        tabindex: 0,
        role: "slider",
        "aria-label": label,
        "aria-valuemin": low,
        "aria-valuemax": high,
      });
      const stroke = make(g, "line"),
        grip = make(g, "path");
      const change = (x) => ui.change((state) => move(state, clamp(x, [low, high])));
      arrows(g, (dx, dy) => change(at(ui.state) + (dx + dy) * step));
      this.handles.push({
        soft: true, // a finger that goes up or down scrolls the page
        find: (px, py, reach) => {
          const [top, bottom] = [this.panels[from].top, this.panels[to].bottom],
            gripped = below && py > bottom - 2,
            dx = this.x(at(ui.state)) - px;
          if (!on(ui.state) || py < top || py > bottom + (below ? 40 : 0)) return null;
          if (gripped) return { away: (Math.abs(dx) * reach) / FINGER, dx };
          if (!below) return { away: Math.abs(dx) + 3, dx };
          if (this.handles.some((one) => one.point && one.find(px, py)?.away < reach)) return null; // it comes first
          return { away: Math.max(Math.abs(dx), GAP_BODY - 1), dx, click: true };
        },
        take: () => g.focus({ preventScroll: true }),
        move: (held, px) => change(this.x.back(px + held.dx)),
        draw: (state) => {
          const [top, bottom] = [this.panels[from].top, this.panels[to].bottom],
            middle = (top + bottom) / 2;
          set(g, {
            transform: `translate(${tenth(this.x(at(state)))},0)`,
            display: on(state) ? "inline" : "none",
            "aria-valuenow": Number(at(state).toPrecision(4)),
            ...(words && { "aria-valuetext": words(state) }),
          });
          set(stroke, { y1: top, y2: below ? bottom + 3 : bottom });
          set(grip, { d: below ? `M0,${bottom + 1}l7,8v6h-14v-6Z` : `M-2.5,${middle - 13}h5v26h-5Z` });
        },
      });
      return g;
    }

    /* The marker at which numbers are read; a click beside everything else brings it there. */
    marker({ label, at, move, step, words }) {
      this.ui.tell(`The marker: drag its line or the grip below the axis, or click or tap elsewhere; the arrow keys move it${FAR}.`);
      this.bar({ label, at, move, below: true, step, words });
      this.onBackground = (x) => this.ui.change((state) => move(state, clamp(x, this.spec.x.range)));
    }

    /* A stretch of one panel with two edges; between them it is dragged as a whole. on(state): whether there is one;
       drawn: a drag over the rest of the panel makes it anew, from where the pointer went down. */
    gap({ panel, ends, move, name, words = "hidden", step, on = () => true, drawn = false }) {
      const { ui } = this,
        frame = this.panels[panel],
        range = this.spec.x.range;
      const rect = make(this.svg, "rect", { class: "explore-gap" }),
        text = make(this.svg, "text", { class: "explore-over" }, words);
      frame.inside.before(rect);
      frame.inside.after(text); // its letters lie on the band
      if (drawn) this.sweep(frame, move);
      const made = drawn ? "drag across a panel to make a new one; " : "";
      ui.tell(`The grey stretch: ${made}drag it, or one of its edges; the arrow keys move an edge${FAR}.`);
      this.handles.push({
        soft: true,
        find: (px, py) => {
          const [a, b] = ends(ui.state);
          return on(ui.state) && this.x(a) < px && px < this.x(b) && frame.top <= py && py <= frame.bottom
            ? { away: GAP_BODY, ends: [a, b] }
            : null;
        },
        take: () => {},
        move: (held, px) => {
          const far = this.x.back(px) - this.x.back(held.from[0]),
            by = clamp(far, [range[0] - held.ends[0], range[1] - held.ends[1]]);
          ui.change((state) => move(state, held.ends.map((v) => v + by)));
        },
        draw: (state) => {
          const [a, b] = ends(state).map(this.x);
          const wide = on(state) ? Math.max(0, b - a) : 0;
          set(rect, { x: a, y: frame.top, width: wide, height: frame.bottom - frame.top });
          set(text, { x: a + 7, y: frame.bottom - 8, visibility: wide > 60 ? "visible" : "hidden" });
        },
      });
      for (const side of [0, 1]) {
        this.bar({
          label: `${side ? "right" : "left"} edge of ${name}`,
          from: panel,
          to: panel,
          step,
          on,
          at: (state) => ends(state)[side],
          move: (state, x) => {
            const now = [...ends(state)];
            now[side] = side ? Math.max(x, now[0]) : Math.min(x, now[1]);
            move(state, now);
          },
        });
      }
    }

    /* A drag over a panel beside everything else: move(state, [a, b]) once the pointer has gone some pixels. */
    sweep(frame, move) {
      this.svg.classList.add("explore-sweep");
      this.handles.push({
        soft: true,
        wide: true,
        find: (px, py, reach) => {
          const inside = frame.top <= py && py <= frame.bottom && clamp(px, this.x.span) === px;
          return inside ? { away: reach - 0.1 } : null; // anything else is nearer
        },
        take: () => {},
        move: (held, px) => {
          held.swept ||= Math.abs(px - held.from[0]) > 4;
          const ends = [held.from[0], clamp(px, this.x.span)].map(this.x.back).sort((a, b) => a - b);
          if (held.swept) this.ui.change((state) => move(state, ends));
        },
        draw: () => {},
      });
    }
  }

  MTGP.explore.Plot = Plot;
})(self.MTGP);

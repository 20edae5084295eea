/* What all figures to play with share: elements, controls, state, address, mounting. panels.js has what is drawn on axes.
   Classic scripts without modules and without a library, so that they run from a page opened as a file. */
(function (MTGP) {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const NARROW = 720; // pixels: a wider figure has its sliders beside its plots, which share ROOM pixels of height
  const ROOM = 500;

  /* A new element at the end of parent, in SVG's name space where it has to be. */
  function make(parent, tag, attributes = {}, text) {
    const drawn = tag === "svg" || parent.namespaceURI === SVG;
    const element = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
    set(element, attributes);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  /* Attributes that differ: writing one that does not makes the browser lay the page out again. */
  function set(element, attributes) {
    for (const name in attributes) {
      const value = String(attributes[name]);
      if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }
  }

  /* Other words in an element that has words alone. A text node that is replaced, even by its equal, makes the browser
     ask again which of the page's style rules hold around it; one that is written over does not. */
  function write(element, words) {
    if (!element.firstChild) element.textContent = words;
    else if (element.firstChild.data !== words) element.firstChild.data = words;
  }

  const clamp = (v, [low, high]) => Math.min(high, Math.max(low, v));
  const same = (a, b) => String(a) === String(b);

  /* state[key], or its entry with this index. */
  const get = (state, key, index) => (index === undefined ? state[key] : state[key][index]);
  const put = (state, key, index, value) => {
    if (index === undefined) state[key] = value;
    else state[key][index] = value;
  };

  /* A number as a reader sees it: a true minus, and no minus before a zero. */
  const shown = (v, digits = 2) =>
    v
      .toFixed(digits)
      .replace(/^-(0\.?0*)$/, "$1")
      .replace("-", "\u2212");

  /* Arrow keys as steps, ten times as far with Shift; keys: what else is understood. */
  function arrows(element, step, keys = {}) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const far = event.shiftKey ? 10 : 1,
        way = ways[event.key];
      if (way) step(way[0] * far, way[1] * far, event.shiftKey);
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
      event.stopPropagation(); // the theme may turn pages with arrows
    });
  }

  /* The state of each figure of a page in its address: #explore&icm.rho=0.5&icm.noise=1, only what differs from the
     start. What is malformed, or not known, is ignored. Several figures keep to their own keys. */
  const address = {
    query: (hash) =>
      hash.startsWith("#explore") ? new URLSearchParams(hash.slice(1)) : new URLSearchParams("explore"),
    has: (id, hash) => [...address.query(hash).keys()].some((key) => key.startsWith(`${id}.`)),
    read(id, hash, start, bounds) {
      const query = address.query(hash),
        state = structuredClone(start);
      for (const key of Object.keys(start)) {
        const text = query.get(`${id}.${key}`);
        if (text === null) continue;
        const list = text === "" ? [] : text.split(",").map(Number);
        if (!list.every(Number.isFinite)) continue;
        const free = bounds[key]?.[2]; // the most that a list of free length may hold
        if (!Array.isArray(start[key])) list.length === 1 && (state[key] = list[0]);
        else if (free ? list.length <= free : list.length === start[key].length) state[key] = list;
      }
      return state;
    },
    write(id, start, state) {
      const query = address.query(location.hash);
      query.delete("explore");
      for (const key of Object.keys(start)) {
        if (same(state[key], start[key])) query.delete(`${id}.${key}`);
        else query.set(`${id}.${key}`, String(state[key]));
      }
      const words = String(query).replaceAll("%2C", ",");
      if (words || location.hash.startsWith("#explore"))
        history.replaceState(history.state, "", location.pathname + location.search + (words && `#explore&${words}`));
    },
  };

  /* Within bounds, and to four digits, so that an address gives exactly the numbers that were seen. */
  function tidied(state, bounds, tidy) {
    for (const key of Object.keys(bounds)) {
      const keep = (v) => Number(clamp(v, bounds[key]).toPrecision(4));
      state[key] = Array.isArray(state[key]) ? state[key].map(keep) : keep(state[key]);
    }
    if (tidy) tidy(state);
    return state;
  }

  /* The controls of one figure. Each follows the state by itself, whoever changed it. */
  class Controls {
    constructor(box, label) {
      this.box = make(box, "div", { class: "explore-live", role: "group", "aria-label": label });
      this.bar = make(this.box, "div", { class: "explore-bar" });
      this.followers = []; // called with (state, width) before the figure draws
      this.plots = []; // those one below the other
      this.kept = {};
      this.told = new Set(); // what mouse, touch and keys do, in sentences
    }

    /* Plots, the live line and what is of class explore-staged make the stage; all else stands beside it where there is room (explore.css). */
    arrange() {
      const parts = [...this.box.children].slice(1), // after the bar
        others = parts.filter((part) => !part.matches(".explore-plot, .explore-words, .explore-spoken, .explore-staged"));
      this.stage = make(this.box, "div", { class: "explore-stage" });
      this.stage.append(...parts.filter((part) => !others.includes(part)));
      if (others.length) make(this.box, "div", { class: "explore-beside" }).append(...others);
    }

    /* The width of the stage, and the height that its plots may have. */
    measure() {
      this.room = this.box.clientWidth > NARROW ? ROOM : Infinity;
      return this.stage.clientWidth;
    }

    /* A sentence for the fold below the figure, which describes the figure to those who hear it. */
    tell(sentence) {
      this.told.add(sentence);
    }

    explain() {
      const fold = make(this.box, "details", { class: "explore-keys" });
      make(fold, "summary", {}, "Mouse, touch and keys");
      const list = make(fold, "ul"), id = `explore-keys-${Math.random().toString(36).slice(2)}`;
      for (const sentence of this.told) make(list, "li", {}, sentence);
      make(this.box, "p", { id, hidden: "" }, [...this.told].join(" ")); // what a closed fold holds describes nothing
      set(this.box, { "aria-describedby": id });
    }

    /* make() once for each signature: factors and cross-covariances are kept while only values change. */
    keep(name, signature, make) {
      const key = String(signature);
      if (this.kept[name]?.key !== key) this.kept[name] = { key, value: make() };
      return this.kept[name].value;
    }

    /* One of several words, in the bar: state[key] (or, with an index, its entry) is the number of the word. Returns its
       element, for those who show it in some states alone. */
    choice({ key, index, label, words }) {
      const group = make(this.bar, "span", { class: "explore-choice", role: "radiogroup", "aria-label": label });
      const name = `explore-${key}-${Math.random().toString(36).slice(2)}`;
      const inputs = words.map((word, number) => {
        const input = make(make(group, "label"), "input", { type: "radio", name });
        make(input.parentNode, "span", {}, word);
        input.addEventListener("change", () => this.change((state) => put(state, key, index, number)));
        return input;
      });
      this.followers.push((state) => (inputs[get(state, key, index)].checked = true));
      return group;
    }

    /* Yes or no, in the bar: state[key] (or, with an index, its entry) is 1 or 0; then(state): what else a change does. */
    check({ key, index, words, then = () => {} }) {
      const label = make(this.bar, "label", { class: "explore-check" });
      const input = make(label, "input", { type: "checkbox" });
      make(label, "span", {}, words);
      input.addEventListener("change", () =>
        this.change((state) => {
          put(state, key, index, Number(input.checked));
          then(state);
        }),
      );
      this.followers.push((state) => (input.checked = Boolean(get(state, key, index))));
    }

    /* A button, in the bar if no parent is given. able(state): whether it can be pressed; pressed(state): for one that
       stays down; main: the one to press first, with a border. */
    button({ words, act, able = () => true, pressed = null, main = false, parent = this.bar }) {
      const kind = main ? "explore-button explore-main" : "explore-button";
      const button = make(parent, "button", { type: "button", class: kind }, words);
      button.addEventListener("click", () => able(this.state) && act());
      this.followers.push((state) => set(button, { "aria-disabled": !able(state) })); // one that is disabled loses the focus
      if (pressed) this.followers.push((state) => button.setAttribute("aria-pressed", pressed(state)));
    }

    /* Buttons [words, changes] for what the text asks: values of some keys, or a function of the state that gives them.
       One stays down while its values hold. */
    presets(parent, ...pairs) {
      const row = make(parent, "div", { class: "explore-presets" });
      for (const [words, changes] of pairs) {
        const wanted = (state) => (typeof changes === "function" ? changes(state) : changes);
        const pressed = (state) => Object.entries(wanted(state)).every(([key, value]) => same(state[key], value));
        this.button({ parent: row, words, pressed, act: () => this.go(wanted(this.state)) });
      }
    }

    /* A button for other random numbers: state.draw says which, from 0 to 99. */
    newDraw(able) {
      this.button({ words: "New draw", able, act: () => this.change((state) => (state.draw = (state.draw + 1) % 100)) });
    }

    /* Sliders in two columns, or beside a stage in one. Of one: key (and index in a list), words, label: more for those who hear it, range, step;
       log: the slider is one of log10; task: its colour; digits shown. */
    sliders(parent, ...specs) {
      const list = make(parent, "div", { class: "explore-sliders" });
      for (const spec of specs) this.slider(list, spec);
      return list;
    }

    slider(parent, { key, index, words, label, range, step, log = false, digits = 2, task }) {
      const to = log ? Math.log10 : (v) => v,
        back = log ? (v) => 10 ** v : (v) => v,
        [low, high] = range.map(to);
      const box = make(parent, "label", { class: task ? `explore-slider explore-task${task}` : "explore-slider" });
      const head = make(box, "span", {}, words),
        value = make(head, "output");
      const heard = label ? `${words}, ${label}` : words; // who speaks to the computer says what is seen
      const input = make(box, "input", { type: "range", min: low, max: high, step, "aria-label": heard });
      input.addEventListener("input", () =>
        this.change((state) => put(state, key, index, back(Number(input.value)))),
      );
      let before; // a finger that goes on to scroll the page has changed nothing
      input.addEventListener("pointerdown", () => (before = get(this.state, key, index)));
      input.addEventListener("pointercancel", () => this.change((state) => put(state, key, index, before)));
      this.tell("A slider: tap, or drag it sideways; the left and right arrows move it, Page Up and Page Down further.");
      let drawn;
      this.followers.push((state) => {
        const now = get(state, key, index),
          moved = Math.abs(input.value - to(now)) > step / 2;
        if (now === drawn && !moved) return;
        drawn = now;
        if (moved) input.value = to(now); // which makes the browser lay the slider out again
        write(value, shown(now, digits));
        set(input, { "aria-valuetext": shown(now, digits) });
        const zero = log ? low : Math.max(low, Math.min(0, high)); // the track is filled from there
        const ends = [zero, to(now)].map((v) => (v - low) / (high - low));
        input.style.setProperty("--from", Math.min(...ends));
        input.style.setProperty("--to", Math.max(...ends));
      });
    }

    /* The live line: words, or [task, words] in the colour of a task. Who hears it is told when it has come to rest. */
    say(...parts) {
      this.words ||= make(this.box, "p", { class: "explore-words" });
      this.spoken ||= make(this.box, "p", { class: "explore-spoken", role: "status" });
      const sentence = parts.map((part) => (Array.isArray(part) ? part[1] : part)).join(" ");
      if (this.sentence === sentence) return;
      this.sentence = sentence;
      const spans = this.words.children;
      while (spans.length > parts.length) spans[spans.length - 1].remove();
      parts.forEach((part, i) => {
        const [task, words] = Array.isArray(part) ? part : [0, part],
          span = spans[i] || make(this.words, "span");
        if (task) set(span, { class: `explore-task${task}` });
        else span.removeAttribute("class");
        write(span, words);
      });
    }

    /* Only what is new since it last came to rest. */
    speak() {
      const heard = this.rested !== this.sentence && this.box.contains(document.activeElement);
      if (heard) this.spoken.textContent = this.sentence;
      this.rested = this.sentence;
    }
  }

  /* One figure at its place: its state, and when it is drawn. */
  function mount(host, { start, bounds, tidy, build }) {
    const id = host.id,
      initial = tidied(structuredClone(start), bounds, tidy);
    let state = tidied(address.read(id, location.hash, initial, bounds), bounds, tidy);
    let due = 0,
      later = 0,
      motion = 0,
      goal = null, // of a motion under way
      width = 0,
      broken = false;
    const ui = new Controls(host, host.dataset.label);

    const draw = () => {
      cancelAnimationFrame(due);
      due = 0;
      if (!width) return;
      for (const follow of ui.followers) follow(state, width);
      try {
        render(state, width);
        broken = false;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        broken = true; // the last curves stay, faded
        ui.say("This covariance is not positive definite to working precision: give it more noise.");
      }
      ui.box.classList.toggle("explore-broken", broken);
    };
    const settle = () => {
      address.write(id, initial, state);
      ui.speak();
    };
    const redraw = () => {
      due ||= requestAnimationFrame(draw);
      clearTimeout(later);
      later = setTimeout(settle, 300); // browsers allow about a hundred changes of the address in half a minute
    };

    ui.start = initial;
    Object.defineProperty(ui, "state", { get: () => state });
    ui.redraw = redraw;
    ui.drawNow = draw;
    ui.change = (change) => {
      cancelAnimationFrame(motion);
      Object.assign(state, goal); // who goes on while it glides finds it arrived
      goal = null;
      change(state);
      tidied(state, bounds, tidy);
      redraw();
    };
    /* To another state, gliding unless the reader wants no motion. Lists of another length change at the end. */
    ui.go = (changes) => {
      cancelAnimationFrame(motion);
      const from = structuredClone(state),
        began = performance.now();
      goal = structuredClone({ ...state, ...goal, ...changes });
      const mix = (a, b, part) =>
        Array.isArray(b) ? (a.length === b.length ? b.map((v, i) => mix(a[i], v, part)) : a) : a + part * (b - a);
      const whole = (key) => [from[key], goal[key]].flat().every(Number.isInteger); // a choice has nothing in between
      const frame = (now) => {
        const t = still.matches ? 1 : clamp((now - began) / 350, [0, 1]),
          part = t * t * (3 - 2 * t);
        for (const key of Object.keys(goal))
          state[key] = t === 1 ? goal[key] : whole(key) ? from[key] : mix(from[key], goal[key], part);
        redraw();
        if (t < 1) motion = requestAnimationFrame(frame);
        else goal = null;
      };
      frame(began);
    };

    for (const [event, pointer] of [
      ["pointerdown", true],
      ["keydown", false],
    ])
      // rings of focus are for the keyboard
      ui.box.addEventListener(event, () => ui.box.classList.toggle("explore-by-pointer", pointer), true);
    ui.tell("The Tab key goes from one control to the next.");
    const render = build(ui);
    for (const title of ui.box.querySelectorAll(".explore-title")) title.parentNode.append(title); // above what is drawn
    ui.arrange();
    ui.explain();
    ui.button({
      words: "Reset",
      act: () => ui.go(initial),
      able: (now) => Object.keys(initial).some((key) => !same(now[key], initial[key])),
    });
    host.classList.add("explore-on");
    host.explore = ui; // for tests and for the curious
    new ResizeObserver(() => {
      width = ui.measure(); // asked for in every frame it would make the browser lay the page out first
      due ||= requestAnimationFrame(draw);
    }).observe(ui.stage);
    const arrive = (hash) => {
      if (address.has(id, hash)) host.scrollIntoView({ block: "center" });
    };
    addEventListener("hashchange", ({ newURL }) => {
      const hash = newURL ? new URL(newURL).hash : location.hash; // that of the page a figure may just have written
      if (!address.has(id, hash)) return;
      cancelAnimationFrame(motion);
      goal = null;
      state = tidied(address.read(id, hash, initial, bounds), bounds, tidy);
      redraw();
      arrive(hash);
    });
    width = ui.measure();
    draw();
    ui.rested = ui.sentence;
    requestAnimationFrame(() => arrive(location.hash));
  }

  /* Put a figure at all its places. start: numbers and lists of numbers; bounds: [low, high] of each, and for a list of
     free length the most it may hold; tidy(state): what else must hold; build(ui) makes the elements and returns
     render(state, width). */
  function figure(name, spec) {
    for (const host of document.querySelectorAll(`.explore[data-explore="${name}"]`)) mount(host, spec);
  }

  MTGP.explore = { make, set, write, clamp, shown, arrows, figure };
})((self.MTGP = self.MTGP || {}));

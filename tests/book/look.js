// What is measured on an open page; each function returns a list of faults. Used by tests/book/test_browser.py.
(() => {
  const article = document.querySelector("article") || document.body;
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const short = (element) => `${element.tagName.toLowerCase()} ${(element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 50)}`;
  const tidy = (root, inside) => [...root.querySelectorAll(inside)];

  // Visible pieces of text with the element that holds them; formulas are a matter of their own.
  const pieces = () => {
    const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const parent = node.parentElement;
      if (node.data.trim() && shown(parent) && !parent.closest("script, style, noscript, math, dialog:not([open])")) found.push([node, parent]);
    }
    return found;
  };

  const wide = () => (document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} > ${innerWidth}`] : []);

  // Text that sticks out of the window and that no box lets one scroll to.
  const cut = () => {
    const range = document.createRange();
    return pieces().flatMap(([node, parent]) => {
      range.selectNodeContents(node);
      const out = [...range.getClientRects()].some((box) => box.width > 1 && box.right > innerWidth + 1);
      for (let at = parent; out && at; at = at.parentElement)
        if (getComputedStyle(at).overflowX !== "visible" || getComputedStyle(at).position === "fixed") return [];
      return out ? [short(parent)] : [];
    });
  };

  // Blocks of the article that lie on each other.
  const overlaps = () => {
    const blocks = tidy(article, "p, li, pre, figure, table, h1, h2, h3, summary, dt, .math, button").filter(shown).map((e) => [e, e.getBoundingClientRect()]);
    const faults = [];
    blocks.forEach(([a, one], i) => {
      for (const [b, two] of blocks.slice(i + 1, i + 12)) {
        if (a.contains(b) || b.contains(a)) continue;
        const x = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const y = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        const scrolls = a.closest("pre, .table-scroll") || b.closest("pre, .table-scroll") || b.matches(".copybtn") || a.matches(".copybtn");
        if (x > 4 && y > 4 && !scrolls) faults.push(`${short(a)} | ${short(b)}`);
      }
    });
    return faults;
  };

  const small = () => [...new Set(pieces().filter(([, e]) => parseFloat(getComputedStyle(e).fontSize) < (e.closest("svg, sub, sup") ? 8 : 10.5)).map(([, e]) => `${getComputedStyle(e).fontSize} ${short(e)}`))];

  // A link in running text has a line below it.
  const links = () => tidy(article, ":is(p, li, td, dd, figcaption) a[href]:not(.headerlink, .image-reference, .sd-btn)").filter((a) => shown(a) && a.textContent.trim() && !a.closest("nav, .doors, .genindex-jumpbox"))
    .filter((a) => !getComputedStyle(a).textDecorationLine.includes("underline")).map(short);

  const pictures = async () => {
    const all = tidy(document, "img");
    all.forEach((image) => (image.loading = "eager"));
    await Promise.all(all.map((image) => image.decode().catch(() => 0)));
    return all.filter((image) => !image.naturalWidth).map((image) => image.src);
  };

  // Mathematics that was not drawn by the build, that shows a backslash, or that has no height.
  const maths = () => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("pre, code, script, style").forEach((element) => element.remove());
    const raw = ["\\(", "\\[", "$", "\\begin{"].filter((mark) => body.textContent.includes(mark));
    const undrawn = tidy(document, ".math").filter((m) => !m.querySelector("math")).map(short);
    const wrong = tidy(document, "math").filter((m) => m.textContent.includes("\\") || m.querySelector("merror")).map(short);
    const flat = tidy(document, "math").filter((m) => shown(m) && m.textContent.trim() && !m.getBoundingClientRect().height).map(short);
    return [...raw, ...undrawn, ...wrong, ...flat];
  };

  // Stops of the Tab key inside formulas that need no scrolling, and boxes that scroll without being such a stop.
  const keyboard = () => [
    ...tidy(article, "span.math[tabindex]").filter((m) => m.scrollWidth <= m.clientWidth + 1).map(short),
    ...tidy(article, "pre, .table-scroll, .pst-scrollable-table-container, div.formula").filter((box) => shown(box) && box.scrollWidth > box.clientWidth + 1 && box.tabIndex < 0 && !box.querySelector("[tabindex='0']")).map(short),
  ];

  // Boxes that go on beyond an edge without fading there; from 1280 pixels on a table stands as a whole.
  const edges = () => {
    const wider = (box) => box.scrollWidth > box.clientWidth + 1;
    const boxes = tidy(article, "pre, .table-scroll, .pst-scrollable-table-container, .cell_output, div.formula, span.math").filter(shown);
    const fades = (box) => getComputedStyle(box).maskImage !== "none";
    const sticks = (m) => m.matches("span.math") && m.getBoundingClientRect().right > m.closest("p, li, td, dd, th, figcaption, article").getBoundingClientRect().right + 1 && !m.closest(".table-scroll, .pst-scrollable-table-container");
    return [
      ...boxes.filter((box) => wider(box) && !box.matches("span.math:not(.wide)") && !fades(box)).map((box) => `no edge: ${short(box)}`),
      ...boxes.filter((box) => innerWidth >= 1280 && box.matches(".table-scroll, .pst-scrollable-table-container") && wider(box)).map((box) => `hidden column: ${short(box)}`),
      ...boxes.filter((box) => innerWidth >= 1280 && box.matches("div.formula") && wider(box)).map((box) => `wide formula: ${short(box)}`),
      ...boxes.filter(sticks).map((box) => `sticks out: ${short(box)}`),
    ];
  };

  window.look = { wide, cut, edges, overlaps, small, links, pictures, maths, keyboard };
})();

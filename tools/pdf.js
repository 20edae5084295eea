// The smallest letters on paper, in points. What would need smaller ones to fit is a fault.
const SMALLEST = {pre: 5.75, table: 6.5, math: 7.5};

const size = e => parseFloat(getComputedStyle(e).fontSize);

// What is wider than the page gets smaller letters. Returned is what would be faulty even so.
function fit() {
  document.querySelectorAll("article pre, article table, math[display]").forEach(shrink);
  return faults();
}

function shrink(e) {
  const room = e.parentElement.clientWidth;
  for (let i = 0; i < 6; i++) {  // letters are rounded, so one step may not do
    const width = Math.max(e.getBoundingClientRect().width, e.scrollWidth);
    if (width <= room + 1) break;
    e.style.fontSize = 0.99 * (room / width) * size(e) + "px";
  }
}

function faults() {
  const found = [];
  const say = (what, e, text) => found.push(`${e.closest("article, header, nav").id}: ${what}: ${text.trim().slice(0, 70)}`);
  const {left, right} = document.body.getBoundingClientRect();  // beyond these Chromium cuts
  for (const e of document.querySelectorAll("pre, table, img, svg, math, code, p, dt, figure")) {
    const box = e.getBoundingClientRect(), limit = SMALLEST[e.localName];
    if (box.left < left - 1 || Math.max(box.right, e.matches("pre") ? box.left + e.scrollWidth : 0) > right + 1) say("too wide", e, words(e));
    if (limit && size(e) * 0.75 < limit && e.style.fontSize) say(`letters below ${limit} pt`, e, words(e));
    if (e.matches("img")) lookAt(e, box, say);
  }
  for (const e of document.querySelectorAll(".math:not(:has(math)), merror"))
    say("formula not set", e, words(e));
  for (const e of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(e.getAttribute("href").slice(1))) say("no target", e, e.getAttribute("href"));
  for (const e of document.querySelectorAll("article :not(pre, pre *, code, code *)"))
    for (const node of e.childNodes) if (node.nodeType === 3 && node.nodeValue.includes("\\")) say("a backslash", e, node.nodeValue);
  return found;
}

function lookAt(image, box, say) {
  const stretch = (box.width / box.height) * (image.naturalHeight / image.naturalWidth);
  if (!image.naturalWidth) say("no picture", image, image.src);
  else if (Math.abs(stretch - 1) > 0.03) say("a stretched picture", image, image.src);
  else if (box.height > 450) say("more than half a page", image, image.src);  // 119 of 238 mm
}

// What a reader would look for; for what has no words, the heading above it.
function words(e) {
  return e.textContent.trim() || e.closest("section")?.querySelector("h1, h2, h3")?.textContent || "";
}

// Page numbers. A place never gets narrower, or page 99 and page 100 could make each other true for ever.
function fill(pages) {
  for (const e of document.querySelectorAll("[data-to]")) {
    e.textContent = pages[e.dataset.to] || "";
    e.style.minWidth = Math.max(parseFloat(e.style.minWidth) || 0, e.getBoundingClientRect().width) + "px";
  }
  document.body.style.display = "none";  // lay out from the beginning: what is left of the last print moves some breaks
  document.body.getBoundingClientRect();
  document.body.style.display = "";
}

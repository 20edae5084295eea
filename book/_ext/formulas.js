// TeX to MathML by MathJax's own parser. Every browser spaces MathML by rules of its own; here the spaces of TeX are
// written out, so that a formula looks the same in each. Run by formulas.py after MathJax's files.
const { TeX } = MathJax._.input.tex_ts;
const { SerializedMmlVisitor } = MathJax._.core.MmlTree.SerializedMmlVisitor;
const STATE = MathJax._.core.MathItem.STATE;

// Browsers know no mathvariant but "normal": a letter of another alphabet is a character of its own.
const ALPHABETS = { bold: [0x1d400, 0x1d7ce], "-tex-calligraphic": [0x1d49c], "double-struck": [0x1d538, 0x1d7d8] };
const ELSEWHERE = "BEFHILMR".split("").map((letter, i) => ["-tex-calligraphic" + letter, "ℬℰℱℋℐℒℳℛ"[i]])
  .concat("CHNPQRZ".split("").map((letter, i) => ["double-struck" + letter, "ℂℍℕℙℚℝℤ"[i]]));
const TAKEN = new Map(ELSEWHERE);

function letter(character, variant) {
  const [capital, digit] = ALPHABETS[variant], code = character.charCodeAt(0);
  if (TAKEN.has(variant + character)) return TAKEN.get(variant + character);
  if (code >= 65 && code <= 90) return String.fromCodePoint(capital + code - 65);
  if (code >= 97 && code <= 122) return String.fromCodePoint(capital + 26 + code - 97);
  if (code >= 48 && code <= 57 && digit) return String.fromCodePoint(digit + code - 48);
  throw new Error(`no ${variant} ${character}`);
}

const ACCENTS = { "^": "\u02c6", "~": "\u02dc" };
const WIDTHS = { thinmathspace: "0.167em", mediummathspace: "0.222em", thickmathspace: "0.278em" };

// Letters below which there is room, with their width less the kern that the face has for a subscript (in its table MATH,
// lower right, which no browser reads): without it f and its index stand apart.
const LEANING = { f: 0.429, r: 0.314, F: 0.527, P: 0.35, T: 0.51, U: 0.679, V: 0.522, W: 0.847, Y: 0.5 };

const isPrime = (node) => node.isKind("mo") && /^[\u2032\u2033]$/.test(node.getText());

class Written extends SerializedMmlVisitor {
  visitNode(node, ...rest) {
    if (node.isKind("mo") && node.getText() === "\u2061") return ""; // an application of a function, which Firefox gives a width
    const space = node.isKind("mspace") || node.isKind("text") || node.isInferred ? "" : node.texSpacing();
    return (space ? `<mspace width="${WIDTHS[space]}"/>` : "") + super.visitNode(node, ...rest);
  }
  visitMathNode(node) {
    return this.visitDefault(node).replace(/ xmlns="[^"]*"/, "");
  }
  visitTextNode(node) {
    const variant = node.parent.attributes.get("mathvariant");
    if (variant && !["normal", "italic"].includes(variant) && !(variant in ALPHABETS)) throw new Error(`no letters for ${variant}`);
    const text = variant in ALPHABETS ? [...node.getText()].map((one) => letter(one, variant)).join("") : node.getText();
    return this.quoteHTML(node.parent.parent?.isKind("mover") ? text.replace(/[\^~]/, (mark) => ACCENTS[mark]) : text);
  }
  visitDefault(node) {
    const attributes = this.getAttributes(node).replace(/ (mathvariant="(?!normal)|data-mjx-|texClass)[^" ]*("[^"]*)?"/g, "");
    const close = node.isKind("mo") ? ' lspace="0" rspace="0"' : node.isKind("mover") ? ' accent="true"' : "";
    const large = /^[\u2295-\u2299]$/.test(node.getText?.()) ? ' largeop="false"' : ""; // else Firefox draws a large one
    return `<${node.kind}${attributes}${close}${large}>${node.childNodes.map((child) => this.visitNode(child)).join("")}</${node.kind}>`;
  }
  visitMsubNode(node) {
    const [base, below] = node.childNodes, leaning = base.isKind("mi") && base.attributes.get("mathvariant") === "italic";
    const width = leaning && LEANING[base.getText()];
    if (!width) return this.visitDefault(node);
    return `<msub><mpadded width="${width}em">${this.visitNode(base)}</mpadded>${this.visitNode(below)}</msub>`;
  }
  visitMsupNode(node) { // a prime is a sign at its place; browsers would raise and shrink it once more
    return isPrime(node.childNodes[1]) ? this.visitTeXAtomNode(node) : this.visitDefault(node);
  }
  visitMsubsupNode(node) {
    const [base, below, above] = node.childNodes;
    if (!isPrime(above)) return this.visitDefault(node);
    return `<mrow><msub>${this.visitNode(base)}${this.visitNode(below)}</msub>${this.visitNode(above)}</mrow>`;
  }
  visitMunderNode(node) { // Chromium draws some braces too short: the page draws them by their border
    if (node.childNodes[1].isKind("mo") && node.childNodes[1].getText() === "\u23df") return `<mrow class="brace">${this.visitNode(node.childNodes[0])}</mrow>`;
    return this.visitDefault(node);
  }
  visitTeXAtomNode(node) {
    return `<mrow>${node.childNodes.map((child) => this.visitNode(child)).join("")}</mrow>`;
  }
  visitInferredMrowNode(node) {
    return node.childNodes.map((child) => this.visitNode(child)).join("");
  }
}

MathJax._.handlers.html_ts.RegisterHTMLHandler(MathJax._.adaptors.liteAdaptor.liteAdaptor());
const page = MathJax._.mathjax.mathjax.document("", { InputJax: new TeX({ packages: ["base", "ams"] }) });

function mathml(tex, display) {
  const root = page.convert(tex, { display, end: STATE.CONVERT });
  root.walkTree((node) => node.isKind("mfrac") && (node.texClass = 0)); // LaTeX has a fraction in braces: a thin space before log
  root.setTeXclass(null);
  const text = new Written().visitTree(root);
  if (text.includes("<merror")) throw new Error(text.replace(/<[^>]*>/g, ""));
  return text;
}

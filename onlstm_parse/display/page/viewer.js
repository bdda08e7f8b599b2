"use strict";
// Draws a constituency tree over the curve of its levels, and lets a reader walk through it. Needs nothing else.
// A view is {title, words, spans, levels, confidences, brackets}; spans are half-open and count words.

const SVG = "http://www.w3.org/2000/svg";
const GAP = 16, MARGIN = 12, ROW = 32, TALLEST = 640, CURVE = 64, WORD = 20;

const pen = document.createElement("canvas").getContext("2d");
const widthOf = text => { pen.font = "15px system-ui, sans-serif"; return pen.measureText(text).width; };

function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const percent = share => `${Math.round(100 * share)} %`;
const keyOf = ([start, stop]) => `${start}-${stop}`;

/** The node of the whole sentence: {start, stop, children, parent}; a leaf has no children. */
function nested(words, spans) {
  const size = words.length;
  const inner = new Map(spans.filter(([i, j]) => j - i > 1 && j - i < size).map(span => [keyOf(span), span]));
  const root = {start: 0, stop: size, children: [], parent: null};
  const open = [root];
  for (const [start, stop] of [...inner.values()].sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    while (open.at(-1).stop <= start) open.pop();
    const node = {start, stop, children: [], parent: open.at(-1)};
    open.at(-1).children.push(node);
    open.push(node);
  }
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop(), children = [];
    let at = node.start;
    const leaves = to => { for (; at < to; at++) children.push({start: at, stop: at + 1, children: [], parent: node}); };
    for (const child of node.children) { leaves(child.start); children.push(child); waiting.push(child); at = child.stop; }
    leaves(node.stop);
    node.children = children;
  }
  return root;
}

/** "agrees" where the reference has the span, "crosses" where one of its spans overlaps it, else "extra". */
function verdict(span, reference) {
  if (!reference) return "";
  if (reference.keys.has(keyOf(span))) return "agrees";
  const [i, j] = span;
  return reference.spans.some(([a, b]) => (a < i && i < b && b < j) || (i < a && a < j && j < b)) ? "crosses" : "extra";
}

class Panel {
  /** Draws into `figure`. `onPoint(span or null)` is called when a reader points at a bracket or word. */
  constructor(figure, onPoint = () => {}) {
    this.figure = figure;
    this.folded = new Set();
    this.onPoint = onPoint;
    this.caption = document.createElement("figcaption");
    this.scroll = document.createElement("div");
    this.scroll.className = "scroll";
    this.status = document.createElement("p");
    this.status.className = "status";
    this.status.setAttribute("aria-live", "polite");
    figure.prepend(this.caption, this.scroll, this.status);
  }

  show(view, reference = null) {
    const changed = !this.view || this.view.words.join(" ") !== view.words.join(" ");
    this.view = view;
    this.reference = reference && {spans: reference, keys: new Set(reference.map(keyOf))};
    if (changed) this.folded.clear();
    this.caption.textContent = view.title;
    this.draw();
  }

  draw() {
    const {words, spans} = this.view;
    this.scroll.replaceChildren();
    this.nodes = new Map();
    this.leaves = [];
    if (!words.length) return;
    this.root = nested(words, spans);
    this.sure = new Map(spans.map((span, at) => [keyOf(span), this.view.confidences?.[at] ?? null]));
    this.place();
    this.scroll.append(this.svg = this.drawn());
  }

  /** Parents before children, left to right; without recursion, since a tree may be very deep. */
  ordered() {
    const order = [], waiting = [this.root];
    while (waiting.length) {
      const node = waiting.pop();
      order.push(node);
      if (!this.folded.has(keyOf([node.start, node.stop]))) waiting.push(...[...node.children].reverse());
    }
    return order;
  }

  place() {
    const {words} = this.view, order = this.ordered();
    let x = MARGIN;
    this.leaves = order.filter(node => !node.children.length || this.isFolded(node));
    for (const leaf of this.leaves) {
      leaf.text = leaf.children.length ? `${words[leaf.start]} … ${words[leaf.stop - 1]}` : words[leaf.start];
      const width = Math.max(widthOf(leaf.text), 12);
      leaf.x = x + width / 2;
      leaf.height = 0;
      x += width + GAP;
    }
    for (const node of [...order].reverse()) {
      if (!node.children.length || this.isFolded(node)) continue;
      node.x = (node.children[0].x + node.children.at(-1).x) / 2;
      node.height = 1 + Math.max(...node.children.map(child => child.height));
    }
    this.order = order;
    this.width = x - GAP + MARGIN;
    const row = Math.max(7, Math.min(ROW, TALLEST / Math.max(this.root.height, 1)));
    this.base = MARGIN + this.root.height * row;
    for (const node of order) node.y = this.base - node.height * row;
  }

  isFolded(node) { return node.children.length > 0 && this.folded.has(keyOf([node.start, node.stop])); }

  drawn() {
    const {levels, words} = this.view;
    const hasLevels = levels && levels.some(level => level !== null);
    const height = this.base + WORD + 10 + (hasLevels ? CURVE + MARGIN : 0);
    const svg = element("svg", {xmlns: SVG, width: Math.ceil(this.width), height: Math.ceil(height),
      viewBox: `0 0 ${Math.ceil(this.width)} ${Math.ceil(height)}`, role: "tree", "aria-label": words.join(" ")});
    for (const node of this.order) {
      for (const child of this.isFolded(node) ? [] : node.children)
        svg.append(element("polyline", {class: "branch",
          points: `${node.x},${node.y} ${child.x},${node.y} ${child.x},${child.y + (child.height ? 0 : 4)}`}));
    }
    if (hasLevels) this.curve(svg, this.base + WORD + 10, levels);
    for (const node of this.order) svg.append(this.item(node));
    return svg;
  }

  curve(svg, top, levels) {
    const shown = this.leaves.filter(leaf => leaf.stop - leaf.start === 1);
    const known = shown.map(leaf => levels[leaf.start]).filter(level => level !== null);
    const low = Math.min(...known), spread = Math.max(...known) - low || 1;
    const y = level => top + CURVE - CURVE * (level - low) / spread;
    let run = [];
    const end = () => { if (run.length > 1) svg.append(element("polyline", {class: "curve", points: run.join(" ")})); run = []; };
    for (const leaf of this.leaves) {
      const level = leaf.stop - leaf.start === 1 ? levels[leaf.start] : null;
      if (level === null) { end(); continue; }
      run.push(`${leaf.x},${y(level).toFixed(1)}`);
      svg.append(element("circle", {class: "dot", cx: leaf.x, cy: y(level).toFixed(1), r: 3},
        element("title", {}, document.createTextNode(`${leaf.text}: ${level.toFixed(4)}`))));
    }
    end();
  }

  /** A bracket or a word, which can be pointed at and reached by keys. */
  item(node) {
    const key = keyOf([node.start, node.stop]), inner = node.children.length > 0;
    const whole = node === this.root;
    const mark = inner && !whole ? verdict([node.start, node.stop], this.reference) : "";
    const label = this.describe(node, mark);
    const group = element("g", {class: `${inner ? "bracket" : "word"} ${mark}`, role: "treeitem", tabindex: whole ? 0 : -1,
      "aria-label": label, "data-span": key});
    if (inner) group.setAttribute("aria-expanded", String(!this.isFolded(node)));
    if (inner) group.append(shape(mark, node.x, node.y));
    const sure = inner && !whole ? this.sure.get(key) ?? null : null;
    if (sure !== null && sure < 0.995)
      group.append(element("text", {class: "sure", x: node.x + 7, y: node.y - 4}, document.createTextNode(percent(sure))));
    if (!inner || this.isFolded(node))
      group.append(element("text", {x: node.x, y: this.base + WORD}, document.createTextNode(node.text)));
    group.addEventListener("pointerenter", () => this.point(node, label));
    group.addEventListener("pointerleave", () => this.point(null, ""));
    group.addEventListener("focus", () => this.point(node, label));
    group.addEventListener("blur", () => this.point(null, ""));
    group.addEventListener("click", () => inner && this.toggle(node));
    group.addEventListener("keydown", event => this.key(event, node));
    this.nodes.set(key + (inner ? "" : "w"), group);
    return group;
  }

  describe(node, mark) {
    const {words, levels} = this.view, size = node.stop - node.start;
    if (!node.children.length) {
      const level = levels ? levels[node.start] : null;
      return `word ${node.start + 1}: ${words[node.start]}${level === null ? "" : `, level ${level.toFixed(4)}`}`;
    }
    const said = {"": "", agrees: "; the other tree has it", extra: "; the other tree lacks it", crosses: "; crosses the other tree"};
    const text = words.slice(node.start, node.stop).join(" ");
    const sure = this.sure.get(keyOf([node.start, node.stop])) ?? null;
    if (sure !== null) said[mark] += `; confidence ${percent(sure)}`;
    return `words ${node.start + 1} to ${node.stop} (${size}): ${text.length > 200 ? text.slice(0, 200) + " …" : text}${said[mark]}`;
  }

  point(node, label) {
    this.status.textContent = label;
    this.highlight(node && [node.start, node.stop]);
    this.onPoint(node && [node.start, node.stop]);
  }

  /** Mark the words of a span, and the bracket over them if there is one. */
  highlight(span) {
    for (const marked of this.figure.querySelectorAll(".inside")) marked.classList.remove("inside");
    if (!span || !this.view?.words.length) return;
    for (const leaf of this.leaves)
      if (leaf.start >= span[0] && leaf.stop <= span[1]) this.group(leaf)?.classList.add("inside");
    this.nodes.get(keyOf(span))?.classList.add("inside");
  }

  group(node) { return this.nodes.get(keyOf([node.start, node.stop]) + (node.children.length ? "" : "w")); }

  toggle(node) {
    const key = keyOf([node.start, node.stop]);
    this.folded.has(key) ? this.folded.delete(key) : this.folded.add(key);
    this.draw();
    this.nodes.get(key)?.focus();
  }

  key(event, node) {
    const siblings = node.parent ? node.parent.children : [node], at = siblings.indexOf(node);
    const target = {ArrowUp: node.parent, ArrowLeft: siblings[at - 1], ArrowRight: siblings[at + 1],
      ArrowDown: this.isFolded(node) ? null : node.children[0]}[event.key];
    if (target) this.group(target)?.focus();
    else if ((event.key === "Enter" || event.key === " ") && node.children.length) this.toggle(node);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
  }

  // -- copies ------------------------------------------------------------------

  asSvg() {
    const copy = this.svg.cloneNode(true);
    const kept = ["fill", "stroke", "stroke-width", "font-family", "font-size", "text-anchor", "opacity"];
    const [from, to] = [this.svg, copy].map(svg => [...svg.querySelectorAll("*")]);
    from.forEach((node, at) => { for (const name of kept) to[at].setAttribute(name, getComputedStyle(node).getPropertyValue(name)); });
    const paper = element("rect", {width: "100%", height: "100%", fill: getComputedStyle(this.figure).backgroundColor});
    copy.prepend(paper);
    for (const node of to) for (const name of ["tabindex", "role", "aria-label", "aria-expanded", "data-span"]) node.removeAttribute(name);
    return new XMLSerializer().serializeToString(copy);
  }

  async asPng() {
    const image = new Image(), scale = 2;
    image.src = URL.createObjectURL(new Blob([this.asSvg()], {type: "image/svg+xml"}));
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = this.svg.width.baseVal.value * scale;
    canvas.height = this.svg.height.baseVal.value * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(image.src);
    return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
  }

  asLatex() {
    const escaped = text => text.replace(/[\\{}$&#^_%~\[\],=]/g, sign =>
      ({"\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "[": "{[}", "]": "{]}", ",": "{,}", "=": "{=}"})[sign] || `\\${sign}`);
    const parts = [], waiting = [this.root];
    while (waiting.length) {
      const node = waiting.pop();
      if (node === null) parts.push("]");
      else if (!node.children.length) parts.push(`[${escaped(this.view.words[node.start])}]`);
      else { parts.push("["); waiting.push(null, ...[...node.children].reverse()); }
    }
    return `\\begin{forest}\n${parts.join("")}\n\\end{forest}\n`;
  }

  asJson() {
    const {words, spans, levels} = this.view;
    return JSON.stringify({words, spans, levels}) + "\n";
  }
}

/** Brackets by verdict: a disc; a ring where the other tree lacks it; a diamond where it crosses. */
function shape(mark, x, y) {
  if (mark === "crosses") return element("path", {class: "node", d: `M${x},${y - 6}l6,6l-6,6l-6,-6z`});
  return element("circle", {class: "node", cx: x, cy: y, r: 4.5});
}

const COPIES = {
  brackets: ["txt", panel => new Blob([panel.view.brackets + "\n"], {type: "text/plain"})],
  SVG: ["svg", panel => new Blob([panel.asSvg()], {type: "image/svg+xml"})],
  PNG: ["png", panel => panel.asPng()],
  LaTeX: ["tex", panel => new Blob([panel.asLatex()], {type: "text/plain"})],
  JSON: ["json", panel => new Blob([panel.asJson()], {type: "text/plain"})],
};

/** Buttons that copy the tree; where the browser keeps its clipboard shut, or for SVG, a file is saved. */
function copyButtons(panel) {
  const row = document.createElement("div");
  row.className = "copies";
  for (const [name, [ending, made]] of Object.entries(COPIES)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = `copy as ${name}`;
    button.addEventListener("click", async () => {
      if (!panel.view || !panel.view.words.length) return;
      const blob = await made(panel);
      let said = "copied";
      try {
        const type = blob.type === "image/svg+xml" ? "text/plain" : blob.type;
        await navigator.clipboard.write([new ClipboardItem({[type]: new Blob([blob], {type})})]);
      } catch {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `tree.${ending}`;
        link.click();
        said = "saved";
      }
      button.textContent = said;
      setTimeout(() => { button.textContent = name; }, 1200);
    });
    row.append(button);
  }
  return row;
}

function themeButton(button) {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
}

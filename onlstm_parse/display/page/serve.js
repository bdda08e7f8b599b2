"use strict";
// The live page: asks the server for the tree of what is typed, with one parser or two.

const PAUSE = 120;  // milliseconds without a key before the server is asked
const text = document.getElementById("text"), two = document.getElementById("two");
const errors = document.getElementById("error"), views = document.getElementById("views");
const sides = [];
let asked = null, waiting = 0;

function choice(name, options) {
  const select = document.createElement("select");
  select.setAttribute("aria-label", name);
  for (const [value, label] of options) select.append(new Option(label, value));
  return select;
}

/** A panel with the choices of its parser, layer and rule. */
class Side {
  constructor(parsers, number) {
    this.figure = document.createElement("figure");
    this.parsers = parsers;
    const bar = document.createElement("div");
    bar.className = "bar";
    this.parser = choice("parser", parsers.map((parser, at) => [at, parser.name]));
    this.parser.value = Math.min(number, parsers.length - 1);
    this.layer = choice("layer", []);
    this.rule = choice("rule", []);
    bar.append(this.parser, this.layer, this.rule);
    this.panel = new Panel(this.figure, span => { for (const side of sides) if (side !== this) side.panel.highlight(span); });
    this.figure.prepend(bar);
    this.figure.append(copyButtons(this.panel));
    this.parser.addEventListener("change", () => { this.fill(); update(); });
    this.layer.addEventListener("change", update);
    this.rule.addEventListener("change", () => { this.hideLayer(); update(); });
    views.append(this.figure);
    this.fill();
  }

  fill() {
    const parser = this.parsers[this.parser.value];
    this.layer.replaceChildren(...parser.layers.map(layer => new Option(`layer ${layer}`, layer)));
    if (parser.layer) this.layer.value = parser.layer;
    this.rule.replaceChildren(...parser.rules.map(rule => new Option(`${rule} rule`, rule)));
    this.rule.hidden = parser.rules.length < 2;
    this.hideLayer();
  }

  /** Some rules read all layers. */
  hideLayer() {
    this.layer.hidden = !this.parsers[this.parser.value].of_one_layer.includes(this.rule.value);
  }

  wish() {
    const layer = this.layer.hidden ? null : Number(this.layer.value);
    return {parser: Number(this.parser.value), layer, rule: this.rule.value};
  }
}

async function post(body) {
  asked?.abort();
  asked = new AbortController();
  const answer = await fetch("parse", {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body), signal: asked.signal});
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function update() {
  const shown = two.checked ? sides : sides.slice(0, 1);
  try {
    const {views: found} = await post({text: text.value, wishes: shown.map(side => side.wish())});
    errors.textContent = "";
    found.forEach((view, at) => shown[at].panel.show(view, found.length > 1 ? found[1 - at].spans : null));
  } catch (error) {
    if (error.name !== "AbortError") errors.textContent = error.message;
  }
}

async function begin() {
  const {parsers} = await (await fetch("parsers")).json();
  sides.push(new Side(parsers, 0), new Side(parsers, 1));
  sides[1].figure.hidden = true;
  two.addEventListener("change", () => { sides[1].figure.hidden = !two.checked; update(); });
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, PAUSE); });
  themeButton(document.getElementById("theme"));
  await update();
}

begin();

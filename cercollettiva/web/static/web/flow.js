// What flows now, drawn again with each frame, as web/energy/flow.py draws it at first: ribbons as wide as their power.
//
// Hooks: [data-flow] is the drawing, with the words and the ratios of the community in its data; [data-flow-words] says the
// same in words, at most every 30 s. live.js sends "frame" events from the subjects of the page.

import * as formats from "./formats.js";

const WIDTH = 328;
const GAP = 44;
const TOP = 64;
const BOTTOM = 168;
const BAR = 8;
const LEAST = 0.5;
const SPEEDS = [100, 500, 1500];
const SPEAK_EVERY = 30_000;

const drawing = document.querySelector("[data-flow]");
const words = document.querySelector("[data-flow-words]");
const plants = new Map(); // the last frame of each of one's own plants
let ofDrawn = Number(drawing.dataset.ofDrawn);
let ofInjected = Number(drawing.dataset.ofInjected);
let spokenAt = Date.now();

const ratio = (part, whole) => (part && whole ? Math.min(part / whole, 1) : 0);
const total = (name) => {
  const known = [...plants.values()].map((frame) => frame[name] ?? null).filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
};

export function split({ drawn, injected, produced, ofDrawn, ofInjected }) {
  const taken = Math.max(drawn ?? 0, 0);
  const given = Math.max(injected ?? 0, 0);
  const own = produced === null ? null : Math.max(produced - given, 0);
  const fromCommunity = taken * ofDrawn;
  const toCommunity = given * ofInjected;
  return { own, fromCommunity, fromGrid: taken - fromCommunity, toCommunity, toGrid: given - toCommunity };
}

export function flow(parts) {
  const own = parts.own ?? 0;
  const produced = own + parts.toCommunity + parts.toGrid;
  const used = own + parts.fromCommunity + parts.fromGrid;
  if (produced > LEAST && produced >= parts.fromCommunity + parts.fromGrid) {
    return place("day", ["roof", "production", produced], [
      ["house", "own", own],
      ["community", "shared", parts.toCommunity],
      ["grid", "export", parts.toGrid],
    ]);
  }
  return place(used > LEAST ? "night" : "still", ["house", "use", used], [
    ["roof", "own", own],
    ["community", "shared", parts.fromCommunity],
    ["grid", "grid", parts.fromGrid],
  ]);
}

function place(kind, [name, meaning, watts], ends) {
  const shown = ends.filter((end) => end[2] > LEAST);
  const sum = shown.reduce((whole, end) => whole + end[2], 0);
  const free = WIDTH - GAP * Math.max(shown.length - 1, 0);
  const left = (WIDTH - free) / 2;
  const one = { name, meaning, watts, x: left, width: free, anchor: "middle", wordsX: WIDTH / 2 };
  let x = 0;
  let along = left;
  const several = shown.map(([end, colour, power], number) => {
    const width = (free * power) / sum;
    const last = number === shown.length - 1;
    let [anchor, wordsX] = last && number ? ["end", WIDTH] : ["start", x];
    if (shown.length === 1) [anchor, wordsX] = ["middle", WIDTH / 2];
    const node = { name: end, meaning: colour, watts: power, x, width, anchor, wordsX, along };
    x += width + GAP;
    along += width;
    return node;
  });
  return { kind, one, several };
}

function make(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const px = (value) => value.toFixed(1);

function ribbon(node, upwards) {
  const [start, end] = upwards ? [node.x, node.along] : [node.along, node.x];
  const { width } = node;
  const middle = (TOP + BOTTOM) / 2;
  const top = TOP + BAR;
  const edge = (from, to, y0, y1) => `${px(from)} ${px(y0)}C${px(from)} ${px(middle)} ${px(to)} ${px(middle)} ${px(to)} ${px(y1)}`;
  const path =
    `M${px(start)} ${px(top)}C${px(start)} ${px(middle)} ${px(end)} ${px(middle)} ${px(end)} ${px(BOTTOM)}` +
    `h${px(width)}C${px(end + width)} ${px(middle)} ${px(start + width)} ${px(middle)} ${px(start + width)} ${px(top)}z`;
  const speed = 1 + SPEEDS.filter((limit) => node.watts > limit).length;
  const count = Math.max(1, Math.min(3, Math.floor(width / 40)));
  const marks = [make("path", { class: `s-${node.meaning}`, d: path })];
  for (let number = 0; number < count; number++) {
    const shift = (width * (number + 0.5)) / count;
    const d = `M${edge(start + shift, end + shift, top + 4, BOTTOM - 4)}`;
    marks.push(make("path", { class: `dots s${speed} k-${node.meaning}`, d }));
  }
  return marks;
}

function marks(node, y, style) {
  const above = y === TOP;
  const [figure, unit] = formats.power(node.watts).split(formats.NBSP);
  const word = drawing.dataset[node.name];
  const length = 7.2 * word.length + 20;
  const start = { start: node.wordsX, middle: node.wordsX - length / 2, end: node.wordsX - length }[node.anchor];
  const text = make("text", { class: style, x: px(node.wordsX), y: above ? 32 : 203, "text-anchor": node.anchor }, `${figure} `);
  text.append(make("tspan", { class: "u" }, unit));
  return [
    make("rect", { class: `f-${node.meaning}`, x: px(node.x), y: px(y), width: px(Math.max(node.width, 0)), height: BAR }),
    text,
    make("use", { class: "icon", href: `#flow-${node.name}`, x: px(start), y: above ? 41 : 212, width: 16, height: 16 }),
    make("text", { x: px(start + 20), y: above ? 54 : 225 }, word),
  ];
}

function draw() {
  const parts = split({ drawn: total("drawn"), injected: total("injected"), produced: total("produced"), ofDrawn, ofInjected });
  const shown = flow(parts);
  const upwards = shown.kind !== "day";
  const elements = shown.several.flatMap((node) => ribbon(node, upwards));
  elements.push(...marks(shown.one, upwards ? BOTTOM : TOP, "big"));
  for (const node of shown.several) elements.push(...marks(node, upwards ? TOP : BOTTOM, "v"));
  drawing.replaceChildren(...elements);
  if (Date.now() - spokenAt > SPEAK_EVERY) {
    spokenAt = Date.now();
    words.textContent = spoken(parts, shown);
  }
}

function spoken(parts, { kind, one }) {
  if (kind === "still") return drawing.dataset.still;
  const template = kind === "day" ? "day" : parts.own > 0 ? "night" : "dark";
  const figures = {
    total: one.watts,
    own: parts.own ?? 0,
    community: kind === "day" ? parts.toCommunity : parts.fromCommunity,
    grid: kind === "day" ? parts.toGrid : parts.fromGrid,
  };
  return drawing.dataset[template].replace(/\{(\w+)\}/g, (_, name) => formats.power(figures[name]));
}

document.addEventListener("frame", ({ target, detail }) => {
  if (detail.type === "cer_power") {
    ofDrawn = ratio(detail.net_power, detail.consumer_power);
    ofInjected = ratio(detail.net_power, detail.producer_power);
  } else if (detail.type === "power") {
    plants.set(target.dataset.socket, detail);
    const age = document.querySelector("[data-flow-owner] time[data-age]");
    if (age && detail.timestamp) age.dateTime = detail.timestamp;
  }
  if (plants.size) draw();
});

document.addEventListener("visibilitychange", () => document.documentElement.classList.toggle("hidden-tab", document.hidden));

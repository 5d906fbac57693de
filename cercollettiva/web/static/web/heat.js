// A heat map one can walk over: a touch or a click opens an hour, arrows move, Enter opens, and the line below says it.
//
// Hooks: [data-heat] around the map; [data-heat-readout] for the words; the JSON script "mappa-dati" is
// {"start": s of the first hour, "wh": [figure of each hour or null], "query": "?periodo=..."}. Without the script the days
// and hours are links in the tables.

import * as formats from "./formats.js";

const HOUR = 3600;
const { start, wh, query } = JSON.parse(document.getElementById("mappa-dati").textContent);
const map = document.querySelector("[data-heat]");
const readout = document.querySelector("[data-heat-readout]");

// Rows are local days, columns hours of the clock: the map from a cell to the hours that stand in it.
const rows = [];
wh.forEach((_, number) => {
  const at = (start + number * HOUR) * 1000;
  const day = formats.date(at, "short");
  if (rows.at(-1)?.day !== day) rows.push({ day, cells: Array.from({ length: 24 }, () => []) });
  rows.at(-1).cells[Number(formats.time(at).slice(0, 2))].push(number);
});

const cursor = document.createElement("span");
cursor.className = "heat-cursor";
cursor.hidden = true;
map.append(cursor);
map.tabIndex = 0;
map.setAttribute("role", "group");
map.setAttribute("aria-label", map.querySelector("svg").getAttribute("aria-label"));
map.setAttribute("aria-describedby", "mappa");
// The cursor begins at the last hour that is known: a running month is drawn to its end.
const isKnown = (number) => wh[number] !== null;
let row = Math.max(rows.findLastIndex(({ cells }) => cells.some((hours) => hours.some(isKnown))), 0);
let column = Math.max(rows[row]?.cells.findLastIndex((hours) => hours.some(isKnown)) ?? 0, 0);

function hourAt(share) {
  const hours = rows[row]?.cells[column] ?? [];
  return hours[Math.min(hours.length - 1, Math.floor(share * hours.length))];
}

function show(share = 0) {
  const number = hourAt(share);
  cursor.hidden = false;
  cursor.style.left = `${(100 * column) / 24}%`;
  cursor.style.top = `${(100 * row) / rows.length}%`;
  cursor.style.width = `${100 / 24}%`;
  cursor.style.height = `${100 / rows.length}%`;
  if (number === undefined) {
    readout.textContent = "";
    return undefined;
  }
  const at = (start + number * HOUR) * 1000;
  const figure = wh[number] === null ? readout.dataset.missing : formats.energy(wh[number] * 1000);
  readout.textContent = `${formats.date(at, "day")}, ${formats.interval(at, at + HOUR * 1000)}: ${figure}`;
  return number;
}

function open(number) {
  if (number === undefined || !isKnown(number)) return;
  const at = new Date((start + number * HOUR) * 1000).toISOString().slice(0, 16);
  const day = rows[row].day.split("/").reverse().join("-");
  location.href = `${query.replace(/data=[^&]*/, `data=${day}`)}&ora=${encodeURIComponent(`${at}Z`)}#ora`;
}

function place(event) {
  const box = map.getBoundingClientRect();
  const across = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.9999) * 24;
  column = Math.floor(across);
  row = Math.floor(Math.min(Math.max((event.clientY - box.top) / box.height, 0), 0.9999) * rows.length);
  return across - column;
}

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-7, 0], PageDown: [7, 0] };

map.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    open(hourAt(0));
    return;
  }
  const move = MOVES[event.key];
  if (!move) return;
  event.preventDefault();
  row = Math.min(Math.max(row + move[0], 0), rows.length - 1);
  column = Math.min(Math.max(column + move[1], 0), 23);
  show();
});
map.addEventListener("focus", () => show());
map.addEventListener("pointermove", (event) => show(place(event)));
map.addEventListener("click", (event) => open(show(place(event))));
map.addEventListener("pointerleave", () => {
  cursor.hidden = document.activeElement !== map;
});

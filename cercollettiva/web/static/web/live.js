// Figures that move: what the sockets send goes into the page, and every figure keeps its age beside it.
//
// Hooks in the page
//   [data-live="plant"|"community"]    a subject; data-socket="/ws/plants/3/" is where its frames come from. Subjects with the
//                                      same address share the socket, and data-id says which frames are whose
//     [data-field="..."]               text of one figure; fields of a device or a phase belong to it, not to the subject
//        plant:      power, verb (both with data-above and data-below: the meaning or the word above and below zero), energy-today
//        community:  injected, shared, withdrawn, export (W), measured (how many plants are online)
//     [data-bar="injected|shared|export|withdrawn"]   SVG rectangles, in percent of the longest bar
//     [data-when="export"]             shown when there is some
//     [data-device="<device_id>"]      one device; in it [data-field="power"] and [data-phase="<phase>"] with
//                                      [data-field="voltage|current|power|power_factor"] and [data-volt], the dot on the scale
//     time[data-age][datetime]         the age of its subject's or device's figures
//     [data-empty]                     the server had no figure to show: the first one reloads the page
//   [data-aged]                        a figure that does not move but ages
//   [data-total="shared"]              the sum over all communities of the page
//   [data-notice="offline|waiting|session"], [data-notice-time], [data-sentence] and [data-announce], where the sentence is
//                                      spoken at most every 30 s
// The script sets data-stale="late" after 30 s and "silent" after 5 minutes on a subject or device; the style makes it grey.
//
// Frames, the present state first and then at most one a second
//   {"type": "power", "timestamp", "power" (W), "energy_today" (kWh),
//    "devices": [{"device_id", "power" (W), "last_seen", "phases": [{"phase", "voltage", "current", "power", "power_factor"}]}]}
//   {"type": "cer_power", "timestamp", "id", "producer_power", "consumer_power", "net_power" (kW),
//    "plants_online"}
//   `timestamp` is when the newest figure was measured. `sent_at`, when a frame has it, sets our clock right.
// Close code 4403: the session ended or the right to look was lost; 4404: there is nothing to look at. Both are final.
// Any other: try again, later and later.

import * as formats from "./formats.js";

const LATE_AFTER = 30_000;
const SILENT_AFTER = 300_000;
const ANNOUNCE_EVERY = 30_000;
const QUIET_FOR = 60_000; // a socket that says nothing may be dead: ask for the state again
const WAIT_BEFORE_NOTICE = 5_000;
const LONGEST_WAIT = 30_000;
const SESSION_OVER = 4403;
const NOT_FOUND = 4404;
const TOO_MANY = 4429; // a newer page of ours took the place

let clockAhead = 0; // of the server over ours
const now = () => Date.now() + clockAhead;
const feeds = [];

class Feed {
  constructor(address, elements) {
    this.address = address;
    this.elements = elements;
    this.over = false;
    this.failures = 0;
    this.waitingSince = Date.now();
    this.connect();
  }

  connect() {
    clearTimeout(this.retry);
    this.drop();
    if (this.over) return;
    const url = new URL(this.address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.heardAt = Date.now();
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
    this.socket.onclose = ({ code }) => this.lost(code);
  }

  // Leaves a socket without hearing of its end.
  drop() {
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
    this.waitingSince ??= Date.now();
  }

  lost(code) {
    this.socket = null;
    this.waitingSince ??= Date.now();
    if (code === SESSION_OVER || code === NOT_FOUND) {
      this.over = true;
      refresh();
      return;
    }
    if (code === TOO_MANY && document.hidden) return; // when it is looked at again it connects
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.failures++);
    this.retry = setTimeout(() => this.connect(), wait * (0.5 + Math.random() / 2));
  }

  hear(frame) {
    this.heardAt = Date.now();
    this.failures = 0;
    this.waitingSince = null;
    if (frame.sent_at) clockAhead = Date.parse(frame.sent_at) - Date.now();
    document.dispatchEvent(new CustomEvent("cer:frame", { detail: frame })); // for scripts of one page
    const [only, second] = this.elements;
    const element = second ? this.elements.find(({ dataset }) => dataset.id === String(frame.id)) : only;
    if (!element) return;
    if ("empty" in element.dataset) {
      if ((frame.power ?? frame.net_power ?? null) !== null) location.reload();
      return;
    }
    if (frame.type === "power") showPlant(element, frame);
    if (frame.type === "cer_power") showCommunity(element, frame);
    element.dispatchEvent(new CustomEvent("frame", { detail: frame, bubbles: true })); // for what draws more than text
    refresh();
  }

  watch() {
    if (this.socket?.readyState === WebSocket.OPEN && Date.now() - this.heardAt > QUIET_FOR) this.connect();
  }
}

// ---- what a frame says ----

function showPlant(plant, { timestamp, power, energy_today: energyToday, devices = [] }) {
  setAge(plant, timestamp);
  const below = power < 0;
  for (const verb of fields(plant, "verb")) verb.textContent = below ? verb.dataset.below : verb.dataset.above;
  for (const figure of fields(plant, "power")) {
    figure.className = `q q--${below ? figure.dataset.below : figure.dataset.above}`;
    write(figure, formats.power(power === null ? null : Math.abs(power)));
  }
  if (energyToday !== undefined) {
    setField(plant, "energy-today", formats.energy(energyToday === null ? null : Math.round(energyToday * 1e6)));
  }
  for (const device of devices) {
    const element = plant.querySelector(`[data-device="${CSS.escape(device.device_id)}"]`);
    if (element) showDevice(element, device);
  }
}

function showDevice(element, { power, last_seen: lastSeen, phases = [] }) {
  if (lastSeen !== undefined) setAge(element, lastSeen);
  setField(element, "power", formats.power(power));
  for (const phase of phases) {
    const row = element.querySelector(`[data-phase="${CSS.escape(phase.phase)}"]`);
    if (!row) continue;
    setField(row, "voltage", formats.quantity(phase.voltage, "V", 1));
    setField(row, "current", formats.quantity(phase.current, "A", 1));
    setField(row, "power", formats.power(phase.power));
    setField(row, "power_factor", formats.number(phase.power_factor, 2));
    const dot = row.querySelector("[data-volt]");
    if (dot && phase.voltage !== null) dot.setAttribute("cx", share(Math.min(Math.max(phase.voltage, 207), 253) - 207, 46));
  }
}

function showCommunity(community, frame) {
  const watts = (kilowatts) => (kilowatts === null ? null : kilowatts * 1000);
  const injected = watts(frame.producer_power);
  const withdrawn = watts(frame.consumer_power);
  const shared = watts(frame.net_power);
  const exported = injected === null || shared === null ? null : Math.max(injected - shared, 0);
  const longest = Math.max(injected, withdrawn, shared);

  setAge(community, frame.timestamp);
  community.dataset.shared = shared ?? "";
  for (const [name, power] of Object.entries({ injected, shared, withdrawn, export: exported })) {
    setField(community, name, formats.power(power));
    for (const bar of community.querySelectorAll(`[data-bar="${name}"]`)) {
      bar.setAttribute("width", share(power, longest));
      if (name === "export") bar.setAttribute("x", share(shared, longest));
    }
  }
  for (const part of community.querySelectorAll('[data-when="export"]')) part.hidden = !exported;
  setField(community, "measured", formats.number(frame.plants_online));

  const parts = [...document.querySelectorAll('[data-live="community"]')].map((one) => one.dataset.shared);
  const known = parts.filter((part) => part !== "" && part !== undefined).map(Number);
  const total = known.length ? known.reduce((sum, part) => sum + part, 0) : null;
  for (const figure of document.querySelectorAll('[data-total="shared"]')) write(figure, formats.power(total));
}

// ---- parts ----

const OWNERS = "[data-phase], [data-device], [data-live], [data-aged], [data-flow-owner]";

function fields(owner, name) {
  return [...owner.querySelectorAll(`[data-field="${name}"]`)].filter((field) => field.closest(OWNERS) === owner);
}

function setField(owner, name, text) {
  for (const field of fields(owner, name)) write(field, text);
}

// The unit keeps its own element, and text that has not changed is left alone.
function write(element, text) {
  if (element.textContent === text) return;
  const unit = element.querySelector(".unit");
  const at = text.lastIndexOf(formats.NBSP);
  if (!unit || at < 0) {
    element.textContent = text;
    return;
  }
  element.replaceChildren(text.slice(0, at + 1), unit);
  unit.textContent = text.slice(at + 1);
}

const share = (part, whole) => (whole ? `${((100 * (part ?? 0)) / whole).toFixed(2)}%` : "0%");

function setAge(owner, at) {
  for (const age of owner.querySelectorAll("time[data-age]")) {
    if (age.closest(OWNERS) === owner) age.dateTime = at ?? "";
  }
}

// ---- ages, notices, what is spoken ----

function staleness(at) {
  const passed = now() - Date.parse(at);
  if (!(passed <= SILENT_AFTER)) return "silent"; // no date at all is silent too
  return passed > LATE_AFTER ? "late" : "live";
}

function showAges() {
  for (const age of document.querySelectorAll("time[data-age]")) {
    const state = staleness(age.dateTime);
    age.className = `age age--${state}`;
    age.textContent = formats.age(age.dateTime, now());
    const owner = age.closest(OWNERS);
    if (!owner) continue;
    if (state === "live") delete owner.dataset.stale;
    else owner.dataset.stale = state;
  }
  for (const feed of feeds) if (feed.over) for (const element of feed.elements) element.dataset.stale = "silent";
}

function showNotices() {
  const over = feeds.some((feed) => feed.over);
  const waited = (feed) => feed.waitingSince !== null && Date.now() - feed.waitingSince > WAIT_BEFORE_NOTICE;
  const lost = !over && feeds.some(waited);
  const offline = lost && !navigator.onLine; // alone it proves nothing: a laptop's own server answers without a network
  const waiting = lost && navigator.onLine;
  const moments = [...document.querySelectorAll("[data-live] time[data-age]")].map((age) => Date.parse(age.dateTime));
  const newest = Math.max(...moments.filter(Number.isFinite));

  for (const [name, shown] of Object.entries({ session: over, offline, waiting })) {
    for (const notice of document.querySelectorAll(`[data-notice="${name}"]`)) {
      if (shown && notice.hidden) {
        for (const time of notice.querySelectorAll("[data-notice-time]")) time.textContent = formats.time(newest);
      }
      if (notice.hidden === shown) notice.hidden = !shown;
    }
  }
}

let announcedAt = Date.now();

function announce() {
  const sentence = document.querySelector("[data-sentence]");
  const spoken = document.querySelector("[data-announce]");
  if (!sentence || !spoken || document.hidden || Date.now() - announcedAt < ANNOUNCE_EVERY) return;
  announcedAt = Date.now();
  const text = sentence.textContent.replace(/\s+/g, " ").trim();
  if (spoken.textContent !== text) spoken.textContent = text;
}

function refresh() {
  showAges();
  showNotices();
  announce();
}

// ---- sleeping and waking ----

function wake() {
  refresh(); // the ages first: what is on the page may be hours old
  for (const feed of feeds) feed.connect();
}

let tickedAt = Date.now();

function tick() {
  const slept = Date.now() - tickedAt > 10_000;
  tickedAt = Date.now();
  if (slept && !document.hidden) {
    wake();
    return;
  }
  for (const feed of feeds) feed.watch();
  refresh();
}

const subjects = [...document.querySelectorAll("[data-live][data-socket]")];
for (const address of new Set(subjects.map(({ dataset }) => dataset.socket))) {
  feeds.push(new Feed(address, subjects.filter(({ dataset }) => dataset.socket === address)));
}
refresh();
setInterval(tick, 1000);

addEventListener("online", wake);
addEventListener("offline", wake);
addEventListener("pagehide", () => {
  for (const feed of feeds) feed.drop();
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) wake();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  refresh();
  for (const feed of feeds) {
    const alive = feed.socket?.readyState === WebSocket.OPEN && Date.now() - feed.heardAt < LATE_AFTER;
    if (!alive) feed.connect();
  }
});

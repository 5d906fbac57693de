// A technician's round without network. The page keeps a copy of itself (the worker shows it when there is no network),
// ticks and half-written reports stay in this browser at every touch, and finished reports wait here until they are sent.
//
// A report has a key of its own, made here: sent twice it has one effect. What is written belongs to who wrote it: it is
// kept under the person's key, and sent only while that person is signed in. pwa.js wipes the copy of the page.
const PAGE = "/interventi/";
const CACHE = "visits";
const AGAIN = 15_000;
const OWNER = "/offline/person"; // whose the copy is, for pwa.js
const main = document.querySelector("#main");
const person = document.body.dataset.person;
const isKept = "kept" in document.body.dataset;
const lang = document.documentElement.lang;

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// ---- the copy of the page ----
function copyOfThePage() {
  const copy = document.documentElement.cloneNode(true);
  copy.querySelector("body").dataset.kept = main.dataset.now;
  for (const token of copy.querySelectorAll("[name=csrfmiddlewaretoken]")) token.setAttribute("value", "");
  return `<!doctype html>${copy.outerHTML}`;
}

async function keep(text) {
  await navigator.serviceWorker.ready; // by then pwa.js has wiped what is somebody else's
  const cache = await caches.open(CACHE);
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy };
  const own = [...document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=preload], link[rel=icon]")];
  const parts = new Set(own.map((element) => element.src || element.href).filter((url) => url.startsWith(location.origin)));
  await Promise.all([...parts].map((url) => cache.add(url)));
  await cache.put(OWNER, new Response(person));
  await cache.put(PAGE, new Response(text, { headers }));
}

// ---- what waits in this browser ----
const NAME = `visits:${person}`;
let memory = { drafts: {}, reports: [] };

function read() {
  try {
    memory = { drafts: {}, reports: [], ...JSON.parse(localStorage.getItem(NAME)) };
  } catch {
    // Storage is forbidden, or somebody else's word stands there: what is written lives as long as the page.
  }
  return memory;
}

function write() {
  try {
    localStorage.setItem(NAME, JSON.stringify(memory));
  } catch {
    // The same.
  }
}

const newKey = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

const instant = (text) => new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", timeZone: "Europe/Rome" }).format(new Date(text));

function round() {
  const words = document.querySelector("[data-words]").dataset;
  const section = document.querySelector("[data-waiting]");
  const trouble = section.querySelector("[data-trouble]");
  const sendNow = section.querySelector("[data-send]");
  let sending = false;

  function show() {
    const { reports } = memory;
    section.hidden = !reports.length;
    sendNow.hidden = !reports.some(({ state }) => !state);
    section.querySelector("[data-reports]").replaceChildren(
      ...reports.map((report) => {
        const row = section.querySelector("[data-report]").content.cloneNode(true);
        row.querySelector("[data-plant]").textContent = `${report.name}, ${instant(report.fields.visited_at)}`;
        row.querySelector("[data-state]").textContent = report.state ? [words[report.state], report.note].filter(Boolean).join(" ") : words.waits;
        const open = row.querySelector("[data-open]");
        if (report.url) [open.href, open.hidden] = [report.url, false];
        const discard = row.querySelector("[data-discard]");
        discard.hidden = !report.state;
        discard.addEventListener("click", () => {
          read().reports = memory.reports.filter((one) => one.fields.key !== report.fields.key);
          write();
          show();
        });
        return row;
      }),
    );
  }

  async function sent(report, token) {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(report.fields)) for (const one of [value].flat()) body.append(name, one);
    const answer = await fetch(main.dataset.visits, {
      method: "POST",
      body,
      redirect: "manual",
      headers: { Accept: "application/json", "X-CSRFToken": token },
    });
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    const told = isJson ? await answer.json() : {};
    if (answer.status === 201 || answer.status === 200) {
      const others = (told.others ?? []).map(({ who, at }) => `${who} (${at})`).join(", ");
      return { state: told.state, url: told.url, note: others && `${words.others} ${others}.` };
    }
    if (answer.status === 404) return { state: "refused", note: words.gone };
    if (told.problems) return { state: "refused", note: told.problems.join(" ") };
    return null; // ours to repair: it waits, and is tried again
  }

  async function send() {
    if (sending || !read().reports.some(({ state }) => !state)) return;
    sending = true;
    trouble.textContent = "";
    try {
      const answer = await fetch(main.dataset.visits, { headers: { Accept: "application/json" }, redirect: "manual" });
      const who = answer.ok ? await answer.json() : null;
      if (!who) trouble.textContent = words.signin;
      else if (who.person !== person) trouble.textContent = words.another;
      else {
        for (const { fields } of memory.reports.filter(({ state }) => !state)) {
          const report = memory.reports.find((one) => one.fields.key === fields.key);
          const outcome = await sent(report, who.token);
          const kept = read().reports.find((one) => one.fields.key === fields.key); // another tab may have sent it too
          if (outcome && kept) Object.assign(kept, outcome);
          write();
          show();
        }
      }
    } catch {
      trouble.textContent = words.offline;
    } finally {
      sending = false;
      show();
    }
  }

  // ---- one stop: ticks and words are kept as they are made ----
  const fieldsOf = (form) => {
    const fields = {};
    for (const [name, value] of new FormData(form)) {
      if (["csrfmiddlewaretoken", "key"].includes(name)) continue;
      fields[name] = ["steps", "kinds"].includes(name) ? [...(fields[name] ?? []), value] : value;
    }
    return fields;
  };

  function restore(form, draft) {
    for (const input of form.querySelectorAll("[name=steps]")) input.checked = (draft.steps ?? []).includes(input.value);
    for (const input of form.querySelectorAll("[name=data_returned]")) input.checked = draft.data_returned === input.value;
    for (const name of ["found", "done", "device"]) {
      const field = form.elements[name];
      if (field && draft[name] !== undefined) field.value = draft[name];
    }
  }

  for (const stop of document.querySelectorAll("[data-stop]")) {
    const form = stop.querySelector("[data-form]");
    const wrong = form.querySelector("[data-wrong]");
    const blank = fieldsOf(form);
    const draft = read().drafts[stop.dataset.stop];
    if (draft) {
      restore(form, draft);
      stop.open = true;
    }
    form.addEventListener("input", () => {
      wrong.hidden = true;
      read().drafts[stop.dataset.stop] = fieldsOf(form);
      write();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = fieldsOf(form);
      if (!fields.found.trim() && !fields.done.trim()) {
        wrong.querySelector("span").textContent = words.empty;
        wrong.hidden = false;
        form.elements.found.focus();
        return;
      }
      const report = { name: stop.dataset.name, fields: { ...fields, key: newKey(), visited_at: new Date().toISOString() } };
      read().reports.push(report);
      delete memory.drafts[stop.dataset.stop];
      write();
      restore(form, { ...blank, steps: [] });
      stop.open = false;
      show();
      section.scrollIntoView({ block: "start" });
      send();
    });
  }

  sendNow.addEventListener("click", send);
  addEventListener("online", send);
  setInterval(send, AGAIN); // a phone may call itself online long before anything answers
  document.addEventListener("visibilitychange", () => document.hidden || send());
  if (isKept) {
    document.querySelector("[data-kept-note]").hidden = false;
    document.querySelector("[data-kept-at]").textContent = instant(document.body.dataset.kept);
  }
  // What has arrived was seen when it was sent: the next look at the list begins without it.
  read().reports = memory.reports.filter(({ state }) => !["stored", "already"].includes(state));
  write();
  show();
  send();
}

if (main.dataset.visits && person) {
  const text = copyOfThePage();
  round();
  // Storage may be forbidden: then the page works with the network alone.
  if (!isKept && "caches" in window && "serviceWorker" in navigator) keep(text).catch(() => {});
}

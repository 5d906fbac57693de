// The screen of a community: asks for the figures every ten seconds, and says when they stop coming. At night it loads
// itself again, so that a screen that nobody touches gets what is new.
import * as formats from "./formats.js";

const EVERY = 10_000;
const LOST_AFTER = 60_000;
const NIGHT = 4; // o'clock

const main = document.querySelector("[data-screen]");
const clock = main.querySelector("[data-clock]");
const started = Date.now();
let heardAt = Date.now();

function show(figures) {
  const shown = figures.shared !== null;
  main.querySelector("[data-figures]").hidden = !shown;
  main.querySelector('[data-none="few"]').hidden = figures.enough;
  main.querySelector('[data-none="silent"]').hidden = !figures.enough || shown;
  if (!shown) return;
  for (const name of ["shared", "injected", "withdrawn"]) {
    main.querySelector(`[data-field="${name}"]`).textContent = formats.power(figures[name]);
  }
}

async function ask() {
  try {
    const answer = await fetch(main.dataset.screen, { signal: AbortSignal.timeout(EVERY) });
    if (answer.status === 404) location.reload(); // the community no longer shows it
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
    heardAt = Date.now();
  } catch {
    // the next time, perhaps
  }
  const lost = Date.now() - heardAt > LOST_AFTER;
  main.querySelector("[data-lost]").hidden = !lost;
  if (lost) main.querySelector("[data-figures]").hidden = true; // an old figure is no figure of now
}

function tick() {
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short", timeZone: "Europe/Rome" });
  clock.textContent = time.format(new Date());
  if (new Date().getHours() === NIGHT && Date.now() - started > 3_600_000 && navigator.onLine) location.reload();
}

tick();
setInterval(tick, 1000);
setInterval(ask, EVERY);

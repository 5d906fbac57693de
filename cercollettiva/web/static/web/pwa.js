// The site as an application: the service worker, and the last figures of one's own dashboard for when there is no network.
//
// A snapshot is text: the sentence of the page, and of each section its title and figures, with the person's key and the
// time. It is taken on the pages of OWN alone. Wherever a page says that nobody is signed in, or that somebody else is, it
// is wiped; pressing the button that signs out wipes it before the request leaves.
(() => {
  const SNAPSHOT = "snapshot";
  const ROUND = "visits"; // a technician's round, which keeps itself (visits.js)
  const OWNER = "/offline/person";
  const ADDRESS = "/offline/snapshot";
  const OWN = ["/dashboard/", "/me/"];
  const EVERY = 60_000;
  const ROWS = 8; // of a section: the figures, not the lists

  if (!("serviceWorker" in navigator) || !("caches" in window)) return;

  const text = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";

  function figures() {
    const sections = [...document.querySelectorAll("main .section")].map((section) => ({
      title: text(section.querySelector("h2")),
      rows: [...section.querySelectorAll(".three > li, .facts > div")]
        .slice(0, ROWS)
        .map((row) => ({ name: text(row.querySelector(".name, dt")), value: text(row.querySelector(".figure-value, dd")) }))
        .filter(({ value }) => value),
    }));
    return sections.filter(({ rows }) => rows.length);
  }

  async function keep(person) {
    const sentence = text(document.querySelector("main h1"));
    const snapshot = { person, at: new Date().toISOString(), sentence, sections: figures() };
    const cache = await caches.open(SNAPSHOT);
    await cache.put(ADDRESS, new Response(JSON.stringify(snapshot), { headers: { "Content-Type": "application/json" } }));
  }

  const wipe = () => Promise.all([caches.delete(SNAPSHOT), caches.delete(ROUND)]);

  async function wipeOfAnother(person) {
    const kept = await caches.match(ADDRESS, { cacheName: SNAPSHOT });
    const round = await caches.match(OWNER, { cacheName: ROUND });
    if ((kept && (await kept.json()).person !== person) || (round && (await round.text()) !== person)) await wipe();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute?.("action")?.endsWith("/logout/")) leaving = true;
    if (leaving) wipe();
  });
  let leaving = false;

  async function begin() {
    const person = document.body.dataset.person;
    if (person === "") await wipe();
    else if (person !== undefined) await wipeOfAnother(person);
    if (person && OWN.includes(location.pathname)) {
      await keep(person);
      setInterval(() => {
        if (!leaving && navigator.onLine && !document.hidden) keep(person);
      }, EVERY);
    }
  }

  // Storage may be forbidden, and a worker refused: the site works without.
  begin().catch(() => {});
  addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));
})();

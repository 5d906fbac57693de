// The page without network: fills in the last figures that pwa.js kept, with their age, and comes back when the network does.
(async () => {
  const root = document.querySelector("[data-offline]");
  if (navigator.onLine) document.querySelector("[data-retry]").hidden = false;
  document.querySelector("[data-retry]").addEventListener("click", () => location.reload());
  addEventListener("online", () => location.reload());

  const kept = "caches" in window && (await caches.match("/offline/snapshot", { cacheName: "snapshot" }).catch(() => null));
  if (!kept) return;
  const { at, sentence, sections } = await kept.json();
  const lang = document.documentElement.lang;
  const moment = new Date(at);
  const today = new Date().toDateString() === moment.toDateString();
  const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  root.querySelector("[data-at]").textContent = new Intl.DateTimeFormat(lang, { ...style, timeZone: "Europe/Rome" }).format(moment);
  root.querySelector("[data-sentence]").textContent = sentence;

  const age = root.querySelector("[data-age]");
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const tell = () => {
    const minutes = Math.round((Date.now() - moment) / 60_000);
    if (minutes < 60) age.textContent = relative.format(-minutes, "minute");
    else if (minutes < 48 * 60) age.textContent = relative.format(-Math.round(minutes / 60), "hour");
    else age.textContent = relative.format(-Math.round(minutes / 1440), "day");
  };
  tell();
  setInterval(tell, 30_000);

  for (const { title, rows } of sections) {
    const section = root.querySelector("template").content.cloneNode(true);
    section.querySelector("h2").textContent = title;
    for (const { name, value } of rows) {
      const term = document.createElement("dt");
      const figure = document.createElement("dd");
      term.textContent = name;
      figure.textContent = value;
      const row = document.createElement("div");
      row.append(term, figure);
      section.querySelector("dl").append(row);
    }
    root.append(section);
  }
  document.querySelector("[data-nothing]").hidden = true;
  root.hidden = false;
})();

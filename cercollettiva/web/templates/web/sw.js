// Pages come from the network, always; without one, the offline page. Only what that page is made of is kept here.
// The last figures of one's own dashboard are kept by the page (pwa.js), as text, until one signs out.
const SHELL = {{ shell|safe }};
const CACHE = "shell-{{ version }}";
const SNAPSHOT = "snapshot";
const OFFLINE = SHELL[0];

addEventListener("install", (event) => {
  const fresh = SHELL.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name !== CACHE && name !== SNAPSHOT);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE, { cacheName: CACHE })));
  } else if (address.origin === location.origin && SHELL.includes(address.pathname) && address.pathname !== OFFLINE) {
    event.respondWith(fetch(request).catch(() => caches.match(address.pathname, { cacheName: CACHE })));
  }
});

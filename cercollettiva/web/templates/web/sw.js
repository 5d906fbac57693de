// Pages come from the network, always; without one, the offline page. Only what that page is made of is kept here.
// The last figures of one's own dashboard are kept by the page (pwa.js), as text, and a technician's round by itself
// (visits.js), with what it is made of, until one signs out. An alert that is pushed here is shown, and opens its page.
const SHELL = {{ shell|safe }};
const CACHE = "shell-{{ version }}";
const SNAPSHOT = "snapshot";
const VISITS = "visits";
const STATIC = "{{ static }}";
const ROUND = "{% url 'visits:visits' %}";
const OFFLINE = SHELL[0];

addEventListener("install", (event) => {
  const fresh = SHELL.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => ![CACHE, SNAPSHOT, VISITS].includes(name));
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
  if (request.mode === "navigate" && address.pathname === ROUND) {
    const kept = () => caches.match(ROUND, { cacheName: VISITS }).then((page) => page ?? caches.match(OFFLINE, { cacheName: CACHE }));
    event.respondWith(fetch(request).catch(kept));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE, { cacheName: CACHE })));
  } else if (address.origin === location.origin && address.pathname.startsWith(STATIC)) {
    const kept = () => caches.match(address.pathname, { cacheName: CACHE });
    const ofTheRound = () => caches.match(address.pathname, { cacheName: VISITS });
    event.respondWith(fetch(request).catch(async () => (await kept()) ?? (await ofTheRound()) ?? Response.error()));
  }
});

addEventListener("push", (event) => {
  const note = event.data?.json() ?? {};
  const options = { body: note.body, tag: note.tag, data: { url: note.url }, icon: "{{ icon }}", lang: "{{ language }}" };
  event.waitUntil(registration.showNotification(note.title ?? "CerCollettiva", { ...options, renotify: Boolean(note.tag) }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.url ?? "{% url 'alerts:alerts' %}", location.origin);
  if (address.origin !== location.origin) return;
  const open = clients.matchAll({ type: "window" }).then((windows) => windows.find((one) => one.url === address.href));
  event.waitUntil(open.then((found) => (found ? found.focus() : clients.openWindow(address.href))));
});

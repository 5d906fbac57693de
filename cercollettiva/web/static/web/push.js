// Alerts on this device: asks the browser for a subscription and hands it to the site, and takes it back.
const section = document.querySelector("[data-push]");
const activate = section.querySelector("[data-activate]");
const said = section.querySelector("[data-said]");
const words = section.querySelector("[data-words]").dataset;

const say = (word) => {
  said.textContent = words[word];
};

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const letters = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function markOf(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function rowOf(subscription) {
  return subscription && section.querySelector(`[data-mark="${await markOf(subscription.endpoint)}"]`);
}

// Who subscribed with another key of ours, before it was changed, would be told nothing: such a subscription is given up.
function isOurs(subscription) {
  const key = subscription?.options.applicationServerKey;
  return Boolean(key) && letters(key) === section.dataset.push;
}

async function look(manager) {
  const row = await rowOf(await manager.getSubscription());
  if (row) row.querySelector("[data-this]").hidden = false;
  activate.hidden = Boolean(row);
  if (row) say("here");
  else if (Notification.permission === "denied") say("denied");
  else say("ready");
  return row;
}

async function switchOn(manager) {
  if ((await Notification.requestPermission()) !== "granted") {
    say("denied");
    return;
  }
  const kept = await manager.getSubscription();
  if (kept && !isOurs(kept)) await kept.unsubscribe();
  const subscription = await manager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(section.dataset.push),
  });
  const body = new FormData(activate);
  body.set("endpoint", subscription.endpoint);
  for (const name of ["p256dh", "auth"]) body.set(name, letters(subscription.getKey(name)));
  const answer = await fetch(section.dataset.address, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.ok) location.reload();
  else said.textContent = (await answer.json().catch(() => ({}))).error ?? words.failed;
}

async function begin() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    say("none");
    return;
  }
  const { pushManager } = await navigator.serviceWorker.ready;
  const row = await look(pushManager);
  activate.addEventListener("submit", (event) => {
    event.preventDefault();
    switchOn(pushManager).catch(() => say("failed"));
  });
  // Taking this device away tells its browser too; the site forgets it either way.
  row?.querySelector("[data-remove]").addEventListener("submit", async (event) => {
    event.preventDefault();
    await (await pushManager.getSubscription())?.unsubscribe().catch(() => {});
    event.target.submit();
  });
}

begin().catch(() => say("failed"));

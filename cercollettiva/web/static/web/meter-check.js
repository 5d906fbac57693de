// Follows a check of the direction: each frame of the plant (`cer:frame`, from live.js) asks the server for the verdict.
const place = document.querySelector("[data-verdict]");
const EVERY = 1500;
let askedAt = 0;
let asking = false;
let told = "";

async function ask() {
  if (asking || document.hidden || Date.now() - askedAt < EVERY || place.querySelector("[data-final]")) return;
  [asking, askedAt] = [true, Date.now()];
  try {
    const answer = await fetch(`${location.href}&parte=1`, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    const text = next.querySelector(".verdict")?.textContent;
    if (!text || text === told) return; // a screen reader hears what is new
    told = text;
    place.replaceChildren(...next.childNodes);
  } catch {
    // No network: the notice above says so, and the next frame asks again.
  } finally {
    asking = false;
  }
}

document.addEventListener("cer:frame", ask);
setInterval(ask, 5000); // a figure that does not move sends no frame, and that is an answer too

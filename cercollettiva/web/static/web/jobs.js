// A job under way: its part of the page is read again every three seconds, until it is done.
const EVERY_MS = 3000;

async function again(part) {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (fresh) {
        part.replaceChildren(...fresh.childNodes);
        part.toggleAttribute("data-job", fresh.hasAttribute("data-job"));
      }
    }
  } catch {
    // The network is away: the next turn asks again.
  }
  if (part.hasAttribute("data-job")) setTimeout(() => again(part), EVERY_MS);
}

for (const part of document.querySelectorAll("[data-job]")) setTimeout(() => again(part), EVERY_MS);

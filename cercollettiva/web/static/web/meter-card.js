// The card of a meter: copies what is written in it, prints, and shows the first message as soon as it comes.
// live.js tells of every frame of the plant (`cer:frame`); [data-await="<device_id>"] waits for one that names the device.
const said = document.querySelector("[data-copied]");

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = "";
      said.textContent = said.dataset.copied;
      button.dataset.label ??= button.firstChild.textContent;
      button.firstChild.textContent = said.dataset.copied;
      setTimeout(() => (button.firstChild.textContent = button.dataset.label), 2000);
    } catch {
      // Without a secure context there is no clipboard: the text can still be selected with one click.
      getSelection().selectAllChildren(button.previousElementSibling ?? button);
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const waiting = document.querySelector("[data-await]")?.dataset.await;
if (waiting) {
  document.addEventListener("cer:frame", ({ detail }) => {
    if (detail.devices?.some((device) => device.device_id === waiting && device.last_seen)) location.reload();
  });
}

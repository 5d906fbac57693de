// Forms that a passkey fills: <form data-passkey="login | use | add"> with an input named "credential".
// "login" fetches its challenge from the form's own address; the others find it in the page, in #passkey-options.
// Without this script such forms stay hidden: there is always a password, or a code, beside them.
const trouble = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" };

function say(form, which) {
  for (const line of form.querySelectorAll("[data-passkey-trouble]")) {
    line.hidden = line.dataset.passkeyTrouble !== which;
  }
}

async function challenge(form) {
  if (form.dataset.passkey !== "login") {
    return JSON.parse(document.querySelector("#passkey-options").textContent);
  }
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the challenge was answered with ${answer.status}`);
  return answer.json();
}

async function fill(form) {
  const { creation_options: creation, request_options: request } = await challenge(form);
  if (creation) {
    // A passkey that signs in by itself: kept by the device, opened by a face, a finger or its code.
    Object.assign(creation.publicKey.authenticatorSelection, {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    });
  }
  const credential = creation ? await window.webauthnJSON.create(creation) : await window.webauthnJSON.get(request);
  form.elements.credential.value = JSON.stringify(credential);
  HTMLFormElement.prototype.submit.call(form);
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.webauthnJSON?.supported()) {
    document.querySelector("[data-passkey-unsupported]")?.removeAttribute("hidden");
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(form, "");
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      await fill(form);
    } catch (error) {
      say(form, trouble[error.name] ?? "failed");
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

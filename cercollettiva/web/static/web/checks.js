// Codes are checked when one leaves their field: <form data-checks="address"> with inputs [data-check="name"].
// The server checks them again when the form is sent; without this script it is the only one to.
function show(input, message) {
  const line = document.querySelector(`#${input.id}_error`);
  line.hidden = !message;
  line.querySelector("span").textContent = message;
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  const described = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (message) described.add(line.id);
  else described.delete(line.id);
  input.setAttribute("aria-describedby", [...described].join(" "));
}

async function check(form, input) {
  const value = input.value;
  if (!value.trim()) return show(input, "");
  const body = new FormData();
  body.set("legal_type", form.dataset.legalType);
  body.set("field", input.dataset.check);
  body.set("value", value);
  try {
    const answer = await fetch(form.dataset.checks, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      body,
    });
    if (!answer.ok || input.value !== value) return;
    const { message, value: read } = await answer.json();
    show(input, message);
    if (!message) input.value = read;
  } catch {
    // no network: the server checks when the form is sent
  }
}

for (const form of document.querySelectorAll("[data-checks]")) {
  for (const input of form.querySelectorAll("[data-check]")) {
    input.addEventListener("change", () => check(form, input));
  }
}

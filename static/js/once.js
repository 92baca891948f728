// A form is sent once: a second press while the first is under way is swallowed, and the button says so.
// The button keeps its focus and its name=value (a disabled one would lose both). data-once="off" opts out.
const SENDING = "Working…";

function send(event) {
  const form = event.target;
  if (form.method === "dialog" || form.target || form.dataset.once === "off") return;
  if ("sending" in form.dataset) return event.preventDefault();
  if (event.defaultPrevented) return; // htmx or another module sends it
  form.dataset.sending = "";
  const button = event.submitter;
  if (!button || form.method === "get") return;
  button.dataset.label = button.innerHTML;
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.progress ?? SENDING;
}

function reopen() {
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.innerHTML = button.dataset.label;
    button.removeAttribute("aria-disabled");
    delete button.dataset.label;
  }
}

document.addEventListener("submit", send);
addEventListener("pageshow", reopen);

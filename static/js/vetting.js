// One order after the other: a key that is held down, or the second press of a double click, must never decide on
// an order that has only just come on screen.
const SETTLED_MS = 600;
const opened = performance.now();
const isEarly = () => performance.now() - opened < SETTLED_MS;

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

addEventListener("keydown", (event) => {
  const moves = event.key === "Tab" || event.key.startsWith("Arrow") || event.key.startsWith("Page");
  const types = event.target.closest?.("input, select, textarea");
  if (event.repeat && !moves && !types) swallow(event);
}, true);

addEventListener("submit", (event) => {
  if (isEarly()) swallow(event);
}, true);

// What is opened by a key is typed into at once: the first letter must not be taken for another key.
for (const summary of document.querySelectorAll("details[data-focuses] > summary")) {
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    const details = summary.parentElement;
    details.open = !details.open;
    if (details.open) details.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  });
}

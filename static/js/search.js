// The page that finds a time: an answer that comes late must not undo what has been typed meanwhile, and the six
// weeks are walked with the arrow keys. Without this module the form has its button, and every day is a tab stop.
let changedAt = 0;

document.addEventListener("input", ({ target }) => {
  if (target.form?.id === "wanted") changedAt = performance.now();
});
// htmx knows the pressed button of a form only where it stands inside; the days stand beside it.
document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  const pressed = detail.triggeringEvent?.submitter;
  if (detail.elt.id === "wanted" && pressed?.name) detail.parameters[pressed.name] = pressed.value;
});
document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.id === "wanted") detail.xhr.vqAskedAt = performance.now();
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  if (elt.id === "wanted" && changedAt > xhr.vqAskedAt) event.detail.shouldSwap = false; // the next answer is on its way
});

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

function cells() {
  return [...document.querySelectorAll("[data-weeks] .weeks__cell")];
}

// One tab stop for all days: the chosen one, else the first.
function rove(current) {
  const all = cells();
  const stop = current ?? all.find((cell) => cell.ariaPressed === "true") ?? all[0];
  for (const cell of all) cell.tabIndex = cell === stop ? 0 : -1;
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(".weeks__cell");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = cells();
  const at = all.indexOf(cell);
  const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : all[at + STEPS[event.key]];
  if (!next || !(event.key in STEPS || event.key === "Home" || event.key === "End")) return;
  event.preventDefault();
  event.stopPropagation();
  rove(next);
  next.focus();
});
document.body.addEventListener("htmx:afterSettle", () => rove(document.activeElement?.closest?.(".weeks__cell") ?? undefined));
rove();

// The answer to a hand-picked time is what the reader came for.
document.getElementById("why-not")?.scrollIntoView({ block: "nearest" });

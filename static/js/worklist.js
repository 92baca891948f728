// The worklist: minutes that run on between two polls, no step done twice by one press, and no row that moves
// away from under the pointer.
const SETTLE_MS = 700;
const FAR = 180; // minutes: above, whole hours
const DAYS_AHEAD = 2880; // minutes: above, whole days
const born = new WeakMap();
let held = null; // a newer list that waits until the pointer has left
let changedAt = -Infinity;

const list = () => document.getElementById("worklist");
const ids = (root) => [...root.querySelectorAll("tbody > tr[id]")].map((row) => row.id);

// Minutes are counted from when the server said them, so the clock of this machine does not matter.
function inWords(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

function tick() {
  for (const element of document.querySelectorAll("#worklist [data-minutes]")) {
    const { minutes, words, far = FAR } = element.dataset;
    if (born.get(element)?.minutes !== minutes) born.set(element, { minutes, at: Date.now() });
    const passed = Math.floor((Date.now() - born.get(element).at) / 60_000);
    const shown = words === "late" ? Number(minutes) + passed : Number(minutes) - passed;
    const left = shown >= DAYS_AHEAD ? `${Math.floor(shown / 1440)} days left` : `${Math.floor(shown / 60)} h left`;
    const text = words === "left" && shown >= far ? left : shown < 0 ? `over by ${inWords(-shown)}` : `${inWords(shown)} ${words}`;
    if (element.textContent !== text) element.textContent = text;
  }
}

// A second press of a double click, or a key held down, must not do the step that has just taken its place.
function isStep(target) {
  return target.closest?.("#worklist [data-press]");
}

function guard(event) {
  if (!isStep(event.target) || performance.now() - changedAt > SETTLE_MS) return;
  event.preventDefault();
  event.stopPropagation();
}

function once(event) {
  if (!event.repeat || !event.target.closest("#worklist tr") || !["Enter", " ", "s", "u"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}

// A poll that brings, moves or takes away a row at or above the pointer waits.
function moves(next) {
  const under = list().querySelector("tbody > tr:is(:hover, :focus-within)");
  if (!under) return false;
  const [before, after] = [ids(list()), ids(next)];
  const at = before.indexOf(under.id);
  return before.slice(0, at + 1).some((id, index) => after[index] !== id);
}

const isPoll = ({ target, requestConfig }) => target?.id === "worklist" && requestConfig?.headers["X-VQFlow-Poll"];

function sent({ detail }) {
  if (isPoll(detail)) detail.requestConfig.sentAt = performance.now();
}

function hold(event) {
  const { xhr, requestConfig } = event.detail;
  if (!isPoll(event.detail) || xhr.status !== 200) return;
  if (requestConfig.sentAt < changedAt) {
    event.detail.shouldSwap = false; // asked before the press whose answer is shown already
    return;
  }
  const next = new DOMParser().parseFromString(xhr.responseText, "text/html").getElementById("worklist");
  held = next && moves(next) ? xhr.responseText : null;
  if (!held) return;
  event.detail.shouldSwap = false;
  list().dataset.version = next.dataset.version;
  announce();
}

function announce() {
  if (document.getElementById("new-rows")) return;
  const bar = Object.assign(document.createElement("button"), { id: "new-rows", className: "toast", type: "button" });
  bar.textContent = "The list has changed. Show it";
  bar.addEventListener("click", release);
  document.getElementById("toasts").append(bar);
}

function release() {
  if (!held) return;
  const text = held;
  held = null;
  document.getElementById("new-rows")?.remove();
  window.htmx.swap(list(), text, { swapStyle: "morph:outerHTML" }, { contextElement: list() });
}

function swapped({ detail }) {
  if (detail.target?.id !== "worklist" && detail.elt?.id !== "worklist") return;
  changedAt = performance.now();
  if (!held) document.getElementById("new-rows")?.remove();
  tick();
}

// One form of reasons serves all rows: it is opened at the row's button and told whom it is about. Without this
// module the button is a link to the same form on a page of its own.
const trouble = document.getElementById("trouble");

function openTrouble(event) {
  const link = event.target.closest?.("[data-trouble]");
  if (!link || !trouble || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const form = trouble.querySelector("form");
  form.elements.appointment.value = link.dataset.trouble;
  form.elements.request_id.value = crypto.randomUUID();
  trouble.querySelector("[data-trouble-name]").textContent = link.dataset.surname;
  trouble.querySelector("[data-trouble-more]").href = link.href;
  trouble.hidePopover();
  trouble.showPopover({ source: link });
  trouble.querySelector("button").focus();
}

document.addEventListener("click", openTrouble);
trouble?.addEventListener("submit", () => setTimeout(() => trouble.hidePopover()));
document.addEventListener("click", guard, true);
document.addEventListener("keydown", once, true);
document.addEventListener("pointerout", ({ target, relatedTarget }) => {
  if (held && target.closest?.("tbody") && !relatedTarget?.closest?.("#worklist tbody")) release();
});
document.body.addEventListener("htmx:beforeSend", sent);
document.body.addEventListener("htmx:beforeSwap", hold);
document.body.addEventListener("htmx:afterSwap", swapped);
document.body.addEventListener("htmx:afterSettle", () => document.querySelector("[data-refusal]:not(:focus)")?.scrollIntoView({ block: "nearest" }));

const filter = document.querySelector("[data-filter]");
filter?.addEventListener("change", () => filter.requestSubmit());
document.querySelectorAll("[data-filter-button]").forEach((button) => button.classList.add("visually-hidden"));
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
setInterval(tick, 5000);
tick();

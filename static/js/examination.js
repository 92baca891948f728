// The page of one examination: a press is sent without leaving the page, and what has changed is drawn in place.
// Without this module every press is a plain form that comes back here.
import { entryOf, send } from "./outbox.js";

const SETTLE_MS = 500;
const HERE_MS = 60_000;
const refusal = document.getElementById("exam-refusal");
const place = () => document.getElementById("examination");
let changedAt = -Infinity;
// While a press is on its way the page is not drawn by a poll (poll.js): it would look done before it is.
const { dataset: state } = document.documentElement;

const isPress = (form) => form.method === "post" && form.closest("#examination, #toasts, #exam-refusal") && !form.hasAttribute("hx-post");

async function press(event) {
  const { target: form, submitter } = event;
  if (!isPress(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  // A second press of a double click must not do the step that has just taken its place.
  if ("busy" in state || performance.now() - changedAt < SETTLE_MS) return;
  state.busy = "";
  submitter?.setAttribute("aria-busy", "true");
  try {
    const answer = await send(entryOf(form, submitter));
    if (answer) drawn(answer);
    form.closest("[popover]:popover-open")?.hidePopover();
  } finally {
    submitter?.removeAttribute("aria-busy");
    delete state.busy;
  }
}

function drawn({ status, url, text }) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const next = page.getElementById("examination");
  if (status >= 400 || !next) return status >= 400 ? explain(page) : location.assign(url);
  changedAt = performance.now();
  refusal.replaceChildren();
  swap(place(), next.outerHTML, "morph:outerHTML");
  swap(document.getElementById("toasts"), page.getElementById("toasts").innerHTML, "innerHTML");
  swap(document.getElementById("messages"), page.getElementById("messages").innerHTML, "innerHTML");
}

function swap(target, text, swapStyle) {
  window.htmx.swap(target, text, { swapStyle }, { contextElement: document.body });
}

// The sentence, and where a physician may override the rule behind it, the form for that.
function explain(page) {
  const found = page.querySelector("#main .stack, #refusal, .error-summary") ?? page.querySelector("#main");
  refusal.innerHTML = "";
  swap(refusal, found?.outerHTML ?? "", "innerHTML");
  refusal.querySelectorAll("h1, p > a.button").forEach((element) => element.remove());
  refusal.scrollIntoView({ block: "center" });
}

function once(event) {
  if (!event.repeat || !["Enter", " ", "s", "e", "u"].includes(event.key) || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  event.stopPropagation();
}

function here() {
  if (document.hidden || "locked" in document.documentElement.dataset || !place()) return;
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  // A poll: an open page is no sign that somebody stands before it, so it must not put off the idle lock.
  fetch(place().dataset.hereUrl, { method: "POST", headers: { "X-CSRFToken": token, "X-VQFlow-Poll": "1" } }).catch(() => {});
}

// What a person has opened or closed stays so, whatever is drawn anew.
const toggled = new WeakSet();
document.addEventListener("click", ({ target }) => {
  const title = target.closest("#examination summary");
  if (title) toggled.add(title.parentElement);
});
window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && toggled.has(node));

document.addEventListener("submit", press, true);
document.addEventListener("keydown", once, true);
document.addEventListener("vqflow:sent", ({ detail: { answer } }) => answer.status < 400 && drawn(answer));
setInterval(here, HERE_MS);

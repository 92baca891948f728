// Live lists. [data-poll-url] asks again every data-poll-seconds (4) with the version it shows (data-version);
// 204 changes nothing, 200 brings the whole element, which is morphed: focus, selection and menus stay.
// data-poll-at-once: what the page came with is empty, and asked for when it opens.
// data-poll-says: the id of what is shown when there is news while a field is in use, and nothing may move.
const due = new WeakMap();
const looked = new WeakMap();
const offline = document.getElementById("offline");

// An open menu under the pointer, or a field in use, must not change under the hand.
function inUse(element) {
  const field = document.activeElement?.closest("input, select, textarea");
  return element.contains(field) || element.querySelector(".menu:popover-open:is(:hover, :focus-within), dialog[open]");
}

const sayer = (element) => document.getElementById(element.dataset.pollSays ?? "");
const headers = { "X-VQFlow-Poll": "1" };

// Asked until there is news: what is shown is old from then on.
function look(element, now) {
  const { pollUrl, pollSeconds = 4, version = "" } = element.dataset;
  const said = sayer(element);
  if (!said?.hidden || now < (looked.get(element) ?? 0)) return;
  looked.set(element, now + pollSeconds * 1000);
  const url = new URL(pollUrl, location.href);
  url.searchParams.set("version", version);
  fetch(url, { headers }).then(({ status }) => (said.hidden = status !== 200 || !inUse(element)), () => {});
}

function poll(element) {
  const { pollUrl, pollSeconds = 4, version = "" } = element.dataset;
  const now = Date.now();
  if (!due.has(element)) due.set(element, "pollAtOnce" in element.dataset ? now : now + pollSeconds * 1000);
  if (now < due.get(element)) return;
  if (inUse(element)) return look(element, now);
  due.set(element, now + pollSeconds * 1000);
  if (sayer(element)) sayer(element).hidden = true;
  const how = { source: element, target: element, swap: "morph:outerHTML", values: { version }, headers };
  window.htmx.ajax("GET", pollUrl, how).catch(() => {}); // said by the offline banner
}

function pollAll() {
  const { dataset: state } = document.documentElement;
  if (document.hidden || "locked" in state || "busy" in state) return;
  document.querySelectorAll("[data-poll-url]").forEach(poll);
}

// What somebody has typed or chosen and not sent stays, although nobody is in the field any more.
const isTouched = ({ type, value, defaultValue, checked, defaultChecked }) =>
  type === "checkbox" || type === "radio" ? checked !== defaultChecked : value !== (defaultValue ?? value);
let polled = false;
if (window.Idiomorph) {
  window.Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !(polled && node.matches?.("input, textarea") && isTouched(node));
}

// The answer to a poll that was asked before the press.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const isPoll = "X-VQFlow-Poll" in detail.requestConfig.headers;
  if ("busy" in document.documentElement.dataset && isPoll) detail.shouldSwap = false;
  polled = isPoll && detail.shouldSwap;
});
document.body.addEventListener("htmx:afterSwap", () => (polled = false));
document.body.addEventListener("htmx:sendError", () => (offline.hidden = false));
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr.status) offline.hidden = detail.xhr.status < 502;
});
document.addEventListener("visibilitychange", () => {
  document.querySelectorAll("[data-poll-url]").forEach((element) => due.set(element, 0));
  pollAll();
});
document.addEventListener("vqflow:sent", () => document.querySelectorAll("[data-poll-url]").forEach((element) => due.set(element, 0)));
addEventListener("online", pollAll);
setInterval(pollAll, 500);

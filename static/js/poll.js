// Live lists. [data-poll-url] asks again every data-poll-seconds (4) with the version it shows (data-version);
// 204 changes nothing, 200 brings the whole element, which is morphed: focus, selection and menus stay.
const due = new WeakMap();
const offline = document.getElementById("offline");

// An open menu under the pointer, or a field in use, must not change under the hand.
function inUse(element) {
  const field = document.activeElement?.closest("input, select, textarea");
  return element.contains(field) || element.querySelector(".menu:popover-open:is(:hover, :focus-within), dialog[open]");
}

function poll(element) {
  const { pollUrl, pollSeconds = 4, version = "" } = element.dataset;
  const now = Date.now();
  if (!due.has(element)) due.set(element, now + pollSeconds * 1000);
  if (now < due.get(element) || inUse(element)) return;
  due.set(element, now + pollSeconds * 1000);
  const headers = { "X-VQFlow-Poll": "1" };
  const how = { source: element, target: element, swap: "morph:outerHTML", values: { version }, headers };
  window.htmx.ajax("GET", pollUrl, how).catch(() => {}); // said by the offline banner
}

function pollAll() {
  if (document.hidden || "locked" in document.documentElement.dataset) return;
  document.querySelectorAll("[data-poll-url]").forEach(poll);
}

document.body.addEventListener("htmx:sendError", () => (offline.hidden = false));
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr.status) offline.hidden = detail.xhr.status < 502;
});
document.addEventListener("visibilitychange", () => {
  document.querySelectorAll("[data-poll-url]").forEach((element) => due.set(element, 0));
  pollAll();
});
addEventListener("online", pollAll);
setInterval(pollAll, 500);

// A time that is held for this page: kept while the page is open, given back when it is left in any way but by
// its own buttons. Without this module the hold runs out by itself (scheduling/services/holds.py).
const EXTEND_MS = 60_000;
const place = document.querySelector("[data-hold]");
let sending = false;

function post(url) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  // A poll: an open page is no sign that somebody sits before it, so it must not put off the idle lock.
  const headers = { "X-CSRFToken": token, "X-VQFlow-Poll": "1" };
  return fetch(url, { method: "POST", headers, keepalive: true, redirect: "manual" });
}

async function extend() {
  if (sending || "locked" in document.documentElement.dataset) return;
  const answer = await post(place.dataset.extendUrl);
  if (answer.ok) place.querySelector("[data-hold-until]").textContent = await answer.text();
  else if (answer.status === 409) over(await answer.text());
}

function over(sentence) {
  clearInterval(timer);
  sending = true;
  place.classList.replace("callout--info", "callout--warning");
  place.querySelector(".callout__title").textContent = "Not held any more";
  place.querySelector("[data-hold-words]").textContent = sentence;
}

const timer = setInterval(() => extend().catch(() => {}), EXTEND_MS); // without network it runs out by itself
document.addEventListener("submit", () => (sending = true));
addEventListener("pagehide", () => sending || post(place.dataset.releaseUrl).catch(() => {}));

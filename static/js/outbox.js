// What was pressed or typed while the network was away: kept in memory only, sent again in its order when it is back.
// The hidden key of each form (request_id) lets the server do it once, however often it is sent, and how long it has
// waited goes along, so that it is recorded at the time of the press.
const RETRY_MS = 3000;
const PATIENCE_MS = 10_000;
const AWAY = [502, 503, 504];
const waiting = [];
const offline = document.getElementById("offline");
const bar = Object.assign(document.createElement("div"), { className: "outbox", id: "outbox", hidden: true });
bar.setAttribute("role", "status");
offline?.after(bar);
let sending = false;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const keyOf = ({ body }) => body.get("request_id");
const locked = () => "locked" in document.documentElement.dataset;

export function entryOf(form, submitter) {
  const url = new URL(form.getAttribute("action") || location.href, location.href).href;
  const label = (submitter?.dataset.label ?? submitter?.textContent ?? "").trim().replace(/\s+/g, " ") || document.title;
  return { url, body: new URLSearchParams(new FormData(form, submitter)), label, at: Date.now() };
}

// The server's answer, or null when there is none: then the entry waits here.
export async function send(entry) {
  if (waiting.length) return wait(entry); // nothing overtakes what waits
  const answer = await attempt(entry);
  return answer ?? wait(entry);
}

async function attempt(entry) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const headers = { "X-CSRFToken": token };
  if (entry.waited) headers["X-VQFlow-Pressed-Ago"] = String(Math.round((Date.now() - entry.at) / 1000));
  try {
    const response = await fetch(entry.url, { method: "POST", body: entry.body, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (AWAY.includes(response.status)) return null;
    const { pathname } = new URL(response.url);
    if (response.redirected && pathname === "/lock/") {
      document.dispatchEvent(new Event("vqflow:locked"));
      return null;
    }
    if (response.redirected && pathname.startsWith("/account/login")) return null;
    return { status: response.status, url: response.url, text: await response.text() };
  } catch {
    return null;
  }
}

function wait(entry) {
  entry.waited = true;
  if (!waiting.some((other) => keyOf(other) && keyOf(other) === keyOf(entry))) waiting.push(entry);
  show();
  return null;
}

function show() {
  bar.hidden = !waiting.length;
  if (offline && waiting.length) offline.hidden = false;
  const named = waiting.map(({ label, at }) => `${label} (${clock.format(at)})`).join(", ");
  bar.textContent = waiting.length ? `Kept here and sent when the network is back: ${named}. Leave this page open.` : "";
}

async function sendAll() {
  if (sending || !waiting.length || locked()) return;
  sending = true;
  let last = null;
  while (waiting.length) {
    const answer = await attempt(waiting[0]);
    if (!answer) break;
    const entry = waiting.shift();
    last = { entry, answer };
    if (answer.status >= 400) refused(entry, answer);
  }
  sending = false;
  show();
  if (!last || waiting.length) return;
  if (offline) offline.hidden = true;
  document.dispatchEvent(new CustomEvent("vqflow:sent", { detail: last }));
}

export function sentenceOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const found = page.querySelector("#refusal, #main .callout--danger, .error-summary, .errorlist, .callout--danger");
  return found?.textContent.trim().replace(/\s+/g, " ") ?? "The server could not do this. Look at what is recorded, then do it again.";
}

function refused({ label, at }, { text }) {
  const callout = Object.assign(document.createElement("div"), { className: "callout callout--danger" });
  const [title, why] = [document.createElement("p"), document.createElement("p")];
  title.className = "callout__title";
  title.textContent = `Not done: ${label}, pressed at ${clock.format(at)}`;
  why.textContent = sentenceOf(text);
  callout.append(title, why);
  document.getElementById("main").prepend(callout);
}

// Full pages with a form: the server is asked first whether it is there, since the browser would throw the form away.
async function keep(event) {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post") || !form.elements.request_id) return;
  if (form.closest("#examination, [data-press]") || "reached" in form.dataset || "sending" in form.dataset) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const entry = entryOf(form, submitter);
  const there = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }).then(({ ok }) => ok, () => false);
  if (!there) return wait({ ...entry, leads: true });
  form.dataset.reached = "";
  form.requestSubmit(submitter);
  delete form.dataset.reached;
}

// A press on the list that htmx could not send.
function failed({ detail: { requestConfig } }) {
  const body = new URLSearchParams(requestConfig?.formData ?? []);
  if (requestConfig?.verb !== "post" || !body.get("request_id")) return;
  const url = new URL(requestConfig.path, location.href).href;
  const label = requestConfig.triggeringEvent?.submitter?.textContent ?? requestConfig.elt?.textContent ?? "";
  wait({ url, body, label: label.trim().replace(/\s+/g, " ") || "A press", at: Date.now() });
}

document.addEventListener("submit", keep, true);
document.body.addEventListener("htmx:sendError", failed);
document.body.addEventListener("htmx:timeout", failed);
document.addEventListener("vqflow:sent", ({ detail: { entry, answer } }) => {
  if (entry.leads && answer.status < 400) location.assign(answer.url);
});
addEventListener("online", sendAll);
addEventListener("beforeunload", (event) => waiting.length && event.preventDefault());
setInterval(sendAll, RETRY_MS);

// The idle lock. The server locks too (vqflow/middleware.py); this hides the page in time and asks for the
// password in place, so that nothing typed is lost. Times are compared as timestamps: a sleeping tab's timers lie.
const { idleSeconds, lockUrl, unlockUrl, keepaliveUrl, loginUrl } = document.body.dataset;
const root = document.documentElement;
const dialog = document.getElementById("lock-dialog");
const warning = document.getElementById("idle-warning");
const idleMs = Number(idleSeconds) * 1000;
const warnMs = Math.min(120_000, idleMs / 3);
const pingMs = Math.min(60_000, idleMs / 3);
const title = document.title;
// Tabs share one session: work in one of them keeps the others open, and a lock in one locks all.
const tabs = new BroadcastChannel("vqflow-lock");
let activeAt = Date.now();
let pingedAt = Date.now();

function post(url, fields = {}) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const headers = { "X-CSRFToken": token, "X-VQFlow-Lock": "1" };
  return fetch(url, { method: "POST", headers, body: new URLSearchParams(fields), keepalive: true });
}

const locked = () => "locked" in root.dataset;
function hide() {
  if (locked()) return;
  root.dataset.locked = "";
  document.title = "Locked";
  warn(false);
  dialog.showModal();
  document.getElementById("lock-password").focus();
}

function lock() {
  hide();
  tabs.postMessage("lock");
  post(lockUrl).catch(() => {}); // without network the server's own idle clock locks the session
}

function reveal() {
  delete root.dataset.locked;
  document.title = title;
  activeAt = pingedAt = Date.now();
  dialog.querySelector("form").reset();
  sentence("");
  dialog.close();
}

const sentence = (text) => (document.getElementById("lock-error").textContent = text);

async function unlock(event) {
  event.preventDefault();
  try {
    const answer = await post(unlockUrl, new FormData(event.target));
    if (answer.status === 204) {
      reveal();
      tabs.postMessage("unlock");
    } else if (answer.redirected) location.assign(loginUrl);
    else sentence(answer.status === 422 ? await answer.text() : "This did not work. Try again in a minute.");
  } catch {
    sentence("No connection to the server. Try again.");
  }
  event.target.elements.password.select();
}

function warn(show) {
  if (show && !warning.firstChild) warning.append(document.getElementById("idle-warning-text").content.cloneNode(true));
  if (!show) warning.replaceChildren();
}

// Once warned, a bumped mouse is not enough: a press, a key, the wheel or the button.
function active({ type, target }) {
  if (locked() || (warning.firstChild && (type === "pointermove" || (type !== "click" && warning.contains(target))))) return;
  activeAt = Date.now();
  warn(false);
  if (activeAt - pingedAt < pingMs) return;
  pingedAt = activeAt;
  tabs.postMessage("active");
  post(keepaliveUrl).then((answer) => answer.redirected && hide(), () => {}); // the server was faster
}

function check() {
  const idle = Date.now() - activeAt;
  if (!locked() && idle >= idleMs) lock();
  else warn(!locked() && idle >= idleMs - warnMs);
}

if (dialog) {
  for (const name of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(name, active, { passive: true });
  warning.addEventListener("click", active);
  tabs.addEventListener("message", ({ data }) => ({ lock: hide, unlock: reveal, active: () => (activeAt = Date.now()) })[data]());
  dialog.querySelector("form").addEventListener("submit", unlock);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => locked() && dialog.showModal());
  document.querySelector("[data-lock-now]")?.addEventListener("submit", (event) => (event.preventDefault(), lock()));
  document.body.addEventListener("htmx:responseError", ({ detail }) => detail.xhr.status === 423 && hide());
  document.addEventListener("vqflow:locked", hide); // another module was told so by the server
  document.addEventListener("visibilitychange", check);
  setInterval(check, 1000);
}
// The back button must not show a page of a session that has ended or is locked.
addEventListener("pageshow", (event) => event.persisted && location.reload());

// Drafts. form[data-autosave-url] is sent at most 3 s after a change; what happened is said in [data-autosave-state]
// inside the form (made if missing). What is not saved yet stays in the page, never in the browser's storage, and is
// sent again by itself: after a dead connection, a lock, or a new sign-in in another window.
// The answer may carry X-VQFlow-Version: it becomes the value of the form's field "version". A conflict that comes as
// HTML is shown in [data-autosave-conflict] until the writer has chosen.
const EVERY_MS = 3000;
const RETRY_MS = [3000, 5000, 10_000, 30_000];
const PATIENCE_MS = 10_000;
const KEEPALIVE_MOST = 60_000; // bytes that a browser sends after a page is gone
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const locked = () => "locked" in document.documentElement.dataset;

class Later extends Error {}

function stateOf(form) {
  const found = form.querySelector("[data-autosave-state]");
  if (found) return found;
  const made = Object.assign(document.createElement("p"), { className: "save-state" });
  made.dataset.autosaveState = "";
  form.append(made);
  return made;
}

// After a new sign-in the page's forms need the token of the new session.
async function renewToken() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const headers = page.body.getAttribute("hx-headers");
  if (!headers) return;
  document.body.setAttribute("hx-headers", headers);
  const { "X-CSRFToken": token } = JSON.parse(headers);
  document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
}

async function elsewhere(answer) {
  const { pathname } = new URL(answer.url);
  if (answer.redirected && pathname === "/lock/") {
    document.dispatchEvent(new Event("vqflow:locked"));
    throw new Later("Locked. Your text stays here, and is saved when you unlock.");
  }
  if (answer.redirected) throw new Later("You are signed out. Your text stays here: sign in in another window, and it is saved by itself.");
  if (answer.status === 403) await renewToken();
  throw new Error(String(answer.status));
}

function watch(form) {
  const state = stateOf(form);
  state.setAttribute("role", "status");
  const conflict = form.querySelector("[data-autosave-conflict]");
  let timer = 0, failures = 0, changes = 0, saved = 0, under = null, stopped = false, gone = false;

  function say(text, failed = false) {
    state.textContent = text;
    state.toggleAttribute("data-failed", failed);
  }

  function mark() {
    form.toggleAttribute("data-unsaved", saved !== changes);
  }

  function within(ms) {
    timer ||= setTimeout(save, ms);
  }

  async function refused(answer) {
    const text = await answer.text();
    if (answer.status === 422) return say(`Not saved: ${text && text.length < 300 ? text : "check the fields"}`, true);
    if (!conflict || !answer.headers.get("Content-Type").includes("html")) return say(`Not saved: ${text}`, true);
    stopped = true;
    conflict.innerHTML = text;
    say("Not saved: choose above which text to go on with.", true);
    conflict.querySelector("[data-keep-mine]").focus();
  }

  async function answerOf(sent) {
    const body = new URLSearchParams(new FormData(form));
    const keepalive = document.hidden && String(body).length < KEEPALIVE_MOST;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(form.dataset.autosaveUrl, { method: "POST", body, headers: { "X-VQFlow-Autosave": "1" }, keepalive, signal });
    if ([409, 422].includes(answer.status)) return refused(answer);
    if (!answer.ok || answer.redirected) return elsewhere(answer);
    const version = answer.headers.get("X-VQFlow-Version");
    if (version && form.elements.version) form.elements.version.value = version;
    [saved, failures] = [sent, 0];
    mark();
    const left = answer.status === 200 ? `. ${await answer.text()}` : "";
    say(`Saved ${clock.format(new Date())}${left}`, Boolean(left));
  }

  async function once() {
    const sent = changes;
    try {
      await answerOf(sent);
      if (changes !== sent) within(EVERY_MS);
    } catch (why) {
      const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)];
      say(why instanceof Later ? why.message : `Not saved yet: no connection to the server. Your text stays here; next try in ${wait / 1000} seconds.`, true);
      within(wait);
    }
  }

  // Resolves when what stands in the form now is saved, or could not be.
  async function save() {
    clearTimeout(timer);
    timer = 0;
    while (under) await under;
    if (stopped || saved === changes) return;
    if (locked()) return within(1000);
    under = once();
    await under;
    under = null;
  }

  function choose({ target }) {
    if (target.closest("[data-take-saved]")) {
      gone = true;
      location.assign(location.pathname);
    } else if (target.closest("[data-keep-mine]")) {
      form.elements.version.value = conflict.firstElementChild.dataset.version;
      conflict.replaceChildren();
      stopped = false;
      save();
    }
  }

  // A button of the form: the browser would throw the form away where the server does not answer.
  async function submit(event) {
    if ("reached" in form.dataset) return (gone = true);
    const { submitter } = event;
    event.preventDefault();
    event.stopImmediatePropagation();
    await Promise.allSettled([...(form.settling ?? [])].map((settle) => settle()));
    changes += 1;
    mark();
    await save();
    if (saved !== changes) return;
    form.dataset.reached = "";
    form.requestSubmit(submitter);
    delete form.dataset.reached;
  }

  for (const type of ["input", "change"])
    form.addEventListener(type, () => {
      changes += 1;
      mark();
      if (!stopped) within(EVERY_MS);
    });
  form.addEventListener("submit", submit, true);
  form.addEventListener("click", choose);
  // The report is somebody else's now: what is written here is sent once more, and nothing after that.
  form.addEventListener("vqflow:last-save", async () => {
    await save();
    stopped = true;
  });
  addEventListener("online", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
  addEventListener("beforeunload", (event) => !gone && saved !== changes && event.preventDefault());
}

document.querySelectorAll("form[data-autosave-url]").forEach(watch);

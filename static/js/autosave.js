// Drafts. form[data-autosave-url] is sent 3 s after the last change; what happened is said in
// [data-autosave-state] inside the form (made if missing). Nothing is kept in the browser.
// The answer may carry X-VQFlow-Version: it becomes the value of the form's field "version".
const QUIET_MS = 3000;
const RETRY_MS = [5000, 10_000, 30_000];
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

function stateOf(form) {
  const found = form.querySelector("[data-autosave-state]");
  if (found) return found;
  const made = Object.assign(document.createElement("p"), { className: "save-state" });
  made.dataset.autosaveState = "";
  form.append(made);
  return made;
}

function watch(form) {
  const state = stateOf(form);
  state.setAttribute("role", "status");
  let timer, failures = 0, changes = 0, saved = 0, saving = false;

  function say(text, failed = false) {
    state.textContent = text;
    state.toggleAttribute("data-failed", failed);
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  }

  async function answerOf(sent) {
    const answer = await fetch(form.dataset.autosaveUrl, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-VQFlow-Autosave": "1" }, keepalive: true,
    });
    if (answer.status === 409) return say("Not saved: somebody else changed this. Copy your text, then reload the page.", true);
    if (answer.status === 422) return say("Not saved: check the fields, then go on typing.", true);
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const version = answer.headers.get("X-VQFlow-Version");
    if (version && form.elements.version) form.elements.version.value = version;
    [saved, failures] = [sent, 0];
    say(`Saved ${clock.format(new Date())}`);
  }

  async function save() {
    clearTimeout(timer);
    if (saving) return later(500);
    if (saved === changes) return;
    saving = true;
    const sent = changes;
    try {
      await answerOf(sent);
      if (changes !== sent) later(QUIET_MS);
    } catch {
      const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)];
      say(`Not saved yet. Your text stays here; next try in ${wait / 1000} seconds.`, true);
      later(wait);
    } finally {
      saving = false;
    }
  }

  form.addEventListener("input", () => {
    changes += 1;
    later(QUIET_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    saved = changes;
  });
  document.addEventListener("visibilitychange", () => document.hidden && save());
  addEventListener("beforeunload", (event) => saved !== changes && event.preventDefault());
}

document.querySelectorAll("form[data-autosave-url]").forEach(watch);

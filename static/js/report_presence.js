// Who has the report open. The page says every 4 s that it is there, and is told who reads and which version is saved.
const EVERY_MS = 4000;
const place = document.getElementById("presence");
const form = document.getElementById("report-form");
const { presenceUrl, leaveUrl } = place.dataset;
let shown = place.dataset.version, last = "", busy = false, leaving = false;

function post(url, fields = {}, keepalive = false) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  // A poll: an open page is no sign that somebody sits before it, so it must not put off the idle lock.
  const headers = { "X-CSRFToken": token, "X-VQFlow-Poll": "1" };
  const signal = keepalive ? undefined : AbortSignal.timeout(EVERY_MS * 2);
  return fetch(url, { method: "POST", headers, body: new URLSearchParams(fields), keepalive, signal, redirect: "manual" });
}

// The form stays readable, and nothing can be written into it.
function close() {
  if (!form || form.inert) return;
  form.dispatchEvent(new Event("vqflow:last-save"));
  form.inert = true;
  delete place.dataset.edits;
}

async function beat() {
  if (busy || leaving || "locked" in document.documentElement.dataset) return;
  busy = true;
  try {
    const answer = await post(presenceUrl, { ...("edits" in place.dataset && { edits: "yes" }), ...(form && { edited: "yes" }) });
    if (answer.ok) await read(answer);
  } catch {
    // Without network the next beat asks again; the offline banner and the save state say so.
  }
  busy = false;
}

async function read(answer) {
  const [reader, version, text] = [answer.headers.get("X-VQFlow-Reader"), answer.headers.get("X-VQFlow-Version"), await answer.text()];
  if (!form && version !== shown) return location.reload(); // a page that only shows the saved text
  if (form && (reader === "theirs" || reader === "closed")) close();
  // The last words of who was taken over, or a save from another window, and nothing typed here: the page has them too.
  else if (form && Number(version) > Number(form.elements.version.value) && !("unsaved" in form.dataset)) return location.reload();
  shown = version;
  const said = text.replace(/name="csrfmiddlewaretoken" value="[^"]*"/, "");
  if (said === last) return;
  last = said;
  place.innerHTML = text;
}

place.addEventListener("submit", () => (leaving = true));
addEventListener("pagehide", () => "edits" in place.dataset && post(leaveUrl, {}, true).catch(() => {}));
addEventListener("pageshow", beat);
setInterval(beat, EVERY_MS);

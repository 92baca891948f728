// A field with data-finder="id" finds things as one types; the element with that id holds what was found as buttons,
// or as radios. Down goes into the list, up and down through it, Escape back to the field.
// Enter takes the only one; of several it never guesses. Buttons with data-fill write themselves into a field.
// A list that is older than what stands in the field belongs to somebody else: Enter waits for the new one. So it does
// for a list whose buttons htmx has not looked at yet: pressed before, they would send the whole form.
const late = new WeakSet(); // fields that were typed into since their list was asked for
const asked = new WeakMap(); // field: the text that its next list answers
let waiting = null; // the field in which Enter waits
const BOUND_MS = 50; // htmx looks at new buttons a little after they have come
const entries = (field) => {
  const list = document.getElementById(field.dataset.finder);
  return list ? [...list.querySelectorAll("button, input[type=radio]")] : [];
};

const fieldOf = (entry) => {
  const list = entry.closest("[id$=matches]");
  return list && document.querySelector(`[data-finder="${CSS.escape(list.id)}"]`);
};

function take(field, found) {
  if (!found.length || !field.value.trim()) return false;
  if (found.length === 1) found[0].click();
  if (found.length > 1 || found[0].type === "radio") found[0].focus();
  return true;
}

function inField(event) {
  const field = event.target;
  const found = entries(field);
  waiting = null;
  if (event.key === "ArrowDown" && found.length) {
    found[0].focus();
  } else if (event.key === "Enter" && late.has(field)) {
    waiting = field;
  } else if (event.key !== "Enter" || !take(field, found)) return;
  event.preventDefault();
}

function bound(field) {
  if (asked.get(field) !== field.value) return;
  late.delete(field);
  if (waiting === field) takeAwaited(field);
}

function forget(field) {
  late.delete(field);
  waiting = null;
}

function takeAwaited(field) {
  if (document.activeElement === field) take(field, entries(field));
  waiting = null;
}

function inList(event, field) {
  const found = entries(field);
  const at = found.indexOf(event.target);
  const isRadio = event.target.type === "radio"; // the browser walks radios itself
  if (event.key === "Escape" || (event.key === "ArrowUp" && at === 0 && !isRadio)) field.focus();
  else if (event.key === "ArrowDown" && !isRadio) found[Math.min(at + 1, found.length - 1)].focus();
  else if (event.key === "ArrowUp" && !isRadio) found[at - 1].focus();
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("[data-finder]")) return inField(event);
  const field = event.target.closest("[id$=matches]") && fieldOf(event.target);
  if (field) inList(event, field);
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-finder]")) late.add(event.target);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-finder]")) asked.set(event.target, event.target.value);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches("[data-finder]") && event.detail.successful) setTimeout(bound, BOUND_MS, event.target);
});

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    if (event.target.matches("[data-finder]")) forget(event.target);
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.fill);
  field.value = button.value;
  late.delete(field);
  button.closest("[id$=matches]").replaceChildren();
  field.focus();
});

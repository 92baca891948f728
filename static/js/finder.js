// A field with data-finder="id" finds things as one types; the element with that id holds what was found as buttons,
// or as radios. Down goes into the list, up and down through it, Escape back to the field.
// Enter takes the only one; of several it never guesses. Buttons with data-fill write themselves into a field.
const entries = (field) => {
  const list = document.getElementById(field.dataset.finder);
  return list ? [...list.querySelectorAll("button, input[type=radio]")] : [];
};

const fieldOf = (entry) => {
  const list = entry.closest("[id$=matches]");
  return list && document.querySelector(`[data-finder="${CSS.escape(list.id)}"]`);
};

function inField(event) {
  const found = entries(event.target);
  if (event.key === "ArrowDown" && found.length) {
    found[0].focus();
  } else if (event.key === "Enter" && found.length && event.target.value.trim()) {
    if (found.length === 1) found[0].click();
    if (found.length > 1 || found[0].type === "radio") found[0].focus();
  } else return;
  event.preventDefault();
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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.fill);
  field.value = button.value;
  button.closest("[id$=matches]").replaceChildren();
  field.focus();
});

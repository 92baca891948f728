// A scanner types: what begins like a code goes into the scan field, wherever the focus was on the page.
// Codes begin with a capital letter (engine/scancodes.py), shortcuts are small ones, so neither takes the other's keys.
const field = document.getElementById("scan-code");
const typing = (element) => element.closest("input, select, textarea, [contenteditable], [role=textbox]");

function begun(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (!"PDVR".includes(event.key) || document.querySelector("dialog[open]")) return;
  field.value = event.key;
  field.focus();
  event.preventDefault();
}

if (field) document.addEventListener("keydown", begun);

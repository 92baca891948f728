// Shortcuts: [data-key="n"] on a link or button, `?` lists them, j and k walk the rows of table[data-keys-table].
// [data-keys-listed="m"] names a key that another module answers.
// data-keys="off" on <body> switches all of it off (WCAG 2.1.4).
const help = document.getElementById("keys-help");
// A letter does nothing to a radio button or a checkbox: there the keys go on.
const typing = (element) => element.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable], [role=textbox]");
// A key inside a table row acts on that row only while the focus is in it: never on somebody else's patient.
const inRow = (element) => element.closest("tbody tr");
const shown = (element) => element.checkVisibility({ visibilityProperty: true });

const nameOf = ({ dataset, textContent, ariaLabel }) => dataset.keyName ?? (textContent.trim() || ariaLabel);

function listThem() {
  const list = help.querySelector("[data-keys-list]");
  list.querySelectorAll("[data-made]").forEach((entry) => entry.remove());
  const named = new Map();
  for (const element of [...document.querySelectorAll("[data-key]")].filter(shown)) {
    const name = inRow(element) ? `${element.dataset.keyName ?? "Next step"}, in the row with the focus` : nameOf(element);
    if (!named.has(element.dataset.key)) named.set(element.dataset.key, name);
  }
  if (document.querySelector("table[data-keys-table]")) named.set("j", "Next row").set("k", "Row before");
  for (const { dataset, textContent } of document.querySelectorAll("[data-keys-listed]")) named.set(dataset.keysListed, textContent.trim());
  for (const [key, name] of named) {
    const [dt, dd, kbd] = ["dt", "dd", "kbd"].map((tag) => document.createElement(tag));
    dt.dataset.made = dd.dataset.made = "";
    kbd.textContent = key;
    dt.append(kbd);
    dd.textContent = name;
    list.append(dt, dd);
  }
}

function walk(step) {
  const selector = "table[data-keys-table] tbody tr";
  const stops = [...document.querySelectorAll(selector)]
    .filter(shown)
    .map((row) => row.querySelector("[data-row-link]") ?? row.querySelector("a[href], button:enabled"))
    .filter(Boolean);
  const row = document.activeElement.closest(selector);
  const at = stops.findIndex((stop) => row?.contains(stop));
  const next = at < 0 ? stops.at(step > 0 ? 0 : -1) : stops[at + step];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (document.body.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
  const { key } = event;
  if (key === "?") {
    listThem();
    help.showModal();
  } else if (document.querySelector("table[data-keys-table]") && (key === "j" || key === "k")) walk(key === "j" ? 1 : -1);
  else {
    const row = inRow(event.target);
    const found = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(shown);
    const target = found.find((element) => row && inRow(element) === row) ?? found.find((element) => !inRow(element));
    if (!target) return;
    if (target.matches("input, select, textarea")) target.focus();
    else target.click();
  }
  event.preventDefault();
}

if (help) {
  document.addEventListener("keydown", press);
  document.querySelectorAll('[data-opens="keys-help"]').forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", listThem);
  });
}

// Back from the page of one row: the focus is on that row again, and `j` goes on from there. After the load, because
// going to a fragment takes the focus away.
function comeBack() {
  const row = document.querySelector(`table[data-keys-table] tbody tr[id="${CSS.escape(location.hash.slice(1))}"]`);
  row?.querySelector("[data-row-link], a[href], button:enabled")?.focus();
  row?.scrollIntoView({ block: "center" });
}

if (location.hash) addEventListener("load", () => requestAnimationFrame(comeBack));

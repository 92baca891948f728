// The sentences that are generated from the structure, and the suggestion that is accepted. The server keeps the
// writer's own lines; what is typed while it answers is never written over.
const form = document.getElementById("report-form");
const structure = document.getElementById("structure");
const names = ["findings", "impression", "next_step"];
let sent = {};

const texts = () => Object.fromEntries(names.map((name) => [name, form.elements[name].value]));

function put(field, text) {
  if (field.value === text) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function renew() {
  for (const made of structure.querySelectorAll("textarea[data-renewed]")) {
    const { renewed: name, generated } = made.dataset;
    const field = form.elements[name];
    if (field.value !== sent[name]) continue; // typed meanwhile: the next answer has it
    put(field, made.value);
    form.elements[`said-${name}`].value = generated;
    regenerator(name);
  }
}

// Another technique has other schemes; the chosen one is always among them.
function offer() {
  const [offered, field] = [structure.querySelector("select[data-schemes]"), form.elements.scheme];
  const keys = (select) => Array.from(select.options, ({ value }) => value).join(" ");
  if (keys(offered) === keys(field)) return;
  const chosen = field.value;
  field.replaceChildren(...offered.cloneNode(true).children);
  field.value = chosen;
}

// Offered where the text says something else than the structure does.
function regenerator(name) {
  const button = form.querySelector(`[data-regenerate="${name}"]`);
  const [text, said] = [form.elements[name].value.trim(), form.elements[`said-${name}`].value.trim()];
  if (!("mine" in button.dataset)) button.hidden = !said || text === said;
}

function anew(button) {
  const name = button.dataset.regenerate;
  const field = form.elements[name];
  if ("mine" in button.dataset) {
    put(field, button.dataset.mine);
    delete button.dataset.mine;
    button.textContent = "Write it anew from the findings";
  } else {
    button.dataset.mine = field.value;
    put(field, form.elements[`said-${name}`].value);
    button.textContent = "Take back my text";
  }
}

// What the report says so far, where it is always in sight.
function verdict() {
  const chosen = structure.querySelector("input[name=category]:checked");
  const suggested = structure.querySelector("[data-accept]");
  const title = structure.querySelector("#suggestion .callout__title");
  const words = chosen ? chosen.closest("label").firstElementChild.nextSibling.textContent.trim() : suggested ? `${title.textContent} (a)` : "";
  form.querySelector("[data-verdict]").textContent = words;
}

// A reason was given for one category: another one has its own, and the first comes back with its category.
const reasons = new Map();
let reasoned = structure.querySelector("input[name=category]:checked")?.value ?? "";
function ownReason() {
  const now = structure.querySelector("input[name=category]:checked")?.value ?? "";
  if (now === reasoned) return;
  const field = form.elements.override_reason;
  reasons.set(reasoned, field.value);
  reasoned = now;
  put(field, reasons.get(now) ?? "");
}

function accept(button) {
  const radio = document.getElementById(`category-${button.value}`);
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-accept], button[data-regenerate]");
  if (!button) return;
  event.preventDefault();
  if ("accept" in button.dataset) accept(button);
  else anew(button);
});
// An answer to what was asked before this change must not undo the change.
structure.addEventListener("change", ({ target }) => {
  if (target.name === "category") ownReason();
  waiting += 1;
  window.htmx.trigger(structure, "htmx:abort");
}, true);
form.addEventListener("input", ({ target }) => names.includes(target.name) && regenerator(target.name));

let waiting = 0;
const settled = () => new Promise((done) => {
  const until = Date.now() + 3000;
  const look = () => (waiting && Date.now() < until ? setTimeout(look, 30) : done());
  look();
});
form.settling = [settled];
structure.addEventListener("htmx:beforeRequest", () => {
  sent = texts();
  waiting = 1;
});
structure.addEventListener("htmx:afterSettle", () => {
  renew();
  offer();
  verdict();
  waiting = 0;
});
structure.addEventListener("htmx:sendError", () => (waiting = 0));
structure.addEventListener("htmx:responseError", () => (waiting = 0));
names.forEach(regenerator);
verdict();

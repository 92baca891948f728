// The map of the lungs: presses and keys set the fields of the table below it, and the drawing shows what they hold.
// Which segments are mismatched, and the counts, are the server's word: they come with the evaluation.
import { values } from "./segment_values.js";
import { walk } from "./segment_walk.js";

const ROUND = {
  q: ["large", "moderate", "small", "normal"],
  v: ["normal", "smaller", "matched", "worse", "not_done", ""],
  x: ["clear", "smaller", "equal", "larger", ""],
  w: ["yes", "no", ""],
  s: ["yes", ""],
};
const BY_DIGIT = ["normal", "small", "moderate", "large", ""];
const REST = { q: "normal", v: "normal", x: "clear" };
const LETTER_OF = { v: "v", x: "x", w: "w", r: "s" };
const MARKS = ["mismatch", "match", "triple", "ventilation", "lesion"];
const NAMES = { q: "perfusion", v: "ventilation", x: "X-ray" };
const DEFECTS = ["small", "moderate", "large"];

function start(section) {
  const find = (name) => section.querySelector(`[data-map-${name}]`);
  const board = find("board"), bar = find("bar"), said = find("said"), undo = find("undo"), redo = find("redo");
  const views = [...board.querySelectorAll("[data-map-view]")];
  const state = values(section);
  let view = views[0], here = state.codes[0], chosen = new Set([here]), touched = false;
  const row = (code) => section.querySelector(`[data-map-row="${CSS.escape(code)}"]`);
  const areas = (code) => section.querySelectorAll(`[data-segment="${CSS.escape(code)}"], [data-label="${CSS.escape(code)}"]`);

  // Lines of their own above all areas: no neighbour hides the half of them.
  function trace(layer, wanted, paint = () => {}) {
    for (const each of views) {
      const traced = [...each.querySelectorAll("[data-segment]")].filter(wanted).map((area) => {
        const path = document.createElementNS(area.namespaceURI, "path");
        path.setAttribute("d", area.getAttribute("d"));
        paint(path, area, each);
        return path;
      });
      each.querySelector(layer).replaceChildren(...traced);
    }
  }

  const ring = () => trace(".lungs__rings", (area) => touched && chosen.has(area.dataset.segment), (path, area, each) =>
    path.classList.toggle("is-here", each === view && area.dataset.segment === here));
  const alarm = () => trace(".lungs__marked", (area) => area.dataset.mark === "mismatch");

  const label = (letter, value) => {
    const group = bar.querySelector(`[data-map-values="${letter}"]`);
    return group && [...group.querySelectorAll("button")].find((button) => button.value === value)?.firstChild.textContent.trim();
  };

  function describe(code) {
    const parts = ["q", "v", "x"].map((letter) => `${NAMES[letter]} ${label(letter, state.get(code, letter)).toLowerCase()}`);
    if (state.get(code, "w")) parts.push(label("w", state.get(code, "w")).toLowerCase());
    if (state.get(code, "s")) parts.push("stripe sign");
    const mark = row(code).querySelector("[data-map-mark]").textContent;
    return `${code}, ${row(code).querySelector("[data-map-name]").textContent}: ${parts.join(", ")}${mark ? `. ${mark}` : ""}`;
  }

  function show() {
    for (const code of state.codes) {
      for (const part of areas(code)) part.dataset.q = state.get(code, "q");
    }
    for (const group of bar.querySelectorAll("[data-map-values]")) {
      const letter = group.dataset.mapValues, held = new Set([...chosen].map((code) => state.get(code, letter)));
      for (const button of group.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(touched && held.size === 1 && held.has(button.value)));
        button.disabled = letter === "w" && touched && ![...chosen].some((code) => DEFECTS.includes(state.get(code, "q")));
      }
    }
    if (touched) find("which").textContent = chosen.size > 1 ? `${chosen.size} segments: ${[...chosen].join(", ")}` : describe(here);
    [undo.disabled, redo.disabled] = [!state.canUndo, !state.canRedo];
    ring();
  }

  // A mark belongs to the values that the server has judged: a changed segment has none until the answer is there.
  function unmark(found) {
    for (const code of new Set(found.map(({ name }) => name.slice(2)))) mark(code, "");
    alarm();
  }

  function mark(code, name) {
    for (const part of areas(code)) {
      part.dataset.mark = name;
      part.querySelector("use")?.setAttribute("href", `#seg-mark-${name || "none"}`);
    }
    const words = name ? section.querySelector(`.map-legend [data-mark="${name}"]`).closest("li").textContent.trim() : "";
    row(code).querySelector("[data-map-mark]").textContent = words;
  }

  function judged() {
    const marks = document.getElementById("map-marks");
    const counts = document.querySelector("[data-counts] p");
    if (counts) find("counts").replaceChildren(...[...counts.childNodes].map((node) => node.cloneNode(true)));
    if (!marks) return;
    const found = new Map(MARKS.flatMap((name) => (marks.dataset[name] ?? "").split(" ").filter(Boolean).map((code) => [code, name])));
    for (const code of state.codes) mark(code, found.get(code) ?? "");
    alarm();
    if (touched && chosen.size === 1) find("which").textContent = describe(here);
  }

  function after(found, words) {
    if (found.length) unmark(found);
    show();
    said.textContent = words ?? (chosen.size > 1 ? find("which").textContent : describe(here));
  }

  function go(code, on, { more = false } = {}) {
    [touched, here, view] = [true, code, on];
    if (!more) chosen = new Set([code]);
    else if (chosen.has(code) && chosen.size > 1 && more === "press") chosen.delete(code);
    else chosen.add(code);
  }

  function put(letter, value) {
    touched = true;
    for (const code of chosen) state.set(code, letter, value);
    after(state.keep());
  }

  function round(letter) {
    const order = ROUND[letter], at = order.indexOf(state.get(here, letter));
    put(letter, order[(at + 1) % order.length]);
  }

  function restNormal() {
    for (const code of state.codes)
      for (const letter of section.dataset.rest) if (!state.get(code, letter)) state.set(code, letter, REST[letter]);
    const found = state.keep();
    after(found, found.length ? "Whatever was not assessed is normal now." : "Every segment was assessed before.");
  }

  function clear(letter) {
    for (const code of state.codes) state.set(code, letter, "");
    after(state.keep(), "Cleared. Undo brings it back.");
  }

  function back(step) {
    const found = step();
    if (found.length) after(found, `${step === state.undo ? "Taken back" : "Done again"}: ${[...new Set(found.map(({ name }) => name.slice(2)))].join(", ")}`);
  }

  function choose(attribute) {
    const value = row(here).dataset[attribute];
    chosen = new Set([...section.querySelectorAll("[data-map-row]")].filter((each) => each.dataset[attribute] === value).map((each) => each.dataset.mapRow));
    touched = true;
    after([]);
  }

  function press(event) {
    const { key, shiftKey } = event;
    if (event.altKey || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() === "z") back(shiftKey ? state.redo : state.undo);
      else if (key.toLowerCase() === "y") back(state.redo);
      else return;
    } else if (key.startsWith("Arrow")) {
      const next = touched ? walk(views, view, here, key) : { view, code: here };
      go(next.code, next.view, { more: shiftKey });
      next.view.scrollIntoView({ block: "nearest", inline: "nearest" });
      after([]);
    } else if (document.body.dataset.keys === "off" && key !== " " && key !== "Escape") return;
    else if (/^[0-4]$/.test(key)) put("q", BY_DIGIT[key]);
    else if (key === "Delete" || key === "Backspace") put("q", "");
    else if (key === " ") round("q");
    else if (key in LETTER_OF) round(LETTER_OF[key]);
    else if (key === "n") restNormal();
    else if (key === "l") choose("lobe");
    else if (key === "L") choose("side");
    else if (key === "Escape" && chosen.size > 1) (go(here, view), after([]));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  board.addEventListener("keydown", press);
  board.addEventListener("focus", () => board.matches(":focus-visible") && ((touched = true), show()));
  board.addEventListener("click", (event) => {
    const area = event.target.closest("[data-segment]");
    board.focus({ preventScroll: true });
    if (!area) return;
    const more = event.shiftKey || event.ctrlKey || event.metaKey;
    go(area.dataset.segment, area.closest("[data-map-view]"), { more: more && "press" });
    if (more) after([]);
    else round("q");
  });
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) put(button.closest("[data-map-values]").dataset.mapValues, button.value);
  });
  find("rest").addEventListener("click", restNormal);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-map-clear]");
    if (!button) return;
    event.preventDefault();
    clear(button.value);
  });
  undo.addEventListener("click", () => back(state.undo));
  redo.addEventListener("click", () => back(state.redo));
  // By hand in the table.
  section.addEventListener("change", (event) => {
    if (!event.target.closest("[data-map-row]")) return;
    const found = state.keep({ silent: true });
    if (!found.length) return;
    const code = event.target.closest("[data-map-row]").dataset.mapRow;
    go(code, views.find((each) => each.querySelector(`[data-segment="${CSS.escape(code)}"]`)));
    after(found);
  });
  document.addEventListener("htmx:afterSettle", (event) => event.target.id === "evaluation" && judged());
  for (const part of [board, bar, find("presses"), find("keys")]) part.hidden = false;
  judged();
  show();
}

document.querySelectorAll("[data-segment-map]").forEach(start);

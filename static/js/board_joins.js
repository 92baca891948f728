// What belongs to one patient is joined while it is pointed at or has the focus, as a line and in words.
import { grid } from "./board_place.js";

const SVG = "http://www.w3.org/2000/svg";
const DWELL_MS = 120;
let shown = "";
let timer = 0;

const info = document.getElementById("board-info");
const hint = "Point at an examination, or walk to it with Tab and the arrow keys, to see it whole.";

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The rooms of a visit in the order of time; people have the same times and would only cross the line.
function line(blocks) {
  const place = document.getElementById("board-joins");
  const around = place.getBoundingClientRect();
  const boxes = blocks
    .filter((block) => block.closest("[data-room='1']") && !block.classList.contains("is-bay"))
    .map((block) => block.querySelector("svg").getBoundingClientRect())
    .sort((one, other) => one.left - other.left);
  const parts = [];
  boxes.slice(1).forEach((box, at) => {
    const before = boxes[at];
    const [x1, y1] = [before.right - around.left, before.top + before.height / 2 - around.top];
    const [x2, y2] = [box.left - around.left, box.top + box.height / 2 - around.top];
    const bend = Math.max(14, (x2 - x1) / 2);
    parts.push(element("path", { class: "join", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }));
    for (const [cx, cy] of [[x1, y1], [x2, y2]]) parts.push(element("circle", { class: "join__dot", cx, cy, r: 3.5 }));
  });
  place.replaceChildren(...parts);
}

// The row of the table below says all of it.
export function tell(visit) {
  const row = document.getElementById(`visit-${visit}`);
  if (!row) return [];
  const name = document.createElement("strong");
  name.append(...[...row.querySelector(".person__name").childNodes].map((each) => each.cloneNode(true)));
  const parts = [name, Object.assign(document.createElement("span"), { textContent: row.querySelector(".id").textContent, className: "id" })];
  for (const cell of row.querySelectorAll("td[data-label]")) {
    const text = cell.textContent.replace(/\s+/g, " ").trim();
    const label = cell.dataset.label === "State" ? "" : `${cell.dataset.label} `;
    if (text) parts.push(Object.assign(document.createElement("span"), { textContent: `${label}${text}` }));
  }
  return parts;
}

export function inform(...parts) {
  info.replaceChildren(...parts);
}

export function quiet() {
  inform(Object.assign(document.createElement("span"), { className: "board-info__hint", textContent: hint }));
}

export function join(visit) {
  shown = visit;
  const blocks = visit ? [...document.querySelectorAll(`#board .step[data-visit="${CSS.escape(visit)}"]`)] : [];
  document.querySelectorAll("#board .is-joined").forEach((block) => block.classList.remove("is-joined"));
  blocks.forEach((block) => block.classList.add("is-joined"));
  document.getElementById("board-scroll")?.classList.toggle("has-joined", blocks.length > 0);
  if (!grid()) return;
  line(blocks);
  if (visit) inform(...tell(visit));
}

export const joinAgain = () => shown && join(shown);

function soon(visit) {
  clearTimeout(timer);
  timer = setTimeout(() => visit !== shown && (join(visit), visit || quiet()), DWELL_MS);
}

const visitAt = (target) => target?.closest?.("#board .step[data-visit]")?.dataset.visit ?? "";
const focused = () => visitAt(document.activeElement);

document.addEventListener("pointerover", ({ target }) => target.closest?.("#board, .page") && soon(visitAt(target) || focused()));
document.addEventListener("focusin", ({ target }) => soon(visitAt(target)));
document.addEventListener("focusout", () => soon(""));
document.addEventListener("keydown", ({ key }) => key === "Escape" && join(""));
addEventListener("resize", joinAgain);

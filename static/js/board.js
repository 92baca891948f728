// The board: what is joined, dragged, carried by keys and asked of it; and the line of now, which runs on by itself.
import "./board_drag.js";
import { joinAgain, quiet } from "./board_joins.js";
import { rove } from "./board_keys.js";
import "./board_panels.js";
import { board, clock, isBoard, shareOf } from "./board_place.js";

const RUNS_MS = 20_000;
let shownAt = Date.now(); // minutes are counted from when the server said them: this machine's clock does not matter

function run() {
  const minute = Number(board().dataset.now) + (Date.now() - shownAt) / 60_000;
  const line = document.getElementById("now-line");
  if (!line) return;
  const x = `${(shareOf(minute) * 100).toFixed(3)}%`;
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
  const text = document.getElementById("now-text");
  if (!text) return;
  text.setAttribute("x", x);
  text.textContent = clock(Math.floor(minute));
}

function swapped() {
  shownAt = Date.now();
  rove();
  joinAgain();
  run();
}

for (const id of ["board-info", "board-fits"]) document.getElementById(id)?.removeAttribute("hidden");
quiet();
document.body.addEventListener("htmx:afterSwap", ({ detail }) => isBoard(detail) && swapped());
document.querySelectorAll("[data-filter-button]").forEach((button) => button.classList.add("visually-hidden"));
document.querySelector(".board-head form")?.addEventListener("change", ({ currentTarget }) => currentTarget.requestSubmit());
setInterval(run, RUNS_MS);
swapped();
// The morning is what is looked at when the page opens; now, where it is today.
const now = document.getElementById("now-line");
if (now) document.getElementById("board-scroll").scrollLeft = Math.max(0, now.getBoundingClientRect().left - innerWidth / 2);

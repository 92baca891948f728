// Dragging with a mouse, a pen, or a finger that rests first, so that a page can still be scrolled.
import { carry, carrying, drop, fits, lift, putBack } from "./board_ghost.js";
import { atPointer, stepMinutes } from "./board_place.js";

const SLACK = 5; // px before a press becomes a drag
const REST_MS = 350;
const EDGE = 48;
let pressed = null; // { block, x, y, offset, timer, pointer }
let dragged = false;

const stepAt = (target) => target.closest?.("#board .step[data-step]");

function press(event) {
  const block = stepAt(event.target);
  if (!block || event.button !== 0 || carrying()) return;
  const { clientX: x, clientY: y, pointerId: pointer } = event;
  dragged = false;
  pressed = { block, x, y, pointer, touch: event.pointerType === "touch" };
  pressed.offset = Number(block.dataset.at) - atPointer(block.closest(".board-row"), x);
  if (pressed.touch) pressed.timer = setTimeout(begin, REST_MS);
}

function begin() {
  dragged = true;
  document.documentElement.classList.add("is-dragging");
  lift(pressed.block);
  if (pressed.touch) navigator.vibrate?.(15);
}

function move(event) {
  if (!pressed || event.pointerId !== pressed.pointer) return;
  const { clientX: x, clientY: y } = event;
  const far = Math.hypot(x - pressed.x, y - pressed.y) > SLACK;
  if (!dragged && far && pressed.touch) return release(); // it scrolls
  if (!dragged && far) begin();
  if (!dragged) return;
  event.preventDefault();
  const under = document.elementFromPoint(x, y)?.closest(".board-row[data-resource]");
  const row = fits(under) ? under : carrying().row;
  const grain = stepMinutes();
  carry(Math.round((atPointer(row, x) + pressed.offset) / grain) * grain, row);
  scroll(x);
}

function scroll(x) {
  const place = document.getElementById("board-scroll");
  const { left, right } = place.getBoundingClientRect();
  if (x > right - EDGE) place.scrollLeft += 10;
  else if (x < left + EDGE + 150) place.scrollLeft -= 10;
}

function release() {
  clearTimeout(pressed?.timer);
  pressed = null;
  document.documentElement.classList.remove("is-dragging");
}

function up(event) {
  if (!pressed || event.pointerId !== pressed.pointer) return;
  release();
  if (dragged) drop();
}

function cancel() {
  if (!pressed) return;
  release();
  if (dragged) putBack();
}

document.addEventListener("pointerdown", press);
document.addEventListener("pointermove", move);
document.addEventListener("pointerup", up);
document.addEventListener("pointercancel", cancel);
document.addEventListener("keydown", (event) => event.key === "Escape" && pressed && cancel());
// A finger that carries a step does not scroll the page; a link is not dragged as a link.
document.addEventListener("touchmove", (event) => dragged && pressed && event.preventDefault(), { passive: false });
document.addEventListener("dragstart", (event) => stepAt(event.target) && event.preventDefault());
document.addEventListener("contextmenu", (event) => pressed?.touch && event.preventDefault());
// The click that ends a drag opens nothing.
document.addEventListener(
  "click",
  (event) => {
    if (!dragged || !event.target.closest("#board")) return;
    dragged = false;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// What is carried over the board, by mouse, finger or keys: its shadow, and the drop.
import { clock, grid, isPoll, iso, laneOf, nameOf, post, rows, say, shareOf } from "./board_place.js";

const FLY_MS = 200;
let carried = null; // { block, row, home, at, begin, ghost }

export const carrying = () => carried;
const isRoom = (row) => Boolean(row.dataset.room);
export const fits = (row) => row && carried && isRoom(row) === isRoom(carried.home);

export function lift(block) {
  const home = block.closest(".board-row");
  const ghost = Object.assign(document.createElement("div"), { className: "board-ghost" });
  grid().append(ghost);
  carried = { block, home, row: home, at: Number(block.dataset.at), ghost };
  block.classList.add("is-picked");
  show();
}

export function carry(at, row) {
  if (!carried || "asking" in carried.ghost.dataset) return;
  carried.at = at;
  if (fits(row)) carried.row = row;
  show();
}

export const sayWhere = () => say(`${clock(carried.at)}, ${nameOf(carried.row)}`);

function show() {
  const { block, row, at, ghost } = carried;
  const shift = at - block.dataset.at;
  const [from, to] = [shareOf(Number(block.dataset.start) + shift), shareOf(Number(block.dataset.end) + shift)];
  const [lane, around] = [laneOf(row), grid().getBoundingClientRect()];
  ghost.style.left = `${lane.left - around.left + from * lane.width}px`;
  ghost.style.top = `${lane.top - around.top + 2}px`;
  ghost.style.minWidth = `${Math.max(24, (to - from) * lane.width)}px`;
  ghost.style.height = `${lane.height - 4}px`;
  ghost.textContent = row === carried.home ? clock(at) : `${clock(at)} ${nameOf(row)}`;
  for (const each of rows()) each.classList.toggle("is-target", each === row);
}

function clear() {
  carried.ghost.remove();
  carried.block.classList.remove("is-picked");
  rows().forEach((each) => each.classList.remove("is-target"));
  carried = null;
}

// Back to where it was taken from, in sight.
export function putBack() {
  if (!carried) return;
  const { block, home, ghost } = carried;
  delete ghost.dataset.asking;
  ghost.dataset.flying = "";
  Object.assign(carried, { at: Number(block.dataset.at), row: home });
  show();
  setTimeout(() => carried?.ghost === ghost && clear(), matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : FLY_MS);
}

export async function drop() {
  if (!carried || "asking" in carried.ghost.dataset) return;
  const { block, home, row, at, ghost } = carried;
  const { step, dropUrl } = block.dataset;
  if (at === Number(block.dataset.at) && row === home) return putBack();
  ghost.dataset.asking = "";
  const values = { starts_at: iso(at), resource: row === home ? "" : row.dataset.resource };
  const done = await post(dropUrl, values);
  if (!done) return putBack();
  clear();
  const again = document.querySelector(`#row-${row.dataset.resource} [data-step="${step}"]`) ?? document.querySelector(`[data-step="${step}"]`);
  again?.focus({ preventScroll: true });
}

// Nothing changes under what is carried: polls wait.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (carried && isPoll(event.detail)) event.preventDefault();
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (carried && isPoll(event.detail)) event.detail.shouldSwap = false;
});


// The board is one stop of Tab: arrows walk from block to block. m picks a step up, arrows carry it, Enter drops it.
import { carry, carrying, drop, fits, lift, putBack, sayWhere } from "./board_ghost.js";
import { board, rows, say, stepMinutes } from "./board_place.js";

let current = "";

const items = (root = board()) => [...root.querySelectorAll("[data-item]")];
const start = (item) => Number(item.dataset.start ?? 0);
const ofRow = (row) => items(row).sort((one, other) => start(one) - start(other));

export function rove() {
  const all = items();
  const chosen = all.find((item) => item.id === current) ?? all[0];
  for (const item of all) item.setAttribute("tabindex", item === chosen ? "0" : "-1");
}

function go(item) {
  if (!item) return;
  item.focus();
  item.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function walk(item, key) {
  const all = rows().filter((row) => items(row).length);
  const row = item.closest(".board-row");
  const mine = ofRow(row);
  const at = mine.indexOf(item);
  if (key === "ArrowLeft") return go(mine[at - 1]);
  if (key === "ArrowRight") return go(mine[at + 1]);
  if (key === "Home") return go(mine[0]);
  if (key === "End") return go(mine.at(-1));
  const next = all[all.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
  if (next) go(ofRow(next).reduce((best, each) => (Math.abs(start(each) - start(item)) < Math.abs(start(best) - start(item)) ? each : best)));
}

function carryOn({ key, shiftKey }) {
  const { at, row } = carrying();
  const grain = shiftKey ? Math.max(15, stepMinutes()) : stepMinutes();
  if (key === "ArrowLeft") carry(at - grain, row);
  if (key === "ArrowRight") carry(at + grain, row);
  if (key === "ArrowUp" || key === "ArrowDown") {
    const all = rows().filter(fits);
    carry(at, all[all.indexOf(row) + (key === "ArrowDown" ? 1 : -1)] ?? row);
  }
  sayWhere();
}

function carried(event) {
  if (event.key === "Enter" || event.key === "m") drop();
  else if (event.key === "Escape" || event.key === "Tab") {
    putBack();
    say("Put back.");
  } else if (event.key.startsWith("Arrow")) carryOn(event);
  event.preventDefault();
  event.stopPropagation();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (carrying()) return carried(event);
  const item = event.target.closest?.("#board [data-item]");
  if (!item) return;
  const off = document.body.dataset.keys === "off";
  if (/^(Arrow|Home$|End$)/.test(event.key)) walk(item, event.key);
  else if (event.key === " ") item.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  else if (event.key === "m" && !off && item.dataset.step) {
    lift(item);
    say(`${item.getAttribute("aria-label")} Picked up. Arrow keys move it, Enter drops it, Escape puts it back.`);
  } else if (event.key === "m" && !off) say("This cannot be moved.");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

document.addEventListener("keydown", press, true);
document.addEventListener("focusin", ({ target }) => {
  const item = target.closest?.("#board [data-item]");
  if (!item || item.id === current) return;
  current = item.id;
  rove();
});

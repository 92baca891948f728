// The card of an examination, the menu of a row, the dialog of other times, and who of the waitlist would fit.
import { inform, tell } from "./board_joins.js";
import { isBoard, nameOf, post, read, say } from "./board_place.js";

const DWELL_MS = 450;
const card = document.getElementById("board-card");
const menu = document.getElementById("board-menu");
const dialog = document.getElementById("board-dialog");
const panel = document.getElementById("board-fits");
let timer = 0;
let asked = "";

const make = (tag, values, ...inner) => {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...inner);
  return made;
};

// Beside what was pressed: an SVG link cannot be the anchor of a popover.
function open(popover, source) {
  const { left, bottom, top } = (source.querySelector(".step__box") ?? source).getBoundingClientRect();
  popover.showPopover();
  const { width, height } = popover.getBoundingClientRect();
  popover.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  popover.style.top = `${bottom + 6 + height < innerHeight ? bottom + 6 : Math.max(8, top - height - 6)}px`;
}

function showCard(block) {
  const row = document.getElementById(`visit-${block.dataset.visit}`);
  if (!row) return false;
  const [name, id, ...parts] = tell(block.dataset.visit);
  const buttons = [make("a", { href: block.getAttribute("href"), className: "button button--small", textContent: "Open" })];
  const moves = row.querySelector("[data-moves-url]")?.dataset.movesUrl;
  if (moves) buttons.push(make("button", { type: "button", className: "button button--secondary button--small", textContent: "Move…", onclick: () => showMoves(moves) }));
  card.replaceChildren(make("p", {}, name, " ", id), make("ul", { className: "plain-list" }, ...parts.map((part) => make("li", {}, part))), make("div", { className: "button-row" }, ...buttons));
  open(card, block);
  buttons[0].focus();
  return true;
}

async function showMoves(url) {
  card.hidePopover();
  await showDialog("Move to", await read(url));
}

async function showDialog(title, text) {
  document.getElementById("board-dialog-title").textContent = title;
  fill(document.getElementById("board-dialog-body"), text);
  if (!dialog.open) dialog.showModal();
}

// The text comes from our own server, escaped by its templates; the policy runs no script in it.
function fill(place, text) {
  place.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
}

function showMenu(button) {
  const row = button.closest(".board-row");
  const { resource, room } = row.dataset;
  const broken = (kind) => `${menu.dataset.brokenUrl}?kind=${kind}&resource=${resource}`;
  const entries = room ? [["Out of order…", broken("room_down")], ["Failed its quality control…", broken("camera_qc")]] : [["Ill or away…", broken("person_away")]];
  if (room && !button.dataset.camera) entries.pop();
  const links = entries.map(([text, href]) => make("a", { className: "menu__item", href, textContent: text }));
  menu.replaceChildren(make("p", { className: "menu__label", textContent: nameOf(row) }), ...links);
  open(menu, button);
  links[0].focus();
}

async function showFits(gap, { focus = false } = {}) {
  const url = gap.getAttribute("href");
  inform(gap.getAttribute("aria-label"));
  asked = url;
  const text = await read(url);
  if (asked !== url || !text) return; // another one is pointed at by now
  fill(panel.querySelector("[data-fits]"), text);
  const told = panel.querySelector("[data-summary]")?.dataset.summary ?? "";
  inform(told);
  say(told);
  if (focus) panel.querySelector("h2").focus();
}

function click(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const rowButton = target.closest("[data-row-menu]");
  const gap = target.closest("#board [data-gap]");
  const block = target.closest("#board .step[data-visit]");
  const moves = target.closest("[data-moves-url]");
  if (rowButton) showMenu(rowButton);
  else if (gap) showFits(gap, { focus: true });
  else if (moves) showMoves(moves.dataset.movesUrl);
  else if (target.closest("[data-dismiss]")) target.closest(".callout").remove();
  else if (!block || !showCard(block)) return;
  event.preventDefault();
}

async function send(event) {
  const form = event.target.closest("[data-board-post]");
  if (!form) return;
  event.preventDefault(); // once.js leaves it alone then
  if ("sending" in form.dataset) return;
  form.dataset.sending = "";
  const values = Object.fromEntries(new FormData(form, event.submitter));
  const url = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  if (dialog.open) dialog.close();
  form.closest(".toast")?.remove();
  const done = await post(url, values);
  delete form.dataset.sending;
  if (done && panel?.contains(form)) fill(panel.querySelector("[data-fits]"), "");
}

function dwell({ target }) {
  clearTimeout(timer);
  const gap = target.closest?.("#board [data-gap]");
  if (gap && gap.getAttribute("href") !== asked) timer = setTimeout(showFits, DWELL_MS, gap);
}

// A menu or dialog that is open takes this Escape for itself.
function closeRefusal({ key }) {
  if (key === "Escape" && !document.querySelector("dialog[open], :popover-open")) document.querySelector("#board-refusal [data-refusal]")?.remove();
}

document.addEventListener("keydown", closeRefusal);
document.addEventListener("click", click);
document.addEventListener("submit", send, true);
if (panel) {
  document.addEventListener("pointerover", dwell);
  document.addEventListener("focusin", dwell);
}
document.body.addEventListener("htmx:afterSwap", ({ detail }) => isBoard(detail) && (asked = ""));


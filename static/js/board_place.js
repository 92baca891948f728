// Where minutes lie on the board, and how a change is sent: the server judges it before anything moves.
export const board = () => document.getElementById("board");
export const grid = () => document.querySelector("#board-scroll .board-grid");
export const rows = () => [...document.querySelectorAll(".board-row[data-resource]")];
export const laneOf = (row) => row.querySelector(".board-lane").getBoundingClientRect();
export const nameOf = (row) => row.querySelector(".board-name").textContent.trim();
export const stepMinutes = () => ("week" in board().dataset ? 15 : 5);
// What was swapped: a poll names its target, an answer of ours only the element.
export const isBoard = ({ target, elt }) => [target?.id, elt?.id].includes("board");
export const isPoll = ({ target, requestConfig }) => target?.id === "board" && requestConfig?.headers["X-VQFlow-Poll"];

const segments = () => board().dataset.segments.split(",").map((each) => each.split("-").map(Number));

// A share of the width, 0 to 1, as a minute, and back. Each day is a column of its own.
export function minuteAt(share) {
  const all = segments();
  const at = Math.min(all.length - 1, Math.max(0, Math.floor(share * all.length)));
  const [low, high] = all[at];
  return low + (share * all.length - at) * (high - low);
}

export function shareOf(minute) {
  const all = segments();
  const at = Math.max(0, all.findLastIndex(([low]) => low <= minute));
  const [low, high] = all[at];
  return (at + Math.min(1, Math.max(0, (minute - low) / (high - low)))) / all.length;
}

export const atPointer = (row, x) => {
  const lane = laneOf(row);
  return minuteAt((x - lane.left) / lane.width);
};

export function clock(minute) {
  const shown = { timeZone: board().dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if ("week" in board().dataset) Object.assign(shown, { weekday: "short" });
  return new Intl.DateTimeFormat("en-GB", shown).format(minute * 60_000);
}

export const iso = (minute) => new Date(minute * 60_000).toISOString();

export function say(sentence) {
  document.getElementById("board-says").textContent = sentence;
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

async function ask(url, options) {
  const offline = document.getElementById("offline");
  try {
    const answer = await fetch(url, { ...options, headers: { "HX-Request": "true", "X-CSRFToken": token() } });
    offline.hidden = answer.status < 502;
    const elsewhere = answer.headers.get("HX-Redirect"); // locked, or signed out
    if (elsewhere) location.assign(elsewhere);
    return elsewhere ? null : answer;
  } catch {
    offline.hidden = false;
    return null;
  }
}

export async function read(url) {
  const next = encodeURIComponent(board().dataset.here);
  const answer = await ask(`${url}${url.includes("?") ? "&" : "?"}next=${next}`, {});
  return answer ? answer.text() : "";
}

// Whether it was done. The board is replaced by the answer, or the refusal is shown above it.
export async function post(url, values) {
  const body = new URLSearchParams({ request_id: `${Date.now()}-${Math.random()}`, ...values, next: board().dataset.here });
  const answer = await ask(url, { method: "POST", body });
  if (!answer) {
    say("There is no connection to the server. Nothing was changed.");
    return false;
  }
  const text = answer.status < 500 ? await answer.text() : "";
  if (answer.ok) window.htmx.swap(board(), text, { swapStyle: "morph:outerHTML" }, { contextElement: board() });
  else refuse(text);
  return answer.ok;
}

function refuse(text) {
  const place = document.getElementById("board-refusal");
  const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-refusal], .callout");
  place.replaceChildren(...(found ? [document.adoptNode(found)] : []));
  const sentence = found?.querySelector("p:not(.callout__title)")?.textContent ?? "The server could not do this. Load the page again.";
  say(`${found?.querySelector(".callout__title")?.textContent ?? ""} ${sentence}`);
}

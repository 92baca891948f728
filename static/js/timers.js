// Timers that run on in the browser, on the page and on the idle lock. [data-timer="key"] carries data-elapsed,
// data-typical and data-most in seconds, and data-label: room and step, never a name. Reaching the typical time and
// passing the most is said in words, in colour and with tones; [data-sound] switches the tones.
const FAR = 180; // minutes: above, whole hours
const AGAIN_MS = 30_000; // a passed timer is heard again
const timers = new Map();
const lockList = document.getElementById("lock-timers");
const lockSaid = document.getElementById("lock-timers-said");
const sound = document.querySelector("[data-sound]");
let audio = null;

const two = (number) => String(number).padStart(2, "0");
function stopwatch(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return minutes < 60 ? `${minutes}:${two(rest)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(rest)}`;
}

// Seconds are counted from when the server said them, so the clock of this machine does not matter.
function read(element) {
  const { timer: key, label, elapsed, typical, most } = element.dataset;
  const known = timers.get(key);
  if (known?.said === elapsed && known.element === element) return;
  const level = known?.level ?? element.dataset.level ?? "";
  const startedAt = known?.said === elapsed ? known.startedAt : Date.now() - Number(elapsed) * 1000;
  timers.set(key, { element, said: elapsed, label, level, heardAt: Date.now(), startedAt, typical: Number(typical), most: Number(most), down: "down" in element.dataset });
}

function refresh() {
  const present = [...document.querySelectorAll("[data-timer]")];
  present.forEach(read);
  const keys = new Set(present.map(({ dataset }) => dataset.timer));
  for (const key of timers.keys()) if (!keys.has(key)) timers.delete(key);
}

const elapsedOf = ({ startedAt }) => Math.max(0, Math.floor((Date.now() - startedAt) / 1000));
function words(timer) {
  const elapsed = elapsedOf(timer);
  if (timer.down && elapsed < timer.typical) return `${stopwatch(timer.typical - elapsed)} left of ${stopwatch(timer.typical)}`;
  return `${stopwatch(elapsed)} of ${stopwatch(timer.typical)}`;
}

function levelOf(timer) {
  const elapsed = elapsedOf(timer);
  return elapsed >= timer.most ? "over" : elapsed >= timer.typical ? "due" : "";
}

const said = (timer) => ({ over: `Past the longest usual time, ${stopwatch(timer.most)}`, due: "Time reached" })[timer.level] ?? "";

function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function show(key, timer) {
  const { element, level } = timer;
  const text = words(timer);
  element.dataset.level = level;
  put(element.querySelector("[data-timer-shown]"), text);
  put(element.querySelector("[data-timer-said]"), said(timer));
  const bar = element.querySelector("progress");
  if (bar) bar.value = Math.min(elapsedOf(timer), timer.typical);
  document.querySelectorAll(`[data-timer-copy="${CSS.escape(key)}"]`).forEach((copy) => put(copy, text));
  onLock(key, timer, text);
}

function onLock(key, timer, text) {
  if (!lockList) return;
  let entry = [...lockList.children].find(({ dataset }) => dataset.key === key);
  if (!entry) {
    entry = document.createElement("li");
    entry.append(document.createElement("span"), document.createElement("strong"), document.createElement("em"));
    entry.dataset.key = key;
    lockList.append(entry);
  }
  entry.dataset.level = timer.level;
  [timer.label, text, said(timer)].forEach((each, at) => put(entry.children[at], each));
}

function tones(count) {
  if (!audio || sound?.getAttribute("aria-pressed") === "false") return;
  for (let at = 0; at < count; at++) {
    const [tone, volume, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + at * 0.28];
    tone.frequency.value = 740;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.25, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, from + 0.22);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.24);
  }
}

function alarm(timer) {
  const level = levelOf(timer);
  const changed = level !== timer.level;
  const again = level === "over" && Date.now() - timer.heardAt >= AGAIN_MS;
  timer.level = level;
  if (!level || !(changed || again)) return;
  timer.heardAt = Date.now();
  tones(level === "over" ? 3 : 2);
  if (changed) put(lockSaid, `${timer.label}: ${said(timer)}`);
  document.dispatchEvent(new CustomEvent("vqflow:alarm", { detail: { label: timer.label, level } }));
}

function minutes(selector, name, direction) {
  for (const element of document.querySelectorAll(selector)) {
    const base = element.dataset[name];
    if (element.vqSaid !== base) [element.vqSaid, element.vqAt] = [base, Date.now()];
    const passed = (Date.now() - element.vqAt) / 1000;
    const whole = direction > 0 ? Math.floor((Number(base) + passed) / 60) : Math.max(0, Math.floor((Number(base) - passed) / 60));
    put(element, direction < 0 && whole >= FAR ? `${Math.floor(whole / 60)} h` : inWords(whole));
  }
}

function inWords(whole) {
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

function tick() {
  refresh();
  for (const entry of lockList ? [...lockList.children] : []) if (!timers.has(entry.dataset.key)) entry.remove();
  for (const [key, timer] of timers) {
    alarm(timer);
    show(key, timer);
  }
  minutes("[data-total]", "total", 1);
  minutes("[data-window-left]", "windowLeft", -1);
}

// Browsers make no sound before a person has touched the page.
function wake() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

for (const name of ["pointerdown", "keydown"]) addEventListener(name, wake, { passive: true });
if (sound) {
  sound.hidden = false;
  sound.addEventListener("click", () => {
    const on = sound.getAttribute("aria-pressed") !== "true";
    sound.setAttribute("aria-pressed", String(on));
    sound.textContent = on ? "Sound on" : "Sound off";
    if (on) tones(1);
  });
}
setInterval(tick, 500);
tick();

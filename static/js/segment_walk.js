// Walking the drawing with the arrow keys: to the nearest segment in that direction, by the places of the numbers, and
// over the edge of a view into the one beside it.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ASIDE = 2.2; // how much worse a step aside is than a step ahead

export function places(view) {
  const found = new Map();
  for (const label of view.querySelectorAll("[data-label]")) {
    const { e, f } = label.transform.baseVal.consolidate().matrix;
    found.set(label.dataset.label, [e, f]);
  }
  return found;
}

export function walk(views, view, code, key) {
  const [dx, dy] = STEPS[key];
  const here = places(view).get(code);
  let best = null, least = Infinity;
  for (const [other, [x, y]] of places(view)) {
    const ahead = (x - here[0]) * dx + (y - here[1]) * dy, aside = Math.abs((x - here[0]) * dy) + Math.abs((y - here[1]) * dx);
    const cost = ahead + ASIDE * aside;
    if (other !== code && ahead > 4 && cost < least) [best, least] = [other, cost];
  }
  if (best || dy) return { view, code: best ?? code };
  const next = views[views.indexOf(view) + dx];
  return next ? { view: next, code: entrance(next, here[1], dx) } : { view, code };
}

function entrance(view, y, dx) {
  const all = [...places(view)];
  const [code] = all.reduce((a, b) => (dx * a[1][0] + Math.abs(a[1][1] - y) <= dx * b[1][0] + Math.abs(b[1][1] - y) ? a : b));
  return code;
}

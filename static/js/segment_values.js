// The values of the map: they live in the table's fields (q-RB1, v-RB1, …), so that the form sends them with or without
// the drawing. Whatever changes them is remembered, and can be taken back.
const LETTERS = ["q", "v", "x", "w", "s"];

export function values(section) {
  const codes = [...section.querySelectorAll("[data-map-row]")].map((row) => row.dataset.mapRow);
  const fields = new Map();
  for (const code of codes)
    for (const letter of LETTERS) fields.set(`${letter}-${code}`, section.querySelector(`[name="${CSS.escape(`${letter}-${code}`)}"]`));
  const read = (field) => (field.type === "checkbox" ? (field.checked ? field.value : "") : field.value);
  const write = (field, value) => (field.type === "checkbox" ? (field.checked = Boolean(value)) : (field.value = value));
  const snapshot = () => new Map([...fields].map(([name, field]) => [name, read(field)]));
  let known = snapshot();
  const done = [], undone = [];

  function changes() {
    const now = snapshot();
    const found = [...now].filter(([name, value]) => value !== known.get(name)).map(([name, value]) => ({ name, from: known.get(name), to: value }));
    known = now;
    return found;
  }

  function tell(found) {
    const field = fields.get(found[0].name);
    for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
  }

  function replay(from, onto, side) {
    const found = from.pop();
    if (!found) return [];
    for (const each of found) write(fields.get(each.name), each[side]);
    onto.push(found);
    changes();
    tell(found);
    return found;
  }

  return {
    codes,
    get: (code, letter) => known.get(`${letter}-${code}`) ?? "",
    set: (code, letter, value) => write(fields.get(`${letter}-${code}`), value),
    // What has been set since the last time becomes one press that can be taken back; says what changed.
    keep({ silent = false } = {}) {
      const found = changes();
      if (!found.length) return found;
      done.push(found);
      undone.length = 0;
      if (!silent) tell(found);
      return found;
    },
    undo: () => replay(done, undone, "from"),
    redo: () => replay(undone, done, "to"),
    get canUndo() { return done.length > 0; },
    get canRedo() { return undone.length > 0; },
  };
}

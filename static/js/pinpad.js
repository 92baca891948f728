// [data-pin-pad="id"]: digits for fingers and gloves, typed into the field with that id. Only where a finger points.
for (const pad of document.querySelectorAll("[data-pin-pad]")) {
  const field = document.getElementById(pad.dataset.pinPad);
  pad.hidden = !matchMedia("(pointer: coarse)").matches;
  pad.addEventListener("click", ({ target }) => {
    const { value } = target.closest("button") ?? {};
    if (value === "clear") field.value = "";
    else if (value === "back") field.value = field.value.slice(0, -1);
    else if (value) field.value += value;
  });
}

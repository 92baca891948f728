// [data-opens="id"] opens a <dialog>, [data-closes] closes the one around it, and a dialog that htmx brings with
// data-show opens by itself. Toasts leave after 10 s unless the pointer or the focus is on them.
const TOAST_MS = 10_000;

document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  target.closest("[data-closes]")?.closest("dialog")?.close();
});

// A link in the error summary goes to the first control of its group.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".error-summary a[href^='#']");
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  const control = field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea");
  (control ?? field).focus();
  (control ?? field).scrollIntoView({ block: "center" });
});

function fade(toast) {
  if (toast.matches(":hover, :focus-within")) setTimeout(fade, 2000, toast);
  else toast.remove();
}

function arrive(place) {
  place.querySelectorAll("dialog[data-show]:not([open])").forEach((dialog) => dialog.showModal());
  place.querySelectorAll("[data-toast]:not([data-timed])").forEach((toast) => {
    toast.dataset.timed = "";
    setTimeout(fade, TOAST_MS, toast);
  });
}

document.body.addEventListener("htmx:afterSettle", () => arrive(document));
arrive(document);

// [data-print] prints the page. The button is hidden until this works: without JavaScript the browser's own menu prints.
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});

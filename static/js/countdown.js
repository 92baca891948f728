// [data-countdown="2026-11-22T10:52:00-05:00"] says how long it is until then, each second, and [data-over] afterwards.
// Without this module the clock time stands there.
function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  const clock = `${minutes % 60}`.padStart(minutes >= 60 ? 2 : 1, "0") + `:${`${seconds % 60}`.padStart(2, "0")}`;
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${clock} left` : `${clock} left`;
}

function tick() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const seconds = Math.ceil((new Date(element.dataset.countdown) - Date.now()) / 1000);
    const said = seconds > 0 ? words(seconds) : element.dataset.over;
    if (said && element.textContent !== said) element.textContent = said;
  }
}

tick();
setInterval(tick, 1000);

// "Order within 2 h 10 min": counted in the browser from moments that the page carries, so that a page kept for a while
// never says an hour that has passed. Without this file the sentence names the day and the hour.

const DAY_MS = 24 * 3600e3;

function say(el) {
  const next = JSON.parse(el.dataset.promise).find(([until]) => until * 1000 > Date.now());
  if (!next) { el.closest("li").hidden = true; return; }
  const [until, moment, day] = next, left = until * 1000 - Date.now(), minutes = Math.floor(left / 60e3);
  const hours = Math.floor(minutes / 60), parts = [];
  if (hours) parts.push(`${hours} ${el.dataset.hours}`);
  parts.push(`${minutes % 60} ${el.dataset.minutes}`);
  const text = left < DAY_MS && minutes > 0
    ? el.dataset.within.replace("[t]", parts.join(" ")).replace("[day]", day)
    : el.dataset.until.replace("[until]", moment).replace("[day]", day);
  if (el.textContent !== text) el.textContent = text;
}

const all = () => document.querySelectorAll("[data-promise]").forEach(say);
all();
setInterval(all, 15e3);
document.addEventListener("htmx:load", all);
document.addEventListener("visibilitychange", all);

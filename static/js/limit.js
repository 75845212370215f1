// Warns five minutes before a time limit ends. The button beside it asks for more time and works without this file.
const WARN_MS = 5 * 60 * 1000;
for (const box of document.querySelectorAll("[data-limit]")) {
  const warning = box.querySelector("[data-limit-warning]");
  const left = new Date(box.dataset.limit) - Date.now();
  if (!warning || Number.isNaN(left)) continue;
  setTimeout(() => {
    warning.hidden = false;
    warning.textContent = box.dataset.warn;
    box.classList.replace("notice--info", "notice--warn");
    box.scrollIntoView({ block: "nearest" });
  }, Math.min(Math.max(left - WARN_MS, 0), 2 ** 31 - 1));
}

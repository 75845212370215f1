// Tables with data-rows: j and k (or arrows) walk, Enter opens the row's first link, x ticks its box.

const isTyping = (el) => el.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

function rowsOf(table) {
  return [...table.tBodies].flatMap((body) => [...body.rows]);
}

function select(row) {
  row.closest("table").querySelectorAll("tr[data-here]").forEach((other) => {
    delete other.dataset.here;
    other.tabIndex = -1;
  });
  row.dataset.here = "1";
  row.tabIndex = 0;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const table = event.target.closest("table[data-rows]") || document.querySelector("table[data-rows]");
  if (!table || document.querySelector("dialog[open]")) return;
  const rows = rowsOf(table);
  const here = rows.findIndex((row) => row.dataset.here);
  const inRow = event.target.closest("tr[data-here]") === event.target;
  if (event.key === "j" || (event.key === "ArrowDown" && inRow)) {
    event.preventDefault();
    if (rows.length) select(rows[Math.min(here + 1, rows.length - 1)]);
  } else if (event.key === "k" || (event.key === "ArrowUp" && inRow)) {
    event.preventDefault();
    if (rows.length) select(rows[Math.max(here - 1, 0)]);
  } else if (event.key === "Enter" && inRow) {
    rows[here]?.querySelector("a[href]")?.click();
  } else if (event.key === "x" && here >= 0) {
    rows[here].querySelector("input[type=checkbox]")?.click();
  }
});

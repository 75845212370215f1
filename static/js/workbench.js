// The workbench by keyboard: j/k walk, 1-9 choose, Enter books, s skips, u takes back, / searches, a/b/n open a form.
// Without this file every step is a plain form.

const bench = () => document.querySelector("[data-bench]");
const isTyping = (el) => el.matches("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
let busy = false;

function press(el) {
  if (!el) return false;
  if (el.matches("details")) { el.open = true; el.querySelector("select, input:not([type=hidden]), textarea")?.focus(); }
  else if (el.matches("input")) { el.focus(); el.select(); }
  else el.click();
  return true;
}

function byKey(key) {
  if (key === "Enter") return bench().querySelector("[data-book]");
  if (key === "u") return bench().querySelector("[data-undo] button");
  if (key === "?") return bench().querySelector("[data-dialog=bench-keys]");
  return bench().querySelector(`[data-key="${CSS.escape(key)}"]`);
}

document.addEventListener("keydown", (event) => {
  if (!bench() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Enter" && event.target.matches("select")) {
      event.preventDefault();
      event.target.form?.querySelector("button[name=do]")?.click();
    }
    if (event.key === "Escape") { event.target.blur(); bench().querySelector("[data-hand]")?.focus(); }
    return;
  }
  if (event.key === "Enter" && event.target.matches("a, button, summary")) return;
  let done = false;
  if (/^[1-9]$/.test(event.key)) {
    const choice = bench().querySelector(`[data-number="${event.key}"]`);
    if (choice) { choice.checked = true; choice.focus(); done = true; }
  } else if (["Enter", "j", "k", "s", "u", "a", "b", "n", "/", "?"].includes(event.key)) {
    done = busy || press(byKey(event.key));
  }
  if (done) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);

// One step after the other: a key pressed while one is on its way must not hit the wrong line.
document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.closest("[data-bench]")) busy = true; });
document.addEventListener("htmx:afterRequest", () => { busy = false; });
// What a refused step says stands on the bench itself.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([400, 404, 409].includes(event.detail.xhr.status) && event.detail.target?.id === "workbench") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:afterSettle", () => {
  const here = bench()?.querySelector("[aria-current=true].bench__row");
  here?.scrollIntoView({ block: "nearest" });
  (bench()?.querySelector("[aria-invalid=true]") || bench()?.querySelector("[data-hand]"))?.focus({ preventScroll: true });
});

// Scanner screens: the scan field keeps the focus, right and wrong can be heard and felt, network loss is shown,
// and nothing that a fast scanner types is lost while the last scan is still being answered.
import { feel } from "./feel.js";

const AHEAD = "scan-ahead", AHEAD_MS = 15_000;
const scanField = () => document.querySelector("[data-scan]");

function keepFocus() {
  const field = scanField();
  if (!field || field.disabled || document.querySelector("dialog[open]")) return;
  const active = document.activeElement;
  if (active && active !== document.body && active.matches("input, textarea, select, button, a, summary")) return;
  field.focus({ preventScroll: true });
}

// The page (or a part that came through htmx) says how the last scan went: data-scan-result="good|bad".
function announce(root) {
  const result = root.matches?.("[data-scan-result]") ? root : root.querySelector?.("[data-scan-result]");
  if (result && !result.closest("[hidden]:not([data-scan-result])")) feel(result.dataset.scanResult);
}

// What was typed after a form had been sent and before its answer is shown; the next page takes it up.
let leaving = false;
function ahead(text) {
  try {
    if (text === undefined) {
      const kept = JSON.parse(sessionStorage.getItem(AHEAD) || "null");
      sessionStorage.removeItem(AHEAD);
      return kept && Date.now() - kept.at < AHEAD_MS ? kept.text : "";
    }
    sessionStorage.setItem(AHEAD, JSON.stringify({ text, at: Date.now() }));
  } catch { /* storage forbidden: the scanner has to wait for the answer */ }
  return text ?? "";
}

function takeUp() {
  const text = ahead(), field = scanField();
  if (!text || !field?.form) return;
  const end = text.indexOf("\n");
  field.value = end < 0 ? text : text.slice(0, end);
  if (end < 0) return;
  if (text.length > end + 1) ahead(text.slice(end + 1));
  field.form.requestSubmit();
}

document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.querySelector("[data-scan]")) leaving = true;
});
addEventListener("pageshow", () => { leaving = false; });

// Letters typed anywhere belong to the scanner: it types fast and ends with Enter.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (leaving && (event.key.length === 1 || event.key === "Enter")) {
    event.preventDefault();
    ahead(ahead() + (event.key === "Enter" ? "\n" : event.key));
  } else if (event.key.length === 1 && !event.target.matches("input, textarea, select")) scanField()?.focus();
});
document.addEventListener("click", () => setTimeout(keepFocus, 0));
document.addEventListener("visibilitychange", keepFocus);
document.addEventListener("htmx:load", (event) => { announce(event.detail.elt); keepFocus(); });

const net = document.querySelector("[data-net]");
const showNet = () => { if (net) net.hidden = navigator.onLine; };
addEventListener("online", showNet);
addEventListener("offline", showNet);

showNet();
announce(document);
keepFocus();
scanField()?.select(); // what was refused still stands there: the next scan replaces it
takeUp();

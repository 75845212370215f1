// Small comforts for every page. All of it is optional: without this file each page still does its job.

const TOAST_MS = 8000;

// Toasts: good news leaves by itself, but waits while read (hover, focus); bad news, and what has no other place (“stays”), until closed.
function armToast(toast) {
  const close = toast.querySelector("[data-toast-close]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  if (toast.getAttribute("role") === "alert" || toast.dataset.toast === "stays") return;
  let left = TOAST_MS, since = Date.now(), timer = setTimeout(() => toast.remove(), left);
  const pause = () => { clearTimeout(timer); left -= Date.now() - since; };
  const go = () => { clearTimeout(timer); since = Date.now(); timer = setTimeout(() => toast.remove(), Math.max(left, 1500)); };
  toast.addEventListener("mouseenter", pause);
  toast.addEventListener("mouseleave", go);
  toast.addEventListener("focusin", pause);
  toast.addEventListener("focusout", go);
}

// Everything that has to be prepared once per element, also for parts that arrive later through htmx.
function prepare(root) {
  const each = (selector, work) => {
    if (root.matches?.(selector)) work(root);
    root.querySelectorAll?.(selector).forEach(work);
  };
  each("[data-toast]", armToast);
  each("[data-focus]", (el) => el.focus());
  each("[data-copy]", (el) => { el.hidden = false; });
  each("[data-js-only]", (el) => { el.hidden = false; });
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form || !form.matches("[data-autosubmit]")) return;
  if (event.target.matches("select, input[type=checkbox], input[type=radio], input[type=date]")) form.requestSubmit();
});

// Keep addresses short: empty fields are left out of a GET form.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [key, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(key);
});

// A second click while the first is on its way changes nothing on the server; here it is not even sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) { event.preventDefault(); return; }
  form.dataset.sending = "1";
  setTimeout(() => { delete form.dataset.sending; }, 4000);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-sending]").forEach((f) => delete f.dataset.sending));

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-dialog], [data-dialog-close], [data-copy], [data-print]");
  if (target?.dataset.dialog) {
    const dialog = document.getElementById(target.dataset.dialog);
    if (dialog) { event.preventDefault(); dialog.showModal(); }
  } else if (target?.hasAttribute("data-dialog-close")) {
    target.closest("dialog")?.close();
  } else if (target?.hasAttribute("data-copy")) {
    copy(target);
  } else if (target?.hasAttribute("data-print")) {
    print();
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

async function copy(button) {
  const text = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent.trim();
  if (!text) return;
  await navigator.clipboard.writeText(text);
  button.dataset.copied = "1";
  setTimeout(() => { delete button.dataset.copied; }, 2000);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details[data-menu][open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select, [contenteditable]")) return;
  const wanted = document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, textarea, select")) wanted.focus(); else wanted.click();
});

// Arrived through htmx: prepare it too. When the server could not be reached or failed, say so in words.
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    const place = document.getElementById("toasts");
    if (!place?.dataset.failed || place.querySelector("[data-failed-toast]")) return;
    const toast = document.createElement("div");
    toast.className = "toast toast--error";
    toast.dataset.failedToast = "1";
    toast.textContent = place.dataset.failed;
    place.append(toast);
    armToast(toast);
  });
}

// The row of the account's pages is wider than a phone: begin where one is.
document.querySelector(".account-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

prepare(document);

// Suggestions while typing: a WAI-ARIA combobox with a list below. Without script the field is a plain form.

const PAUSE_MS = 120;

for (const form of document.querySelectorAll("form[data-suggest]")) {
  const field = form.querySelector("input[type=search]");
  const list = document.createElement("div");
  list.className = "suggest";
  list.id = "site-suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.querySelector("label")?.textContent ?? "");
  form.append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) field.setAttribute(name, value);
  let chosen = -1, waiting;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const show = (open) => {
    list.hidden = !open;
    field.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  };
  const choose = (place) => {
    chosen = place;
    options().forEach((one, i) => one.setAttribute("aria-selected", String(i === place)));
    const one = options()[place];
    if (one) { field.setAttribute("aria-activedescendant", one.id); one.scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  };
  const ask = async () => {
    const typed = field.value.trim();
    if (typed.length < 2) return show(false);
    await htmx.ajax("GET", `${form.dataset.suggest}?${new URLSearchParams({ q: typed })}`, { target: list, swap: "innerHTML" });
    if (field.value.trim() === typed && document.activeElement === field) show(options().length > 0);
  };

  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, PAUSE_MS); });
  field.addEventListener("keydown", (event) => {
    const all = options();
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); show(false); return; }
    if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); location.href = all[chosen].href; return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (list.hidden) { if (all.length) show(true); return; }
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(chosen < 0 && step < 0 ? all.length - 1 : chosen + step >= all.length ? -1 : Math.max(-1, chosen + step));
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus until the click
  field.addEventListener("blur", () => show(false));
}

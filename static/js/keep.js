// What is typed into a form is kept in this tab until the server has it: a link clicked by accident, a reload, the way back
// or an answer that never came loses nothing. Never passwords, never card data (those are no fields of ours).
// `taken` marks what the server had when it was typed. Where the server has something else by now, that is what is shown.
function read(key, taken) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) || "{}");
    if (kept.taken === taken) return kept;
    sessionStorage.removeItem(key);
  } catch { /* a forbidden store, or nothing of ours */ }
  return {};
}
for (const { dataset } of document.querySelectorAll("[data-kept]")) read(`keep:${dataset.kept}`, dataset.taken);
for (const form of document.querySelectorAll("form[data-keep]")) {
  const { keep, taken, chosen } = form.dataset;
  const fields = () => [...form.elements].filter((one) => one.name && !["hidden", "password", "file", "submit"].includes(one.type));
  const kept = read(`keep:${keep}`, taken);
  // Somebody chose other contents, an address of the book: what was typed before would only be mixed into it. What is typed
  // then is kept with all that stands beside it.
  const typed = chosen && kept.chosen !== chosen ? {} : kept.typed || {};
  const note = (one) => { typed[one.name] = one.type === "checkbox" ? one.checked : one.value; };
  for (const one of form.querySelector("[aria-invalid=true]") ? [] : fields()) {
    const was = typed[one.name];
    if (was === undefined) continue;
    if (one.type === "checkbox") one.checked = was === true; else one.value = was;
    one.closest("details")?.toggleAttribute("open", one.closest("details").open || Boolean(was && one.tagName !== "SELECT"));
  }
  form.addEventListener("input", (event) => {
    if (!fields().includes(event.target)) return;
    if (chosen) fields().forEach(note); else note(event.target);
    try {
      sessionStorage.setItem(`keep:${keep}`, JSON.stringify({ taken, chosen: chosen || kept.chosen, typed }));
    } catch { /* a full or forbidden store loses only comfort */ }
  });
  // A page that the browser kept as it was (the way back) knows of an older mark than the server.
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(location.pathname + location.search); });
}

// What is typed into a form is kept in this tab until the form is sent: a link clicked by accident, a reload or the way
// back loses nothing. Never passwords, never card data (those are no fields of ours).
for (const form of document.querySelectorAll("form[data-keep]")) {
  const key = `keep:${form.dataset.keep}`;
  const fields = () => [...form.elements].filter((one) => one.name && !["hidden", "password", "file", "submit"].includes(one.type));
  let kept = {};
  // Somebody chose other contents, such as an address of the book: what was typed before would only be mixed into it.
  if (form.hasAttribute("data-keep-anew")) sessionStorage.removeItem(key);
  try { kept = JSON.parse(sessionStorage.getItem(key) || "{}"); } catch { kept = {}; }
  for (const one of form.querySelector("[aria-invalid=true]") ? [] : fields()) {
    const was = kept[one.name];
    if (was === undefined) continue;
    if (one.type === "checkbox") one.checked = was === true; else one.value = was;
    one.closest("details")?.toggleAttribute("open", one.closest("details").open || Boolean(was && one.tagName !== "SELECT"));
  }
  form.addEventListener("input", (event) => {
    if (!fields().includes(event.target)) return;
    kept[event.target.name] = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch { /* a full or forbidden store loses only comfort */ }
  });
  form.addEventListener("submit", () => { kept = {}; sessionStorage.removeItem(key); });
}

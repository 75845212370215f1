// Names what was chosen in the page's own words: those of the control are in the browser's language.
// The control itself lies over them, so that mouse, keyboard and dropped files work as without this file.
for (const box of document.querySelectorAll("[data-files]")) {
  const input = box.querySelector("input[type=file]");
  const [choose, names] = [box.querySelector(".files__choose"), box.querySelector(".files__names")];
  if (!input || !choose || !names) continue;
  const say = () => {
    names.textContent = [...input.files].map((file) => file.name).join(", ") || box.dataset.none;
  };
  box.classList.add("files--own");
  choose.hidden = names.hidden = false;
  input.addEventListener("change", say);
  say();
}

// The pictures of a product: thumbnails change the stage, the stage opens the zoom. Arrow keys walk, plus and minus
// scale, Escape closes. Without this file each picture is a link to its largest size.

const galleryOf = (el) => el.closest("[data-gallery]");
const picks = (gallery) => [...gallery.querySelectorAll("[data-gallery-pick]")];
const current = (gallery) => Math.max(0, picks(gallery).findIndex((one) => one.hasAttribute("aria-current")));
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

function show(gallery, place) {
  const all = picks(gallery);
  if (!all.length) return;
  const pick = all[(place + all.length) % all.length];
  const open = gallery.querySelector("[data-gallery-zoom]"), stage = open.querySelector("img");
  const words = pick.querySelector("img").dataset.alt;
  for (const [kind, list] of [["avif", pick.dataset.avif], ["webp", pick.dataset.webp]]) {
    const source = open.querySelector(`source[type="image/${kind}"]`);
    if (source) source.srcset = list || pick.dataset.src;
  }
  stage.src = pick.dataset.src;
  stage.alt = words;
  open.href = pick.href;
  for (const one of all) one.toggleAttribute("aria-current", one === pick);
  pick.setAttribute("aria-current", "true");
}

function enlarge(gallery) {
  const zoom = gallery.querySelector("[data-zoom]"), open = gallery.querySelector("[data-gallery-zoom]");
  const picture = zoom.querySelector("[data-zoom-picture]"), place = zoom.querySelector("[data-zoom-place]");
  const many = picks(gallery).length || 1;
  picture.src = open.href;
  picture.alt = open.querySelector("img").alt;
  place.textContent = place.dataset.of.replace("[n]", current(gallery) + 1).replace("[m]", many);
  scale(zoom, false);
  if (!zoom.open) zoom.showModal();
  zoom.querySelector("[data-zoom-pane]").focus();
}

function scale(zoom, large) {
  zoom.classList.toggle("zoom--large", large);
  zoom.querySelector("[data-zoom-scale]").setAttribute("aria-pressed", String(large));
}

function step(gallery, by) {
  show(gallery, current(gallery) + by);
  enlarge(gallery);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-gallery-pick], [data-gallery-zoom], [data-zoom-step], [data-zoom-scale], [data-zoom-picture], [data-zoom]");
  const gallery = target && galleryOf(target);
  if (!gallery || !plain(event)) return;
  const zoom = gallery.querySelector("[data-zoom]");
  if (target.hasAttribute("data-gallery-pick")) { event.preventDefault(); show(gallery, picks(gallery).indexOf(target)); }
  else if (target.hasAttribute("data-gallery-zoom")) { event.preventDefault(); enlarge(gallery); }
  else if (target.dataset.zoomStep) step(gallery, Number(target.dataset.zoomStep));
  else if (target.hasAttribute("data-zoom-scale") || target.hasAttribute("data-zoom-picture")) scale(zoom, !zoom.classList.contains("zoom--large"));
  else if (event.target === zoom) zoom.close();
});

document.addEventListener("keydown", (event) => {
  const zoom = event.target.closest?.("[data-zoom][open]");
  if (!zoom || !plain(event)) return;
  const gallery = galleryOf(zoom), large = zoom.classList.contains("zoom--large");
  if (!large && event.key === "ArrowRight") step(gallery, 1);
  else if (!large && event.key === "ArrowLeft") step(gallery, -1);
  else if (event.key === "+") scale(zoom, true);
  else if (event.key === "-") scale(zoom, false);
  else return;
  event.preventDefault();
});

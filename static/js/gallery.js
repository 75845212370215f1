// The pictures of a product: thumbnails change the stage, the stage opens the zoom. Arrow keys walk, plus and minus
// scale, Escape closes. Without this file each picture is a link to its largest size.

const galleryOf = (el) => el.closest("[data-gallery]");
const picks = (gallery) => [...gallery.querySelectorAll("[data-gallery-pick]")];
const current = (gallery) => Math.max(0, picks(gallery).findIndex((one) => one.hasAttribute("aria-current")));
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

// The formats before the plain file, so that nothing is asked for twice. What has no sizes yet is one file for all.
function take(picture, from, src) {
  const there = new Map([...from.closest("picture").querySelectorAll("source")].map((one) => [one.type, one.srcset]));
  for (const source of picture.closest("picture").querySelectorAll("source")) source.srcset = there.get(source.type) || src;
  picture.src = src;
}

function show(gallery, place) {
  const all = picks(gallery);
  if (!all.length) return;
  const pick = all[(place + all.length) % all.length];
  const open = gallery.querySelector("[data-gallery-zoom]"), stage = open.querySelector("img");
  const thumb = pick.querySelector("img");
  take(stage, thumb, thumb.src);
  stage.alt = thumb.alt;
  open.href = pick.href;
  for (const one of all) one.toggleAttribute("aria-current", one === pick);
  pick.setAttribute("aria-current", "true");
}

function enlarge(gallery) {
  const zoom = gallery.querySelector("[data-zoom]"), open = gallery.querySelector("[data-gallery-zoom]");
  const picture = zoom.querySelector("[data-zoom-picture]"), place = zoom.querySelector("[data-zoom-place]");
  const many = picks(gallery).length || 1;
  const stage = open.querySelector("img");
  take(picture, stage, open.href);
  picture.alt = stage.alt;
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

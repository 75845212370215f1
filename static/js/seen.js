// Recently seen, for those who asked for it: a list in this browser's own storage, never sent anywhere.

const KEY = "kontor-seen", MOST = 9, SHOWN = 8;
const place = document.querySelector("[data-seen]");

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(kept) ? kept.filter((one) => one && typeof one.url === "string" && one.url.startsWith("/") && !one.url.startsWith("//")) : null;
  } catch { return null; }
}

function write(kept) {
  try { if (kept) localStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST))); else localStorage.removeItem(KEY); } catch { /* no storage: nothing is remembered */ }
}

function framed(picture, webp) {
  const frame = document.createElement("picture"), source = document.createElement("source");
  frame.className = "picture";
  source.type = "image/webp";
  source.srcset = webp;
  frame.append(source, picture);
  return frame;
}

function card(one) {
  const item = document.createElement("li"), box = document.createElement("article"), title = document.createElement("h3"), link = document.createElement("a");
  box.className = "product-card";
  if (one.picture) {
    const picture = new Image(400, 400);
    picture.loading = "lazy";
    picture.alt = "";
    picture.className = "product-card__picture";
    picture.src = one.picture;
    box.append(one.webp ? framed(picture, one.webp) : picture);
  }
  title.className = "product-card__title";
  link.href = one.url;
  link.textContent = one.title;
  title.append(link);
  box.append(title);
  item.append(box);
  return item;
}

function show(kept) {
  const others = (kept || []).filter((one) => one.id !== place.dataset.seenId).slice(0, SHOWN);
  place.querySelector("[data-seen-list]").replaceChildren(...others.map(card));
  place.querySelector("[data-seen-ask]").hidden = kept !== null;
  place.querySelector("[data-seen-kept]").hidden = kept === null;
  place.hidden = kept !== null && !others.length;
}

function remember(kept) {
  const { seenId: id, seenTitle: title, seenUrl: url, seenPicture: picture, seenWebp: webp } = place.dataset;
  const all = [{ id, title, url, picture, webp }, ...kept.filter((one) => one.id !== id)];
  write(all);
  return all;
}

if (place) {
  const kept = read();
  show(kept === null ? null : remember(kept));
  place.querySelector("[data-seen-on]").addEventListener("click", () => show(remember([])));
  place.querySelector("[data-seen-off]").addEventListener("click", () => { write(null); show(null); place.querySelector("[data-seen-on]").focus(); });
}

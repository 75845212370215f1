// The app's start page: what waits on this phone, and the walks that open without network. Sends what waits, too.
import { keepForLater } from "./keep.js";
import { openShelf } from "./store.js";
import { Sync } from "./sync.js";
import { moment, say } from "./words.js";

// Said before anything else is tried: without https there is no service worker, and nothing is kept for a dead spot.
function sayWhatCannotWork() {
  const part = (name) => document.querySelector(`[data-pick] [data-part=${name}]`);
  part("insecure").hidden = isSecureContext;
  part("unkept").hidden = !isSecureContext || "serviceWorker" in navigator;
}

async function start() {
  const page = document.querySelector("[data-pick]"), part = (name) => page.querySelector(`[data-part=${name}]`);
  const person = { id: Number(page.dataset.person), name: page.dataset.personName }, shelf = await openShelf();
  const sync = new Sync({ shelf, person, pageUrl: page.dataset.pageUrl, changed: () => draw() });

  async function draw() {
    const scans = await shelf.all("scans"), mine = scans.filter((scan) => scan.person === person.id);
    const words = mine.length ? say("waiting", { n: mine.length, at: moment(mine[0].made) }) : say(sync.reachable ? "all_sent" : "away");
    part("sync").dataset.state = mine.length ? "waiting" : sync.reachable ? "sent" : "away";
    part("sync").dataset.waiting = mine.length;
    part("sync").querySelector("p").textContent = sync.trouble === "login" ? say("login", { n: mine.length }) : words;
    const others = [...new Set(scans.filter((scan) => scan.person !== person.id).map((scan) => scan.person_name))];
    part("others").hidden = !others.length;
    part("others").textContent = others.map((name) => say("others", { name, n: scans.filter((one) => one.person_name === name).length })).join(" ");
    const walks = (await shelf.all("walks")).filter((row) => row.person === person.id && row.data.mine && row.data.state === "picking");
    part("kept").hidden = !walks.length;
    part("kept").querySelector("ul").replaceChildren(...walks.map(({ data, page: href }) => {
      const item = document.createElement("li"), link = Object.assign(document.createElement("a"), { href });
      link.append(Object.assign(document.createElement("strong"), { textContent: data.title }));
      item.append(link);
      return item;
    }));
  }

  addEventListener("online", () => sync.now());
  await draw();
  await sync.now();
  await keepForLater(page.dataset);
}

sayWhatCannotWork();
start();

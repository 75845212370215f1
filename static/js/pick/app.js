// The picker's screen: takes scans one after the other, answers at once, keeps what was taken and lets sync.js send it.
import { feel } from "../feel.js";
import { ending, Screen } from "./screen.js";
import { openShelf } from "./store.js";
import { Sync } from "./sync.js";
import { here, judge, nextStop, project, same, stepOf, take } from "./walk.js";
import { say } from "./words.js";

const LOOK_AGAIN_MS = 45_000, TICK_MS = 20_000, KEPT_MS = 7 * 24 * 3_600_000;

class App {
  #turn = Promise.resolve(); // scans are judged one after the other, however fast they come
  #line = null;
  #scans = 0;

  constructor(setup, root, shelf) {
    Object.assign(this, { setup, shelf, screen: new Screen(root) });
    const person = { id: Number(setup.person), name: setup.personName };
    const { pageUrl, walk, walkUrl } = setup;
    this.sync = new Sync({ shelf, person, pageUrl, walk, walkUrl, changed: () => this.draw() });
    this.key = `${person.id}|${setup.walk}`;
  }

  fact(name) { return this.shelf.get("facts", name).then((row) => row?.value); }

  where(at) { return { table: "facts", put: { name: `here|${this.key}`, value: at } }; }

  // Everything the screen shows, from what is kept.
  async load() {
    const [row, scans, problems, contact, skew, at, finishing] = await Promise.all([
      this.shelf.get("walks", this.key), this.shelf.all("scans"), this.shelf.all("problems"),
      this.fact(`contact|${this.sync.person.id}`), this.fact("skew"), this.fact(`here|${this.key}`), this.fact(`finishing|${this.key}`),
    ]);
    const waiting = scans.filter((scan) => scan.person === this.sync.person.id);
    const waits = waiting.filter((scan) => scan.walk === this.setup.walk), walk = row?.data;
    const stops = walk ? project(walk, waits) : [], stop = nextStop(stops, this.#line);
    let place = here(stop, at);
    if (stop && place.count > stop.open) place = here(stop, { bin: place.bin }); // another tab took pieces meanwhile
    const others = new Map();
    for (const scan of scans) {
      if (scan.person !== this.sync.person.id) others.set(scan.person_name, (others.get(scan.person_name) ?? 0) + 1);
    }
    this.state = {
      walk, stops, stop, at: place, step: stop ? stepOf(stop, place) : "end", waiting, waits, others, contact, skew: skew ?? 0,
      problems: problems.filter((one) => one.person === this.sync.person.id), sync: this.sync, durable: this.shelf.durable, finishing,
    };
    return this.state;
  }

  // One drawing at a time; changes that come meanwhile are drawn once more.
  async draw() {
    if (this.drawing) { this.again = true; return; }
    this.drawing = true;
    do {
      this.again = false;
      this.screen.show(await this.load());
    } while (this.again);
    this.drawing = false;
  }

  answer(good, text) {
    this.screen.answer(good, text);
    feel(good ? "good" : "bad");
  }

  // All input comes through here, in the order in which it came.
  inTurn(work) {
    this.#turn = this.#turn.then(async () => {
      await this.load();
      await work(this.state);
      await this.draw();
      document.documentElement.dataset.scans = ++this.#scans; // for those who watch from outside
    }).catch((error) => this.answer(false, say("broken", { why: error.message })));
    return this.#turn;
  }

  scan(code) {
    return this.inTurn(async ({ walk, stop, at, stops }) => {
      if (!code.trim()) return this.answer(false, say("nothing"));
      if (!walk?.mine || walk.state !== "picking") return this.answer(false, say("not_mine"));
      if (stop) return this.apply(judge(stop, at, code.trim(), stops));
      if (same(code, walk.packing_place)) return this.finish();
      this.answer(false, say("not_the_place", { bin: walk.packing_place }));
    });
  }

  // Carry out what a scan (or a button) meant.
  async apply({ good, word, values = {}, at, book }) {
    const { stop } = this.state;
    const written = book ? await this.keep("pick", stop, book, at) : this.shelf.write([this.where(at)]).then(() => true);
    if (!(await written)) return this.answer(false, say("cannot_keep"));
    if (book) this.#line = stop.open > book.quantity ? stop.line : null;
    const box = book && this.state.walk.boxes.length > 1 ? ` ${say("into_box", { box: stop.box, order: stop.order })}` : "";
    this.answer(good, say(word, values) + box);
  }

  async keep(kind, stop, { code = "", quantity, lot = "" }, at) {
    const made = Date.now(), { person } = this.sync, { walk, skew } = this.state;
    return this.sync.keep({
      id: crypto.randomUUID(), person: person.id, person_name: person.name, walk: walk.walk, url: walk.scans_url,
      line: stop.line, kind, code, quantity, lot, bin: stop.bin, at: new Date(made + skew).toISOString(), made, sku: stop.sku,
    }, this.where(at));
  }

  takeNow(quantity) {
    return this.inTurn(({ stop, at }) => stop && stepOf(stop, at) === "quantity" && this.apply(take(stop, at, quantity)));
  }

  count(more) {
    return this.inTurn(({ stop, at }) => {
      const count = Math.max(1, Math.min(stop?.open ?? 1, at.count + more));
      return this.shelf.write([this.where({ ...at, count })]);
    });
  }

  // The bin holds fewer: those that are there are taken, the rest is short.
  short(line, found) {
    return this.inTurn(async ({ stop, at }) => {
      if (!stop || stop.line !== line) return this.answer(false, say("look_again"));
      const left = stop.open - found, after = { ...at, code: "", count: 0, lot: "" };
      if (found && !(await this.keep("pick", stop, { code: stop.sku, quantity: found }, after))) return this.answer(false, say("cannot_keep"));
      if (!(await this.keep("short", stop, { quantity: left }, after))) return this.answer(false, say("cannot_keep"));
      this.#line = null;
      this.answer(true, say("short_kept", { n: left, sku: stop.sku }));
    });
  }

  go(line) {
    this.#line = line;
    return this.draw();
  }

  settle(id) { return this.shelf.write([{ table: "problems", drop: id }]).then(() => this.draw()); }

  // Wanted now; done as soon as the server has every scan.
  finish() {
    return this.shelf.write([{ table: "facts", put: { name: `finishing|${this.key}`, value: true } }])
      .then(() => { this.answer(true, ending(this.state.waits)); this.look(); });
  }

  async endIfWanted() {
    const { finishing, waits, stop, walk } = this.state;
    if (!finishing || waits.length || !walk || this.ending) return;
    this.ending = true;
    // An open stop: the server found the missing pieces in another bin, the walk goes on.
    const answer = stop ? { text: say("more_to_pick", { bin: stop.bin }) }
      : await this.sync.end(walk.finish_url, walk.packing_place, this.setup.walkUrl);
    this.ending = false;
    if (!answer) return; // not heard: asked again with the next contact
    await this.shelf.write([{ table: "facts", drop: `finishing|${this.key}` }]);
    if (answer.next) location.assign(answer.next);
    else this.answer(false, answer.text || say("look_again"));
    await this.draw();
  }

  // Send what waits, hear what is new, go on with what was wanted.
  async look() {
    await this.sync.now();
    this.fleeting = await this.shelf.fleeting();
    await this.draw();
    await this.endIfWanted();
  }
}

// Walks of last week are none any more. Scans and what is to be settled stay, however old they are.
async function tidy(shelf) {
  const waiting = new Set((await shelf.all("scans")).map((scan) => `${scan.person}|${scan.walk}`));
  const old = (await shelf.all("walks")).filter((row) => Date.now() - Date.parse(row.data.fetched_at) > KEPT_MS && !waiting.has(row.key));
  const facts = (row) => ["here", "finishing"].map((name) => ({ table: "facts", drop: `${name}|${row.key}` }));
  if (old.length) await shelf.write(old.flatMap((row) => [{ table: "walks", drop: row.key }, ...facts(row)]));
}

function listen(app, root) {
  const field = root.querySelector("[data-scan]");
  root.querySelector("[data-part=form]").addEventListener("submit", (event) => {
    event.preventDefault(); // and at once: the next scan may follow within milliseconds
    const code = field.value;
    field.value = "";
    app.scan(code);
  });
  root.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    if (hit("[data-take-all]")) app.takeNow(app.state.stop?.open);
    else if (hit("[data-take-count]")) app.takeNow(app.state.at.count);
    else if (hit("[data-part=less]")) app.count(-1);
    else if (hit("[data-part=more]")) app.count(1);
    else if (hit("[data-go]")) app.go(Number(hit("[data-line]").dataset.line));
    else if (hit("[data-settle]")) app.settle(hit("[data-settle]").dataset.settle);
    else if (hit("[data-sync-now]")) app.look();
    else if (hit("[data-end]")) app.inTurn(() => app.finish());
    else if (hit("[data-short-open]")) askShort(app, root);
    else if (hit("[data-camera-open]")) openCamera(app, root);
    if (hit("[data-go], [data-settle], [data-part=less], [data-part=more]")) field.focus({ preventScroll: true });
  });
  addEventListener("beforeunload", (event) => { if (app.fleeting) event.preventDefault(); });
}

function askShort(app, root) {
  const dialog = root.querySelector("[data-part=short]"), { stop } = app.state;
  if (!stop) return;
  const most = stop.tracking === "none" ? stop.open - 1 : 0; // lots and serial numbers are scanned one by one
  const number = dialog.querySelector("output");
  let found = 0;
  const show = () => {
    number.textContent = found;
    dialog.querySelector("[data-less]").disabled = found <= 0;
    dialog.querySelector("[data-more]").disabled = found >= most;
    dialog.querySelector("[data-text=rest]").textContent = say("rest_short", { n: stop.open - found, sku: stop.sku });
  };
  dialog.querySelector("[data-part=there]").hidden = most === 0;
  dialog.querySelector("[data-text=scan_first]").hidden = stop.tracking === "none";
  dialog.onclick = (event) => {
    if (event.target.closest("[data-less]")) found -= 1;
    if (event.target.closest("[data-more]")) found += 1;
    if (event.target.closest("[data-short-yes]")) { dialog.close(); app.short(stop.line, found); return; }
    if (event.target.closest("[data-no]")) dialog.close();
    show();
  };
  show();
  dialog.showModal();
}

async function openCamera(app, root) {
  const { openCamera: open } = await import("./camera.js");
  open({ dialog: root.querySelector("[data-part=camera]"), setup: app.setup, onCode: (code) => app.scan(code) });
}

async function start() {
  const place = document.querySelector("[data-pick]");
  if (!place || !crypto.randomUUID) return; // the plain forms stay
  const shelf = await openShelf(), refused = place.querySelector('[data-scan-result="bad"] p')?.textContent;
  place.replaceChildren(document.getElementById("pick-app").content.cloneNode(true));
  const app = new App(place.dataset, place, shelf);
  listen(app, place);
  await app.draw();
  if (refused) app.answer(false, refused);
  place.querySelector("[data-scan]").focus({ preventScroll: true });
  setInterval(() => { if (!document.hidden) app.look(); }, LOOK_AGAIN_MS);
  setInterval(() => app.draw(), TICK_MS); // "since" and the 30 minutes go on while nothing happens
  document.addEventListener("visibilitychange", () => { if (!document.hidden) app.look(); });
  addEventListener("online", () => app.look());
  await app.look();
  document.documentElement.dataset.app = "ready";
  await tidy(shelf);
  const { keepForLater } = await import("./keep.js");
  await keepForLater(place.dataset, app.state.walk);
}

start();

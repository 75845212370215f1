// Draws what the app knows. Every text arrives as text, never as markup; shapes come from the page's templates.
import { day, moment, say } from "./words.js";
import { LATE_MS } from "./sync.js";

const SHAPES = 8; // colours and shapes of boxes; the number tells more than eight apart
const CLOCK_OFF_MS = 5 * 60_000;

export const ending = (waits) => (waits.length ? say("finishing", { n: waits.length }) : say("ending"));

export class Screen {
  #shown = new Map();

  constructor(root) {
    this.root = root;
    this.parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((el) => [el.dataset.part, el]));
  }

  show(state) {
    const { walk, stop, stops } = state, p = this.parts;
    this.#sync(state);
    this.#notes(state);
    this.#problems(state);
    const usable = Boolean(walk?.mine && walk.state === "picking" && !state.blocked);
    p.task.hidden = p.actions.hidden = !stop || !usable;
    p.end.hidden = Boolean(stop) || !usable || !stops.length;
    p.form.hidden = !usable;
    p.quantity.hidden = state.step !== "quantity" || !usable;
    p.empty.hidden = Boolean(walk) || !state.sync.heard; // before the first answer nobody knows
    p.progress.hidden = !stops.length;
    if (walk) document.querySelector("h1").textContent = walk.title;
    if (stop) this.#task(state);
    if (walk) this.#rest(state);
    if (!p.end.hidden) this.#end(state);
  }

  #text(where, name, text) {
    for (const el of where.querySelectorAll(`[data-text="${name}"]`)) el.textContent = text;
  }

  #task({ stop, at, step, walk }) {
    const p = this.parts, task = p.task;
    for (const name of ["bin", "title", "sku"]) this.#text(task, name, stop[name]);
    p.task.dataset.line = stop.line;
    this.#text(task, "many", say("pieces", { n: stop.open }));
    this.#text(task, "of", stop.picked ? say("already", { n: stop.picked, of: stop.quantity }) : "");
    const code = stop.codes.find((one) => one !== stop.sku);
    this.#text(task, "gtin", code ? ` · ${code}` : "");
    const lot = [stop.lot && say("lot", { lot: stop.lot }), stop.best_before && say("best_before", { day: day(stop.best_before) })];
    this.#text(task, "lot", lot.filter(Boolean).join(" · "));
    p.picture.hidden = !stop.picture;
    if (stop.picture && p.picture.getAttribute("src") !== stop.picture) p.picture.src = stop.picture;
    this.#box(p.box, walk.boxes.length > 1 ? stop : null);
    for (const item of task.querySelectorAll("[data-step]")) {
      item.hidden = ["lot", "serial"].includes(item.dataset.step) && item.dataset.step !== stop.tracking;
      if (item.dataset.step === step) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
    }
    this.#text(this.root, "ask", say(`ask_${step}`, { lot: stop.lot ?? "" }));
    this.#text(p.quantity, "count", at.count);
    this.#text(p.quantity, "only", say("only", { n: at.count }));
    this.#text(p.quantity, "all", say("all", { n: stop.open }));
    p.less.disabled = at.count <= 1;
    p.more.disabled = at.count >= stop.open;
  }

  #box(el, stop) {
    el.hidden = !stop;
    if (!stop) return;
    el.dataset.box = (stop.box - 1) % SHAPES + 1;
    this.#text(el, "box", stop.box);
    this.#text(el, "order", say("into_box", { box: stop.box, order: stop.order }));
  }

  #end({ walk, waits, finishing, stops }) {
    const missing = stops.reduce((sum, one) => sum + (one.state === "short" ? one.quantity - one.picked : 0), 0);
    this.#text(this.parts.end, "place", walk.packing_place);
    this.#text(this.parts.end, "missing", missing ? say("missing", { n: missing }) : "");
    this.#text(this.parts.end, "finishing", finishing ? ending(waits) : "");
    this.#text(this.root, "ask", say("ask_end"));
  }

  #rest({ walk, stops, stop }) {
    const p = this.parts, closed = stops.filter((one) => one.state !== "open");
    const pieces = stops.reduce((sum, one) => sum + one.picked, 0), wanted = stops.reduce((sum, one) => sum + one.quantity, 0);
    p.bar.max = Math.max(1, stops.length);
    p.bar.value = closed.length;
    this.#text(this.root, "progress", say("progress", { done: closed.length, all: stops.length, pieces, wanted }));
    const after = stops.filter((one) => one.state === "open" && one !== stop);
    p.after.hidden = !after.length;
    p.done.hidden = !closed.length;
    this.#text(p.done, "closed", closed.length);
    this.#list("after", after, (row, one) => this.#row(row, one, walk, say("open_of", { n: one.open, sku: one.sku })));
    this.#list("done", [...closed].reverse(), (row, one) => {
      this.#row(row, one, walk, say("picked_of", { n: one.picked, of: one.quantity, sku: one.sku }));
      const who = one.done_by ? say("by_at", { name: one.done_by, at: moment(one.done_at) }) : "";
      this.#text(row, "who", one.waits ? say("waits_here") : who);
      row.querySelector("[data-short]").hidden = one.state !== "short";
    });
  }

  #row(row, stop, walk, what) {
    this.#text(row, "bin", stop.bin || "–");
    this.#text(row, "what", what);
    row.dataset.line = stop.line;
    const box = row.querySelector(".pick-box");
    if (box) this.#box(box, walk.boxes.length > 1 ? stop : null);
  }

  // Rows from a template; left alone when nothing changed, so that focus and open parts stay.
  #list(name, rows, fill) {
    const list = this.parts[`${name}_list`], seen = JSON.stringify(rows);
    if (this.#shown.get(name) === seen) return;
    this.#shown.set(name, seen);
    const template = this.root.querySelector(`template[data-row="${name}"]`);
    list.replaceChildren(...rows.map((one) => {
      const row = template.content.cloneNode(true).firstElementChild;
      fill(row, one);
      return row;
    }));
  }

  #problems({ problems }) {
    this.parts.problems.hidden = !problems.length;
    this.#list("problems", problems, (row, one) => {
      const what = one.kind === "short" ? "problem_short" : "problem_pick";
      this.#text(row, "what", say(what, { n: one.quantity, sku: one.sku, bin: one.bin, at: moment(one.made) }));
      this.#text(row, "why", one.text || say("unreadable"));
      row.querySelector("button").dataset.settle = one.id;
    });
  }

  #sync({ waiting, contact, sync }) {
    const away = !sync.reachable, p = this.parts.sync;
    p.dataset.state = waiting.length ? "waiting" : away ? "away" : "sent";
    p.dataset.waiting = waiting.length;
    const last = contact ? say("last_contact", { at: moment(contact) }) : "";
    const words = waiting.length ? say("waiting", { n: waiting.length, at: moment(waiting[0].made) }) : away ? say("away") : say("all_sent");
    this.#text(p, "sync", [words, last].filter(Boolean).join(" · "));
    p.querySelector("button").hidden = !waiting.length && !away;
  }

  #notes(state) {
    const { waiting, others, contact, sync, durable, walk, skew } = state, notes = [], now = Date.now();
    const since = Math.min(waiting[0]?.made ?? now, sync.reachable ? now : contact || now);
    if (now - since > LATE_MS) notes.push(["bad", say("late")]);
    if (!durable) notes.push(["bad", say("memory")]);
    if (sync.trouble === "login") notes.push(["bad", say("login", { n: waiting.length }), "login"]);
    else if (sync.trouble === "other") notes.push(["bad", sync.text || say("other_person", { name: sync.person.name }), "login"]);
    else if (sync.trouble) notes.push(["bad", sync.text || say(`trouble_${sync.trouble}`)]);
    for (const [name, n] of others) notes.push(["info", say("others", { n, name })]);
    if (walk && !walk.mine) notes.push(["warn", say("not_mine"), "page"]);
    else if (walk && walk.state !== "picking") notes.push(["warn", say("closed_walk"), "page"]);
    for (const box of walk?.boxes ?? []) {
      if (box.put_back) notes.push(["warn", say("box_cancelled", { box: box.box, order: box.order })]);
      else if (box.on_hold) notes.push(["warn", say("box_on_hold", { box: box.box, order: box.order })]);
    }
    if (Math.abs(skew) > CLOCK_OFF_MS) notes.push(["info", say("clock_off", { n: Math.round(Math.abs(skew) / 60_000) })]);
    this.#list("notes", notes, (row, [tone, text, link]) => {
      row.classList.add(`notice--${tone}`);
      row.dataset.tone = tone;
      this.#text(row, "note", text);
      for (const a of row.querySelectorAll("[data-link]")) a.hidden = a.dataset.link !== link;
    });
  }

  // The answer to the last scan: colour, mark and words (the sound is the app's).
  answer(good, text) {
    const template = this.root.querySelector(`template[data-answer="${good ? "good" : "bad"}"]`);
    const box = template.content.cloneNode(true).firstElementChild;
    box.querySelector("p").textContent = text;
    this.parts.answer.replaceChildren(box);
  }
}

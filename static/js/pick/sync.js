// Brings waiting scans to the server, in the order in which they were made, until each id has its answer.
//
// The server books an id once and answers a repeat with its first answer. So whatever happens on the way (answer lost,
// page closed, two tabs) the rule is simple: a scan leaves the queue only together with its answer, in one write.

const MOST = 100, PATIENCE_MS = 15_000, FIRST_WAIT_MS = 1_500, LONGEST_WAIT_MS = 30_000;
export const LATE_MS = 30 * 60_000; // what the picker was promised to work without network

const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);

export class Sync {
  #timer;
  #wait = FIRST_WAIT_MS;
  #tabs = "BroadcastChannel" in window ? new BroadcastChannel("kontor-pick") : null;

  // person: who works here (scans of others stay untouched); changed: called after everything that may alter the screen.
  constructor({ shelf, person, changed, pageUrl, walk = "", walkUrl = "" }) {
    Object.assign(this, { shelf, person, changed, pageUrl, walk, walkUrl, reachable: navigator.onLine, heard: false, trouble: "", text: "" });
    if (this.#tabs) this.#tabs.onmessage = () => changed();
    addEventListener("offline", () => { this.reachable = false; changed(); });
  }

  #tell() {
    this.#tabs?.postMessage("changed");
    this.changed();
  }

  async waiting() {
    return (await this.shelf.all("scans")).filter((scan) => scan.person === this.person.id);
  }

  // Keep a scan (and where the picker stands) until it is answered. False: it can neither be kept nor sent now.
  async keep(scan, where) {
    await this.shelf.write([{ table: "scans", put: scan }, where]);
    if (!this.shelf.durable && !this.reachable) {
      const rows = (await this.waiting()).filter((one) => one.id === scan.id);
      await this.shelf.write(rows.map((one) => ({ table: "scans", drop: one.seq })));
      return false;
    }
    this.#tell();
    this.soon();
    return true;
  }

  // Try now; after a failure again by itself, at longer and longer intervals.
  soon(ms = 0) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), ms);
  }

  // One tab at a time: the others find the queue empty when it is their turn.
  async now(walkUrl = this.walkUrl) {
    const work = () => this.#send().then(() => walkUrl && this.#fetchWalk(walkUrl));
    this.#talk(1);
    try {
      await (navigator.locks ? navigator.locks.request("kontor-pick", work) : work());
      this.#wait = FIRST_WAIT_MS;
    } catch (error) {
      if (!(error instanceof Trouble)) this.#note("server", "");
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
      // Who has to sign in again is not asked every few seconds; the next page or the next scan tries again.
      if (["", "server"].includes(this.trouble)) this.soon(this.#wait);
    }
    this.#talk(-1);
    this.heard = true; // an answer, or that there is none
    this.changed();
  }

  // How many talks with the server go on: for those who watch from outside.
  #talk(more) {
    const { dataset } = document.documentElement;
    dataset.talks = Number(dataset.talks ?? 0) + more;
  }

  async #send() {
    for (;;) {
      const all = await this.waiting();
      if (!all.length) return;
      const { walk, url } = all[0];
      await this.#merge(walk, url, all.filter((scan) => scan.walk === walk).slice(0, this.alone ? 1 : MOST));
    }
  }

  async #merge(walk, url, scans) {
    const answer = await this.#ask(url, { method: "POST", body: JSON.stringify({ walk, person: this.person.id, scans: scans.map(forServer) }) });
    if (answer.status === 400 && scans.length > 1) {
      this.alone = true; // one of them cannot be read: find out which, so that it does not hold up the others
      return;
    }
    if (answer.status === 400 || answer.status === 404) {
      await this.#settle(scans, scans.map((scan) => ({ id: scan.id, outcome: "refused", text: answer.data.error ?? "" })));
      return;
    }
    this.alone = false;
    const answers = answer.data.answers ?? [];
    if (!answers.some((one) => scans.some((scan) => scan.id === one.id))) this.#fail("server", "");
    await this.#settle(scans, answers, answer.data.walk);
  }

  // What was answered goes; what was refused stays on the screen until the picker has settled it.
  async #settle(scans, answers, walk) {
    const changes = [];
    for (const { id, outcome, text } of answers) {
      const scan = scans.find((one) => one.id === id);
      if (!scan) continue;
      changes.push({ table: "scans", drop: scan.seq });
      if (outcome !== "accepted") changes.push({ table: "problems", put: { ...scan, text } });
    }
    const kept = walk ? await this.#row(walk) : await this.#patched(scans[0].walk, answers);
    if (kept) changes.push({ table: "walks", put: kept });
    await this.shelf.write(changes);
    this.#tell();
  }

  // The kept walk with its stops as the answers tell them, for the write that drops their scans: otherwise the stop would
  // be open again until the walk is read anew, or for long when the network goes just then.
  async #patched(walk, answers) {
    const row = await this.shelf.get("walks", `${this.person.id}|${walk}`);
    const told = new Map(answers.filter((one) => one.outcome === "accepted").map((one) => [one.line, one]));
    if (!row || !told.size) return null;
    const stops = row.data.stops.map((stop) => {
      const { picked, open, state } = told.get(stop.line) ?? stop;
      return { ...stop, picked, open, state };
    });
    return { ...row, data: { ...row.data, stops } };
  }

  async #row(data) {
    const key = `${this.person.id}|${data.walk}`;
    const page = data.walk === this.walk ? { page: this.pageUrl } : {};
    return { ...(await this.shelf.get("walks", key)), ...page, key, person: this.person.id, walk: data.walk, data };
  }

  async #fetchWalk(url) {
    const answer = await this.#ask(url, {});
    if (answer.status === 404) this.#fail("gone", answer.data.error);
    // Somebody else signed in on this phone: what they see is not what this picker picks.
    if (answer.data.person && answer.data.person.id !== this.person.id) this.#fail("other", "");
    await this.shelf.write([{ table: "walks", put: await this.#row(answer.data) }]);
    this.#tell();
  }

  // The goods lie at the packing place. Returns {next} (where to go), {text} (what is in the way) or null: not heard.
  async end(url, place, walkUrl) {
    const work = async () => {
      const answer = await this.#ask(url, { method: "POST", body: new URLSearchParams({ code: place }), form: true });
      if (answer.data.next) return { next: answer.data.next };
      // Refused. Perhaps only because it is done: an earlier answer was lost on the way.
      await this.#fetchWalk(walkUrl);
      const { data } = await this.shelf.get("walks", `${this.person.id}|${this.walk}`);
      return ["picked", "packed"].includes(data.state) ? { next: data.page_url } : { text: answer.data.error ?? "" };
    };
    try {
      return await (navigator.locks ? navigator.locks.request("kontor-pick", work) : work());
    } catch {
      return null;
    }
  }

  #note(trouble, text) {
    this.trouble = trouble;
    this.text = text ?? "";
  }

  #fail(trouble, text) {
    this.#note(trouble, text);
    throw new Trouble(trouble);
  }

  // A request, and its answer sorted: {status, data}, or a Trouble that says why nothing more can be sent now.
  async #ask(url, { form, ...options }, again = true) {
    const headers = { Accept: "application/json", "X-CSRFToken": cookie("__Host-csrftoken") ?? cookie("csrftoken") ?? "" };
    if (!form) headers["Content-Type"] = "application/json";
    let answer, data = {};
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      answer = await fetch(url, { ...options, headers, signal, redirect: "manual", cache: "no-store", credentials: "same-origin" });
      if (answer.headers.get("Content-Type")?.includes("json")) data = await answer.json();
    } catch {
      this.reachable = false;
      this.#fail("", "");
    }
    this.reachable = true;
    const { status } = answer;
    if (status === 401 || answer.type === "opaqueredirect") this.#fail("login", data.error);
    if (status === 403 && again && options.method) {
      // The token goes with each login; any page of ours brings the new one.
      await fetch(this.pageUrl, { credentials: "same-origin" }).catch(() => {});
      return this.#ask(url, { form, ...options }, false);
    }
    if (status === 403) this.#fail("forbidden", data.error);
    if (status === 409 && !form) this.#fail("other", data.error);
    if (status >= 500 || status === 429) this.#fail("server", "");
    if (answer.ok && !Object.keys(data).length) this.#fail("server", ""); // a page of the network's own (a portal)
    this.#note("", "");
    await this.#contact(data.walk?.fetched_at ?? data.fetched_at);
    return { status, data };
  }

  // When we last spoke with the server, and how far the phone's clock is off.
  async #contact(serverTime) {
    const facts = [{ table: "facts", put: { name: `contact|${this.person.id}`, value: Date.now() } }];
    const skew = Date.parse(serverTime) - Date.now();
    if (!Number.isNaN(skew)) facts.push({ table: "facts", put: { name: "skew", value: skew } });
    await this.shelf.write(facts);
  }
}

class Trouble extends Error {}

const forServer = ({ id, line, kind, code, quantity, lot, bin, at }) => ({ id, line, kind, code, quantity, lot, bin, at });

// What the phone keeps: scans until the server answered each id, walks to go on without network, problems to settle.
//
// Kept in the browser's database. Where that is forbidden (private windows) or full, rows go into plain memory, which
// is lost with the page: `durable` turns false then, and the screen says so.

const NAME = "kontor-pick", VERSION = 1;
const KEYS = { scans: "seq", walks: "key", problems: "id", facts: "name" };

const result = (request) => new Promise((done, fail) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => fail(request.error);
});

class Database {
  constructor(db) {
    this.db = db;
    db.onversionchange = () => db.close();
  }

  get(table, key) { return result(this.db.transaction(table).objectStore(table).get(key)); }

  all(table) { return result(this.db.transaction(table).objectStore(table).getAll()); }

  // Several changes, all or none: [{table, put: row} or {table, drop: key}]. Strict: on the disk before it resolves.
  write(changes) {
    return new Promise((done, fail) => {
      const tables = [...new Set(changes.map((change) => change.table))];
      const writing = this.db.transaction(tables, "readwrite", { durability: "strict" });
      writing.oncomplete = () => done();
      writing.onabort = () => fail(writing.error);
      for (const { table, put, drop } of changes) {
        const shelf = writing.objectStore(table);
        if (put) shelf.put(put); else shelf.delete(drop);
      }
    });
  }
}

class Memory {
  #seq = 1e12; // after everything in the database, and never one of its numbers
  #tables = Object.fromEntries(Object.keys(KEYS).map((table) => [table, new Map()]));

  async get(table, key) { return this.#tables[table].get(key); }

  async all(table) { return [...this.#tables[table].values()]; }

  async write(changes) {
    for (const { table, put, drop } of changes) {
      if (!put) { this.#tables[table].delete(drop); continue; }
      const row = table === "scans" && !put.seq ? { ...put, seq: ++this.#seq } : put;
      this.#tables[table].set(row[KEYS[table]], row);
    }
  }
}

// Both behind one face.
class Shelf {
  #db;
  #memory = new Memory();

  constructor(db) {
    this.#db = db;
    this.durable = Boolean(db);
  }

  async get(table, key) { return (await this.#memory.get(table, key)) ?? this.#db?.get(table, key); }

  async all(table) {
    const rows = new Map((await this.#db?.all(table) ?? []).map((row) => [row[KEYS[table]], row]));
    for (const row of await this.#memory.all(table)) rows.set(row[KEYS[table]], row);
    return [...rows.values()];
  }

  async write(changes) {
    const drops = changes.filter((change) => !change.put);
    try {
      if (!this.#db) throw new Error("no database here");
      await this.#db.write(changes);
      // What the database has now must not be hidden by what memory had to keep before.
      await this.#memory.write(changes.map(({ table, put, drop }) => ({ table, drop: put ? put[KEYS[table]] : drop })));
      // Facts are small and may still fit where scans do not.
      if (changes.some((change) => change.put && change.table === "scans")) this.durable = true;
    } catch {
      this.durable = false;
      await this.#memory.write(changes);
      // Room may be too short to add and still enough to take away.
      if (this.#db && drops.length) await this.#db.write(drops).catch(() => {});
    }
  }

  // Scans that would be lost with this page.
  async fleeting() { return (await this.#memory.all("scans")).length; }
}

async function database() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    for (const [table, keyPath] of Object.entries(KEYS)) {
      // The order in which scans were made is a count, not a time: clocks of phones are set back.
      request.result.createObjectStore(table, { keyPath, autoIncrement: table === "scans" });
    }
  };
  const db = new Database(await result(request));
  await db.write([{ table: "facts", put: { name: "opened", value: Date.now() } }]); // full disks show themselves here
  return db;
}

export async function openShelf() {
  try {
    const found = await database();
    navigator.storage?.persist?.().catch(() => {}); // asked once; without it the browser may tidy up when space is short
    return new Shelf(found);
  } catch {
    return new Shelf(null);
  }
}

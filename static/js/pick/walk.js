// What a scan means on a walk. Pure: no screen, no storage, no network; everything comes in and goes out as plain values.

const fold = (code) => (code ?? "").trim().toLowerCase();
export const same = (one, other) => fold(one) !== "" && fold(one) === fold(other);

// The walk as it will be once the server has heard the scans that still wait.
export function project(walk, waiting) {
  return walk.stops.map((stop) => {
    const mine = waiting.filter((scan) => scan.line === stop.line);
    const taken = mine.reduce((sum, scan) => sum + (scan.kind === "pick" ? scan.quantity : 0), 0);
    const picked = stop.picked + taken, open = Math.max(0, stop.open - taken);
    let state = stop.state;
    if (state === "open" && open === 0) state = "picked";
    if (stop.state === "open" && mine.some((scan) => scan.kind === "short")) state = "short";
    return { ...stop, picked, open: state === "open" ? open : 0, state, waits: mine.length };
  });
}

// Where to go: the stop the picker chose, else the first that is open.
export function nextStop(stops, line) {
  const open = stops.filter((stop) => stop.state === "open");
  return open.find((stop) => stop.line === line) ?? open[0] ?? null;
}

// Where the picker stands: the steps done at this stop. The bin counts on when the next stop is in the same bin.
export function here(stop, before) {
  if (!stop || before?.line === stop.line) return before ?? {};
  return { line: stop.line, bin: before?.bin && same(before.bin, stop.bin) ? stop.bin : "", code: "", count: 0, lot: "" };
}

export function stepOf(stop, at) {
  if (!at.bin) return "bin";
  if (!at.code) return "product";
  if (stop.tracking !== "none" && !at.lot) return stop.tracking;
  return "quantity";
}

// Pieces that a code stands for at this stop: 1, a pack's content, or 0 for a code of something else.
export function piecesOf(stop, code) {
  if (same(code, stop.sku) || stop.codes.some((one) => same(one, code))) return 1;
  return stop.packs.find((pack) => same(pack.code, code))?.pieces ?? 0;
}

const wrong = (at, word, values) => ({ at, good: false, word, values });
const right = (at, word, values, book) => ({ at, good: true, word, values, book });

// One scan. Returns {at: new place, good, word, values for the word, book: {code, quantity, lot} when pieces were taken}.
export function judge(stop, at, code, stops = []) {
  const step = stepOf(stop, at);
  if (step === "bin") return judgeBin(stop, at, code, stops);
  if (same(code, stop.bin)) return right({ ...at, code: "", count: 0, lot: "" }, "right_bin");
  if (step === "product") return judgeProduct(stop, at, code);
  if (step === "quantity") return judgeQuantity(stop, at, code);
  return judgeLot(stop, at, code);
}

function judgeBin(stop, at, code, stops) {
  if (same(code, stop.bin)) return right({ ...at, bin: stop.bin }, "right_bin");
  if (piecesOf(stop, code)) return wrong(at, "bin_first", { bin: stop.bin });
  const other = stops.some((one) => same(one.bin, code));
  return wrong(at, other ? "other_bin" : "wrong_bin", { scanned: code, bin: stop.bin });
}

function judgeProduct(stop, at, code) {
  const pieces = piecesOf(stop, code);
  if (!pieces) return wrong(at, "wrong_product", { scanned: code, sku: stop.sku, title: stop.title });
  if (pieces > stop.open) return wrong(at, "pack_too_big", { n: pieces, open: stop.open });
  const next = { ...at, code, count: pieces };
  if (stop.tracking !== "none") return right(next, stop.tracking === "serial" ? "now_serial" : "now_lot", { lot: stop.lot ?? "" });
  return counted(stop, next);
}

function judgeLot(stop, at, code) {
  if (piecesOf(stop, code)) return wrong(at, stop.tracking === "serial" ? "now_serial" : "now_lot", { lot: stop.lot ?? "" });
  if (stop.lot && !same(stop.lot, code)) return wrong(at, "wrong_lot", { scanned: code, lot: stop.lot });
  if (stop.tracking === "serial") return book(stop, at, 1, code);
  return counted(stop, { ...at, lot: code });
}

function judgeQuantity(stop, at, code) {
  const pieces = piecesOf(stop, code);
  if (pieces) return counted(stop, { ...at, count: at.count + pieces }, at);
  if (/^\d{1,4}$/.test(code.trim())) return take(stop, at, Number(code));
  return wrong(at, "how_many_first", { sku: stop.sku, open: stop.open });
}

function counted(stop, next, before = next) {
  if (next.count > stop.open) return wrong(before, "too_many", { open: stop.open, n: next.count });
  if (next.count === stop.open) return book(stop, next, next.count, next.lot);
  return right(next, "counted", { n: next.count, open: stop.open });
}

// The picker says how many were taken.
export function take(stop, at, quantity) {
  if (!(quantity >= 1)) return wrong(at, "at_least_one");
  if (quantity > stop.open) return wrong(at, "too_many", { open: stop.open, n: quantity });
  return book(stop, at, quantity, at.lot);
}

function book(stop, at, quantity, lot) {
  const left = stop.open - quantity;
  // Of serial numbers the next one may follow at once; otherwise the next piece begins with its product.
  const next = left && stop.tracking === "serial" ? at : { ...at, code: "", count: 0, lot: "" };
  // The server counts how often a code was scanned. Pieces of packs are told as pieces, so that any number can be told.
  const code = piecesOf(stop, at.code) === 1 ? at.code : stop.sku;
  return right(next, left ? "taken_more" : "taken", { n: quantity, sku: stop.sku, left }, { code, quantity, lot });
}

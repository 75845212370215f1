// The service worker of the warehouse: pages of the picker and what they show open again without network.
// It never touches what is sent: scans are the page's own business, kept in its database until they are answered.

const PAGES = "kontor-pick-pages-1", FILES = "kontor-pick-files-1";
const MOST_FILES = 300, MOST_PAGES = 30, PATIENCE_MS = 4000;
const scope = new URL(registration.scope).pathname;
const PICK_PAGE = /^(pick-lists|batches)\/\d+\/pick\/$|^phone\/$/;
const FOR_EVER = /\.[0-9a-f]{12}\.\w+$/; // a fingerprint in the name: its content never changes

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("kontor-pick-") && ![PAGES, FILES].includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
})()));

// The page says what it needs; it is told when all of it is here.
addEventListener("message", (event) => event.waitUntil(keep(event.data).finally(() => event.ports[0]?.postMessage("kept"))));

async function keep({ wanted, person, files }) {
  const pages = await caches.open(PAGES), kept = await caches.open(FILES);
  const before = await (await pages.match("/person"))?.text();
  if (before !== person) { // another person's pages are none of theirs
    await caches.delete(PAGES);
    await (await caches.open(PAGES)).put("/person", new Response(person));
  }
  for (const page of wanted) {
    const answer = await fetch(page, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) await (await caches.open(PAGES)).put(page, answer);
  }
  await Promise.all(files.map(async (url) => {
    if (FOR_EVER.test(new URL(url, location).pathname) && await kept.match(url)) return;
    const file = await fetch(url).catch(() => null);
    if (file?.ok) await kept.put(url, file);
  }));
  await trim(FILES, MOST_FILES);
  await trim(PAGES, MOST_PAGES);
}

async function trim(name, most) {
  const cache = await caches.open(name), keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((key) => cache.delete(key)));
}

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const inside = url.pathname.startsWith(scope) ? url.pathname.slice(scope.length) : null;
  if (request.mode === "navigate" && inside !== null) {
    if (PICK_PAGE.test(inside)) event.respondWith(page(request, url.pathname));
    else event.respondWith(fetch(request).catch(() => lost(url)));
  } else if (/^\/(static|media)\//.test(url.pathname)) event.respondWith(file(request, url));
});

// The network's page is the newest; in a dead spot nobody waits long for it.
async function page(request, path) {
  const kept = await (await caches.open(PAGES)).match(path);
  if (!kept) return fetch(request).catch(() => lost(new URL(request.url)));
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS, kept));
  return Promise.race([fetch(request).catch(() => kept), late]);
}

async function file(request, url) {
  const cache = await caches.open(FILES);
  if (FOR_EVER.test(url.pathname)) return (await cache.match(request)) ?? fetch(request);
  return fetch(request).catch(async () => (await cache.match(request)) ?? Response.error());
}

// Any other page without network: lead to the picker's start page, which lists what is on this phone.
async function lost(url) {
  const start = `${scope}phone/`, kept = await (await caches.open(PAGES)).match(start);
  if (!kept) return Response.error();
  return url.pathname === start ? kept : Response.redirect(start, 302);
}

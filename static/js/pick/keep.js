// Have the service worker keep this page and all that it shows, so that it opens again without network.

// setup: the page's data attributes; walk: as the server sent it (its pictures are kept as well), or nothing.
export async function keepForLater(setup, walk) {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(setup.worker, { scope: setup.scope });
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((one) => one.name).filter((url) => /\/static\//.test(url));
    const pictures = (walk?.stops ?? []).map((stop) => stop.picture).filter(Boolean);
    const own = [setup.camera, setup.startScript, ...("BarcodeDetector" in window ? [] : [setup.reader, setup.wasm])].filter(Boolean);
    const told = new MessageChannel(), done = new Promise((resolve) => { told.port1.onmessage = resolve; });
    // The start page too: it is where every other address leads without network.
    const wanted = [...new Set([location.pathname, setup.start])], files = [...new Set([...loaded, ...pictures, ...own])];
    active.postMessage({ wanted, person: setup.person, files }, [told.port2]);
    await done;
    document.documentElement.dataset.kept = "yes";
  } catch { /* no worker here: the queue still holds every scan, only reloading needs network */ }
}

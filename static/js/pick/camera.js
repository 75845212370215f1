// The camera as a scanner. The browser's own reader where there is one, else ours (zxing, from our own static files).
// Loaded only when somebody wants the camera.
import { say } from "./words.js";

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code", "data_matrix"];
const LOOK_EVERY_MS = 120, SAME_AGAIN_MS = 2500;

let reader;
function loadScript(url) {
  return new Promise((done, fail) => {
    const script = Object.assign(document.createElement("script"), { src: url, onload: done, onerror: () => fail(new Error(url)) });
    document.head.append(script);
  });
}

async function makeReader(setup) {
  if ("BarcodeDetector" in window) {
    const can = await window.BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((one) => can.includes(one));
    if (formats.length) return new window.BarcodeDetector({ formats });
  }
  if (!setup.reader) return null; // not installed here (no npm when Kontor was set up)
  await loadScript(setup.reader);
  const api = window.BarcodeDetectionAPI;
  // Never its own address on the internet: the program comes from our static files.
  api.prepareZXingModule({ overrides: { locateFile: (name, folder) => (name.endsWith(".wasm") ? setup.wasm : folder + name) } });
  return new api.BarcodeDetector({ formats: FORMATS });
}

// Decode one picture (an element, bitmap or file): the codes in it. For the camera and for still pictures alike.
export async function read(picture, setup) {
  reader ??= makeReader(setup);
  const found = await reader;
  return found ? (await found.detect(picture)).map((one) => one.rawValue) : null;
}

const why = (error) => ({ NotAllowedError: "camera_denied", NotFoundError: "camera_none", NotReadableError: "camera_busy" })[error.name] ?? "camera_broken";

export async function openCamera({ dialog, setup, onCode }) {
  const video = dialog.querySelector("video"), words = dialog.querySelector("[data-text=camera]"), torch = dialog.querySelector("[data-torch]");
  let stream, last = "", lastAt = 0, open = true;
  const close = () => {
    open = false;
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  const tell = (text) => { words.textContent = text; words.hidden = !text; };
  dialog.onclose = close;
  dialog.onclick = (event) => { if (event.target.closest("[data-no]")) dialog.close(); };
  torch.hidden = true;
  tell(say("camera_starting"));
  dialog.showModal();
  try {
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error("no camera here"), { name: "NotFoundError" });
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } });
    if (!open) return close();
    video.srcObject = stream;
    await video.play();
    offerTorch(stream, torch);
    tell(say("camera_hold"));
  } catch (error) {
    return open && tell(say(why(error)));
  }
  while (open) {
    let codes;
    try { codes = video.readyState >= 2 ? await read(video, setup) : []; } catch { reader = undefined; codes = null; }
    if (codes === null) { close(); return tell(say("camera_no_reader")); }
    // A code held before the lens is one scan, not ten in a second.
    if (open && codes[0] && (codes[0] !== last || Date.now() - lastAt > SAME_AGAIN_MS)) {
      [last, lastAt] = [codes[0], Date.now()];
      await onCode(codes[0]);
      dialog.close(); // the answer is on the screen behind
    }
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}

// Light in dark corners, where the camera has one.
function offerTorch(stream, button) {
  const [track] = stream.getVideoTracks();
  if (!track.getCapabilities?.().torch) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", "false");
  button.onclick = async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
    button.setAttribute("aria-pressed", String(on));
  };
}

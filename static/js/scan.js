// Scanner screens: the scan field keeps the focus, right and wrong can be heard and felt, network loss is shown.

const scanField = () => document.querySelector("[data-scan]");

function keepFocus() {
  const field = scanField();
  if (!field || field.disabled || document.querySelector("dialog[open]")) return;
  const active = document.activeElement;
  if (active && active !== document.body && active.matches("input, textarea, select, button, a, summary")) return;
  field.focus({ preventScroll: true });
}

let audio;
function beep(kind) {
  try {
    audio ??= new AudioContext();
    const notes = kind === "good" ? [[880, 0, 0.09], [1320, 0.1, 0.12]] : [[196, 0, 0.22], [147, 0.25, 0.3]];
    for (const [pitch, from, length] of notes) {
      const tone = audio.createOscillator(), volume = audio.createGain();
      tone.type = kind === "good" ? "sine" : "square";
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.2, audio.currentTime + from);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + from + length);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + length);
    }
  } catch { /* no sound here: colour and word say it too */ }
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(kind === "good" ? 40 : [120, 60, 120]);
}

// The page (or a part that came through htmx) says how the last scan went: data-scan-result="good|bad".
function announce(root) {
  const result = root.matches?.("[data-scan-result]") ? root : root.querySelector?.("[data-scan-result]");
  if (result) beep(result.dataset.scanResult);
}

// Letters typed anywhere belong to the scanner: it types fast and ends with Enter.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length === 1 && !event.target.matches("input, textarea, select")) scanField()?.focus();
});
document.addEventListener("click", () => setTimeout(keepFocus, 0));
document.addEventListener("visibilitychange", keepFocus);
document.addEventListener("htmx:load", (event) => { announce(event.detail.elt); keepFocus(); });

const net = document.querySelector("[data-net]");
const showNet = () => { if (net) net.hidden = navigator.onLine; };
addEventListener("online", showNet);
addEventListener("offline", showNet);

showNet();
announce(document);
keepFocus();

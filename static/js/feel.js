// Right and wrong can be heard and felt. Shared by all warehouse screens; the mute switch is remembered on the device.

const MUTED = "scan-muted";
const NOTES = { good: [[880, 0, 0.09], [1320, 0.1, 0.12]], bad: [[196, 0, 0.22], [147, 0.25, 0.3]] };
let audio, silent = false;

export function muted() {
  try { return localStorage.getItem(MUTED) === "1"; } catch { return silent; }
}

function play(kind) {
  audio ??= new AudioContext();
  audio.resume?.();
  for (const [pitch, from, length] of NOTES[kind]) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.type = kind === "good" ? "sine" : "square";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.2, audio.currentTime + from);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + from + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + from);
    tone.stop(audio.currentTime + from + length);
  }
}

// kind: "good" or "bad". Vibration is no noise: it stays when the sound is off.
export function feel(kind) {
  try { if (!muted()) play(kind); } catch { /* no sound here: colour and word say it too */ }
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(kind === "good" ? 40 : [120, 60, 120]);
}

for (const button of document.querySelectorAll("[data-mute]")) {
  const show = () => button.setAttribute("aria-pressed", String(muted()));
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    silent = !muted();
    try { localStorage.setItem(MUTED, silent ? "1" : "0"); } catch { /* holds for this page */ }
    show();
    feel("good");
  });
}

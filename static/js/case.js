// An open case asks who else has it open, and whether something was written since. Without it the page says so at load.

const EVERY_MS = 15_000;
const script = document.getElementById("case-here");
const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value;

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch(script.dataset.url, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok) return;
    const { others, last } = await answer.json();
    const notice = document.querySelector("[data-also-here]");
    notice.querySelector("[data-names]").textContent = others.join(", ");
    notice.hidden = others.length === 0;
    if (String(last) !== script.dataset.last) document.querySelector("[data-wrote]").hidden = false;
  } catch {
    // no network: the answer itself will say what is wrong
  }
}

if (script && token) setInterval(ask, EVERY_MS);

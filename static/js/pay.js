// Stripe's Payment Element on our page: the card fields are Stripe's own frame, we only hold the button.
const box = document.querySelector("[data-pay]");
const button = box?.querySelector("[data-pay-button]");
const errorLine = box?.querySelector("[data-pay-error]");
const statusLine = box?.querySelector("[data-pay-status]");

function say(text) {
  errorLine.textContent = text || "";
  errorLine.hidden = !text;
  if (text) errorLine.focus?.();
}

function busy(on) {
  button.disabled = on;
  button.setAttribute("aria-busy", String(on));
  statusLine.textContent = on ? box.dataset.busy : "";
}

function start() {
  const stripe = window.Stripe(box.dataset.key, { locale: box.dataset.locale });
  const elements = stripe.elements({ clientSecret: box.dataset.secret, locale: box.dataset.locale });
  const element = elements.create("payment");
  element.on?.("ready", () => { button.disabled = false; });
  element.mount("#payment-element");
  button.disabled = false;

  box.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    busy(true);
    try {
      const checked = await elements.submit();
      if (checked?.error) throw checked.error;
      const answer = await stripe.confirmPayment({ elements, confirmParams: { return_url: box.dataset.return } });
      if (answer?.error) throw answer.error;
    } catch (error) {
      say(error?.message || box.dataset.failed);
      busy(false);
    }
  });
}

if (box) {
  if (window.Stripe) start();
  else say(box.dataset.failed);
}

// Texts come translated from the page: JSON of name -> text, or name -> {one, other} where a number decides.

const texts = JSON.parse(document.getElementById("pick-words").textContent);
const { lang } = document.documentElement;
const language = lang === "en" ? "en-GB" : lang; // the day first and 24 hours, as on every other page

// German and English know two forms; %(name)s is filled in as Python does it.
export function say(name, values = {}) {
  const found = texts[name] ?? name;
  const text = typeof found === "string" ? found : values.n === 1 ? found.one : found.other;
  return text.replace(/%\((\w+)\)s/g, (whole, key) => values[key] ?? "");
}

const hours = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(language, { day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit" });

// A moment as people say it: today only the time.
export function moment(value) {
  const date = new Date(value);
  return (date.toDateString() === new Date().toDateString() ? hours : days).format(date);
}

export const day = (text) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(`${text}T12:00`));

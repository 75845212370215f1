/* The card form inside the frame. It talks only to the page that mounted it (its origin is checked on every
   message) and to its own server. */
(function () {
  "use strict";

  var MARK = "stripe-standin";
  var PARENT = decodeURIComponent(window.location.hash.slice(1));
  var RETRIES = 2;
  var settings = null;
  var form = document.getElementById("card");
  var fields = { number: form.elements.number, expiry: form.elements.expiry, cvc: form.elements.cvc };
  var words = document.body.dataset;
  var COLOURS = {
    colorPrimary: "--primary", colorBackground: "--background", colorText: "--text", colorDanger: "--danger",
    colorTextSecondary: "--quiet", borderRadius: "--radius", fontFamily: "--font", fontSizeBase: "--font-size",
  };

  var real = window.location.ancestorOrigins;
  if (window.parent === window || !/^https?:\/\//.test(PARENT)) return;
  if (real && real.length && real[0] !== PARENT) return;

  function post(type, payload, id) {
    window.parent.postMessage({ mark: MARK, type: type, payload: payload, id: id }, PARENT);
  }

  function digits(text) { return text.replace(/\D/g, ""); }

  function isAmex(number) { return /^3[47]/.test(number); }

  function luhn(number) {
    var sum = 0;
    for (var i = 0; i < number.length; i += 1) {
      var d = Number(number[number.length - 1 - i]) * (1 + (i % 2));
      sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 === 0;
  }

  function expiry() {
    var match = /^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/.exec(fields.expiry.value);
    if (!match) return null;
    var year = Number(match[2]);
    return { month: Number(match[1]), year: year < 100 ? 2000 + year : year };
  }

  function problems() {
    var found = [];
    var number = digits(fields.number.value);
    var when = expiry();
    var now = new Date();
    if (number.length < (isAmex(number) ? 15 : 16)) found.push(["number", "incomplete_number", words.textIncompleteNumber]);
    else if (!luhn(number)) found.push(["number", "incorrect_number", words.textIncorrectNumber]);
    if (!when || when.month < 1 || when.month > 12) found.push(["expiry", "incomplete_expiry", words.textIncompleteExpiry]);
    else if (when.year < now.getFullYear() || (when.year === now.getFullYear() && when.month < now.getMonth() + 1)) {
      found.push(["expiry", "invalid_expiry_year_past", words.textPastExpiry]);
    }
    if (digits(fields.cvc.value).length < (isAmex(number) ? 4 : 3)) found.push(["cvc", "incomplete_cvc", words.textIncompleteCvc]);
    return found;
  }

  function show(name, message) {
    fields[name].setAttribute("aria-invalid", message ? "true" : "false");
    document.getElementById(name + "-error").textContent = message || "";
  }

  function check() {
    var found = problems();
    Object.keys(fields).forEach(function (name) { show(name, ""); });
    found.forEach(function (one) { show(one[0], one[2]); });
    if (!found.length) return null;
    fields[found[0][0]].focus();
    return { type: "validation_error", code: found[0][1], message: found[0][2] };
  }

  function changed() {
    var complete = problems().length === 0;
    var empty = Object.keys(fields).every(function (name) { return !fields[name].value; });
    post("change", { complete: complete, empty: empty, collapsed: false, value: { type: "card" } });
  }

  function flatten(prefix, value, into) {
    Object.keys(value).forEach(function (key) {
      var name = prefix ? prefix + "[" + key + "]" : key;
      if (value[key] && typeof value[key] === "object") flatten(name, value[key], into);
      else if (value[key] !== null && value[key] !== undefined) into.append(name, value[key]);
    });
    return into;
  }

  function call(path, params, key, tries) {
    return fetch(path, {
      method: "POST",
      headers: {
        Authorization: "Bearer " + settings.key,
        "Accept-Language": document.documentElement.lang,
        "Idempotency-Key": key,
      },
      body: flatten("", params, new URLSearchParams()),
      credentials: "omit",
    }).then(function (answer) {
      return answer.json();
    }).catch(function () {
      if (tries > 0) return call(path, params, key, tries - 1);
      return { error: { type: "api_connection_error", message: words.textNoConnection } };
    });
  }

  function newKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) { return b.toString(16).padStart(2, "0"); }).join("");
  }

  function confirm(given) {
    var wrong = check();
    if (wrong) return Promise.resolve({ error: wrong });
    var when = expiry();
    var card = { number: digits(fields.number.value), exp_month: when.month, exp_year: when.year, cvc: digits(fields.cvc.value) };
    var id = given.clientSecret.split("_secret_")[0];
    var data = { type: "card", card: card, billing_details: given.billingDetails };
    return call("/v1/payment_methods", data, newKey(), RETRIES).then(function (method) {
      if (method.error) return method;
      return call("/v1/payment_intents/" + encodeURIComponent(id) + "/confirm", {
        payment_method: method.id, client_secret: given.clientSecret, return_url: given.returnUrl,
      }, newKey(), RETRIES);
    }).then(function (body) {
      if (!body.error) return { paymentIntent: body };
      var at = { number: "number", cvc: "cvc", exp_month: "expiry", exp_year: "expiry" }[body.error.param];
      if (at) show(at, body.error.message);
      return { error: body.error };
    });
  }

  function dress(appearance) {
    var root = document.documentElement;
    var variables = appearance.variables || {};
    root.classList.toggle("night", appearance.theme === "night");
    Object.keys(COLOURS).forEach(function (name) {
      var value = variables[name];
      if (typeof value === "string" && value.length < 200 && !/[;{}\\]|url\(/i.test(value)) {
        root.style.setProperty(COLOURS[name], value);
      }
    });
  }

  function tellHeight() {
    post("resize", Math.ceil(document.body.getBoundingClientRect().height));
  }

  function init(given) {
    var fresh = settings === null;
    settings = given;
    dress(given.appearance || {});
    tellHeight(); // before "ready": nothing shifts under the shopper's finger afterwards
    if (fresh) post("ready");
  }

  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || event.origin !== PARENT) return;
    var message = event.data;
    if (!message || message.mark !== MARK) return;
    if (message.type === "init") init(message.payload);
    else if (message.type === "focus") fields.number.focus();
    else if (message.type === "submit") {
      var wrong = check();
      post("reply", wrong ? { error: wrong } : { selectedPaymentMethod: "card" }, message.id);
    } else if (message.type === "confirm") {
      confirm(message.payload).then(function (reply) { post("reply", reply, message.id); });
    }
  });

  fields.number.addEventListener("input", function () {
    var number = digits(fields.number.value).slice(0, 19);
    var atEnd = fields.number.selectionStart === fields.number.value.length;
    var groups = isAmex(number) ? /^(\d{1,4})(\d{1,6})?(\d{1,5})?/ : null;
    var shown = groups && number ? groups.exec(number).slice(1).filter(Boolean).join(" ") : number.replace(/(\d{4})(?=\d)/g, "$1 ");
    if (atEnd) fields.number.value = shown;
  });

  fields.expiry.addEventListener("input", function (event) {
    var text = digits(fields.expiry.value).slice(0, 6);
    if (event.inputType && event.inputType.indexOf("delete") === 0) return;
    if (text.length === 1 && text > "1") text = "0" + text;
    fields.expiry.value = text.length >= 2 ? text.slice(0, 2) + " / " + text.slice(2) : text;
  });

  Object.keys(fields).forEach(function (name) {
    fields[name].addEventListener("input", function () { show(name, ""); changed(); });
    fields[name].addEventListener("focus", function () { post("focus"); });
    fields[name].addEventListener("blur", function () { post("blur"); });
  });

  form.addEventListener("submit", function (event) { event.preventDefault(); });

  form.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-card]");
    if (!button) return;
    fields.number.value = button.dataset.card.replace(/(\d{4})(?=\d)/g, "$1 ");
    fields.expiry.value = "12 / " + String(new Date().getFullYear() + 4).slice(2);
    fields.cvc.value = "123";
    Object.keys(fields).forEach(function (name) { show(name, ""); });
    changed();
  });

  new ResizeObserver(tellHeight).observe(document.body);
  post("hello");
})();

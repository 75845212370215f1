/* A small Stripe.js for the stand-in: Payment Element in a frame of the stand-in's origin, so that card data
   never reaches the shop's page. Same names and answers as Stripe's own script for what the shop uses. */
(function () {
  "use strict";

  var script = document.currentScript;
  var ORIGIN = new URL(script ? script.src : "/", window.location.href).origin;
  var MARK = "stripe-standin";
  var FRAME_HEIGHT = "300px";

  function IntegrationError(message) {
    var error = new Error(message);
    error.name = "IntegrationError";
    return error;
  }

  function intentId(clientSecret) {
    var match = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(clientSecret || "");
    if (!match) throw IntegrationError("The client secret must look like pi_..._secret_....");
    return match[1];
  }

  function language(locale) {
    var wish = !locale || locale === "auto" ? navigator.language || "de" : String(locale);
    return wish.slice(0, 2).toLowerCase() === "de" ? "de" : "en";
  }

  function never() {
    return new Promise(function () {});
  }

  function go(address) {
    window.location.assign(address);
    return never();
  }

  var OUTCOMES = { succeeded: "succeeded", requires_capture: "succeeded", processing: "pending" };

  function withOutcome(address, intent) {
    var url = new URL(address, window.location.href);
    url.searchParams.append("payment_intent", intent.id);
    url.searchParams.append("payment_intent_client_secret", intent.client_secret);
    url.searchParams.append("redirect_status", OUTCOMES[intent.status] || "failed");
    return url.href;
  }

  function actionAddress(intent, locale) {
    var action = intent.next_action || {};
    var url = null;
    if (action.type === "redirect_to_url") {
      url = new URL(action.redirect_to_url.url);
    } else if (action.type === "use_stripe_sdk") {
      url = new URL(action.use_stripe_sdk.stripe_js);
      url.searchParams.set("return_url", window.location.href);
    }
    if (!url || url.origin !== ORIGIN) return null;
    url.searchParams.set("locale", locale);
    return url.href;
  }

  /* One Payment Element: a frame, and messages to and from it. */
  function PaymentElement(owner) {
    var frame = null;
    var listeners = {};
    var waiting = {};
    var counter = 0;
    var ready = null;
    var tellReady = null;
    var element = this;

    function fire(name, detail) {
      (listeners[name] || []).forEach(function (listener) {
        listener(Object.assign({ elementType: "payment" }, detail));
      });
    }

    function receive(event) {
      if (!frame || event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
      var message = event.data;
      if (!message || message.mark !== MARK) return;
      if (message.type === "hello") {
        post("init", owner.settings());
      } else if (message.type === "ready") {
        tellReady();
        fire("ready", {});
      } else if (message.type === "resize") {
        frame.style.height = Math.min(Math.max(Number(message.payload) || 0, 40), 2000) + "px";
      } else if (message.type === "reply" && waiting[message.id]) {
        waiting[message.id](message.payload);
        delete waiting[message.id];
      } else if (message.type === "change" || message.type === "focus" || message.type === "blur") {
        fire(message.type, message.payload || {});
      }
    }

    function post(type, payload, id) {
      frame.contentWindow.postMessage({ mark: MARK, type: type, payload: payload, id: id }, ORIGIN);
    }

    element.ask = function (type, payload) {
      if (!frame) throw IntegrationError("The Payment Element is not mounted.");
      return ready.then(function () {
        return new Promise(function (resolve) {
          counter += 1;
          waiting[counter] = resolve;
          post(type, payload, counter);
        });
      });
    };

    element.mount = function (target) {
      var place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw IntegrationError("There is no element " + target + " to mount on.");
      if (frame) element.unmount();
      ready = new Promise(function (resolve) { tellReady = resolve; });
      frame = document.createElement("iframe");
      frame.title = owner.locale === "de" ? "Sichere Eingabe der Kartendaten" : "Secure card payment input";
      frame.name = "standin-payment-element";
      frame.allow = "payment 'none'; camera 'none'; microphone 'none'";
      frame.style.cssText = "border:0;width:100%;display:block;background:transparent;height:" + FRAME_HEIGHT;
      frame.src = ORIGIN + "/elements?locale=" + owner.locale + "#" + encodeURIComponent(window.location.origin);
      frame.addEventListener("error", function () { fire("loaderror", { error: { type: "api_connection_error" } }); });
      window.addEventListener("message", receive);
      place.replaceChildren(frame);
    };

    element.unmount = function () {
      if (frame) frame.remove();
      frame = null;
      window.removeEventListener("message", receive);
    };

    element.destroy = element.unmount;
    element.focus = function () { if (frame) post("focus"); };
    element.blur = function () { if (frame) frame.blur(); };
    element.update = function () {};
    element.collapse = function () {};
    element.refresh = function () { if (frame) post("init", owner.settings()); };
    element.on = function (name, listener) {
      (listeners[name] = listeners[name] || []).push(listener);
      return element;
    };
    element.off = function (name, listener) {
      listeners[name] = (listeners[name] || []).filter(function (one) { return listener && one !== listener; });
      return element;
    };
    element.once = function (name, listener) {
      function once(detail) { element.off(name, once); listener(detail); }
      return element.on(name, once);
    };
  }

  function Elements(key, options) {
    var elements = this;
    var element = null;
    elements.clientSecret = options.clientSecret;
    elements.locale = language(options.locale);
    intentId(options.clientSecret);
    elements.settings = function () {
      return { key: key, clientSecret: elements.clientSecret, locale: elements.locale, appearance: options.appearance || {} };
    };
    elements.create = function (type) {
      if (type !== "payment") throw IntegrationError("The stand-in knows only the element 'payment', not '" + type + "'.");
      if (element) throw IntegrationError("Can only create one Element of type payment.");
      element = new PaymentElement(elements);
      return element;
    };
    elements.getElement = function (type) { return type === "payment" ? element : null; };
    elements.update = function (changes) {
      if (changes.locale) elements.locale = language(changes.locale);
      if (changes.appearance) options.appearance = changes.appearance;
      if (element) element.refresh();
    };
    elements.fetchUpdates = function () { return Promise.resolve({}); };
    elements.submit = function () {
      if (!element) throw IntegrationError("elements.submit() needs a mounted Payment Element.");
      return element.ask("submit");
    };
  }

  function Stripe(key, options) {
    if (!(this instanceof Stripe)) return new Stripe(key, options);
    if (!/^pk_/.test(key || "")) throw IntegrationError("Use the publishable key (pk_...), never the secret one.");
    var stripe = this;
    var locale = (options || {}).locale;

    stripe.elements = function (given) {
      return new Elements(key, Object.assign({ locale: locale }, given));
    };

    stripe.retrievePaymentIntent = function (clientSecret) {
      var query = new URLSearchParams({ client_secret: clientSecret });
      return fetch(ORIGIN + "/v1/payment_intents/" + intentId(clientSecret) + "?" + query, {
        headers: { Authorization: "Bearer " + key },
        credentials: "omit",
      }).then(function (answer) {
        return answer.json();
      }).then(function (body) {
        return body.error ? { error: body.error } : { paymentIntent: body };
      }).catch(function (error) {
        return { error: { type: "api_connection_error", message: String(error.message || error) } };
      });
    };

    stripe.confirmPayment = function (given) {
      var elements = given.elements;
      var params = given.confirmParams || {};
      var always = given.redirect !== "if_required";
      var element = elements && elements.getElement("payment");
      if (!element) throw IntegrationError("confirmPayment() needs `elements` with a mounted Payment Element.");
      if (always && !params.return_url) throw IntegrationError("confirmPayment() needs confirmParams.return_url.");
      var back = params.return_url || window.location.href;
      return element.ask("confirm", {
        clientSecret: given.clientSecret || elements.clientSecret,
        returnUrl: new URL(back, window.location.href).href,
        billingDetails: (params.payment_method_data || {}).billing_details || {},
      }).then(function (reply) {
        if (reply.error) return reply;
        var intent = reply.paymentIntent;
        var address = intent.status === "requires_action" ? actionAddress(intent, elements.locale) : null;
        if (address) return go(address);
        return always ? go(withOutcome(back, intent)) : { paymentIntent: intent };
      });
    };

    stripe.handleNextAction = function (given) {
      return stripe.retrievePaymentIntent(given.clientSecret).then(function (reply) {
        if (reply.error) return reply;
        var address = reply.paymentIntent.status === "requires_action"
          ? actionAddress(reply.paymentIntent, language(locale)) : null;
        return address ? go(address) : reply;
      });
    };
  }

  Stripe.version = "standin";
  window.Stripe = Stripe;
})();

"""A real Chromium pays through the frame, on a page with the shop's strict content security policy."""

from __future__ import annotations

import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
PICTURES = os.environ.get("STANDIN_PICTURES")
"""A folder for screenshots to look at; without it none are taken."""

PAGE = """<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Kasse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/page.css">
<script src="%(stripe)s/v3/stripe.js"></script><script src="/page.js" defer></script></head>
<body><main><h1>Kasse</h1><div id="settings" data-settings="%(settings)s"></div>
<div id="payment"></div><p id="message" role="alert"></p>
<button id="pay" type="button" disabled>zahlungspflichtig bestellen</button></main></body></html>"""
STYLE = (
    "body{font:16px system-ui;margin:0}main{max-width:480px;margin:0 auto;padding:16px}#pay{min-height:48px}"
)
SCRIPT = """
const settings = JSON.parse(document.getElementById("settings").dataset.settings);
const stripe = Stripe(settings.key, {locale: settings.locale});
const elements = stripe.elements({clientSecret: settings.secret, appearance: settings.appearance});
const payment = elements.create("payment");
const button = document.getElementById("pay");
payment.on("ready", () => { button.disabled = false; });
payment.on("change", (event) => { button.dataset.complete = event.complete; });
payment.mount("#payment");
button.addEventListener("click", async () => {
  button.disabled = true;
  document.getElementById("message").textContent = "";
  const checked = await elements.submit();
  const result = checked.error ? checked : await stripe.confirmPayment({
    elements, confirmParams: {return_url: location.origin + "/return?order=K-1"}, redirect: settings.redirect});
  document.getElementById("message").textContent =
    result.error ? result.error.type + ": " + result.error.message : "paid " + result.paymentIntent.status;
  button.disabled = false;
});
window.again = (secret) => stripe.retrievePaymentIntent(secret);
"""


class ShopPage:
    """A tiny shop with one checkout page, as strict as the real one."""

    def __init__(self, stripe_url: str) -> None:
        self.settings: dict[str, Any] = {}
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, kind = page.answer(self.path.partition("?")[0])
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header(
                    "Content-Security-Policy",
                    f"default-src 'self'; script-src 'self' {stripe_url}; style-src 'self'; "
                    f"frame-src {stripe_url}; connect-src 'self' {stripe_url}; form-action 'self'",
                )
                self.send_header("Referrer-Policy", "same-origin")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: object) -> None:
                pass

        self._stripe_url = stripe_url
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, path: str) -> tuple[str, str]:
        if path == "/page.js":
            return SCRIPT, "text/javascript"
        if path == "/page.css":
            return STYLE, "text/css"
        if path == "/checkout":
            settings = json.dumps(self.settings).replace("&", "&amp;").replace('"', "&quot;")
            return PAGE % {"stripe": self._stripe_url, "settings": settings}, "text/html"
        return "<!doctype html><title>Danke</title><h1>Danke</h1>", "text/html"


@pytest.fixture
def checkout(standin, client, browser):
    """Opens the checkout page for a fresh intent; returns the page, which fails on any console error."""
    shop = ShopPage(standin.url)
    opened = []

    def open_(*, redirect="if_required", locale="de", width=1280, appearance=None, scripts=True):
        intent = client.v1.payment_intents.create(
            params={"amount": 8990, "currency": "eur", "description": "Order K-1"}
        )
        shop.settings = {
            "key": standin.publishable_key,
            "secret": intent.client_secret,
            "locale": locale,
            "redirect": redirect,
            "appearance": appearance or {},
        }
        context = browser.new_context(
            viewport={"width": width, "height": 720}, locale=locale, java_script_enabled=scripts
        )
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        opened.append(context)
        if scripts:
            page.goto(f"{shop.url}/checkout")
            page.wait_for_selector("#pay:not([disabled])")
        return page, intent

    yield open_
    for context in opened:
        context.close()
    shop.server.shutdown()
    shop.server.server_close()


def frame(page):
    return page.frame_locator("iframe")


def picture(page, name):
    if PICTURES:
        page.wait_for_timeout(150)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def message(page, text):
    playwright.expect(page.locator("#message")).to_contain_text(text)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_card_is_typed_into_the_frame_and_pays(checkout, client, width):
    page, intent = checkout(width=width)
    assert "Testzahlung: Ersatzserver, es fließt kein Geld" in frame(page).locator("body").inner_text()
    picture(page, f"element-empty-{width}")
    frame(page).get_by_label("Kartennummer").press_sequentially("4242424242424242")
    frame(page).get_by_label("Gültig bis").press_sequentially("1234")
    frame(page).get_by_label("Prüfnummer").press_sequentially("123")
    assert frame(page).get_by_label("Kartennummer").input_value() == "4242 4242 4242 4242"
    assert frame(page).get_by_label("Gültig bis").input_value() == "12 / 34"
    playwright.expect(page.locator("#pay")).to_have_attribute("data-complete", "true")
    picture(page, f"element-filled-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    body = frame(page).locator("html")
    assert body.evaluate("node => node.scrollWidth <= window.innerWidth"), "nothing is cut off in the frame"
    assert body.evaluate("node => node.scrollHeight <= window.innerHeight + 1")
    page.click("#pay")
    message(page, "paid succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    found = page.evaluate("secret => window.again(secret)", intent.client_secret)
    assert found["paymentIntent"]["status"] == "succeeded"
    assert page.complaints == []


def test_errors_stand_beside_the_fields(checkout, client):
    page, intent = checkout(width=360)
    page.click("#pay")
    message(page, "validation_error: Ihre Kartennummer ist unvollständig.")
    playwright.expect(frame(page).get_by_label("Kartennummer")).to_have_attribute("aria-invalid", "true")
    assert frame(page).locator("#expiry-error").inner_text().startswith("Das Ablaufdatum")
    assert page.evaluate("document.activeElement.tagName") == "IFRAME", "the first wrong field has the focus"
    picture(page, "element-errors-360")
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    assert page.complaints == []


def test_a_decline_is_said_in_german_and_the_next_card_pays_by_redirect(checkout, client):
    page, intent = checkout(redirect="always")
    frame(page).get_by_role("button", name="Abgelehnt").click()
    page.click("#pay")
    message(page, "card_error: Ihre Karte wurde abgelehnt.")
    picture(page, "element-declined-1280")
    frame(page).get_by_role("button", name="Erfolg").click()
    page.click("#pay")
    page.wait_for_url("**/return?order=K-1&*redirect_status=succeeded")
    assert f"payment_intent={intent.id}" in page.url
    assert f"payment_intent_client_secret={intent.client_secret}" in page.url
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("button", "ended"), [("Freigabe erteilen", "succeeded"), ("verweigern", "failed")])
def test_3d_secure_leads_over_its_own_page_and_back(checkout, client, standin, width, button, ended):
    page, intent = checkout(width=width)
    frame(page).get_by_role("button", name="3-D Secure").click()
    page.click("#pay")
    page.wait_for_url(re.compile(re.escape(standin.url) + "/3ds/.*"))
    assert "Testzahlung" in page.locator("body").inner_text()
    picture(page, f"3ds-{width}")
    page.get_by_role("button", name=button).click()
    page.wait_for_url(f"**/return?order=K-1&*redirect_status={ended}")
    expected = "succeeded" if ended == "succeeded" else "requires_payment_method"
    assert client.v1.payment_intents.retrieve(intent.id).status == expected


def test_handle_next_action_leads_through_3d_secure_and_back_to_the_page(checkout, client, standin):
    page, intent = checkout()
    client.v1.payment_intents.update(
        intent.id, params={"payment_method": "pm_card_authenticationRequired", "return_url": page.url}
    )
    client.v1.payment_intents.confirm(intent.id)
    page.evaluate("secret => { stripe.handleNextAction({clientSecret: secret}); }", intent.client_secret)
    page.wait_for_url(re.compile(re.escape(standin.url) + "/3ds/.*"))
    page.get_by_role("button", name="Freigabe erteilen").click()
    page.wait_for_url("**/checkout?*redirect_status=succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_payment_service_out_of_reach_is_said_in_words_and_can_be_repeated(checkout, client, standin):
    page, _ = checkout()
    frame(page).get_by_role("button", name="Erfolg").click()
    standin.control("faults", kind="answer_lost_after_charge", times=1, path="/v1/payment_intents/*/confirm")
    page.click("#pay")
    message(page, "paid succeeded")
    assert len(client.v1.charges.list().data) == 1, "the script asked again with the same key"
    page, _ = checkout()
    frame(page).get_by_role("button", name="Erfolg").click()
    standin.control("faults", kind="answer_lost_after_charge", times=-1, path="/v1/payment_methods")
    page.click("#pay")
    message(page, "Der Zahlungsdienst war nicht erreichbar.")
    standin.control("faults", method="DELETE")
    page.click("#pay")
    message(page, "paid succeeded")


def test_english_and_a_dark_shop(checkout):
    page, _ = checkout(
        locale="en", appearance={"theme": "night", "variables": {"colorPrimary": "#8ab4ff", "bad": "x"}}
    )
    assert "Test payments: this is a stand-in, no money moves" in frame(page).locator("body").inner_text()
    frame(page).get_by_label("Card number").fill("4242")
    picture(page, "element-night-1280")
    page.click("#pay")
    message(page, "Your card number is incomplete.")
    assert page.complaints == []


def test_only_the_page_that_mounted_the_frame_can_drive_it(checkout, client):
    page, intent = checkout()
    frame(page).get_by_role("button", name="Erfolg").click()
    order = {
        "mark": "stripe-standin",
        "type": "confirm",
        "id": 99,
        "payload": {"clientSecret": intent.client_secret, "returnUrl": page.url, "billingDetails": {}},
    }
    page.evaluate("document.body.append(document.createElement('iframe'))")
    stranger = page.frames[-1]
    stranger.evaluate("message => window.parent.frames[0].postMessage(message, '*')", order)
    page.wait_for_timeout(600)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    page.evaluate("message => window.frames[0].postMessage(message, '*')", order)
    page.wait_for_timeout(600)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_frame_that_is_told_a_false_origin_stays_silent(checkout, standin):
    page, _ = checkout()
    heard = page.evaluate(
        """([address]) => new Promise((done) => {
            let heard = 0;
            const frame = document.createElement("iframe");
            window.addEventListener("message", (event) => { heard += event.source === frame.contentWindow; });
            frame.src = address;
            document.body.append(frame);
            frame.addEventListener("load", () => setTimeout(() => done(heard), 400));
        })""",
        [f"{standin.url}/elements?locale=de#http%3A%2F%2Fevil.example"],
    )
    assert heard == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_the_hosted_page_pays_with_scripts_switched_off(checkout, client, standin, width):
    page, intent = checkout(width=width, scripts=False)
    page.goto(
        f"{standin.url}/pay/{intent.id}?secret={intent.client_secret}"
        f"&return_url={standin.url.replace('127.0.0.1', 'localhost')}/nothing&locale=de"
    )
    picture(page, f"hosted-{width}")
    page.get_by_label("Kartennummer").fill("4000000000000002")
    page.get_by_label("Gültig bis").fill("12/34")
    page.get_by_label("Prüfnummer").fill("123")
    page.get_by_role("button", name="89,90").click()
    assert "Ihre Karte wurde abgelehnt." in page.locator("body").inner_text()
    picture(page, f"hosted-declined-{width}")
    page.get_by_role("button", name="Erfolg").click()
    page.wait_for_url("**/nothing?*redirect_status=succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_start_page_fits(checkout, client, standin, width):
    page, _ = checkout(width=width, scripts=False)
    page.goto(standin.url)
    picture(page, f"home-{width}")
    assert page.get_by_role("heading", name="This is a stand-in for Stripe").is_visible()

"""The pages for shoppers without JavaScript: hosted payment, 3-D Secure, the start page."""

from __future__ import annotations

import http.client
import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

BACK = "http://127.0.0.1:8000/checkout/return?order=K-1"


class Browser:
    """A browser without scripts: follows nothing by itself, keeps status, headers and text."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str):
        connection = http.client.HTTPConnection(self.host, timeout=10)
        sent = {"Accept-Language": "de-DE,de;q=0.9"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if form is not None else None, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


@pytest.fixture
def browser(standin):
    return Browser(standin.url)


@pytest.fixture
def intent(client):
    return client.v1.payment_intents.create(
        params={"amount": 123990, "currency": "eur", "description": "Bestellung <K-1>"}
    )


def form(intent, **card):
    hidden = {"secret": intent.client_secret, "return_url": BACK}
    return hidden | {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"} | card


def address(intent, **more):
    given = {"secret": intent.client_secret, "return_url": BACK} | more
    return f"/pay/{intent.id}?{urlencode(given)}"


def outcome(headers, intent):
    """Checks that the redirect leads to the shop with Stripe's parameters; returns redirect_status."""
    where = headers["Location"]
    query = parse_qs(urlsplit(where).query)
    assert where.startswith("http://127.0.0.1:8000/checkout/return?order=K-1&")
    assert query["payment_intent"] == [intent.id]
    assert query["payment_intent_client_secret"] == [intent.client_secret]
    return query["redirect_status"][0]


def test_the_hosted_page_pays_without_javascript(browser, client, intent):
    status, headers, page = browser.ask("GET", address(intent))
    assert status == 200
    for text in (
        "Testzahlung: Ersatzserver, es fließt kein Geld",
        "1.239,90\u00a0€",
        "Bestellung &lt;K-1&gt;",
    ):
        assert text in page
    assert "form-action 'self' http://127.0.0.1:8000;" in headers["Content-Security-Policy"]
    assert "<script" not in page
    status, headers, _ = browser.ask("POST", f"/pay/{intent.id}", form(intent))
    assert (status, outcome(headers, intent)) == (303, "succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    status, headers, _ = browser.ask("POST", f"/pay/{intent.id}", form(intent))
    assert (status, outcome(headers, intent)) == (303, "succeeded"), "a second click charges nothing"
    assert len(client.v1.charges.list().data) == 1


def test_it_speaks_english_when_asked(browser, intent):
    _, _, page = browser.ask("GET", address(intent, locale="en"))
    assert "Test payments: this is a stand-in, no money moves." in page
    assert "€1,239.90" in page


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"number": "4000000000000002"}, "Ihre Karte wurde abgelehnt."),
        ({"number": "4242424242424241"}, "Ihre Kartennummer ist falsch."),
        ({"number": ""}, "Ihre Kartennummer ist falsch."),
        ({"number": "n\u00fcll\x00" * 50}, None),
        ({"expiry": "13/34"}, "Der Ablaufmonat Ihrer Karte ist ungültig."),
        ({"expiry": ""}, "Der Ablaufmonat Ihrer Karte ist ungültig."),
        ({"expiry": "01/20"}, "Das Ablaufjahr Ihrer Karte ist ungültig."),
        ({"cvc": ""}, "Die Prüfnummer Ihrer Karte ist ungültig."),
    ],
)
def test_a_card_that_does_not_pay_brings_the_form_back_with_words(browser, client, intent, card, words):
    status, _, page = browser.ask("POST", f"/pay/{intent.id}", form(intent, **card))
    assert 400 <= status < 500
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    if words:
        assert words in unescape(page)
        assert 'role="alert"' in page
        assert (card.get("number") or "4242 4242") not in page, "a card number is never sent back"


def test_the_quick_buttons_pay_at_once(browser, intent):
    status, _, page = browser.ask("POST", f"/pay/{intent.id}", form(intent, number="", test_card="declined"))
    assert (status, "Ihre Karte wurde abgelehnt." in page) == (402, True)
    status, headers, _ = browser.ask(
        "POST", f"/pay/{intent.id}", form(intent, number="", test_card="success")
    )
    assert (status, outcome(headers, intent)) == (303, "succeeded")


@pytest.mark.parametrize(("result", "ended"), [("complete", "succeeded"), ("fail", "failed")])
def test_3d_secure_asks_and_leads_back(browser, client, intent, result, ended):
    status, headers, _ = browser.ask("POST", f"/pay/{intent.id}", form(intent, number="4000002760003184"))
    where = headers["Location"]
    assert status == 303
    waiting = client.v1.payment_intents.retrieve(intent.id)
    assert (waiting.status, waiting.next_action.type) == ("requires_action", "redirect_to_url")
    assert where.startswith(waiting.next_action.redirect_to_url.url)
    path = urlsplit(where).path
    _, _, page = browser.ask("GET", path)
    assert "Freigabe erteilen" in page
    assert "Testzahlung" in page
    status, headers, _ = browser.ask("POST", path, {"result": result})
    assert (status, outcome(headers, intent)) == (303, ended)
    after = client.v1.payment_intents.retrieve(intent.id)
    if ended == "succeeded":
        assert after.status == "succeeded"
        charge = client.v1.charges.retrieve(after.latest_charge)
        assert charge.payment_method_details.card.three_d_secure.result == "authenticated"
    else:
        assert after.status == "requires_payment_method"
        assert after.last_payment_error.code == "payment_intent_authentication_failure"
    _, headers, _ = browser.ask("POST", path, {"result": "complete"})
    assert outcome(headers, intent) == ended, "the page works once"


def test_3d_secure_then_declined(browser, client, intent):
    _, headers, _ = browser.ask("POST", f"/pay/{intent.id}", form(intent, number="4000008400001629"))
    _, headers, _ = browser.ask("POST", urlsplit(headers["Location"]).path, {"result": "complete"})
    assert outcome(headers, intent) == "failed"
    assert client.v1.payment_intents.retrieve(intent.id).last_payment_error.decline_code == "generic_decline"


def test_an_old_3d_secure_page_cannot_pay_after_a_cancel(browser, client, intent):
    _, headers, _ = browser.ask("POST", f"/pay/{intent.id}", form(intent, number="4000002500003155"))
    client.v1.payment_intents.cancel(intent.id)
    status, headers, _ = browser.ask("POST", urlsplit(headers["Location"]).path, {"result": "complete"})
    assert (status, outcome(headers, intent)) == (303, "failed")
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "pi_x_secret_y"},
        {"return_url": "javascript:alert(1)"},
        {"return_url": ""},
        {"return_url": "//evil.example"},
        {"secret": "\x00"},
    ],
)
def test_without_the_secret_or_a_proper_way_back_there_is_no_page(browser, intent, changes):
    status, _, page = browser.ask("GET", address(intent, **changes))
    assert (status, intent.id in page) == (404, False)


@pytest.mark.parametrize(
    "path", ["/pay/pi_none", "/3ds/auth_none", "/nowhere", "/pay/", "/%00", "/elements/../x"]
)
def test_junk_addresses_get_a_page_of_words(browser, path):
    status, _, page = browser.ask("GET", path)
    assert (status, "Seite nicht gefunden" in page) == (404, True)


def test_the_start_page_says_what_it_is_and_redelivers(heard, browser, standin, pay):
    pay(description="<b>Order</b>")
    heard.wait_for(3)
    status, _, page = browser.ask("GET", "/")
    assert status == 200
    for text in ("This is a stand-in for Stripe", "No money moves", "&lt;b&gt;Order", "4242 4242 4242 4242"):
        assert text in page
    event = re.search(r'name="event" value="(evt_\w+)"', page)[1]
    status, _, _ = browser.ask("POST", "/redeliver", {"event": event}, Origin="http://evil.example")
    assert status == 403
    status, _, _ = browser.ask("POST", "/redeliver", {"event": event}, Origin=standin.url)
    assert status == 303
    heard.wait_for(4)


def test_only_pages_on_the_loopback_may_call_from_a_browser(browser, standin, intent):
    path = f"/v1/payment_intents/{intent.id}/confirm"
    status, headers, _ = browser.ask("OPTIONS", path, Origin="http://localhost:8000")
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "http://localhost:8000")
    for origin, where in (
        ("https://evil.example", path),
        ("http://localhost.evil.example", path),
        ("null", path),
        ("http://localhost:8000", "/v1/refunds"),
    ):
        status, headers, _ = browser.ask("OPTIONS", where, Origin=origin)
        assert (status, headers["Access-Control-Allow-Origin"]) == (403, None)


def test_huge_and_lengthless_bodies_are_refused(browser):
    connection = http.client.HTTPConnection(browser.host, timeout=10)
    connection.putrequest("POST", "/v1/refunds")
    connection.putheader("Content-Length", "99999999")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection = http.client.HTTPConnection(browser.host, timeout=10)
    connection.putrequest("POST", "/v1/refunds")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 411

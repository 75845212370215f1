"""Buying in the browser: the basket changes in place, nothing typed is lost, and whoever came back orders in two steps.
Judged on a phone and at a desk, in German."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from checkout.basedata import ensure
from checkout.basket.models import Line  # type: ignore[attr-defined]
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.range import ensure_vat, make_product, variants
from tests.factories.shopping import make_basket, make_user, make_variant, place_order

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]


def test_the_basket_changes_in_place_and_the_checkout_loses_nothing(
    live_server: Any, open_window: Callable[..., Page]
) -> None:
    ensure()
    ensure_vat()
    with override("de"):
        person = make_user("erika@example.org", first_name="Erika")
        place_order((make_variant(), 1), user=person, method="prepayment")
        first, second = variants(make_product("Elbschuh", price_minor=5_000, stock=9))
        make_basket((first, 1), (second, 2), owner=person)
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    phone.sign_in(page.context, live_server.url, person)
    page.goto(live_server.url + reverse("basket:summary"))
    page.evaluate("window.stayed = true")
    total = page.locator(".totals__sum dd")
    assert "150,00" in total.inner_text()
    page.locator("input[name=quantity]").first.fill("3")
    page.locator("input[name=quantity]").first.press("Tab")
    page.locator(".totals__sum dd", has_text="250,00").wait_for()
    page.locator("#basket-status", has_text="250,00").wait_for(state="attached")
    page.get_by_role("button", name="Für später merken").last.click()
    page.get_by_role("button", name="Wieder hineinlegen").or_(
        page.locator(".undo-bar button")
    ).first.wait_for()
    page.get_by_role("heading", name="Für später gemerkt").wait_for()
    page.locator("details.estimate summary").click()
    page.locator("details.estimate select").select_option("AT")
    page.locator("details.estimate input[name=postcode]").fill("1010")
    page.get_by_role("button", name="Berechnen").click()
    page.get_by_role("heading", name="Nach 1010").wait_for()
    judge.see("basket-live")
    page.goto(live_server.url + reverse("basket:summary"))
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="In den Warenkorb").click()
    page.locator(".totals__sum dd", has_text="250,00").wait_for()
    assert page.evaluate("window.stayed === true"), "the page was loaded anew"
    assert Line.objects.filter(basket__owner=person, basket__status="Open").count() == 2
    page.locator(".checkout__total a.button").click()
    page.get_by_role("button", name="zahlungspflichtig bestellen").wait_for()
    judge.see("summary-of-a-known-customer")
    page.get_by_role("link", name="Adresse ändern").click()
    street = page.locator("input[name=billing-line1]")
    street.fill("Getippte Straße 9")
    page.goto(live_server.url + reverse("basket:summary"))
    page.go_back()
    assert page.locator("input[name=billing-line1]").input_value() == "Getippte Straße 9"
    page.locator("input[name=billing-postcode]").fill("ABC")
    page.locator(".checkout__main .form__actions button").click()
    page.locator(".summary--bad").wait_for()
    assert page.evaluate("document.activeElement.matches('.summary--bad')"), "the errors have the focus"
    assert page.title().startswith("Fehler:")
    judge.see("contact-with-errors")
    page.goto(live_server.url + reverse("account:delete"))
    judge.see("account-delete")
    page.goto(live_server.url + reverse("account:orders"))
    page.get_by_role("link", name="Noch einmal bestellen").first.click()
    judge.see("account-reorder")
    page.goto(live_server.url + reverse("newsletter"))
    judge.see("newsletter")
    assert not judge.found, "\n".join(judge.found)


def test_what_was_typed_stays_until_the_server_has_it(
    live_server: Any, open_window: Callable[..., Page]
) -> None:
    """A dead spot at the button of the first step; then what the server has is shown, also what another tab sent."""
    ensure()
    with override("de"):
        person = make_user("erika@example.org", first_name="Erika")
        make_basket((make_variant(), 1), owner=person)
    page = open_window(locale="de-DE")
    phone.sign_in(page.context, live_server.url, person)
    contact = live_server.url + reverse("checkout:contact")
    street = "input[name=billing-line1]"
    kept = "Object.keys(sessionStorage).filter((key) => key.startsWith('keep:')).length"

    def send(tab: Page, line: str, postcode: str = "20457") -> None:
        said = {"first_name": "Erika", "last_name": "Beispiel", "postcode": postcode, "line4": "Hamburg"}
        for name, text in ({"line1": line} | said).items():
            tab.locator(f"input[name=billing-{name}]").fill(text)
        tab.locator(".checkout__main .form__actions button").click()

    page.goto(contact)
    page.route(contact, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    with page.expect_event("requestfailed"):
        send(page, "Getippte Straße 9")
    page.goto(contact)
    assert page.locator(street).input_value() == "Getippte Straße 9", "no answer came"
    page.unroute(contact)
    send(page, "Getippte Straße 10", "ABC")
    page.locator(".summary--bad").wait_for()
    page.goto(contact)
    assert page.locator(street).input_value() == "Getippte Straße 10", "it was refused"
    send(page, "Neue Straße 1")
    page.wait_for_url("**" + reverse("checkout:delivery"))
    assert page.evaluate(kept) == 0, "the server has it"
    page.goto(contact)
    assert page.locator(street).input_value() == "Neue Straße 1"
    page.locator(street).fill("Halbe Straße")
    other = page.context.new_page()
    other.goto(contact)
    send(other, "Neuere Straße 2")
    other.wait_for_url("**" + reverse("checkout:delivery"))
    page.goto(contact)
    assert page.locator(street).input_value() == "Neuere Straße 2", "nothing older over what the server has"

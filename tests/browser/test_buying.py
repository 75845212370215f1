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

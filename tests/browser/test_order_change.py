"""A shopper changes an order by the link of our mail, then cancels it; each page is judged on a phone and at a desk.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from checkout.order import access
from checkout.payment.models import Payment, Refund
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.changes import ordered, sibling
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shortages import in_stock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]


def express() -> None:
    """A second way to deliver."""
    method = DeliveryMethod.objects.create(
        code="express",
        kind="home",
        name="Expresslieferung",
        description="Am nächsten Werktag",
        carrier="Kurier",
    )
    DeliveryCharge.objects.create(method=method, country="DE", weight_to_g=31_500, gross_minor=990)


@pytest.mark.parametrize(("language", "locale"), [("de", "de-DE"), ("en", "en-GB")])
def test_a_guest_changes_and_cancels_an_order_by_the_link(
    live_server: Any, open_window: OpenWindow, outbox: Any, language: str, locale: str
) -> None:
    make_country()
    ensure_vat()
    express()
    shoe, boot = in_stock(5, price_minor=8_990), in_stock(5, price_minor=12_990, bin="B-02")
    sibling(shoe, size="43", price_minor=8_490)
    sibling(shoe, size="44", bin="B-03")
    order = ordered(outbox, (shoe, 2), (boot, 1), language=language)
    Payment.objects.filter(order=order).update(card_label="Visa 4242")
    page = open_window(locale=locale)
    judge = Judge(page, language)
    with override(language):
        page.goto(live_server.url + reverse("orders:open", args=[access.token(order)]))
    judge.see("order-with-change")
    page.locator(f"a[href$='/{order.number}/change/']").click()
    judge.see("change-choose")
    line = order.lines.order_by("pk").first()
    page.locator(f"[name='line-{line.pk}']").fill("1")
    page.locator(f"[name='size-{line.pk}']").select_option(index=1)
    page.locator("form:has([value=pieces]) button[value=preview]").click()
    judge.see("change-preview")
    page.locator("button[value=confirm]").click()
    page.wait_for_url("**/orders/*/")
    judge.see("change-done")
    assert Refund.objects.get().amount_minor == 8_990 + 500

    page.locator(f"a[href$='/{order.number}/change/']").click()
    page.locator("[name=line1]").fill("Neuer Weg 5")
    page.locator("[name=postcode]").fill("1")
    page.locator("form:has([value=address]) button[value=preview]").click()
    judge.see("change-wrong")
    page.locator("[name=postcode]").fill("22765")
    page.locator("form:has([value=address]) button[value=preview]").click()
    judge.see("change-address")
    page.locator("button[value=confirm]").click()
    page.locator(f"a[href$='/{order.number}/change/']").click()
    page.locator("form:has([value=cancel]) button[value=preview]").click()
    judge.see("change-cancel")
    page.locator("button[value=confirm]").click()
    page.wait_for_url("**/orders/*/")
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == Payment.objects.get().amount_minor
    assert not judge.found, "\n".join(judge.found)


def test_after_picking_began_the_page_says_what_is_possible(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    order = ordered(outbox, (in_stock(5), 1))
    picking.start(pick_list=PickList.objects.get(order=order), by=make_staff("picker@example.org"))
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    with override("de"):
        page.goto(live_server.url + reverse("orders:open", args=[access.token(order)]))
    page.locator(f"a[href$='/{order.number}/change/']").click()
    judge.see("change-too-late")
    assert not judge.found, "\n".join(judge.found)


def test_staff_change_an_order_and_ask_for_the_difference(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    express()
    shoe, boot = in_stock(9, price_minor=18_990), in_stock(5, price_minor=12_990, bin="B-02")
    sibling(shoe, size="43", price_minor=19_990)
    order = ordered(outbox, (shoe, 2), (boot, 1))
    rights = ("order.view_orders", "order.manage_orders", "order.correct_addresses", "payment.view_payments")
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    phone.sign_in(
        page.context, live_server.url, make_staff("service@example.org", *rights, first_name="Svea")
    )
    with override("de"):
        page.goto(live_server.url + reverse("dashboard:order", args=[order.number]))
    page.get_by_role("link", name="Bestellung ändern").click()
    judge.see("staff-change-choose")
    first, second = order.lines.order_by("pk")
    page.locator(f"[name='line-{first.pk}']").fill("0")
    page.locator("form:has([value=pieces]) button[value=preview]").click()
    judge.see("staff-change-second-person")
    page.locator("button[value=edit]").click()
    page.locator(f"[name='line-{first.pk}']").fill("2")
    page.locator(f"[name='line-{second.pk}']").fill("0")
    page.locator("form:has([value=pieces]) button[value=preview]").click()
    judge.see("staff-change-preview")
    page.locator("button[value=confirm]").click()
    judge.see("staff-change-no-reason")
    page.get_by_label("Grund").fill("Kundin rief an")
    page.locator("button[value=confirm]").click()
    page.wait_for_url(f"**/orders/{order.number}/")
    assert Refund.objects.get().amount_minor == 12_990

    page.get_by_role("link", name="Bestellung ändern").click()
    page.locator(f"[name='size-{first.pk}']").select_option(index=1)
    page.locator("form:has([value=pieces]) button[value=preview]").click()
    judge.see("staff-change-dearer")
    page.get_by_label("Grund").fill("Kundin rief an")
    page.locator("button[value=confirm]").click()
    page.wait_for_url(f"**/orders/{order.number}/")
    judge.see("staff-order-waits")
    page.get_by_role("link", name="Bestellung ändern").click()
    judge.see("staff-change-waits")
    with override("de"):
        page.goto(live_server.url + reverse("orders:open", args=[access.token(order)]))
    judge.see("shopper-waits")
    page.locator(f"a[href$='/{order.number}/change/']").first.click()
    judge.see("shopper-change-waits")
    page.get_by_role("button", name="Diese Änderung verwerfen").click()
    page.wait_for_url(f"**/orders/{order.number}/")
    order.refresh_from_db()
    assert not order.on_hold
    assert not judge.found, "\n".join(judge.found)

"""An order by phone in the browser: a clerk finds the customer, puts shoes in the basket, reads out and places it; the
customer gets it in writing. Each page is judged on a phone and at a desk, in German."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from checkout.basedata import ensure
from checkout.order.models import Order
from checkout.payment.actions.credit import release_customer
from checkout.phone_orders.models import PhoneOrder
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.people import make_staff, make_user
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_variant

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
RIGHTS = ("phone_orders.take_orders", "order.view_orders", "customer.view_user")


def clerk() -> Any:
    return make_staff("service@example.org", *RIGHTS, first_name="Svea", last_name="Kunde")


def say_address(page: Page) -> None:
    """Type what the customer says."""
    for name, text in (("line1", "Musterweg 1"), ("postcode", "20457"), ("line4", "Hamburg")):
        page.locator(f"[name=billing-{name}]").fill(text)
    page.get_by_role("button", name="Adresse notieren").click()


def put_in(page: Page, words: str, pieces: str) -> None:
    """Search an article and put it in."""
    page.get_by_label("Artikelnummer, Barcode, Name, Farbe oder Größe").fill(words)
    page.get_by_label("Artikelnummer, Barcode, Name, Farbe oder Größe").press("Enter")
    page.locator("input[id^=n-]").first.fill(pieces)
    page.get_by_role("button", name="Hineinlegen").first.click()


def test_a_customer_we_know_orders_on_account(live_server: Any, open_window: OpenWindow, outbox: Any) -> None:
    ensure()
    ensure_vat()
    person = make_user("erika@example.org", first_name="Erika", last_name="Muster", language="de")
    release_customer(user_id=person.pk, released=True, by=None)
    make_variant(title="Deichstiefel", sku="DEICH-42", price_minor=8_990, stock=3)
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    phone.sign_in(page.context, live_server.url, clerk())
    with override("de"):
        page.goto(live_server.url + reverse("dashboard:phone-orders"))
    judge.see("phone-orders-none")
    page.get_by_role("link", name="Bestellung aufnehmen").first.click()
    page.get_by_label("Name, E-Mail-Adresse, Telefon, Postleitzahl oder Bestellnummer").fill("muster")
    page.get_by_role("button", name="Suchen").last.click()
    judge.see("phone-order-who")
    page.get_by_role("button", name="Bestellung aufnehmen Erika Muster").click()
    put_in(page, "deich-42", "2")
    say_address(page)
    judge.see("phone-order-way")
    page.get_by_label("Lieferung nach Hause").check()
    page.get_by_label("Kauf auf Rechnung").check()
    page.get_by_role("button", name="Lieferung und Zahlung notieren").click()
    judge.see("phone-order-filled")
    page.get_by_role("link", name="Vorlesen und aufgeben").click()
    page.get_by_role("button", name="Bestellung über").click()
    assert not Order.objects.exists()  # the browser asks for the tick first
    page.get_by_label("Ich habe das vorgelesen").check()
    judge.see("phone-order-check")
    page.get_by_role("button", name="Bestellung über").click()
    page.wait_for_url("**/dashboard/orders/**")
    judge.see("phone-order-placed")
    order = Order.objects.get()
    assert (order.status, order.user, order.total_minor) == ("confirmed", person, 2 * 8_990)
    assert "telefonisch, aufgenommen von Svea Kunde" in page.inner_text("main")
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="order_confirmed")
    assert mail.recipient == "erika@example.org"
    assert any("Widerruf" in file.name for file in mail.attachments.all())
    page.goto(live_server.url + reverse("dashboard:phone-orders"))
    judge.see("phone-orders")
    assert not judge.found, "\n".join(judge.found)


def test_somebody_new_pays_by_a_link(live_server: Any, open_window: OpenWindow, outbox: Any) -> None:
    ensure()
    ensure_vat()
    make_variant(title="Moorschuh", sku="MOOR-38", price_minor=5_990, stock=1)
    page = open_window(width=360, height=740, locale="de-DE", java_script_enabled=False)
    phone.sign_in(page.context, live_server.url, clerk())
    page.goto(live_server.url + reverse("dashboard:phone-order-new"))
    for name, text in (("first_name", "Nele"), ("last_name", "Neu"), ("email", "neu@example.org")):
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Weiter zu den Artikeln").click()
    put_in(page, "moor-38", "1")
    say_address(page)
    page.get_by_label("Lieferung nach Hause").check()
    page.locator("input[name=payment][value=card]").check()
    page.get_by_role("button", name="Lieferung und Zahlung notieren").click()
    page.get_by_role("link", name="Vorlesen und aufgeben").click()
    page.get_by_label("Ich habe das vorgelesen").check()
    page.get_by_role("button", name="Bestellung über").click()
    page.wait_for_url("**/dashboard/orders/**")
    order = Order.objects.get()
    assert (order.status, order.user) == ("awaiting_payment", User.objects.get(email="neu@example.org"))
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="order_pay_link")
    guest = open_window(locale="de-DE")
    begins = settings.SITE_URL + reverse("orders:open", args=["x"]).removesuffix("x/")
    link = next(word for word in mail.text.split() if word.startswith(begins))
    guest.goto(live_server.url + link.removeprefix(settings.SITE_URL))
    guest.get_by_role("link", name="Jetzt zahlen").wait_for()
    page.goto(live_server.url + reverse("dashboard:phone-order-new"))
    page.locator("[name=email]").fill("neu@example.org")
    page.locator("[name=first_name]").fill("N")
    page.locator("[name=last_name]").fill("N")
    page.get_by_role("button", name="Weiter zu den Artikeln").click()
    page.get_by_role("button", name="Bestellung für Nele Neu aufnehmen").click()
    page.get_by_role("button", name="Bestellung verwerfen").first.click()
    assert PhoneOrder.objects.count() == 1

"""Firms and public bodies in a real browser, from the checkout to the paper: a firm abroad with a proved VAT id buys
without VAT and the proof is kept; a public buyer with a Leitweg-ID gets an XRechnung."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.vat_ids.models import VatIdCheck
from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.einvoice import validate_many, xrechnung
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation import actions as bank
from shop.kernel.clock import today
from tests.browser.people import PICTURES, go_on, order_number, pdf, pick_option, place, say_who
from tests.browser.served import sit_down
from tests.browser.test_money_pages import seen, somebody
from tests.checkout.test_steps import put_in_basket
from tests.factories.shopping import make_variant
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.documents.test_documents import text_of
from tests.support.vies import CONSULTATION, Register

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

FRENCH, LEITWEG = "FR40303265045", "991-03730-19"
OpenWindow = Callable[..., "Page"]
LYON = {
    "email": "achats@cordonnier.example",
    "billing-line1": "12 rue de la Paix",
    "billing-postcode": "69001",
    "billing-line4": "Lyon",
    "company": "Le Cordonnier SARL",
    "vat_id": "FR 40 303 265 045",
}
SCHOOL = {
    "email": "beschaffung@schulamt.example",
    "company": "Freie Musterstadt, Schulamt",
    "buyer_reference": LEITWEG,
}


@pytest.fixture
def register(settings: Any) -> Iterator[Register]:
    """The EU's register, as a stand-in that knows one firm."""
    with Register().running() as found:
        found.valid = {FRENCH}
        settings.VIES_URL = found.url
        settings.VIES_TIMEOUT_S = 10
        yield found


def shop_with_a_basket(page: Page, url: str) -> None:
    """A guest with two pairs in the basket, before the checkout."""
    client = Client(headers={"host": "127.0.0.1"})
    put_in_basket(client, make_variant(price_minor=8_990), quantity=2)
    page.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": url} for name, cookie in client.cookies.items()]
    )
    page.goto(url + reverse("checkout:contact"))
    page.locator("details:has([name=company]) > summary").click()


def order_by_prepayment(page: Page, name: str) -> Order:
    """On from the contact: delivery, prepayment, the button; every step is looked at."""
    page.locator("input[name=delivery]").first.wait_for()
    pick_option(page, "delivery", "home")
    pick_option(page, "payment", "prepayment")
    page.locator("button.button--order").wait_for()
    seen(page, f"{name}-summary")
    place(page)
    order = Order.objects.get(number=order_number(page))
    seen(page, f"{name}-thanks")
    return order


def paid_and_sent(order: Order, outbox: Any) -> Invoice:
    """The transfer came, the parcel left: the invoice."""
    receipt = bank.record(
        booked_on=today(), amount_minor=order.total_minor, reference=order.number, text=order.number
    )
    bank.assign(receipt=receipt, order=order, amount_minor=order.total_minor)
    outbox.drain()
    quantities = {line.pk: line.quantity for line in order.lines.all()}
    invoice = issue_for_parcel(
        parcel_id=order.pk, order_id=order.pk, quantities=quantities, dispatched_on=today()
    )
    outbox.drain()
    return invoice


def picture_of(paper: bytes, name: str) -> None:
    """Where pictures are wanted: the first page as it is printed."""
    if PICTURES:
        path = Path(PICTURES) / f"{name}.pdf"
        path.write_bytes(paper)
        subprocess.run(
            ["pdftoppm", "-r", "70", "-png", "-f", "1", "-l", "1", str(path), str(path.with_suffix(""))]
        )


def test_a_firm_abroad_buys_without_vat_and_the_proof_is_kept(
    desk_url: str, open_window: OpenWindow, outbox: Any, register: Register
) -> None:
    page = open_window()
    shop_with_a_basket(page, desk_url)
    page.locator("select[name='billing-country']").select_option("FR")
    seen(page, "firm-contact")
    say_who(page, **LYON)
    order = order_by_prepayment(page, "firm")
    check = VatIdCheck.objects.get()
    assert (order.vat_check, order.vat_country, register.asked[0]["vatNumber"]) == (
        check,
        "FR",
        "40303265045",
    )
    assert order.total_excl_tax == order.total_incl_tax
    invoice = paid_and_sent(order, outbox)
    assert (invoice.vat_minor, invoice.state, invoice.vat_check) == (0, "paid", check)
    desk = open_window()
    ada = somebody("ada@example.org", "finance", "Ada Zahl")
    sit_down(desk, desk_url, ada, f"/dashboard/finance/invoices/{invoice.number}/")
    assert CONSULTATION in desk.locator("main").inner_text()
    seen(desk, "firm-invoice")
    paper = pdf(desk, f"/dashboard/finance/invoices/{invoice.number}/pdf/")
    picture_of(paper, "firm-paper")
    words = text_of(paper)
    assert "Steuerfreie innergemeinschaftliche Lieferung" in words and FRENCH in words
    xml = desk.request.get(f"{desk_url}/dashboard/finance/invoices/{invoice.number}/xml/").body()
    assert validate_many([xml]) == [[]]
    assert b"VATEX-EU-IC" in xml
    assert problems() == []


def test_a_public_buyer_gets_an_xrechnung(desk_url: str, open_window: OpenWindow, outbox: Any) -> None:
    page = open_window()
    shop_with_a_basket(page, desk_url)
    page.locator("input[name='buyer_reference']").fill("991-03730-18")
    say_who(page, **(SCHOOL | {"buyer_reference": "991-03730-18"}))
    assert "Prüfziffern" in page.locator("main").inner_text()
    seen(page, "public-wrong-leitweg")
    page.locator("input[name='buyer_reference']").fill(LEITWEG)
    go_on(page)
    order = order_by_prepayment(page, "public")
    assert (order.buyer_reference, order.company) == (LEITWEG, SCHOOL["company"])
    invoice = paid_and_sent(order, outbox)
    desk = open_window()
    ada = somebody("ada@example.org", "finance", "Ada Zahl")
    sit_down(desk, desk_url, ada, f"/dashboard/finance/invoices/{invoice.number}/")
    seen(desk, "public-invoice")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="XRechnung").click()
    xml = Path(download.value.path()).read_bytes()
    assert [found for found in xrechnung.findings(xml) if found.severity == "fatal"] == []
    assert LEITWEG.encode() in xml and b"xrechnung_3.0" in xml
    assert validate_many(
        [desk.request.get(f"{desk_url}/dashboard/finance/invoices/{invoice.number}/xml/").body()]
    ) == [[]]
    picture_of(pdf(desk, f"/dashboard/finance/invoices/{invoice.number}/pdf/"), "public-paper")

"""A firm abroad in a real browser: from its VAT id to the order without VAT; and finance corrects an invoice."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import people
from tests.browser.people import look, press, sign_in
from tests.support.kontor import Kontor
from tests.support.vies import Register

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINANCE = "buchhaltung@kiekschuh.example"
FRENCH, LEITWEG = "FR40303265045", "991-03730-19"
LYON = {
    "billing-line1": "12 rue de la Paix",
    "billing-postcode": "69001",
    "billing-line4": "Lyon",
}
OpenWindow = Callable[..., "Page"]


@pytest.fixture
def register() -> Iterator[Register]:
    """The stand-in for the EU's register."""
    with Register().running() as found:
        found.valid = {FRENCH}
        yield found


@pytest.fixture
def shop(register: Register) -> Iterator[Kontor]:
    """A whole Kontor that asks the register."""
    with (
        tempfile.TemporaryDirectory(prefix="kontor-live-") as folder,
        Kontor(Path(folder), settings={"VIES_URL": register.url}) as kontor,
    ):
        yield kontor


def test_a_firm_abroad_buys_without_vat_and_finance_corrects_an_invoice(
    shop: Kontor, register: Register, open_window: OpenWindow
) -> None:
    _order_without_vat(shop, register, open_window)
    _correct_an_invoice(shop, open_window)


def _order_without_vat(shop: Kontor, register: Register, open_window: OpenWindow) -> None:
    for width in (360, 1280):
        page = open_window(width=width)
        people.fill_basket(page, shop)
        people.to_checkout(page)
        page.locator("summary", has_text="Firma oder Behörde").click()
        page.locator("[name=company]").fill("Le Cordonnier SARL")
        page.locator("[name=vat_id]").fill("FR 41 303 265 045")
        page.locator("[name=buyer_reference]").fill("Bestellung 4711")
        page.locator("[name=billing-country]").select_option("FR")
        people.say_who(page, **LYON)
        page.locator(".field__error", has_text="Prüfziffer").wait_for()
        look(page, "firm-1-typing-error", axe=True)
        assert register.asked == [] or width == 1280
        page.locator("[name=vat_id]").fill(FRENCH)
        people.go_on(page)
        look(page, "firm-2-delivery", axe=True)
        people.pick_option(page, "delivery", "home")
        people.pick_option(page, "payment", "prepayment")
        page.locator("main", has_text="innergemeinschaftliche Lieferung").wait_for()
        look(page, "firm-3-summary", axe=True)
    people.place(page)
    number = people.order_number(page)
    assert shop.rows("SELECT vat_id, company FROM order_order WHERE number = ?", number) == [
        (FRENCH, "Le Cordonnier SARL")
    ]


def _correct_an_invoice(shop: Kontor, open_window: OpenWindow) -> None:
    number = shop.rows(
        "SELECT i.number FROM invoicing_invoice i WHERE i.kind = 'invoice' AND i.state = 'paid' AND NOT EXISTS"
        " (SELECT 1 FROM invoicing_invoice c WHERE c.corrects_id = i.id) ORDER BY i.id DESC LIMIT 1"
    )[0][0]
    wide, phone = open_window(), open_window(width=360)
    for page in (phone, wide):
        sign_in(page, shop.url, FINANCE, f"/dashboard/finance/invoices/{number}/")
        look(page, "invoice-before", axe=True)
        page.get_by_role("link", name="Anschrift oder Steuer berichtigen").click()
        page.locator("[name=name]").fill("Stadt Hamburg, Bauhof")
        page.locator("[name=contact]").fill("Frau Petersen")
        page.locator("[name=street]").fill("Kaiweg 2")
        page.locator("[name=buyer_reference]").fill(LEITWEG)
        page.locator("[name=vat_id]").fill("DE123456788")
        page.locator("[name=reason]").fill("Die Rechnung soll auf die Behörde lauten.")
        look(page, "invoice-correct", axe=True)
        press(page, "Zeigen, was geschehen wird")
        page.get_by_role("button", name="Stornieren und neu ausstellen").wait_for()
        look(page, "invoice-correct-confirm", axe=True)
    press(wide, "Stornieren und neu ausstellen")
    wide.locator("main", has_text="steht an ihrer Stelle").wait_for()
    press(wide, "Verzeichnis noch einmal fragen")
    wide.locator("main", has_text="Nummer der Abfrage").wait_for()
    look(wide, "invoice-after", axe=True)
    phone.goto(wide.url)
    look(phone, "invoice-after", axe=True)
    assert f"<ram:BuyerReference>{LEITWEG}<".encode() in people.pdf(wide, f"{wide.url}xrechnung/")
    wide.goto(f"{shop.url}/dashboard/finance/invoices/?kind=replacement")
    assert wide.locator("[data-rows] tbody tr").count() == 1
    look(wide, "invoice-list", axe=True)

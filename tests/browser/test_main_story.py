"""From a shopper's basket to warehouse, ledger, invoice and dunning notice: real people, real browser, whole Kontor."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
import pytest

from fulfilment.finance.dunning.calendar import business_day_from
from shop.kernel.clock import today
from tests.browser import people
from tests.browser.mailbox import mail_about, text_of, the_pdf_of
from tests.browser.people import look, scan, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
DUNNED_AFTER_DAYS = 45
ENNO = "enno@kundschaft.example"  #: the demo customer whom the rules allow purchase on account
PICKER, BOOKKEEPER = "lager@kiekschuh.example", "buchhaltung@kiekschuh.example"


def status_of(kontor: Kontor, number: str) -> str:
    [(status,)] = kontor.rows("SELECT status FROM order_order WHERE number = ?", number)
    return str(status)


def invoice_of(kontor: Kontor, number: str) -> tuple[str, str, int]:
    """Number, state and open amount of the invoice of an order."""
    [row] = kontor.rows(
        "SELECT number, state, open_minor FROM invoicing_invoice WHERE order_number = ?", number
    )
    return row  # type: ignore[return-value]


def a_customer_buys_on_account(page: Page, kontor: Kontor) -> str:
    sign_in(page, kontor.url, ENNO)
    shoe = people.shoe_in_stock(kontor)
    people.find_shoe(page, kontor.url, shoe)
    people.choose(page, shoe)
    people.add_to_basket(page)
    people.member_to_summary(page, "invoice")
    facts = page.locator("main").inner_text()
    assert "Probestieg 7" in facts and "Kauf auf Rechnung" in facts
    people.place(page)
    number = people.order_number(page)
    page.goto(f"{kontor.url}/account/")
    look(page, "11-account", axe=True)
    assert number in page.locator("main").inner_text()
    return number


def staff_pick_and_send(page: Page, kontor: Kontor, number: str) -> None:
    """One order through the warehouse: every piece scanned, packed, sent; both papers opened."""
    page.goto(f"{kontor.url}/dashboard/warehouse/pick-lists/")
    look(page, "20-pick-lists", axe=True)
    page.get_by_role("link", name=number).click()
    look(page, "21-pick-list", axe=True)
    page.locator("form[action$='/start/'] button").click()
    page.locator("html[data-app=ready]").wait_for(state="attached")
    look(page, "22-pick", axe=True)
    assert scan(page, "FALSCH-1")["kind"] == "bad"
    look(page, "23-wrong-scan", axe=True)
    stop, end = page.locator("[data-part=task]"), page.locator("[data-part=end]")
    while stop.is_visible():
        place, sku = stop.locator(".task__bin").inner_text(), stop.locator("[data-text=sku]").inner_text()
        assert scan(page, place)["kind"] == "good"
        assert scan(page, sku)["kind"] == "good"
    look(page, "24-picked", axe=True)
    page.keyboard.type(f"{end.locator('.task__bin').inner_text()}\n")
    page.wait_for_url("**/pick-lists/")
    page.goto(f"{kontor.url}/dashboard/warehouse/packing/")
    look(page, "25-packing", axe=True)
    page.get_by_role("link", name=number).click()
    look(page, "26-pack", axe=True)
    page.locator("main form .form__actions button[type=submit]").click()
    page.wait_for_url("**/parcels/*/")
    look(page, "27-parcel", axe=True)
    label = people.pdf(page, page.locator("a[href$='label.pdf']").get_attribute("href") or "")
    slip = people.pdf(page, page.locator("a[href$='packing-slip.pdf']").get_attribute("href") or "")
    for paper in (label, slip):
        with pikepdf.open(BytesIO(paper)) as opened:
            assert len(opened.pages) == 1
    page.locator("form[action$='/dispatch/'] button").click()
    page.locator("form[action$='/outcome/']").wait_for()
    look(page, "28-dispatched", axe=True)
    assert status_of(kontor, number) == "completed"


def the_mails_arrived(kontor: Kontor, number: str, address: str) -> EmailMessage:
    """Confirmation, dispatch and invoice with its PDF, each once. Returns the confirmation."""
    confirmation = mail_about(kontor, address, "bestätigt", number)
    mail_about(kontor, address, "unterwegs", number)
    invoice = mail_about(kontor, address, "Rechnung", number)
    with the_pdf_of(invoice) as paper:
        assert "factur-x.xml" in paper.attachments
        xml = paper.attachments["factur-x.xml"].get_file().read_bytes()
        assert number in xml.decode()
    return confirmation


def the_guest_opens_the_link(page: Page, kontor: Kontor, mail: EmailMessage, number: str) -> None:
    """In a browser that has never seen the shop."""
    links = re.findall(rf"{re.escape(kontor.url)}/\S*orders/link/\S+", text_of(mail))
    assert links, text_of(mail)
    page.goto(links[0])
    assert people.order_number(page) == number
    look(page, "12-order-by-link", axe=True)


def the_books_balance(page: Page, kontor: Kontor, number: str) -> None:
    """What finance sees: the invoice, its PDF, and a trial balance whose sides are equal."""
    invoice, state, still_open = invoice_of(kontor, number)
    assert (state, still_open > 0) == ("issued", True)
    page.goto(f"{kontor.url}/dashboard/finance/")
    look(page, "30-finance", axe=True)
    page.goto(f"{kontor.url}/dashboard/finance/invoices/")
    look(page, "31-invoices", axe=True)
    page.get_by_role("link", name=invoice).first.click()
    look(page, "32-invoice", axe=True)
    people.pdf(page, page.locator("a[href$='/pdf/']").first.get_attribute("href") or "")
    page.goto(f"{kontor.url}/dashboard/finance/trial-balance/")
    look(page, "33-trial-balance", axe=True)
    _opening, debit, credit, closing = page.locator("tfoot td.num").all_inner_texts()
    assert debit == credit
    assert re.search(r"[1-9]", debit)
    assert not re.search(r"[1-9]", closing)
    assert "Soll und Haben sind gleich" in page.locator("main").inner_text()


def a_notice_goes_out(kontor: Kontor, number: str) -> dt.date:
    """45 days later nobody has paid."""
    invoice, _state, _open = invoice_of(kontor, number)
    day = business_day_from(today() + dt.timedelta(days=DUNNED_AFTER_DAYS), "HH")
    said = kontor.manage("dunning", "--date", day.isoformat())
    assert f"level 0  {ENNO}" in said, f"the friendly reminder comes first: {said}"
    mail = mail_about(kontor, ENNO, "Zahlungserinnerung|Erinnerung|Mahnung", invoice)
    with the_pdf_of(mail) as letter:
        assert len(letter.pages) >= 1
    assert "0 written" in kontor.manage("dunning", "--date", day.isoformat()), "once per invoice and level"
    return day


def finance_records_the_receipt(page: Page, kontor: Kontor, number: str, day: dt.date) -> None:
    """The money comes: typed in by hand, laid on the invoice, and dunning has nothing more to say."""
    invoice, _state, still_open = invoice_of(kontor, number)
    page.goto(f"{kontor.url}/dashboard/finance/dunning/")
    look(page, "34-dunning", axe=True)
    page.goto(f"{kontor.url}/dashboard/finance/open-items/")
    look(page, "35-open-items", axe=True)
    assert invoice in page.locator("main").inner_text()
    page.goto(f"{kontor.url}/dashboard/finance/receipts/record/")
    page.locator("input[name=amount]").fill(f"{still_open // 100},{still_open % 100:02d}")
    page.locator("input[name=payer]").fill("Enno Beispielsen")
    page.locator("input[name=reference]").fill("47/3")
    page.locator("textarea[name=text]").fill(f"Danke {invoice}")
    row = page.locator("#open-items tr", has_text=invoice)
    row.wait_for()
    look(page, "36-receipt", axe=True)
    if not row.get_by_role("checkbox").is_checked():
        row.get_by_role("checkbox").check()
    page.locator("button[name=step][value=record]").click()
    page.wait_for_url(re.compile(r"/receipts/\d+/"))
    look(page, "37-receipt-assigned", axe=True)
    assert invoice_of(kontor, number)[1:] == ("paid", 0)
    later = business_day_from(day + dt.timedelta(days=30), "HH")
    assert invoice not in kontor.manage("dunning", "--date", later.isoformat(), "--dry-run")
    kontor.wait_quiet()


def test_from_a_shoppers_basket_to_the_ledger_the_dunning_notice_and_the_money(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    guest, customer = open_window(), open_window()
    by_card = people.buy_by_card(guest, live_kontor)
    on_account = a_customer_buys_on_account(customer, live_kontor)
    live_kontor.wait_quiet()

    picker = open_window(width=360, height=740)
    sign_in(picker, live_kontor.url, PICKER, "/dashboard/")
    for number in (by_card, on_account):
        staff_pick_and_send(picker, live_kontor, number)
    live_kontor.wait_quiet()

    confirmation = the_mails_arrived(live_kontor, by_card, people.GUEST["email"])
    the_mails_arrived(live_kontor, on_account, ENNO)
    the_guest_opens_the_link(open_window(), live_kontor, confirmation, by_card)
    assert invoice_of(live_kontor, by_card)[1:] == ("paid", 0)

    bookkeeper = open_window()
    sign_in(bookkeeper, live_kontor.url, BOOKKEEPER, "/dashboard/")
    the_books_balance(bookkeeper, live_kontor, on_account)
    day = a_notice_goes_out(live_kontor, on_account)
    finance_records_the_receipt(bookkeeper, live_kontor, on_account, day)
    live_kontor.manage("verify")

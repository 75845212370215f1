"""A customer who was dunned opens the link of the mail, sees what is owed, pays it by card, and hears no more."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fulfilment.finance.dunning.calendar import business_day_from
from shop.kernel.clock import today
from tests.browser import people
from tests.browser.mailbox import mail_about, mails_to, text_of
from tests.browser.people import look, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]
ENNO = "enno@kundschaft.example"  #: the demo customer whom the rules allow purchase on account
#: Days from today on which letters are due: reminder, notice that causes default, second notice with interest.
LETTERS = (45, 66, 94)
RATES = """
import datetime as dt
from fulfilment.finance.dunning.models import BaseRate
from shop.kernel.clock import today
for day in (dt.date(today().year, 7, 1), dt.date(today().year + 1, 1, 1), dt.date(today().year + 1, 7, 1)):
    BaseRate.objects.get_or_create(valid_from=day, defaults={"rate_bp": 152, "source": "example"})
"""
INVOICE = """
from checkout.order.models import Order
from fulfilment.finance.invoicing.actions import issue_for_parcel
from shop.kernel.clock import today
order = Order.objects.get(number={number!r})
lines = {{line.pk: line.quantity for line in order.lines.all()}}
print(issue_for_parcel(parcel_id=900_000 + order.pk, order_id=order.pk, quantities=lines, dispatched_on=today()).number)
"""


def an_invoice_nobody_pays(page: Page, kontor: Kontor) -> tuple[str, dt.date]:
    """Bought on account, invoiced, asked for three times; the number and the day of the last letter."""
    sign_in(page, kontor.url, ENNO)
    people.fill_basket(page, kontor)
    people.walk_to_summary(page, "invoice", who=False)
    people.place(page)
    said = kontor.manage("shell", "-v", "0", "-c", INVOICE.format(number=people.order_number(page)))
    invoice = said.split()[-1]
    kontor.manage("shell", "-v", "0", "-c", RATES)  # those of the half-years in which the letters are written
    for days in LETTERS:
        day = business_day_from(today() + dt.timedelta(days=days), "HH")
        assert ENNO in kontor.manage("dunning", "--date", day.isoformat())
    return invoice, day


def owed(kontor: Kontor, invoice: str) -> tuple[str, int, int]:
    """State and open amount of the invoice, and what is open of its interest and costs."""
    [(pk, state, principal)] = kontor.rows(
        "SELECT id, state, open_minor FROM invoicing_invoice WHERE number = ?", invoice
    )
    [(claims,)] = kontor.rows(
        "SELECT COALESCE(SUM(amount_minor - paid_minor), 0) FROM dunning_dunningclaim WHERE invoice_id = ?",
        pk,
    )
    return state, principal, claims


def euros(amount_minor: int) -> re.Pattern[str]:
    return re.compile(rf"{amount_minor // 100},{amount_minor % 100:02d}")


def look_twice(page: Page, name: str) -> None:
    """On a phone and at a desk."""
    page.set_viewport_size({"width": 360, "height": 740})
    look(page, name, axe=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    look(page, name, axe=True)


def test_the_link_of_the_mail_leads_to_the_claim_and_the_card_ends_it(
    live_kontor: Kontor, open_window: Callable[..., Page]
) -> None:
    invoice, day = an_invoice_nobody_pays(open_window(), live_kontor)
    mail = mail_about(live_kontor, ENNO, "2. Mahnung", invoice)
    link = re.search(r"https?://\S+/open-items/\S+", text_of(mail))
    assert link, text_of(mail)
    _state, principal, claims = owed(live_kontor, invoice)
    assert min(principal, claims) > 0

    page = open_window()  # nobody is signed in: the link is the key
    page.goto(re.sub(r"^https?://[^/]+", live_kontor.url, link[0]))
    look_twice(page, "dunning-link")
    said = page.locator("main").inner_text()
    assert invoice in said
    for amount in (principal, claims, principal + claims):
        assert euros(amount).search(said), amount
    page.get_by_role("button", name=re.compile("Mit Karte zahlen")).click()
    people.frame(page).get_by_label("Kartennummer").wait_for()
    look_twice(page, "dunning-card")
    assert euros(principal + claims).search(page.locator("main").inner_text())
    people.type_card(page, people.CARD)
    page.get_by_text("Alles aus diesem Schreiben ist bezahlt").or_(
        page.get_by_text("die Zahlung ist angekommen")
    ).first.wait_for()
    live_kontor.wait_quiet()
    page.reload()
    look_twice(page, "dunning-paid")
    assert "IBAN" not in page.locator("main").inner_text()

    assert owed(live_kontor, invoice) == ("paid", 0, 0)
    before = len(mails_to(live_kontor, ENNO))
    later = business_day_from(day + dt.timedelta(days=40), "HH")
    assert invoice not in live_kontor.manage("dunning", "--date", later.isoformat())
    live_kontor.wait_quiet()
    assert [
        str(mail["Subject"]) for mail in mails_to(live_kontor, ENNO)[before:] if invoice in str(mail)
    ] == []
    live_kontor.manage("verify")

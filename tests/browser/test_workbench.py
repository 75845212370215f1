"""Fifty lines of the bank are reconciled without a mouse: Enter books, u takes back, j, k, s, / and ? do the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
ACCOUNTANT = "buchhaltung@kiekschuh.example"
LINES = 50
BENCH = "/dashboard/finance/workbench/"
#: Fifty lines: some name an invoice, some are the bank's charges, one is too much, one names nobody.
SEED = """
import datetime as dt
from fulfilment.finance.bank.models import BankAccount, Statement, StatementFile, StatementLine
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.actions import take_in
from fulfilment.finance.reconciliation.models import Intake, MatchPolicy
from shop.kernel.clock import today
MatchPolicy.objects.update_or_create(pk=1, defaults={"books_by_itself": False})
account = BankAccount.objects.create(name="Giro", number="7001", ledger_account=Account.objects.get(role="bank"))
file = StatementFile.objects.create(name="50.xml", kind="camt053", sha256="50", size_bytes=1)
of = Statement.objects.create(file=file, position=1, account=account, kind="camt053", number="50", currency="EUR",
    first_day=today(), last_day=today())
invoices = list(Invoice.objects.open().order_by("pk")[:20])
facts = [(one.open_minor + (500 if not at else 0), f"Rechnung {one.number}", str(one.buyer.get("name", "")))
    for at, one in enumerate(invoices)]
facts += [(-(100 + at), f"Entgelt Posten {at}", "") for at in range(49 - len(facts))]
facts.append((4711, "Vielen Dank", "Niemand Bekanntes"))
for at, (amount, text, name) in enumerate(facts, start=1):
    StatementLine.objects.create(statement=of, account=account, position=at, booked_on=today(), valued_on=today(),
        amount_minor=amount, currency="EUR", text=text, counterparty=name, fingerprint=f"f{at}", occurrence=1)
intake = Intake.objects.create(file=file, bank_account=account)
take_in(intake=intake)
"""


def open_lines(page: Page) -> int:
    """How many lines are open, as the page says."""
    return int(page.locator("[data-open]").get_attribute("data-open") or "-1")


def key(page: Page, name: str, expected: int) -> None:
    """Press a key and wait until that many lines are open."""
    page.keyboard.press(name)
    page.wait_for_selector(f'[data-open="{expected}"]')
    page.wait_for_selector(".htmx-request, .htmx-settling, .htmx-swapping", state="detached")


def hand(page: Page) -> str:
    """The line in hand."""
    return page.locator("[data-hand]").inner_text()


def test_fifty_lines_are_reconciled_without_a_mouse(live_kontor: Kontor, open_window: OpenWindow) -> None:
    live_kontor.manage("shell", "-c", SEED)
    page = open_window(width=1280, height=900)
    sign_in(page, live_kontor.url, ACCOUNTANT, BENCH)
    at_first = open_lines(page)
    assert at_first >= LINES
    look(page, "80-workbench", axe=True)
    first = hand(page)
    page.keyboard.press("j")
    page.wait_for_function("text => document.querySelector('[data-hand]').innerText !== text", arg=first)
    page.keyboard.press("k")
    page.wait_for_function("text => document.querySelector('[data-hand]').innerText === text", arg=first)
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    look(page, "81-workbench-keys", axe=True)
    page.keyboard.press("Escape")
    key(page, "Enter", at_first - 1)
    look(page, "82-workbench-booked", axe=True)
    key(page, "u", at_first)
    assert hand(page) == first, "what was taken back is in hand again"
    page.keyboard.press("/")
    page.keyboard.type("K1")
    with page.expect_response(lambda answer: "find=K1" in answer.url):
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    left, booked = at_first, 0
    while booked < LINES and left:
        if page.locator("[data-book]").count():
            left -= 1
            booked += 1
            key(page, "Enter", left)
        else:  # nobody knows it: it belongs to an account of the books, chosen by its number
            page.keyboard.press("a")
            page.keyboard.type("27")
            left -= 1
            booked += 1
            key(page, "Enter", left)
    assert booked == LINES
    unexplained = live_kontor.rows(
        "SELECT SUM(amount_minor - assigned_minor) FROM reconciliation_receipt"
        " WHERE state IN ('open', 'partly_assigned') AND line_id IS NOT NULL"
    )
    assert unexplained[0][0] in (None, 0)
    assert not re.search(r"\d+ problem", live_kontor.manage("verify"))


def test_the_bench_on_a_phone_and_without_javascript(live_kontor: Kontor, open_window: OpenWindow) -> None:
    live_kontor.manage("shell", "-c", SEED.replace('"7001"', '"7002"').replace('"50"', '"51"'))
    phone = open_window(width=360, height=740)
    sign_in(phone, live_kontor.url, ACCOUNTANT, BENCH)
    look(phone, "83-workbench", axe=True)
    plain = open_window(width=1280, java_script_enabled=False)
    sign_in(plain, live_kontor.url, ACCOUNTANT, BENCH)
    before = open_lines(plain)
    plain.locator("[data-book]").click()
    assert open_lines(plain) == before - 1
    plain.locator("[data-undo] button").click()
    assert open_lines(plain) == before

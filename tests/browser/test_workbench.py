"""Fifty lines of the bank are reconciled without a mouse: Enter books, u takes back, j, k, s, / and ? do the rest.

Only web pages are needed here: they are served out of this process, beside a fresh database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission

from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import take_in
from fulfilment.finance.reconciliation.models import Assignment, MatchPolicy, Receipt
from fulfilment.finance.reconciliation.queries import unexplained_minor
from tests.browser.people import look
from tests.browser.served import sit_down
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, make_order, make_staff, order_lines
from tests.fulfilment.finance.reconciliation.bank_lines import DAY, intake_of, line, statement

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

OpenWindow = Callable[..., "Page"]
LINES = 50
BENCH = "/dashboard/finance/workbench/"


@pytest.fixture
def fifty_lines(desk_url: str) -> list[Receipt]:
    """Fifty lines that wait for a key: twenty name an invoice (one pays too much), the bank's charges, one riddle."""
    MatchPolicy.objects.create(pk=1, books_by_itself=False)
    of = statement()
    for at in range(20):
        order = make_order(Wish(1, 1_000 + at * 100))
        issue_for_parcel(
            parcel_id=order.pk, order_id=order.pk, quantities={order_lines(order)[0].pk: 1}, dispatched_on=DAY
        )
        invoice = Invoice.objects.get(order=order)
        line(of, invoice.open_minor + (500 if at == 1 else 0), f"Rechnung {invoice.number} vielen Dank")
    for at in range(LINES - 21):
        line(of, -(100 + at), f"Entgelt Posten {at}", counterparty="")
    line(of, 4_711, "Vielen Dank", counterparty="Niemand Bekanntes")
    take_in(intake=intake_of(of))
    return list(Receipt.objects.order_by("pk"))


def sit_at_the_bench(page: Page, url: str) -> None:
    """An accountant who is signed in, before the bench."""
    user = make_staff("books@example.com")
    rooms = ("ledger", "invoicing", "bank", "reconciliation")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=rooms))
    sit_down(page, url, user, BENCH)


def open_lines(page: Page) -> int:
    """How many lines are open, as the page says."""
    return int(page.locator("[data-open]").get_attribute("data-open") or "-1")


def key(page: Page, name: str, expected: int) -> None:
    """Press a key and wait until that many lines are open."""
    page.keyboard.press(name)
    page.wait_for_selector(f'[data-open="{expected}"]')
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')")


def hand(page: Page) -> str:
    """The line in hand."""
    return page.locator("[data-hand]").inner_text()


def walk(page: Page, name: str, wanted: Callable[[str], bool]) -> None:
    """Press a key that goes to another line, and wait for it."""
    before = hand(page)
    page.keyboard.press(name)
    page.wait_for_function("text => document.querySelector('[data-hand]').innerText !== text", arg=before)
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')")
    assert wanted(hand(page))


def test_fifty_lines_are_reconciled_without_a_mouse(
    desk_url: str, fifty_lines: list[Receipt], open_window: OpenWindow
) -> None:
    page = open_window(width=1280, height=900)
    sit_at_the_bench(page, desk_url)
    assert open_lines(page) == LINES
    look(page, "80-workbench", axe=True)
    first = hand(page)
    walk(page, "j", lambda text: text != first)
    walk(page, "k", lambda text: text == first)
    walk(page, "s", lambda text: text != first)
    walk(page, "k", lambda text: text == first)
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    look(page, "81-workbench-keys", axe=True)
    page.keyboard.press("Escape")
    key(page, "Enter", LINES - 1)
    look(page, "82-workbench-booked", axe=True)
    key(page, "u", LINES)
    assert hand(page) == first, "what was taken back is in hand again"
    key(page, "Enter", LINES - 1)
    page.keyboard.press("2")
    look(page, "84-workbench-too-much", axe=True)
    for left in range(LINES - 2, -1, -1):
        if page.locator("[data-book]").count():
            key(page, "Enter", left)
        else:  # nobody knows it: it belongs to an account of the books, chosen by its number
            page.keyboard.press("a")
            page.keyboard.type("2709")
            look(page, "85-workbench-account", axe=True)
            key(page, "Enter", left)
    look(page, "86-workbench-empty", axe=True)
    assert unexplained_minor() == 0
    assert Assignment.objects.filter(undone_at=None).count() == LINES  # one paid too much: the rest goes back
    assert not Assignment.objects.filter(by_itself=True).exists()
    assert problems() == []


def test_the_bench_on_a_phone_and_without_javascript(
    desk_url: str, fifty_lines: list[Receipt], open_window: OpenWindow
) -> None:
    phone = open_window(width=360, height=740, java_script_enabled=True)
    sit_at_the_bench(phone, desk_url)
    look(phone, "83-workbench", axe=True)
    cookies = phone.context.cookies()
    plain = open_window(width=1280, java_script_enabled=False)
    plain.context.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": desk_url} for one in cookies]
    )
    plain.goto(desk_url + BENCH)
    plain.locator("[data-book]").click()
    assert open_lines(plain) == LINES - 1
    plain.locator("[data-undo] button").click()
    assert open_lines(plain) == LINES

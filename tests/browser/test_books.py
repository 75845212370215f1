"""The books in a real browser: an entry with its paper, reversed again; accounts, openings and months; each page is
looked at on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, press, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINANCE = "buchhaltung@kiekschuh.example"
BOOKS = "/dashboard/finance/"
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


def write_lines(page: Page, *rows: tuple[str, str, str, str]) -> None:
    for at, (account, debit, credit, vat) in enumerate(rows):
        page.locator(f"[name=line-{at}-account]").fill(account)
        page.locator(f"[name=line-{at}-debit]").fill(debit)
        page.locator(f"[name=line-{at}-credit]").fill(credit)
        page.locator(f"[name=line-{at}-vat]").select_option(vat)


@pytest.mark.parametrize("width", [1280, 360])
def test_an_entry_is_written_with_its_paper_and_reversed(
    live_kontor: Kontor, open_window: Callable[..., Page], width: int
) -> None:
    page = open_window(width=width)
    sign_in(page, live_kontor.url, FINANCE, f"{BOOKS}journal/new/")
    look(page, "books-entry-empty", axe=True)
    page.locator("[name=text]").fill("Kontoführung Oktober")
    page.locator("[name=paper]").set_input_files(
        {"name": "gebühren.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    write_lines(page, ("4970", "11,90", "", "input_19"), ("1400", "", "11,90", ""))
    press(page, "Prüfen")
    page.get_by_text("Was Kunden schulden").first.wait_for()
    look(page, "books-entry-refused", axe=True)
    write_lines(page, ("4970", "11,90", "", "input_19"), ("1200", "", "11,90", ""))
    press(page, "Prüfen")
    page.get_by_role("heading", name="Das wird gebucht").wait_for()
    look(page, "books-entry-preview", axe=True)
    page.get_by_role("button", name="Buchen", exact=True).click()
    page.get_by_role("link", name="gebühren.pdf").wait_for()
    look(page, "books-entry-posted", axe=True)
    page.get_by_role("link", name="Stornieren").click()
    look(page, "books-reverse", axe=True)
    page.locator("[name=reason]").fill("doppelt erfasst")
    press(page, "Stornieren")
    page.get_by_text("ist durch Buchung").first.wait_for()
    page.goto(f"{live_kontor.url}{BOOKS}journal/new/")
    look(page, "books-entry-with-last", axe=True)


@pytest.mark.parametrize("width", [1280, 360])
def test_accounts_openings_months_and_seals_are_looked_at(
    live_kontor: Kontor, open_window: Callable[..., Page], width: int
) -> None:
    page = open_window(width=width)
    sign_in(page, live_kontor.url, FINANCE, f"{BOOKS}chart/new/")
    look(page, "books-account-new", axe=True)
    number = "4981" if width > 800 else "4982"
    for name, value in (("number", number), ("name_de", "Programme"), ("name_en", "Software")):
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=kind]").select_option("expense")
    press(page, "Konto anlegen")
    look(page, "books-accounts", axe=True)
    page.goto(f"{live_kontor.url}{BOOKS}chart/{number}/")
    look(page, "books-account-edit", axe=True)
    page.goto(f"{live_kontor.url}{BOOKS}opening-balances/")
    page.locator("[name=rows]").fill("1200; 900,00;\n0800; ; 900,00")
    page.locator("[name=year]").fill("2025" if width > 800 else "2024")
    press(page, "Prüfen")
    page.get_by_role("heading", name="Das wird gebucht").wait_for()
    look(page, "books-opening", axe=True)
    page.get_by_role("button", name="Buchen", exact=True).click()
    page.get_by_text("sind gebucht").first.wait_for()
    for name in ("months", "seals"):
        page.goto(f"{live_kontor.url}{BOOKS}{name}/")
        look(page, f"books-{name}", axe=True)
    page.goto(f"{live_kontor.url}{BOOKS}months/2024-1/")
    look(page, "books-month", axe=True)

"""The bank's files in a real browser: brought, read by the worker, asked about, mapped; each page is looked at on a
phone and at a desk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, press, sign_in
from tests.fulfilment.finance.bank.papers import THEIRS, Entry, camt, transaction
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINANCE = "buchhaltung@kiekschuh.example"
BANK = "/dashboard/finance/bank/"
IBAN = "DE75512108001245126199"
PATIENCE_MS = 60_000  #: the worker may have other work first
CSV = (
    "Umsätze\nBuchungstag;Betrag;Name;Verwendungszweck\n20.11.2026;119,00;Ada Müller;Rechnung R2026-000123\n"
)


def statements() -> list[dict[str, object]]:
    """A month of statements with a gap, one that does not add up, and details of a batch."""
    single = [
        transaction(
            "119.00", text="Rechnung R2026-000123 vielen Dank", name="Ada Müller", iban=THEIRS, e2e="K10001"
        )
    ]
    batch = [
        transaction("10.00", text="Schuhe", name="Ben"),
        transaction("50.00", text="Stiefel", name="Cara"),
    ]
    first = camt(
        Entry("119.00", transactions=single, ref="A1"), Entry("60.00", ref="B7"), *[Entry("5.00", sign="DBIT")] * 2,
        iban=IBAN, opening="1000.00", closing="1169.00", number="221",
    )  # fmt: skip
    details = camt(Entry("60.00", ref="B7", transactions=batch), kind="054", iban=IBAN, number="9")
    later = camt(
        Entry("7.00", day="2026-11-25"), iban=IBAN, opening="1200.00", closing="1300.00", day="2026-11-25", number="223"
    )  # fmt: skip
    broken = camt(Entry("1.00"), Entry("1.00", day="2026-02-30"), iban=IBAN)
    named = {
        "221-kontoauszug.xml": first,
        "details.xml": details,
        "223-kontoauszug.xml": later,
        "kaputt.xml": broken,
    }
    return [{"name": name, "mimeType": "text/xml", "buffer": data} for name, data in named.items()]


def wait_for(kontor: Kontor, sql: str, *values: object, patience_s: float = 60) -> None:
    """Until the worker has done it."""
    deadline = time.monotonic() + patience_s
    while not kontor.rows(sql, *values):
        assert time.monotonic() < deadline, sql
        time.sleep(0.2)


def test_statements_are_brought_asked_about_and_shown(
    live_kontor: Kontor, open_window: Callable[..., Page]
) -> None:
    page = open_window()
    sign_in(page, live_kontor.url, FINANCE, BANK)
    look(page, "bank-accounts-first", axe=True)
    # Each bank account has an account of its own in the books; the shop's first one has 1200.
    page.goto(f"{live_kontor.url}/dashboard/finance/chart/new/")
    for name, words in (("number", "1215"), ("name_de", "Geschäftskonto"), ("name_en", "Business account")):
        page.locator(f"[name={name}]").fill(words)
    page.locator("[name=kind]").select_option("asset")
    press(page, "Konto anlegen")
    page.goto(f"{live_kontor.url}{BANK}files/")
    files = statements()
    page.locator("input[type=file]").set_input_files(files[:1])
    press(page, "Einlesen")
    page.get_by_role("link", name="Dieses Konto hinzufügen").wait_for(
        timeout=PATIENCE_MS
    )  # the page renewed itself
    look(page, "bank-file-asks", axe=True)
    page.get_by_role("link", name="Dieses Konto hinzufügen").click()
    assert page.locator("[name=iban]").input_value() == IBAN
    page.locator("[name=name]").fill("Geschäftskonto")
    page.locator("[name=ledger_account]").select_option(label="1215 Geschäftskonto")
    look(page, "bank-account-add", axe=True)
    press(page, "Speichern")
    page.locator(".stats").wait_for(timeout=PATIENCE_MS)
    look(page, "bank-file-imported", axe=True)
    page.goto(f"{live_kontor.url}{BANK}files/")
    page.locator("input[type=file]").set_input_files(files[1:])
    press(page, "Einlesen")
    wait_for(live_kontor, "SELECT 1 FROM bank_statementfile WHERE state = 'refused'")
    wait_for(live_kontor, "SELECT 1 FROM bank_statementfile WHERE state = 'imported' LIMIT 1 OFFSET 2")
    counted = live_kontor.rows("SELECT amount_minor FROM bank_statementline WHERE NOT is_replaced ORDER BY 1")
    assert [row[0] for row in counted] == [-500, -500, 700, 1_000, 5_000, 11_900]


def test_a_csv_is_mapped_with_a_live_preview(live_kontor: Kontor, open_window: Callable[..., Page]) -> None:
    page = open_window()
    sign_in(page, live_kontor.url, FINANCE, f"{BANK}files/")
    page.locator("input[type=file]").set_input_files(
        [{"name": "umsatz.csv", "mimeType": "text/csv", "buffer": CSV.encode("cp1252")}]
    )
    press(page, "Einlesen")
    page.get_by_role("link", name="Eine Zuordnung dafür anlegen").click()
    page.locator("[name=name]").fill("Sparkasse")
    page.locator("[name=account]").select_option(label=f"Geschäftskonto {IBAN}")
    page.locator("[name=header_row]").fill("2")
    page.locator("[name=column_booked_on]").fill("Buchungstag")
    page.locator("[name=column_amount]").fill("Betrag")
    page.locator("[name=column_counterparty]").fill("Name")
    page.locator("[name=column_text]").fill("Verwendungszweck")
    preview = page.locator("#preview")
    preview.get_by_text("Ada Müller").wait_for()  # without pressing anything
    assert "119,00" in preview.inner_text()
    look(page, "bank-mapping", axe=True)
    press(page, "Speichern")
    page.locator(".stats").wait_for(timeout=PATIENCE_MS)
    assert live_kontor.rows(
        "SELECT 1 FROM bank_statementfile WHERE name = 'umsatz.csv' AND state = 'imported'"
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_the_bank_are_looked_at(
    live_kontor: Kontor, open_window: Callable[..., Page], width: int
) -> None:
    page = open_window(width=width)
    sign_in(page, live_kontor.url, FINANCE, BANK)

    def one(table: str, condition: str) -> int:
        return int(
            live_kontor.rows(f"SELECT id FROM bank_{table} WHERE {condition} ORDER BY id LIMIT 1")[0][0]
        )

    refused, imported = (one("statementfile", f"state = '{state}'") for state in ("refused", "imported"))
    paths = {
        "accounts": "",
        "files": "files/",
        "file-refused": f"files/{refused}/",
        "file-imported": f"files/{imported}/",
        "statements": "statements/",
        "statement-gap": f"statements/{one('statement', 'has_gap')}/",
        "lines": "lines/",
        "lines-nothing": "lines/?q=nichts",
        "line": f"lines/{one('statementline', 'amount_minor = 11900')}/",
        "line-batch": f"lines/{one('statementline', 'is_replaced')}/",
        "mappings": "mappings/",
        "mapping": f"mappings/{one('csvmapping', '1 = 1')}/",
        "mapping-new": "mappings/add/",
        "account": f"accounts/{one('bankaccount', '1 = 1')}/",
    }
    for name, path in paths.items():
        page.goto(f"{live_kontor.url}{BANK}{path}")
        look(page, f"bank-{name}", axe=True)

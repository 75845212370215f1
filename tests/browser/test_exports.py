"""Exports in a real browser: the books for the tax audit are asked for, made by a worker and fetched; one that failed
says why and is made again. Each page is looked at on a phone and at a desk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.browser.people import look, press, sign_in
from tests.fulfilment.finance.exports.z3_reader import read
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

FINANCE = "buchhaltung@kiekschuh.example"
EXPORTS = "/dashboard/finance/exports/"


def fail(shop: Kontor) -> None:
    """As if no worker had been able to store the file of the last export."""
    with sqlite3.connect(shop.data_dir / "kontor.sqlite3", timeout=20) as database:
        database.execute(
            "UPDATE exports_export SET state='failed', problem='storage', detail='OSError', sha256='', key='' "
            "WHERE id = (SELECT MAX(id) FROM exports_export)"
        )


def both(page: Page, name: str) -> None:
    """The page as it is at a desk and on a phone, open to everybody."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, name, axe=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_books_are_handed_over_and_a_failure_is_mended(
    live_kontor: Kontor, open_window: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_window()
    sign_in(page, live_kontor.url, FINANCE, EXPORTS)
    both(page, "exports-empty")
    booked = live_kontor.rows("SELECT MIN(booked_on), MAX(booked_on) FROM ledger_entry")[0]
    page.locator("#new_kind").select_option("z3")
    page.locator("#new_first_day").fill(f"{booked[0][:8]}01")
    page.locator("#new_last_day").fill(f"{booked[1][:8]}15")
    press(page, "Export erstellen")
    page.get_by_text("Das Finanzamt bekommt ganze Monate").first.wait_for()
    both(page, "exports-refused")
    page.locator("#new_first_day").fill(f"{booked[0][:4]}-01-01")
    page.locator("#new_last_day").fill(f"{booked[1][:4]}-12-31")
    press(page, "Export erstellen")
    with page.expect_download() as told:
        page.get_by_role("link", name="Herunterladen").click()  # the list renewed itself
    told.value.save_as(tmp_path / "z3.zip")
    medium = read((tmp_path / "z3.zip").read_bytes())
    assert len(medium.tables["Buchungen"]) >= live_kontor.rows("SELECT entries FROM exports_export")[0][0] > 0
    both(page, "exports-made")
    page.locator("#exports tbody a").first.click()
    page.get_by_text("Abgeholt von").wait_for()
    both(page, "export-made")
    fail(live_kontor)
    page.reload()
    page.get_by_text("Der Datenträger ist voll").wait_for()
    both(page, "export-failed")
    page.goto(f"{live_kontor.url}{EXPORTS}?state=failed")
    both(page, "exports-failed")
    page.locator("#exports tbody a").first.click()
    press(page, "Noch einmal erstellen")
    page.get_by_role("link", name="Herunterladen").wait_for()
    both(page, "export-made-again")

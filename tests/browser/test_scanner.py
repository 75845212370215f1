"""A hand scanner on the form screens of the warehouse: it types within milliseconds and does not wait for answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser import phone
from tests.browser.people import sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
PICKER = "lager@kiekschuh.example"
RECEIVE = "/dashboard/warehouse/receive/"


def test_a_second_scan_made_while_the_first_is_answered_is_not_lost(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    page = open_window(width=360, height=740)
    sign_in(page, live_kontor.url, PICKER, RECEIVE)
    sent: list[str] = []

    def slowly(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data or "")
            time.sleep(0.5)
        route.continue_()

    page.route(f"**{RECEIVE}", slowly)
    page.keyboard.type("KENN-ICH-NICHT-1\nKENN-ICH-NICHT-2\n")
    phone.eventually(page, lambda: len(sent) == 2, "both scans sent")
    assert ["code=KENN-ICH-NICHT-1&" in sent[0], "code=KENN-ICH-NICHT-2&" in sent[1]] == [True, True], sent


def test_the_mute_switch_is_remembered_on_the_device(live_kontor: Kontor, open_window: OpenWindow) -> None:
    page = open_window(width=360, height=740)
    sign_in(page, live_kontor.url, PICKER, RECEIVE)
    switch = page.locator("[data-mute]")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    page.reload()
    assert switch.get_attribute("aria-pressed") == "true"

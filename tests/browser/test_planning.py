"""Planning walks and a batch at a glance, on a phone and on a desk: nothing overhangs, nothing keeps people out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
PICKER = "lager@kiekschuh.example"
ROOM = "/dashboard/warehouse"


def test_walks_are_planned_and_a_batch_is_seen_on_phone_and_desk(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    page = open_window()
    sign_in(page, live_kontor.url, PICKER, f"{ROOM}/batches/plan/")
    for width, height in ((1280, 900), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("batches/plan/", "cut-offs/", "pick-lists/", "batches/"):
            page.goto(f"{live_kontor.url}{ROOM}/{name}")
            look(page, f"picking-{name.strip('/').replace('/', '-')}", axe=True)
    page.goto(f"{live_kontor.url}{ROOM}/batches/plan/")
    plan = page.locator("form[method=post] button.button[type=submit]").filter(has_text="planen")
    if plan.count():
        plan.first.click()
        page.locator("tbody a").first.click()
        for width, height in ((1280, 900), (360, 740)):
            page.set_viewport_size({"width": width, "height": height})
            look(page, "picking-batch", axe=True)

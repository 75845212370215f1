"""Where the picker's app cannot work, its start page says so and what to do: without https, in an old browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import phone
from tests.browser.people import look
from tests.factories.people import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
OLD = "delete Navigator.prototype.serviceWorker;"
INSECURE = f"Object.defineProperty(window, 'isSecureContext', {{ value: false }}); {OLD}"


@pytest.mark.parametrize(("name", "world", "says"), [
    ("fine", "", ""),
    ("insecure", INSECURE, "begins with http://"),
    ("old", OLD, "has no service worker"),
])  # fmt: skip
def test_the_start_page_of_the_app_says_why_it_cannot_work_and_what_to_do(
    live_server: Any, open_window: OpenWindow, name: str, world: str, says: str
) -> None:
    page = open_window(locale="en-GB")
    page.set_viewport_size({"width": 360, "height": 740})
    phone.sign_in(page.context, live_server.url, make_staff("lena@example.org", "picking.pick_orders"))
    if world:
        page.add_init_script(world)
    page.goto(f"{live_server.url}/en/dashboard/warehouse/phone/")
    page.locator("[data-text=sync]").filter(has_text="sent").wait_for()
    notices = page.locator(".pick .notice").filter(visible=True)
    assert notices.count() == (1 if says else 0)
    if says:
        assert says in notices.inner_text() and "Please open Kontor" in notices.inner_text()
    look(page, f"phone-start-{name}", axe=True)

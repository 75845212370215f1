"""A picker's phone for the browser tests: signed in, behind a cable that can be pulled, with a hand scanner."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.models import PICKED, Movement
from shop.customers.models import User
from tests.support.cable import Cable

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PATIENCE_S = 15.0


@dataclass
class House:
    """A list to pick, who picks it, and the way to the server."""

    url: str
    cable: Cable
    lena: User
    pick_list: PickList

    @property
    def address(self) -> str:
        """Of the scan screen."""
        return self.url + reverse("warehouse:pick", args=[self.pick_list.pk])

    @property
    def place(self) -> str:
        """The packing place's code."""
        return self.pick_list.packing_place.code

    def picked(self) -> dict[str, int]:
        """Pieces by SKU, as the database has them."""
        lines = self.pick_list.lines.select_related("order_line")
        return {line.order_line.partner_sku: line.quantity_picked for line in lines}

    def moved(self) -> int:
        """Pieces that left their bins."""
        moves = Movement.objects.filter(kind=PICKED, quantity__gt=0)
        return sum(moves.values_list("quantity", flat=True))


def sign_in(context: BrowserContext, url: str, person: User | None) -> None:
    """Give the browser a session of this person (None: take it away)."""
    context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    if person is None:
        return
    client = Client()
    client.force_login(person)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}])


def open_app(page: Page, address: str, *, kept: bool = True) -> None:
    """Open the picker's screen and wait until the app has taken over (``kept``: and opens again without network)."""
    page.goto(address)
    page.locator("html[data-app=ready]").wait_for(state="attached")
    if kept:
        page.locator("html[data-kept=yes]").wait_for(state="attached")


def scan(page: Page, *codes: str) -> str:
    """A hand scanner: every key within a millisecond, Enter at the end, no click. Returns the last answer's words."""
    before = scans(page)
    for code in codes:
        page.keyboard.type(f"{code}\n")
    eventually(page, lambda: scans(page) >= before + len(codes), "an answer to each scan")
    return answer(page)[1]


def scans(page: Page) -> int:
    """How many scans the app has judged."""
    return int(page.evaluate("Number(document.documentElement.dataset.scans || 0)"))


def answer(page: Page) -> tuple[str, str]:
    """good or bad, and the words, of the last scan."""
    box = page.locator("[data-part=answer] [data-scan-result]")
    return box.get_attribute("data-scan-result") or "", box.inner_text()


def waiting(page: Page) -> int:
    """How many scans the page says are waiting."""
    return int(page.locator("[data-part=sync][data-waiting]").get_attribute("data-waiting") or 0)


def text(page: Page, name: str) -> str:
    """What the page says in one place."""
    return page.locator(f"[data-part={name}]").inner_text()


def eventually(page: Page, what: Callable[[], Any], why: str) -> Any:
    """Ask until it is true, while the browser goes on."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        page.wait_for_timeout(50)
    raise AssertionError(
        f"{why} did not happen within {PATIENCE_S:.0f} s; the page says:\n{page.locator('main').inner_text()}"
    )


def send_now(page: Page) -> None:
    """Press "Send now". Not by the mouse: the app tries by itself too, and takes the button away when all is sent."""
    page.get_by_role("button", name="Send now", include_hidden=True).dispatch_event("click")


def all_sent(page: Page) -> None:
    """Wait until nothing waits."""
    eventually(page, lambda: waiting(page) == 0, "everything sent")
    eventually(page, lambda: talks(page) == 0, "the talk with the server at its end")


def talks(page: Page) -> int:
    """How many talks with the server go on. An answer under way when the cable is cut may still arrive."""
    return int(page.evaluate("Number(document.documentElement.dataset.talks || 0)"))

"""Open orders are planned with a click and seen on the board of the day, on a phone and on a desk."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group

from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions import Scan
from fulfilment.warehouse.picking.models import Batch, PickList
from fulfilment.warehouse.picking.walks import walk_of
from shop.customers.models import User
from shop.dashboard.roles import MANAGER, WAREHOUSE, sync_roles
from shop.kernel.clock import now
from tests.browser import phone
from tests.browser.people import look
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
ROOM = "/en/dashboard/warehouse"


def person(role: str, email: str, name: str) -> User:
    sync_roles()
    found = make_staff(email, first_name=name, last_name="Lager")
    found.groups.add(Group.objects.get(name=role))
    return found


@pytest.fixture
def five(outbox: Outbox) -> list[PickList]:
    """Five open orders over three bins; one of them is late, one urgent."""
    records = [make_stockrecord(f"SKU-{n}", bins={f"A-0{n}": 40}) for n in (1, 2, 3)]
    for wanted in ([(0, 1)], [(0, 2), (1, 7)], [(1, 1)], [(2, 1)], [(2, 2), (0, 1)]):
        make_order(*[(records[n], pieces) for n, pieces in wanted])
    outbox.drain()
    lists = list(PickList.objects.order_by("pk"))
    picking.reschedule(pick_list=lists[3], urgent=True, by=None, why="she waits at the counter")
    PickList.objects.filter(pk=lists[0].pk).update(due_at=now() - dt.timedelta(minutes=50))
    return lists


def seen(page: Page, name: str) -> None:
    """The page as it is, on a desk and on a phone."""
    for width, height in ((1280, 900), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        look(page, name, axe=True)


def figure(page: Page, label: str) -> int:
    """A number on top of the board."""
    stat = page.locator(".stat").filter(has=page.get_by_text(label, exact=True))
    return int(stat.locator(".stat__value").inner_text())


def window(open_window: OpenWindow, url: str, who: User) -> Page:
    page = open_window(locale="en-GB")
    phone.sign_in(page.context, url, who)
    return page


def picked_but_one(batch: Batch, by: User) -> None:
    """The whole walk; the last stop's pieces cannot be found anywhere."""
    picking.start_batch(batch=batch, by=by)
    stops = walk_of(Batch.objects.get(pk=batch.pk), by)["stops"]
    for stop in stops:
        kind = "short" if stop is stops[-1] else "pick"
        one = Scan(uuid.uuid4(), kind, stop["line"], stop["codes"][0], stop["open"], bin=stop["bin"])
        (answer,) = picking.take_scans(walk=batch, scans=[one], by=by)
        assert answer.accepted, answer.text
    picking.finish_batch(batch=batch, by=by)


def test_walks_are_planned_with_a_click_and_a_batch_is_seen_on_phone_and_desk(
    live_server: Any, open_window: OpenWindow, five: list[PickList]
) -> None:
    page = window(open_window, live_server.url, person(WAREHOUSE, "lena@example.org", "Lena"))
    for name in ("batches/plan/", "cut-offs/", "pick-lists/", "batches/"):
        page.goto(f"{live_server.url}{ROOM}/{name}")
        seen(page, f"picking-{name.strip('/').replace('/', '-')}")
    page.goto(f"{live_server.url}{ROOM}/batches/plan/")
    assert figure(page, "Orders to plan") == 5
    with page.expect_navigation():
        page.get_by_role("button", name="Plan 1 walk").click()
    batch = Batch.objects.get()
    assert batch.boxes.count() == 5
    seen(page, "picking-planned")
    with page.expect_navigation():
        page.locator(f"main a[href$='/batches/{batch.pk}/']").first.click()
    for pick_list in five:
        assert pick_list.order.number in page.locator("main").inner_text()
    seen(page, "picking-batch")
    page.goto(f"{live_server.url}{ROOM}/batches/plan/")
    assert "Nothing to plan" in page.locator("main").inner_text()


def test_the_board_shows_the_day_while_it_happens(
    live_server: Any, open_window: OpenWindow, five: list[PickList], outbox: Outbox
) -> None:
    lena = person(WAREHOUSE, "lena@example.org", "Lena")
    kai = person(WAREHOUSE, "kai@example.org", "Kai")
    boss = window(open_window, live_server.url, person(MANAGER, "boss@example.org", "Berta"))
    boss.goto(f"{live_server.url}{ROOM}/board/")
    assert (figure(boss, "To pick"), figure(boss, "Late"), figure(boss, "To pack")) == (5, 1, 0)
    assert five[0].order.number in boss.locator("#late").inner_text()
    seen(boss, "board-morning")

    send_everything(five[1], by=kai)
    pick_everything(five[2], by=kai)
    (batch,) = picking.plan_batches(wave=picking.Wave(five[0].site, "batch"))
    picked_but_one(batch, lena)
    outbox.drain()
    assert outbox.failures() == []
    boss.goto(f"{live_server.url}{ROOM}/board/")
    assert (figure(boss, "To pick"), figure(boss, "Left today"), figure(boss, "Late")) == (0, 1, 1)
    assert figure(boss, "Short") == 1
    assert "1 waits for the customer" in boss.locator(".stats").inner_text()
    people = boss.locator("aside").inner_text()
    assert "Lena Lager" in people and "Kai Lager" in people
    seen(boss, "board-noon")
    own = window(open_window, live_server.url, lena)
    own.goto(f"{live_server.url}{ROOM}/board/")
    assert "Lena Lager" in own.locator("aside").inner_text()
    assert "Kai Lager" not in own.locator("main").inner_text()
    seen(own, "board-picker")

"""A manager looks for a lot, calls it back, reads the mails before they leave and sends them once; phone and desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group

from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.recalls.models import Recall
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import LotStock
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from shop.dashboard.roles import MANAGER, WAREHOUSE, sync_roles
from shop.notifications.models import OutgoingMail
from tests.browser import phone
from tests.browser.people import look
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
ROOM = "/en/dashboard/warehouse/recalls/"
GAP_PX = 12
TEXTS = {
    "reason_de": "Die Creme kann Metallspäne enthalten.",
    "reason_en": "The cream may contain metal splinters.",
    "advice_de": "Bitte werfen Sie die Dose weg.",
    "advice_en": "Please throw the tin away.",
}


@pytest.fixture
def boss() -> User:
    sync_roles()
    person = make_staff("boss@example.org", first_name="Berta", last_name="Boss")
    person.groups.add(Group.objects.get(name=MANAGER))
    return person


@pytest.fixture
def two_have_it(boss: User, outbox: Outbox) -> None:
    """Two customers, one of each language, have cream of lot L-1; a third order is planned only."""
    cream = make_stockrecord("CREAM", title="Schuhcreme")
    stock.set_handling(stockrecord=cream, by=boss, tracking="lot", has_best_before=True)
    for n, best_before in ((1, dt.date(2028, 3, 1)), (2, dt.date(2028, 9, 1))):
        place = make_bin(f"A-0{n}", sequence=n)
        stock.receive(stockrecord=cream, bin=place, quantity=9, lot=f"L-{n}", best_before=best_before)
    for language, email in (("de", "erika@example.org"), ("en", "john@example.org")):
        order = make_order((cream, 2), language=language, email=email)
        outbox.drain()
        sent(PickList.objects.get(order=order), boss)
    make_order((cream, 1), email="karla@example.org")
    outbox.drain()


def sent(pick_list: PickList, by: User) -> None:
    """Picked by lot, packed, gone."""
    picking.start(pick_list=pick_list, by=by)
    (line,) = pick_list.lines.select_related("pick_list__order", "order_line", "bin", "batch", "lot")
    assert line.lot is not None
    picking.scan(line=line, code="CREAM", quantity=2, lot=line.lot.code, by=by)
    picking.finish(pick_list=pick_list, by=by)
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    dispatch.dispatch(parcel=dispatch.pack(pick_list=pick_list, quantities=waiting, by=by), by=by)


def seen(page: Page, name: str) -> None:
    """The page as it is, on a phone and on a desk."""
    for width, height in ((1280, 900), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        look(page, name, axe=True)


def follow(page: Page, words: str) -> None:
    """A link that looks like a button."""
    with page.expect_navigation():
        page.get_by_role("link", name=words).first.click()


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=words).click()


def gaps(page: Page) -> list[float]:
    """Pixels between each card of the page and the next one below it."""
    boxes = [card.bounding_box() for card in page.locator("main section.card").all()]
    found = [box for box in boxes if box is not None]
    return [low["y"] - up["y"] - up["height"] for up, low in pairwise(found)]


def prepare(page: Page) -> None:
    """Look for the lot, see who has it, say why."""
    seen(page, "recalls-none")
    follow(page, "Find a lot")
    page.locator("input[name=code]").fill("no-such-lot")
    press(page, "Search")
    assert "No lot or serial number fits" in page.locator("main").inner_text()
    page.locator("input[name=code]").fill("L-1")
    press(page, "Search")
    text = page.locator("main").inner_text()
    assert "erika@example.org" in text and "john@example.org" in text and "A-01" in text
    seen(page, "recall-trace")
    assert min(gaps(page)) >= GAP_PX, "the cards stand apart"
    cell = page.get_by_text("erika@example.org", exact=True)
    assert cell.evaluate("(el) => el.getClientRects().length") == 1, "an address is read in one piece"
    for name, words in TEXTS.items():
        page.locator(f"[name={name}]").fill(words)
    press(page, "Prepare the recall")
    seen(page, "recall-prepared")
    assert LotStock.objects.get(lot__code="L-1", quantity__gt=0).bin.code == "A-01", "nothing has moved"


def start(page: Page) -> None:
    follow(page, "Start the recall")
    seen(page, "recall-start")
    press(page, "Yes, start it")
    seen(page, "recall-started")
    assert LotStock.objects.get(lot__code="L-1", quantity__gt=0).bin.kind == "quarantine"


def preview(page: Page) -> None:
    """Each mail is read as it will leave, in its language; none has left."""
    notices = page.locator("main details.notices")
    assert notices.count() == 2
    for n, words in enumerate((TEXTS["reason_de"], TEXTS["reason_en"])):
        notices.nth(n).locator("summary").click()
        mail = notices.nth(n).frame_locator("iframe").locator("body")
        mail.get_by_text(words).wait_for()
    seen(page, "recall-preview")
    mail = page.context.new_page()
    for n in (0, 1):
        mail.goto(page.url.split("/en/")[0] + str(notices.nth(n).locator("iframe").get_attribute("src")))
        for width in (1280, 360):
            mail.set_viewport_size({"width": width, "height": 740})
            look(mail, f"recall-mail-{n}")
    mail.close()
    assert not OutgoingMail.objects.filter(kind="recall_notice").exists()


def send_once(page: Page, url: str, outbox: Outbox) -> None:
    """The page that asks is kept open in a second tab: its button sends nothing a second time."""
    follow(page, "Send the mails")
    seen(page, "recall-send")
    other = page.context.new_page()
    other.goto(page.url)
    press(page, "Yes, send them")
    assert "2 mails are on their way" in page.locator("body").inner_text()
    press(other, "Yes, send them")
    assert "no mail was written twice" in other.locator("body").inner_text()
    outbox.drain()
    mails = OutgoingMail.objects.filter(kind="recall_notice").order_by("language")
    assert [(mail.language, mail.order.email) for mail in mails if mail.order] == [
        ("de", "erika@example.org"),
        ("en", "john@example.org"),
    ]
    page.goto(f"{url}{ROOM}{Recall.objects.get().pk}/")
    seen(page, "recall-told")


def comes_late(page: Page, url: str) -> None:
    """Two tins of the lot turn up at goods in after all: not on the shelf, but one press away from the right bin."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{url}/en/dashboard/warehouse/receive/?bin=A-01")
    for code in ("CREAM", "L-1"):
        with page.expect_navigation():
            page.locator("input[name=code]").fill(code)
            page.keyboard.press("Enter")
    assert "must not go on sale. Please put it into QUAR-01" in page.locator("main").inner_text()
    seen(page, "recall-goods-in")
    page.set_viewport_size({"width": 360, "height": 740})
    press(page, "It lies in QUAR-01 now")
    assert "received into QUAR-01" in page.locator("main").inner_text()
    seen(page, "recall-goods-in-done")
    places = LotStock.objects.filter(lot__code="L-1", quantity__gt=0).values_list("bin__kind", flat=True)
    assert set(places) == {"quarantine"}


def lifted(page: Page) -> None:
    """The laboratory says that all is well."""
    page.locator("main summary", has_text="May the goods be sold again?").click()
    seen(page, "recall-lift")
    page.locator("#lift_why").fill("The laboratory found nothing.")
    press(page, "Lift the recall")
    assert "is lifted" in page.locator("body").inner_text()
    seen(page, "recall-lifted")


def test_a_lot_is_called_back_and_each_customer_is_told_once(
    live_server: Any, open_window: OpenWindow, outbox: Outbox, boss: User, two_have_it: None
) -> None:
    page = open_window(locale="en-GB")
    phone.sign_in(page.context, live_server.url, boss)
    page.goto(live_server.url + ROOM)
    prepare(page)
    start(page)
    preview(page)
    send_once(page, live_server.url, outbox)
    page.locator("#id_why").fill("The tins were destroyed.")
    press(page, "Close the recall")
    seen(page, "recall-closed")
    comes_late(page, live_server.url)
    page.goto(live_server.url + ROOM)
    seen(page, "recalls")
    assert Recall.objects.get().state == "closed"
    page.goto(f"{live_server.url}{ROOM}{Recall.objects.get().pk}/")
    lifted(page)
    assert outbox.failures() == [] and stock_differences() == []


def test_the_warehouse_alone_starts_no_recall(live_server: Any, open_window: OpenWindow, boss: User) -> None:
    picker = make_staff("lena@example.org")
    picker.groups.add(Group.objects.get(name=WAREHOUSE))
    page = open_window(width=360, locale="en-GB")
    phone.sign_in(page.context, live_server.url, picker)
    answer = page.goto(live_server.url + ROOM)
    assert answer is not None and answer.status == 403

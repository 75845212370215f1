"""Windows for the stories: each person sits before a browser of their own; what it complains of fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import override

from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickList
from tests.browser import phone
from tests.browser.served import served
from tests.browser.whole_day import Day, build
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.cable import Cable
from tests.support.helpers import Outbox
from tests.support.running import PATIENCE_MS, REPORT, SCREENSHOTS
from tests.support.standins import emptied

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response


@pytest.fixture
def open_window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open a fresh window: ``open_window(width=360, locale="en-GB", java_script_enabled=False)``.

    Script errors, refusals of the content policy and answers of 500 and above fail the test; a failed test leaves
    a picture of every window.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def watch(answer: Response) -> None:
        if answer.status >= 500:
            complaints.append(f"{answer.status} for {answer.request.method} {answer.url}")

    def open_(*, width: int = 1280, height: int = 900, locale: str = "de-DE", **options: Any) -> Page:
        options = {"reduced_motion": "reduce", **options}  # pages at rest: nothing is judged half-faded in
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if _is_refusal(line.text) else None)
        page.on("response", watch)
        return page

    yield open_
    report = request.node.stash.get(REPORT, None)
    for number, context in enumerate(contexts):
        if report is not None and report.failed and context.pages:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            path = SCREENSHOTS / f"{request.node.name}-{number}.png"
            context.pages[0].screenshot(path=path, full_page=True, caret="initial")
            print(f"picture of the failure: {path} ({context.pages[0].url})")
        context.close()
    if complaints:
        pytest.fail("the browser complained:\n" + "\n".join(complaints), pytrace=False)


def _is_refusal(text: str) -> bool:
    return "Content Security Policy" in text or "Refused to" in text


@pytest.fixture
def carrier(fresh_database: None, carrier_process: CarrierStandIn, settings: Any) -> CarrierStandIn:
    """A carrier that books labels and tells of parcels."""
    settings.CARRIER_DHL_URL = emptied(carrier_process)
    return carrier_process


@pytest.fixture
def day(outbox: Outbox, carrier: CarrierStandIn) -> Day:
    """The warehouse in the middle of a day."""
    with override("de"):
        return build(outbox, carrier)


@pytest.fixture
def desk_url(fresh_database: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the pages are served from, beside a database that the test fills itself; no worker runs."""
    # Playwright keeps a loop running in this thread; what we ask the database here is asked in between.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = False
    with served() as url:
        yield url


@pytest.fixture
def house(fresh_database: None, live_server: object, outbox: Outbox) -> Iterator[phone.House]:
    """Three articles in three bins, ordered and started by Lena."""
    lena = make_staff("lena@example.org", "picking.pick_orders", first_name="Lena", last_name="Lager")
    records = [make_stockrecord(f"SKU-{n}", bins={f"A-0{n}": 9}) for n in (1, 2, 3)]
    order = make_order((records[0], 1), (records[1], 2), (records[2], 3))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=lena)
    with Cable(live_server.thread.port) as cable:  # type: ignore[attr-defined]
        yield phone.House(f"http://localhost:{cable.port}", cable, lena, pick_list)


@pytest.fixture
def lenas_phone(house: phone.House, open_window: Callable[..., Page]) -> Page:
    """The app, opened on the list, ready for dead spots."""
    page = open_window(width=360, height=740, locale="en-GB")
    phone.sign_in(page.context, house.url, house.lena)
    phone.open_app(page, house.address)
    return page

"""A return from its customer's page over the dock to the money: the scan releases the refund, no clerk does.

``KONTOR_PICTURES=/folder`` keeps a picture of each page, on a phone and at a desk, in German.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from checkout.order import access
from checkout.payment.models import Refund
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import Approval
from tests.browser import phone
from tests.browser.judge import Judge
from tests.browser.people import enter, pdf, tab_to
from tests.factories.cases import make_case
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.fulfilment.customer_service.returns.test_exchange import other_size
from tests.fulfilment.customer_service.returns.test_settlements import come_back, sent, skus, withdraw

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
DOCK = ("receiving.view_returns", "receiving.receive_returns")
ASKS = ("returns.settle_money", "approvals.view_approvals")
APPROVES = "payment.approve_refunds"
LEADS = ("cases.view_figures", "cases.see_people", "cases.change_macros", "returns.settle_money")


def scan(page: Page, code: str) -> None:
    """A hand scanner: types within milliseconds, ends with Enter."""
    with page.expect_navigation():
        page.keyboard.type(code)
        page.keyboard.press("Enter")


def unpack(page: Page, url: str, number: str, sku: str) -> None:
    """The slip, the article, its grade and its place, and the parcel is empty."""
    page.goto(f"{url}/dashboard/warehouse/returns/dock/")
    scan(page, number)
    if not page.url.rstrip("/").split("/")[-1].isdigit():
        enter(page)
    scan(page, sku)
    with page.expect_navigation():
        page.keyboard.press("a")
    scan(page, "A-00")
    tab_to(page, "form[action$='/finish/'] button")
    enter(page)


def test_a_return_scanned_at_the_dock_releases_the_refund(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    dock_bins()
    order = sent(outbox, 1)
    make_case(order=order)
    withdraw(order)
    outbox.drain()
    returning = Return.objects.get(order=order)

    guest = open_window(locale="de-DE")
    judge = Judge(guest, "de")
    guest.goto(access.link(order, base=live_server.url))
    judge.see("order-return-announced")
    address = reverse("orders:return-slip", args=[order.number, returning.number])
    assert pdf(guest, address).startswith(b"%PDF")
    guest.get_by_text("Ich habe es abgeschickt").click()
    guest.get_by_label("Versanddienst").fill("DHL")
    guest.get_by_label("Sendungsnummer").fill("00340434161094")
    guest.get_by_role("button", name="Speichern").click()
    judge.see("order-return-on-its-way")
    assert guest.get_by_text("DHL 00340434161094").count()

    ramp = open_window(width=360, height=740, locale="de-DE")
    phone.sign_in(ramp.context, live_server.url, make_staff("rampe@example.org", *DOCK, first_name="Rita"))
    unpack(ramp, live_server.url, returning.number, skus(order)[0])
    assert not Refund.objects.exists()
    outbox.drain()
    refund, settled = Refund.objects.get(), Settlement.objects.get()
    assert refund.amount_minor == order.total_minor and refund.requested_by is None
    assert settled.state == "done" and settled.done_by is None

    guest.goto(live_server.url + reverse("orders:exchange", args=[order.number]))
    judge.see("order-exchange-nothing")
    guest.goto(live_server.url + reverse("orders:detail", args=[order.number]))
    judge.see("order-return-money")
    assert guest.get_by_text("Ihr Geld ist unterwegs").count()

    lead = open_window(locale="de-DE")
    desk = Judge(lead, "de")
    phone.sign_in(lead.context, live_server.url, make_staff("chefin@example.org", *LEADS))
    for name in (
        "figures",
        "figures-times",
        "figures-goods",
        "figures-costs",
        "figures-people",
        "return-postage",
    ):
        lead.goto(live_server.url + reverse(f"service:{name}"))
        desk.see(name)
    assert not [*judge.found, *desk.found], "\n".join([*judge.found, *desk.found])


def test_a_size_is_exchanged_from_the_page_to_the_dock(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    dock_bins()
    order = sent(outbox, 1)
    other_size(order, price_minor=8_990)
    other_size(order, "44", price_minor=10_991)
    guest = open_window(locale="de-DE")
    judge = Judge(guest, "de")
    guest.goto(access.link(order, base=live_server.url))
    guest.get_by_role("link", name="In eine andere Größe umtauschen").click()
    judge.see("exchange-choose")
    guest.get_by_label("stattdessen Größe").select_option(index=2)
    guest.get_by_role("button", name="Ansehen, was es bedeutet").click()
    judge.see("exchange-dearer-seen")
    assert guest.get_by_role("button", name="Umtauschen und Aufpreis bezahlen").count()
    guest.get_by_role("link", name="Neu wählen").click()
    guest.get_by_label("stattdessen Größe").select_option(index=1)
    guest.get_by_role("button", name="Ansehen, was es bedeutet").click()
    judge.see("exchange-seen")
    guest.get_by_role("button", name="Jetzt umtauschen").click()
    judge.see("exchange-kept")
    outbox.drain()
    found = Exchange.objects.get()
    ramp = open_window(width=360, height=740, locale="de-DE")
    phone.sign_in(ramp.context, live_server.url, make_staff("rampe@example.org", *DOCK, first_name="Rita"))
    unpack(ramp, live_server.url, found.returning.number, skus(order)[0])
    outbox.drain()
    found.made.refresh_from_db()
    assert not found.made.on_hold and Refund.objects.get().amount_minor == 1_000
    guest.goto(live_server.url + reverse("orders:detail", args=[order.number]))
    judge.see("exchange-sent")
    desk = open_window(locale="de-DE")
    desk_judge = Judge(desk, "de")
    phone.sign_in(desk.context, live_server.url, make_staff("service@example.org", "cases.handle_cases"))
    desk.goto(live_server.url + reverse("service:exchange", args=[order.number]))
    desk_judge.see("desk-exchange")
    assert not [*judge.found, *desk_judge.found], "\n".join([*judge.found, *desk_judge.found])


def test_a_return_with_much_money_is_asked_for_by_one_and_approved_by_another(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    dock_bins()
    order = sent(outbox, 3)
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 3}, grade="b")
    address = live_server.url + reverse("service:settlement", args=[found.returning.number])

    clerk = open_window(locale="de-DE")
    judge = Judge(clerk, "de")
    phone.sign_in(clerk.context, live_server.url, make_staff("service@example.org", *ASKS, first_name="Svea"))
    clerk.goto(address)
    judge.see("settlement-needs-a-second-person")
    clerk.get_by_role("button", name="Um Freigabe bitten").click()
    judge.see("settlement-waits-for-a-second-person")
    assert not Refund.objects.exists()

    chief = open_window(locale="de-DE")
    second = Judge(chief, "de")
    phone.sign_in(chief.context, live_server.url, make_staff("leitung@example.org", *ASKS, APPROVES))
    chief.goto(live_server.url + reverse("dashboard:approval", args=[Approval.objects.get().pk]))
    second.see("settlement-to-approve")
    chief.get_by_role("button", name="Freigeben").click()
    second.see("settlement-approved")
    assert Refund.objects.get().amount_minor == order.total_minor
    clerk.goto(address)
    judge.see("settlement-after-approval")
    assert not [*judge.found, *second.found], "\n".join([*judge.found, *second.found])

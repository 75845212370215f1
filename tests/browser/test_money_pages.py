"""Finance's pages with money on them, in a real browser: what two people decide, payouts explained to the cent,
refunds, card money without an order, exports. Each page is looked at on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group

from checkout.order.models import Order
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderPayout
from fulfilment.finance.exports.actions import make
from fulfilment.finance.exports.models import Export
from fulfilment.finance.psp import fetch
from fulfilment.finance.psp.models import Payout
from fulfilment.finance.reconciliation import actions as bank
from shop.approvals.models import Approval
from shop.customers.models import User
from shop.dashboard.roles import sync_roles
from shop.kernel.clock import now, today
from tests.browser.people import look, press
from tests.browser.served import sit_down
from tests.factories.people import make_staff
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, capture, make_order
from tests.fulfilment.finance.psp.movements import consists_of, make_money, told

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

OpenWindow = Callable[..., "Page"]
FINANCE = "/dashboard/finance/"


def somebody(email: str, role: str, name: str) -> User:
    """A member of staff with a role of the house."""
    sync_roles()
    person = make_staff(email, first_name=name.split()[0], last_name=name.split()[1])
    person.groups.add(Group.objects.get(name=role))
    return person


def seen(page: Page, name: str) -> None:
    """The page as it is, at a desk and on a phone, open to everybody."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, name, axe=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def paid(outbox: Any, gross_minor: int = 60_000) -> tuple[Order, Payment]:
    """An order whose money came by card, told to the books."""
    order = make_order(Wish(1, gross_minor), method="card")
    payment = capture(order)
    outbox.drain()
    return order, payment


def wish(page: Page, url: str, order: Order, euros: str, reason: str) -> None:
    """Ask to give money of an order back, from its page."""
    page.goto(f"{url}/dashboard/orders/{order.number}/refund/")
    page.locator("[name=amount]").fill(euros)
    page.locator("[name=reason]").fill(reason)
    press(page, "Geld zurückgeben")
    page.wait_for_url(f"**/orders/{order.number}/")


def test_one_asks_another_decides_and_each_sees_what_became_of_it(
    desk_url: str, open_window: OpenWindow, outbox: Any
) -> None:
    (first, payment), (second, _payment), (third, _third) = (paid(outbox) for _ in range(3))
    mia, ole = (
        somebody("mia@example.org", "service", "Mia Krause"),
        somebody("ole@example.org", "manager", "Ole Boss"),
    )
    desk, office = open_window(), open_window()
    sit_down(desk, desk_url, mia, f"/dashboard/orders/{first.number}/refund/")
    seen(desk, "approvals-ask")
    wish(desk, desk_url, first, "300,00", "Kam zu spät")
    seen(desk, "approvals-order-waits")
    wish(desk, desk_url, second, "400,00", "Sohle lose")
    desk.goto(f"{desk_url}/dashboard/orders/{third.number}/cancel/")
    seen(desk, "approvals-cancel")
    desk.locator("[name=reason]").fill("Kundin hat angerufen")
    press(desk, "Um Freigabe bitten")
    desk.wait_for_url(f"**/orders/{third.number}/")
    sit_down(office, desk_url, ole, "/dashboard/approvals/")
    seen(office, "approvals-list")
    goods, loose, whole = Approval.objects.order_by("pk")
    office.goto(f"{desk_url}/dashboard/approvals/{goods.pk}/")
    seen(office, "approvals-decide")
    press(office, "Freigeben und ausführen")
    office.get_by_text("Freigegeben.").first.wait_for()
    seen(office, "approvals-approved")
    for request, words in ((loose, "Erst Bilder anfordern"), (whole, "Sie will sie doch")):
        office.goto(f"{desk_url}/dashboard/approvals/{request.pk}/")
        office.locator("[name=words]").fill(words)
        press(office, "Ablehnen")
        office.get_by_text("Abgelehnt.").first.wait_for()
    assert Refund.objects.get().amount_minor == 30_000
    desk.goto(f"{desk_url}/dashboard/")
    assert "Erst Bilder anfordern" in desk.locator("main").inner_text()
    seen(desk, "approvals-start-page")
    desk.goto(f"{desk_url}/dashboard/orders/{third.number}/")
    assert "Sie will sie doch" in desk.locator(".notice").first.inner_text()
    seen(desk, "approvals-order-declined")
    press(desk, "Freigeben")
    desk.get_by_text("das Lager arbeitet an ihr weiter").first.wait_for()
    third.refresh_from_db()
    assert not third.on_hold
    office.goto(f"{desk_url}/dashboard/approvals/limits/")
    office.locator("[name=limit]").fill("100,00")
    press(office, "Speichern")
    office.get_by_text("Gespeichert").first.wait_for()
    seen(office, "approvals-limits")


def payout_of(orders: list[tuple[Order, Payment]]) -> Payout:
    """A payout of these card payments, each with its fee of 1.5 % and 0.25, and the fee of the month."""
    rows = [told("month", -1_200)]
    for order, payment in orders:
        fee = payment.amount_minor * 15 // 1000 + 25
        rows.append(
            told(
                order.number,
                payment.amount_minor,
                fee,
                "charge",
                intent=payment.intent_id or "",
                source="ch_1",
            )
        )
    total = sum(row.net_minor for row in rows)
    name = "po_1Nq2Wf2eZvKYlo2CkP0x8aBc"
    fetch.keep_payout(ProviderPayout(name, total, "EUR", "paid", True, today(), now(), ""))
    return consists_of(Payout.objects.get(psp_id=name), rows)


def test_a_payout_is_explained_to_the_cent_beside_its_bank_line(
    desk_url: str, open_window: OpenWindow, outbox: Any
) -> None:
    payout = payout_of([paid(outbox, amount) for amount in (11_900, 8_990, 23_450)])
    ada = somebody("ada@example.org", "finance", "Ada Zahl")
    page = open_window()
    sit_down(page, desk_url, ada, f"{FINANCE}payouts/")
    seen(page, "payouts-list")
    page.goto(f"{desk_url}{FINANCE}payouts/{payout.psp_id}/")
    assert "jeder Cent" in page.locator("main").inner_text()
    seen(page, "payout-explained")
    receipt = bank.record(
        booked_on=today(), amount_minor=payout.amount_minor, reference=payout.psp_id[-12:], text="STRIPE"
    )
    bank.explain_payout(money=receipt, payout=payout.psp_id, amount_minor=payout.amount_minor)
    page.reload()
    seen(page, "payout-on-the-bank")
    page.goto(f"{desk_url}{FINANCE}movements/")
    seen(page, "movements")
    assert problems() == []


def test_a_refund_that_failed_is_seen_to(desk_url: str, open_window: OpenWindow, outbox: Any) -> None:
    _order, payment = paid(outbox)
    for number, state in enumerate(("failed", "succeeded", "requested")):
        Refund.objects.create(
            payment=payment, amount_minor=4_000 + number, source=f"t:{number}", reason="Kulanz", state=state,
            failure_text="expired_or_canceled_card" if state == "failed" else "",
            came_back_at=now() if state == "failed" else None,
        )  # fmt: skip
    page = open_window()
    sit_down(page, desk_url, somebody("ada@example.org", "finance", "Ada Zahl"), f"{FINANCE}refunds/")
    seen(page, "refunds-list")
    failed = Refund.objects.get(state="failed")
    page.goto(f"{desk_url}{FINANCE}refunds/{failed.pk}/again/")
    seen(page, "refund-again")
    page.locator("button[name=way][value=transfer]").click()
    page.wait_for_url(f"**{FINANCE}refunds/")
    failed.refresh_from_db()
    assert (failed.state, failed.by_transfer) == ("requested", True)


def test_card_money_without_an_order_is_explained_and_that_taken_back(
    desk_url: str, open_window: OpenWindow, outbox: Any
) -> None:
    order, _payment = paid(outbox)
    money = make_money("pi_3Nq2Wf2eZvKYlo2C1abcd", 5_000)
    make_money("txn_correction", -777)
    page = open_window()
    sit_down(
        page,
        desk_url,
        somebody("ada@example.org", "finance", "Ada Zahl"),
        f"{FINANCE}money-without-an-order/",
    )
    seen(page, "unmatched-list")
    page.goto(f"{desk_url}{FINANCE}money-without-an-order/{money.pk}/")
    seen(page, "unmatched-one")
    page.locator("[name=kind][value=order]").check()
    page.locator("[name=number]").fill(order.number)
    page.locator("[name=reason]").fill("hat doppelt bezahlt")
    press(page, "Erklären")
    page.get_by_text("hat doppelt bezahlt").first.wait_for()
    seen(page, "unmatched-explained")
    page.locator("a[href*='/explanations/']").first.click()
    seen(page, "unmatched-undo")
    page.locator("[name=reason]").fill("war jemand anders")
    press(page, "Zurücknehmen")
    page.get_by_text("wieder ungeklärt").first.wait_for()
    money.refresh_from_db()
    assert money.is_open
    assert problems() == []


def test_an_export_is_asked_for_made_and_listed(desk_url: str, open_window: OpenWindow, outbox: Any) -> None:
    paid(outbox)
    page = open_window()
    sit_down(page, desk_url, somebody("ada@example.org", "finance", "Ada Zahl"), f"{FINANCE}exports/")
    seen(page, "exports-empty")
    page.locator("#new_kind").select_option("journal")
    for name in ("first_day", "last_day"):
        page.locator(f"#new_{name}").fill(today().isoformat())
    press(page, "Export erstellen")
    page.locator("#exports table").wait_for()
    seen(page, "exports-waiting")
    make(Export.objects.get().pk)
    page.get_by_role("link", name="Herunterladen").wait_for()  # the list renewed itself
    seen(page, "exports-made")

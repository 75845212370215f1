"""How an exchange ends: sent, called off, or cancelled after all; the customer always has the goods or the money."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.actions import place_replacement, release_hold
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.changes.models import CANCEL
from fulfilment.customer_service.changes.rules import WRITE, what_may_change
from fulfilment.customer_service.returns import actions, exchange, exchange_end, verify
from fulfilment.customer_service.returns.left import left_of
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.dashboard import order_verbs
from shop.kernel.states import MoveNotAllowed
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.factories.warehouse import send_everything

from .test_exchange import other_size, swap
from .test_settlements import _verified, come_back, sent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def accepted(outbox: Any, made: Exchange, grade: str = "a") -> Settlement:
    """The old pair is here."""
    return come_back(outbox, returning_of(made), {made.order.lines.get().partner_sku: 1}, grade=grade)


def returning_of(made: Exchange) -> Return:
    return Return.objects.get(pk=made.returning_id)


def cancel(outbox: Any, order: Order) -> None:
    """Staff cancel the order that sends the new goods."""
    order.refresh_from_db()
    order_verbs.cancel(order=order, why="does not want it", by=make_staff())
    outbox.drain()
    assert outbox.failures() == []


def pay_out(found: Settlement, kept: int = 0) -> None:
    """A person gives the money back instead."""
    line = {found.lines[0]["order_line_id"]: kept} if kept else {}
    plan = actions.plan_of(found, kept=line)
    actions.carry_out(
        settlement=found, kept=line, kept_why="Spuren" if kept else "", with_shipping=False,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=make_staff(),
    )  # fmt: skip


def later(clock: Any, days: int = 23) -> None:
    clock.advance(days=days)


# ---- the new goods are cancelled -------------------------------------------------------------------------------------


def test_the_customer_cannot_cancel_the_new_size_once_the_old_one_is_here(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    assert what_may_change(made.made)[CANCEL].allowed
    accepted(outbox, made)
    made.made.refresh_from_db()
    may = what_may_change(made.made)[CANCEL]
    assert not may.allowed and may.reason and may.instead == (WRITE,)


def test_new_goods_cancelled_after_the_old_ones_came_leave_the_money_to_a_person(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    found = accepted(outbox, made)
    assert found.state == "nothing_due" and Refund.objects.get().amount_minor == 1_000
    cancel(outbox, made.made)
    found.refresh_from_db()
    assert (found.state, found.waits_because, found.done_at) == ("proposed", "cancelled", None)
    assert Exchange.objects.get().state == "cancelled"
    assert left_of(order) == {order.lines.get().pk: 0}, "the pair is here: no new goods and money for it"
    pay_out(found)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 9_990
    assert _verified() == []


def test_a_faulty_pair_that_came_back_for_nothing_is_not_forgotten(outbox: Any) -> None:
    order = sent(outbox, 1)
    line = order.lines.get()
    made = place_replacement(order=order, pieces={line.pk: 1}, source="remedy:1", why="faulty")
    returning = dock.announce(order_id=order.pk, lines={line.pk: 1}, cause=f"replacement:{made.number}")
    assert returning is not None
    outbox.drain()
    found = come_back(outbox, returning, {line.partner_sku: 1}, grade="b")
    assert found.state == "nothing_due"
    assert not what_may_change(made)[CANCEL].allowed
    cancel(outbox, made)
    found.refresh_from_db()
    assert (found.state, found.waits_because) == ("proposed", "cancelled")


def test_goods_that_come_after_the_new_ones_were_cancelled_wait_for_a_person(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    dock.note_on_its_way(returning=returning_of(made))
    cancel(outbox, made.made)
    assert Exchange.objects.get().state == "called_off" and returning_of(made).state == "in_transit"
    assert left_of(order) == {order.lines.get().pk: 0}
    assert (accepted(outbox, made).waits_because, _verified()) == ("cancelled", [])


def test_who_cancels_before_sending_anything_keeps_the_pair_and_may_choose_anew(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    cancel(outbox, made.made)
    assert (Exchange.objects.get().state, returning_of(made).state) == ("called_off", "expired")
    assert not Settlement.objects.exists() and exchange.options(order) and _verified() == []


def test_the_page_says_that_the_money_is_decided_anew(outbox: Any, client: Client) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    client.force_login(make_staff("boss@example.org", "order.view_orders", "order.manage_orders"))
    url = reverse("dashboard:order-cancel", args=[made.made.number])
    words = "Was der Kunde für diese Ware zurückgesendet hat, ist hier"
    assert words not in client.get(url).content.decode()
    accepted(outbox, made)
    assert words in client.get(url).content.decode()


# ---- called off ------------------------------------------------------------------------------------------------------


def two_waiting(outbox: Any) -> list[Exchange]:
    """Two exchanges, both long due."""
    found = []
    for number in (1, 2):
        order = sent(outbox, 1)
        found.append(swap(order, other_size(order), key=str(number) * 24))
    outbox.drain()
    return found


def test_one_that_cannot_be_called_off_does_not_stop_the_others(
    outbox: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_waiting(outbox)
    cancelled = exchange_end.cancel

    def stuck(*, order: Order, **more: Any) -> bool:
        if order.pk == first.made_id:
            raise MoveNotAllowed("parts were dispatched")
        return cancelled(order=order, **more)

    monkeypatch.setattr(exchange_end, "cancel", stuck)
    later(clock)
    assert exchange_end.call_off_late() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("waiting", "called_off")
    assert returning_of(first).state == "authorised", "all of it or nothing"


def test_new_goods_that_left_without_their_exchange_end_it_and_bring_no_money(
    outbox: Any, clock: Any
) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    release_hold(order=made.made, by=None)
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    later(clock)
    assert exchange_end.call_off_late() == 0
    made.refresh_from_db()
    assert (made.state, made.back_minor, made.made.status) == ("sent", 0, "completed")
    assert not Refund.objects.exists() and verify.exchanges_keep_their_word() == []


def test_goods_on_the_table_of_the_dock_are_not_called_off(outbox: Any, clock: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    later(clock)
    book(returning_of(made), order.lines.get().partner_sku, 1, "a", "shelf", "A-00", by=make_staff())
    assert not exchange_end.call_off(found=made)
    dock.finish(returning=returning_of(made), by=make_staff())
    assert not exchange_end.call_off(found=made), "the list was read before it came"
    outbox.drain()
    made.refresh_from_db()
    assert made.state == "sent"


def test_what_its_customer_says_is_on_its_way_is_waited_for_until_the_dock_gives_it_up(
    outbox: Any, clock: Any
) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    dock.note_on_its_way(returning=returning_of(made))
    later(clock)
    assert exchange_end.call_off_late() == 0
    later(clock, 90)
    assert dock.expire_late() == 1 and exchange_end.call_off_late() == 1

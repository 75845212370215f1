"""New goods went out and the old ones never came, or some of the new ones are cancelled: a person is asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from checkout.order.actions import cancel_pieces, place_replacement
from checkout.order.models import Order
from checkout.payment.models import Payment
from fulfilment.customer_service.remedies import actions as remedies
from fulfilment.customer_service.returns import actions, exchange_end, verify
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.warehouse import send_everything

from .test_exchange import other_size, swap
from .test_exchange_dearer import breaches
from .test_settlements import come_back, sent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def gone_before(outbox: Any, clock: Any) -> tuple[Order, Exchange]:
    """An exchange that a person let go, whose old piece did not come within its time."""
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    boss = make_staff("boss@example.org", is_superuser=True)
    assert exchange_end.release(order=made.made, by=boss, why="a good customer")
    send_everything(PickList.objects.get(order=made.made), by=boss)
    outbox.drain()
    clock.advance(days=25)
    return order, made


def test_a_person_is_asked_once_and_what_comes_after_all_is_reckoned_anew(outbox: Any, clock: Any) -> None:
    order, made = gone_before(outbox, clock)
    dock.expire(returning=Return.objects.get(), why="late")
    assert [b for b in verify.new_sizes_go_for_old_ones_and_money() if "never came" in b]
    assert exchange_end.ask_about_missing() == 1 and exchange_end.ask_about_missing() == 0
    asked = Settlement.objects.get()
    assert (asked.state, asked.waits_because, asked.lines) == ("proposed", "never_came", [])
    assert breaches() == []
    with pytest.raises(actions.NotSo):
        actions.carry_out(
            settlement=asked, kept={}, kept_why="", with_shipping=False, seen_minor=(0, 0), by=make_staff()
        )
    actions.nothing_due(settlement=asked, why="they pay for both", by=make_staff())
    assert breaches() == []
    found = come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    assert (found.pk, found.state, len(found.lines)) == (asked.pk, "nothing_due", 1), "the exchange is whole"
    assert Exchange.objects.get().state == "sent" and breaches() == []


def test_who_says_that_it_is_on_its_way_is_waited_for(outbox: Any, clock: Any) -> None:
    gone_before(outbox, clock)
    dock.note_on_its_way(returning=Return.objects.get(), by=None, why="said")
    assert exchange_end.ask_about_missing() == 0 and not Settlement.objects.exists()


def test_some_new_pieces_that_are_cancelled_leave_the_rest_to_a_person(outbox: Any) -> None:
    order = sent(outbox, 3)
    line = order.lines.get()
    made = place_replacement(order=order, pieces={line.pk: 2}, source="s", why="faulty")
    returning = dock.announce(order_id=order.pk, lines={line.pk: 2}, cause=f"replacement:{made.number}")
    assert returning is not None
    outbox.drain()
    settled = come_back(outbox, returning, {line.partner_sku: 2})
    assert settled.state == "nothing_due"
    cancel_pieces(order=made, lines={made.lines.get().pk: 1}, source="shortage:1", why="not to be had")
    outbox.drain()
    settled.refresh_from_db()
    assert (settled.state, settled.waits_because) == ("proposed", "shortened")
    plan = actions.plan_of(settled, kept={line.pk: 9_990})
    assert plan.credit_minor == 9_990, "for the one that is not sent again"
    actions.carry_out(
        settlement=settled, kept={line.pk: 9_990}, kept_why="one is replaced", with_shipping=False,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=make_staff("b@example.org", is_superuser=True),
    )  # fmt: skip
    assert outbox.failures() == [] and breaches() == []


def test_a_dearer_size_that_goes_without_its_money_is_a_breach(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=10_991))
    Exchange.objects.update(state="sent")
    assert any("difference was not paid" in b for b in verify.new_sizes_go_for_old_ones_and_money())
    Payment.objects.filter(order=made.made).update(state="captured")
    assert verify.new_sizes_go_for_old_ones_and_money() == []


def test_the_desk_holds_the_first_account_before_the_order_that_sends(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order)).made
    held: list[int] = []
    monkeypatch.setattr(remedies, "accounts", SimpleNamespace(locked=lambda found: held.append(found.pk)))
    remedies.held(made)
    assert held == [order.pk, made.pk], "as the settling of its return does, which then holds the order"

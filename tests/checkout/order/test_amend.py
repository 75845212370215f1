"""Pieces of an order are cancelled or replaced: order, stock and money agree to the cent, whatever happens when."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from catalogue.partner.models import InsufficientStock, Reservation
from checkout.order.actions import cancel_pieces, note_dispatch, replace_pieces
from checkout.order.events import OrderAmended, OrderCancelled
from checkout.order.models import Amendment, Line, Order
from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.parts import part_of_line
from shop.kernel.invariants import verify
from shop.kernel.money import split, vat_from_gross
from shop.kernel.states import MoveNotAllowed
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def paid_by_card(*wanted: Any, **options: Any) -> Order:
    """An order whose card was charged, as settle() leaves it."""
    from checkout.payment.actions import capture

    order = place_order(*wanted, **options)
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(intent_id=f"pi_{payment.pk}")
    capture(payment=payment, reference=f"pi_{payment.pk}", why="paid by card")
    order.refresh_from_db()
    return order


def breaches(*rooms: str) -> list[str]:
    return [f"{f.name}: {b}" for f in verify() for b in f.breaches if not rooms or f.room in rooms]


def own_rooms() -> list[str]:
    return breaches("order", "payment", "partner")


@given(
    gross=st.integers(0, 100_000),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 4)), min_size=1, max_size=8),
    rate=st.sampled_from([0, 700, 1900]),
)
def test_invoiced_and_cancelled_parts_are_the_line_to_the_cent(
    gross: int, steps: list[tuple[bool, int]], rate: int
) -> None:
    quantity = sum(pieces for _sent, pieces in steps)
    line = Line(quantity=quantity, gross_minor=gross, vat_rate_bp=rate)
    invoiced, vat, sent = 0, 0, 0
    for leaves, pieces in steps:
        if leaves:
            part = part_of_line(quantity=quantity, done=sent, now=pieces, gross_minor=gross, rate_bp=rate)
            invoiced, vat, sent = invoiced + part.gross_minor, vat + part.vat_minor, sent + pieces
        else:
            line.quantity_cancelled += pieces
            line.cancelled_minor = gross - line.owed_for(quantity - line.quantity_cancelled)
    assert sent + line.quantity_cancelled == quantity
    assert invoiced + line.cancelled_minor == gross
    assert vat == line.owed_vat_minor
    assert 0 <= line.owed_vat_minor <= vat_from_gross(gross, rate)


def test_the_share_of_cancelled_pieces_of_a_captured_card_goes_back_at_once() -> None:
    shoe, other = make_variant(price_minor=3_333), make_variant(price_minor=5_000)
    order = paid_by_card((shoe, 3), (other, 1))
    line = order.lines.get(stockrecord=shoe)
    Line.objects.filter(pk=line.pk).update(gross_minor=10_000, gross_before_discount_minor=10_000)
    Order.objects.filter(pk=order.pk).update(total_incl_tax="154.90")
    Payment.objects.filter(order=order).update(amount_minor=15_490)
    assert own_rooms() == []

    first = cancel_pieces(order=order, lines={line.pk: 1}, source="t:1", why="missing")
    second = cancel_pieces(order=order, lines={line.pk: 2}, source="t:2", why="missing")

    assert [first, second] == [10_000 - split(10_000, [2, 1])[0], split(10_000, [2, 1])[0]]
    assert first + second == 10_000
    assert list(Refund.objects.order_by("pk").values_list("amount_minor", flat=True)) == [first, second]
    assert order.total_minor == 5_490
    shoe.refresh_from_db()
    assert shoe.num_allocated == 0
    assert own_rooms() == []


def test_the_same_source_changes_an_order_once(outbox: Any) -> None:
    shoe = make_variant(price_minor=1_001)
    order = paid_by_card((shoe, 3))
    line = order.lines.get()
    assert [cancel_pieces(order=order, lines={line.pk: 1}, source="t:1", why="x") for _ in range(3)] == [
        1_001
    ] * 3
    assert Amendment.objects.count() == Refund.objects.count() == 1
    assert len(outbox.events(OrderAmended)) == 1


def test_when_nothing_is_left_the_whole_order_is_cancelled_with_its_shipping_charge(outbox: Any) -> None:
    shoe, other = make_variant(), make_variant()
    order = paid_by_card((shoe, 1), (other, 1))
    first, second = order.lines.order_by("pk")
    cancel_pieces(order=order, lines={first.pk: 1}, source="t:1", why="missing")
    assert order.status == "confirmed"
    left = order.total_minor
    assert cancel_pieces(order=order, lines={second.pk: 1}, source="t:2", why="missing") == left
    assert order.status == "cancelled"
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == Payment.objects.get().amount_minor
    assert len(outbox.events(OrderCancelled)) == 1
    assert own_rooms() == []
    assert cancel_pieces(order=order, lines={second.pk: 1}, source="t:1", why="missing") == 9_990


def test_after_a_dispatch_the_rest_is_cancelled_and_the_order_complete() -> None:
    shoe = make_variant()
    order = paid_by_card((shoe, 3))
    line = order.lines.get()
    from catalogue.partner.actions import ship

    ship(order_line_id=line.pk, quantity=2, why="test")
    note_dispatch(order=order, lines={line.pk: 2})
    cancel_pieces(order=order, lines={line.pk: 1}, source="t:1", why="missing")
    assert order.status == "completed"
    assert order.total_minor == 2 * 9_990 + 490, "the shipping charge was earned"
    assert Reservation.objects.get().state == "released"
    assert own_rooms() == []
    with pytest.raises(MoveNotAllowed):
        cancel_pieces(order=order, lines={line.pk: 1}, source="t:2", why="missing")


def test_on_account_and_prepayment_ask_for_less() -> None:
    shoe = make_variant(price_minor=2_500)
    for method in ("invoice", "prepayment"):
        order = place_order((shoe, 2), method=method, user=make_user())
        line = order.lines.get()
        cancel_pieces(order=order, lines={line.pk: 1}, source=f"t:{method}", why="missing")
        payment = Payment.objects.get(order=order)
        assert payment.amount_minor == order.total_minor == 2_990
    assert not Refund.objects.exists()
    assert own_rooms() == []


def test_a_card_payment_under_way_keeps_the_order_as_it_is() -> None:
    order = place_order((make_variant(), 2))
    with pytest.raises(MoveNotAllowed, match="by card at this moment"):
        cancel_pieces(order=order, lines={order.lines.get().pk: 1}, source="t:1", why="missing")


def test_an_expired_prepayment_that_comes_late_takes_only_what_is_still_wanted() -> None:
    from checkout.order.actions import cancel
    from checkout.payment.actions import receive_transfer

    shoe = make_variant(stock=5)
    order = place_order((shoe, 3), method="prepayment")
    line = order.lines.get()
    cancel_pieces(order=order, lines={line.pk: 1}, source="t:1", why="missing")
    cancel(order=order, why="not paid in time", expired=True)
    payment = Payment.objects.get(order=order)
    receive_transfer(payment=payment, amount_minor=payment.amount_minor, reference="r")
    order.refresh_from_db()
    shoe.refresh_from_db()
    assert (order.status, shoe.num_allocated) == ("confirmed", 2)
    assert own_rooms() == []


def test_an_older_card_payment_that_comes_late_gives_the_difference_back() -> None:
    from checkout.payment.actions import capture, change_method

    order = place_order((make_variant(price_minor=4_000), 2))
    card = Payment.objects.get(order=order)
    change_method(order=order, method="prepayment")
    cancel_pieces(order=order, lines={order.lines.get().pk: 1}, source="t:1", why="missing")
    card.refresh_from_db()
    Payment.objects.filter(pk=card.pk).update(intent_id="pi_late")
    capture(payment=card, reference="pi_late", why="paid by card")
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert Refund.objects.get().amount_minor == 4_000
    assert own_rooms() == []


def test_pieces_cancelled_while_a_bank_has_the_money_go_back_when_the_dispute_is_won() -> None:
    from checkout.payment.actions import give_surplus_back

    order = paid_by_card((make_variant(price_minor=4_000), 2))
    Payment.objects.filter(order=order).update(state="disputed")
    cancel_pieces(order=order, lines={order.lines.get().pk: 1}, source="t:1", why="missing")
    assert not Refund.objects.exists()
    Payment.objects.filter(order=order).update(state="captured")
    with transaction.atomic():
        [refund] = give_surplus_back(order=order, source="dispute:dp_1", why="pieces were cancelled")
        assert give_surplus_back(order=order, source="dispute:dp_1", why="pieces were cancelled") == []
    assert refund.amount_minor == 4_000
    assert own_rooms() == []


def test_a_substitute_is_reserved_and_never_dearer_than_what_it_replaces() -> None:
    shoe = make_variant(price_minor=8_000)
    cheap, dear = make_variant(price_minor=6_000), make_variant(price_minor=9_000, vat_class="reduced")
    order = paid_by_card((shoe, 3))
    line = order.lines.get()
    added = replace_pieces(
        order=order, line_id=line.pk, quantity=1, stockrecord=cheap, unit_minor=6_000, source="t:1", why="x"
    )
    assert (added.gross_minor, added.replaces_id) == (6_000, line.pk)
    assert Refund.objects.get().amount_minor == 2_000
    again = replace_pieces(
        order=order, line_id=line.pk, quantity=1, stockrecord=cheap, unit_minor=6_000, source="t:1", why="x"
    )
    assert again == added
    second = replace_pieces(
        order=order, line_id=line.pk, quantity=1, stockrecord=dear, unit_minor=9_000, source="t:2", why="x"
    )
    assert (second.gross_minor, second.vat_rate_bp) == (8_000, 700)
    assert Refund.objects.count() == 1
    for record in (cheap, dear):
        record.refresh_from_db()
        assert record.num_allocated == 1
    net = sum(x.owed_minor - x.owed_vat_minor for x in order.lines.all())
    assert order.total_excl_tax * 100 == net + 412
    assert own_rooms() == []


def test_a_substitute_that_is_gone_changes_nothing() -> None:
    order = paid_by_card((make_variant(), 2))
    gone = make_variant(stock=0)
    before = order.total_minor
    with pytest.raises(InsufficientStock):
        replace_pieces(
            order=order,
            line_id=order.lines.get().pk,
            quantity=1,
            stockrecord=gone,
            unit_minor=100,
            source="t:1",
            why="x",
        )
    order.refresh_from_db()
    assert (order.total_minor, order.lines.count()) == (before, 1)
    assert not Amendment.objects.exists() and not Refund.objects.exists()


@pytest.mark.parametrize("pieces", [0, -1, 3, 10**9])
def test_pieces_that_are_not_open_cannot_be_cancelled(pieces: int) -> None:
    order = paid_by_card((make_variant(), 2), (make_variant(), 1))
    line = order.lines.order_by("pk").first()
    with pytest.raises(ValueError, match="not open"):
        cancel_pieces(order=order, lines={line.pk: pieces}, source="t:1", why="missing")
    assert not Amendment.objects.exists()


def test_lines_of_another_order_are_refused() -> None:
    order, other = paid_by_card((make_variant(), 1)), paid_by_card((make_variant(), 1))
    with pytest.raises(ValueError, match="has no line"):
        cancel_pieces(order=order, lines={other.lines.get().pk: 1}, source="t:1", why="missing")


def test_the_database_itself_refuses_to_owe_less_than_nothing() -> None:
    order = paid_by_card((make_variant(), 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.filter(order=order).update(cancelled_minor=9_991)

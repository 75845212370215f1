"""Pieces that come back are counted on the order line: never more than were sent, whoever counts."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from checkout.order.actions import note_dispatch, note_return, undo_return
from checkout.order.models import Line
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def line() -> Line:
    """Three pieces ordered, two of them sent."""
    order = make_order((make_stockrecord(bins={"A-01": 5}), 3))
    found = order.lines.get()
    note_dispatch(order=order, lines={found.pk: 2})
    return found


def test_what_was_sent_may_come_back_in_parts_and_no_piece_more(line: Line) -> None:
    note_return(order_line_id=line.pk, quantity=1)
    note_return(order_line_id=line.pk, quantity=1)
    with pytest.raises(ValueError, match="came back before"):
        note_return(order_line_id=line.pk, quantity=1)
    line.refresh_from_db()
    assert (line.quantity_returned, line.quantity_returnable) == (2, 0)


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_numbers_without_sense_change_nothing(line: Line, quantity: int) -> None:
    note_return(order_line_id=line.pk, quantity=1)
    for verb in (note_return, undo_return):
        with pytest.raises(ValueError), transaction.atomic():
            verb(order_line_id=line.pk, quantity=quantity)
    line.refresh_from_db()
    assert line.quantity_returned == 1


def test_a_slip_is_taken_back_once(line: Line) -> None:
    note_return(order_line_id=line.pk, quantity=2)
    undo_return(order_line_id=line.pk, quantity=2)
    with pytest.raises(ValueError, match="had not come back"):
        undo_return(order_line_id=line.pk, quantity=1)


def test_the_database_itself_refuses_more_than_was_sent(line: Line) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.filter(pk=line.pk).update(quantity_returned=3)

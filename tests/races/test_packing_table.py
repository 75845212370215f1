"""Two at the packing table, or the office and the packing table, at one moment: nothing is forgotten between them."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from checkout.order.actions import hold
from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions, labels, tracking
from fulfilment.warehouse.dispatch.carriers import DELIVERED, RETURNED, News
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Label, Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock import actions as stock
from shop.customers.models import User
from shop.kernel.clock import now
from shop.kernel.models import InboxMessage
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.races.crowd import all_at_once
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


@pytest.fixture
def packer(fresh_database: None) -> User:
    return make_staff("lager@example.org")


def while_open(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """The second begins when the first is done and not yet committed."""
    is_done = threading.Event()

    def slow() -> Any:
        with transaction.atomic():
            try:
                answer = first()
            finally:
                is_done.set()
            time.sleep(0.5)
        return answer

    def quick() -> Any:
        is_done.wait(30)
        return second()

    return all_at_once([slow, quick])


def pieces(pick_list: PickList, most: int = 10**6) -> dict[int, int]:
    return {row.order_line.pk: min(most, row.quantity) for row in to_pack(pick_list) if row.quantity}


def test_two_sites_pack_one_order_at_one_moment(outbox: Outbox, packer: User) -> None:
    home, store = stock.default_site(), make_site("store")
    record = make_stockrecord(bins={"A-01": 2})
    stock.receive(stockrecord=record, bin=make_bin("S-01", site=store), quantity=2)
    order = make_order((record, 4))
    outbox.drain()
    lists = list(PickList.objects.filter(order=order).order_by("pk"))
    assert {one.site_id for one in lists} == {home.pk, store.pk}
    for one in lists:
        pick_everything(one, by=packer)
    first, second = lists
    answers = while_open(
        lambda: actions.pack(pick_list=first, quantities=pieces(first), by=packer),
        lambda: actions.pack(pick_list=second, quantities=pieces(second), by=packer),
    )
    assert [type(answer) for answer in answers] == [Parcel, Parcel], answers
    assert sorted(parcel.sequence for parcel in answers) == [1, 2]


def test_a_parcel_is_unpacked_while_a_colleague_packs_the_last_pieces(outbox: Outbox, packer: User) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 3))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    parcel = actions.pack(pick_list=table, quantities=pieces(table, 1), by=packer)
    rest = PickList.objects.get(pk=table.pk)
    answers = while_open(
        lambda: actions.pack(pick_list=rest, quantities=pieces(rest), by=packer),
        lambda: actions.unpack(parcel=parcel, by=packer),
    )
    assert not any(isinstance(answer, Exception) for answer in answers), answers
    table.refresh_from_db()
    assert (table.state, sum(pieces(table).values())) == ("picked", 1), "one piece waits to be packed again"


def test_an_order_that_is_held_in_this_moment_does_not_leave(outbox: Outbox, packer: User) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    parcel = actions.pack(pick_list=table, quantities=pieces(table), by=packer)
    answers = while_open(
        lambda: hold(order=Order.objects.get(pk=order.pk), by=packer, why="police asked"),
        lambda: actions.dispatch(parcel=Parcel.objects.get(pk=parcel.pk), by=packer),
    )
    assert isinstance(answers[1], DispatchError), answers
    parcel.refresh_from_db()
    assert parcel.state == "packed"


def test_two_states_of_one_parcel_told_at_one_moment_both_count(outbox: Outbox, packer: User) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    parcel = actions.pack(pick_list=table, quantities=pieces(table), by=packer)
    actions.dispatch(parcel=parcel, by=packer)
    for hours, meaning in ((2, DELIVERED), (1, RETURNED)):
        at = now() - dt.timedelta(hours=hours)
        tracking.store("own", News(parcel.tracking_number, meaning.upper(), meaning, "", at))
    delivered, returned = InboxMessage.objects.filter(source=tracking.SOURCE).order_by("pk")
    answers = while_open(lambda: tracking.understand(delivered), lambda: tracking.understand(returned))
    assert answers == [None, None]
    parcel.refresh_from_db()
    assert parcel.state == "returned", "the dock must hear that the goods come back"


def test_a_label_is_not_given_back_when_its_parcel_leaves_while_the_address_is_corrected(
    outbox: Outbox, packer: User
) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    parcel = actions.pack(pick_list=table, quantities=pieces(table), by=packer)

    def corrected() -> int:
        with transaction.atomic():
            return labels.readdress(order_id=order.pk)

    answers = while_open(lambda: actions.dispatch(parcel=parcel, by=packer), corrected)
    assert answers[0] is True, answers
    label, number = Label.objects.get(), parcel.tracking_number
    parcel.refresh_from_db()
    assert (parcel.state, label.stage) == ("dispatched", "booked")
    assert parcel.tracking_number == label.tracking_number == number

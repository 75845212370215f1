"""Whatever people do in whatever order: stock agrees with its movements and is never negative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.partner.actions import Wish, release, reserve
from catalogue.partner.models import InsufficientStock, Reservation, StockRecord
from fulfilment.warehouse.picking.actions import PickError, make_pick_list
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import StockError, goods_in
from fulfilment.warehouse.stock.models import BinStock
from fulfilment.warehouse.stock.queries import stock_differences
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.factories.warehouse import send_everything

pytestmark = pytest.mark.django_db

SKUS, BINS = 3, 3
sku, bin_ = st.integers(0, SKUS - 1), st.integers(0, BINS - 1)
pieces = st.integers(-1, 12)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), sku, bin_, pieces),
        st.tuples(st.just("transfer"), sku, bin_, bin_, pieces),
        st.tuples(st.just("count"), sku, bin_, pieces),
        st.tuples(st.just("reserve"), sku, pieces),
        st.tuples(st.just("release"), st.integers(0, 5)),
        st.tuples(st.just("order"), sku, st.integers(1, 12)),
        st.tuples(st.just("send"), st.integers(0, 5)),
    ),
    max_size=25,
)


class Warehouse:
    """The steps as people do them; a refusal is fine, a wrong sum is not."""

    def __init__(self) -> None:
        self.records = [make_stockrecord(f"P-{n}") for n in range(SKUS)]
        self.bins = [make_bin(f"P-{n}", sequence=n) for n in range(BINS)]
        self.person = make_staff("p@example.org")
        self.lines = 10_000_000  # far from the ids of real order lines

    def receive(self, sku: int, bin: int, pieces: int) -> None:
        stock.receive(stockrecord=self.records[sku], bin=self.bins[bin], quantity=pieces)

    def transfer(self, sku: int, source: int, target: int, pieces: int) -> None:
        stock.transfer(
            stockrecord=self.records[sku], source=self.bins[source], target=self.bins[target], quantity=pieces
        )

    def count(self, sku: int, bin: int, pieces: int) -> None:
        stock.count(stockrecord=self.records[sku], bin=self.bins[bin], counted=pieces)

    def reserve(self, sku: int, pieces: int) -> None:
        self.lines += 1
        wish = Wish(self.records[sku].pk, self.lines, self.lines, pieces)
        with transaction.atomic():
            reserve([wish], expires_at=None)

    def release(self, n: int) -> None:
        rows = Reservation.objects.filter(state="open", order_id__gt=10_000_000).order_by("pk")[n : n + 1]
        for row in rows:
            release(order_id=row.order_id, why="test")

    def order(self, sku: int, pieces: int) -> None:
        with transaction.atomic():
            order = make_order((self.records[sku], pieces))
        make_pick_list(order_id=order.pk)

    def send(self, n: int) -> None:
        for pick_list in PickList.objects.filter(state="open").order_by("pk")[n : n + 1]:
            with transaction.atomic():
                send_everything(pick_list, by=self.person)


def in_own_world(work: Callable[[], None]) -> None:
    """Each example begins with an empty warehouse."""
    with transaction.atomic():
        try:
            work()
        finally:
            transaction.set_rollback(True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_order_of_steps_makes_stock_disagree_or_negative(steps: list[tuple[Any, ...]]) -> None:
    def work() -> None:
        warehouse = Warehouse()
        for name, *arguments in steps:
            try:
                with transaction.atomic():
                    getattr(warehouse, name)(*arguments)
            except (StockError, InsufficientStock, PickError, ValueError):
                continue
            assert not BinStock.objects.filter(quantity__lt=0).exists()
        assert stock_differences() == []
        for record in StockRecord.objects.all():
            assert 0 <= record.num_allocated <= record.num_in_stock
            lying = BinStock.objects.filter(stockrecord=record).aggregate(n=Sum("quantity"))["n"] or 0
            assert lying == record.num_in_stock

    in_own_world(work)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(sku, bin_, st.integers(1, 50)), max_size=40), chunk=st.integers(1, 8))
def test_receiving_in_bulk_is_the_same_as_receiving_one_by_one(
    rows: list[tuple[int, int, int]], chunk: int
) -> None:
    def work() -> None:
        warehouse = Warehouse()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(goods_in, "BULK", chunk)
            stock.receive_many(
                stock.Received(warehouse.records[s].pk, warehouse.bins[b].pk, n) for s, b, n in rows
            )
        assert stock_differences() == []
        for n, record in enumerate(warehouse.records):
            record.refresh_from_db()
            assert record.num_in_stock == sum(q for s, _b, q in rows if s == n)

    in_own_world(work)

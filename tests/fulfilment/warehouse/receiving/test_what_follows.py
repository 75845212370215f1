"""What a return means for the rooms around it: withdrawals see the goods, the ledger books them, verify watches."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from checkout.order.models import Line, Order
from fulfilment.customer_service.withdrawals import actions as withdrawals
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.dispatch.events import ParcelReturned
from fulfilment.warehouse.receiving import actions, verify
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.stock.models import BinStock, Movement
from shop.customers.models import User
from shop.kernel.clock import now
from shop.kernel.outbox import record
from tests.factories.orders import make_country
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins, line_of, sent_order
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def order(staff: User, outbox: Outbox) -> Order:
    make_country()
    ensure_vat()
    dock_bins()
    shoe = make_stockrecord("SKU-1", bins={"A-01": 9}, unit_cost_minor=3_000)
    boot = make_stockrecord("SKU-2", bins={"A-02": 9}, unit_cost_minor=4_000)
    return sent_order((shoe, 3), (boot, 2), by=staff)


def withdraw(order: Order, key: str = "one", **pieces: int) -> Withdrawal:
    """A declaration from the order's page; pieces by SKU, none: the whole order."""
    quantities = {line_of(order, sku.replace("_", "-")).pk: n for sku, n in pieces.items()}
    return withdrawals.receive(
        key=key,
        name="Erika",
        contract=order.number,
        email="erika@example.org",
        language="de",
        order=order,
        quantities=quantities,
    )


def announced(found: Return) -> dict[str, int]:
    return {item.order_line.partner_sku: item.quantity for item in found.items.select_related("order_line")}  # type: ignore[union-attr]


def test_a_withdrawal_announces_its_lines_and_sees_when_the_goods_are_back(
    order: Order, staff: User, outbox: Outbox
) -> None:
    declared = withdraw(order, SKU_1=2)
    outbox.drain()
    found = Return.objects.get()
    assert found.cause == f"withdrawal:{declared.number}" and announced(found) == {"SKU-1": 2}
    book(found, "SKU-1", 1, "a", "shelf", "A-01", by=staff)
    actions.finish(returning=found, by=staff)
    outbox.drain()
    declared.refresh_from_db()
    assert declared.goods_back_at == Return.objects.get().received_at
    assert outbox.failures() == []


def test_a_parcel_that_the_carrier_brings_back_is_announced_whole_and_once(
    order: Order, outbox: Outbox
) -> None:
    parcel = order.parcels.get()
    for _ in range(2):
        with transaction.atomic():
            record(
                ParcelReturned(
                    parcel_id=parcel.pk,
                    order_id=order.pk,
                    order_number=order.number,
                    carrier=parcel.carrier,
                    tracking_number=parcel.tracking_number,
                    at=now().isoformat(),
                )
            )
        outbox.drain()
    found = Return.objects.get()
    assert (found.state, found.parcel) == ("in_transit", parcel)
    assert announced(found) == {"SKU-1": 3, "SKU-2": 2}
    assert outbox.failures() == []


def test_an_empty_parcel_does_not_count_as_goods(order: Order, staff: User, outbox: Outbox) -> None:
    declared = withdraw(order)
    outbox.drain()
    found = Return.objects.get()
    assert announced(found) == {"SKU-1": 3, "SKU-2": 2}
    actions.finish(returning=found, by=staff)
    outbox.drain()
    declared.refresh_from_db()
    assert declared.goods_back_at is None


def test_a_withdrawal_that_means_another_order_moves_what_is_announced(
    order: Order, staff: User, outbox: Outbox
) -> None:
    declared = withdraw(order)
    outbox.drain()
    other = sent_order((make_stockrecord("SKU-5", bins={"A-05": 3}), 1), by=staff)
    withdrawals.assign_order(withdrawal=declared, order=other, by=staff)
    assert Return.objects.get(order=order).state == "expired"
    assert Return.objects.get(order=other).state == "authorised"


def test_words_alone_announce_nothing_and_the_dock_finds_the_order(
    order: Order, staff: User, outbox: Outbox
) -> None:
    declared = withdrawals.receive(
        key="words", name="Erika", contract=order.number, email=order.email or "", language="de"
    )
    outbox.drain()
    assert declared.order == order and not Return.objects.exists()
    found = actions.open_at_dock(order=order, by=staff)
    book(found, "SKU-2", 1, "a", "shelf", "A-02", by=staff)
    actions.finish(returning=found, by=staff)
    outbox.drain()
    declared.refresh_from_db()
    assert declared.goods_back_at is not None


def booked(source: str) -> list[tuple[str, int, int]]:
    """Role, debit, credit of an entry."""
    entry = Entry.objects.get(source=source)
    rows = entry.lines.select_related("account").order_by("pk")
    return sorted((row.account.role, row.debit_minor, row.credit_minor) for row in rows)


def test_the_ledger_takes_goods_back_at_cost_and_writes_off_what_is_thrown_away(
    order: Order, staff: User, outbox: Outbox
) -> None:
    found = actions.open_at_dock(order=order, by=staff)
    book(found, "SKU-1", 2, "a", "shelf", "A-01", by=staff)
    book(found, "SKU-2", 1, "scrap", "disposal", by=staff)
    rejected = book(found, "SKU-2", 1, "defect", "quarantine", "QUAR-01", by=staff)
    actions.finish(returning=found, by=staff)
    outbox.drain()
    assert not Entry.objects.filter(kind="goods_returned").exists(), "nothing is ours before it is decided"
    actions.decide(item=rejected, accept=False, by=staff, why="worn")
    outbox.drain()
    # Two shoes at 30,00 and one boot at 40,00 came back; the boot was thrown away.
    assert booked(f"returned:{found.pk}") == [("cost_of_goods", 0, 10_000), ("stock", 10_000, 0)]
    assert booked(f"scrapped:return:{found.pk}") == [("stock", 0, 4_000), ("stock_write_off", 4_000, 0)]
    assert outbox.failures() == []


def sentences() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


@pytest.fixture
def settled(order: Order, staff: User) -> Return:
    found = actions.open_at_dock(order=order, by=staff)
    book(found, "SKU-1", 2, "a", "shelf", "A-01", by=staff)
    book(found, "SKU-2", 1, "scrap", "disposal", by=staff)
    undone = book(found, "SKU-2", 1, "scrap", "disposal", by=staff)
    actions.undo_last(returning=found, item_id=undone.pk, by=staff)
    given_back = book(found, "SKU-2", 1, "defect", "quarantine", "QUAR-01", by=staff)
    actions.finish(returning=found, by=staff)
    actions.decide(item=given_back, accept=False, by=staff, why="worn")
    return found


def test_all_is_well_after_booking_undoing_rejecting_and_throwing_away(settled: Return) -> None:
    assert sentences() == []


def test_a_piece_more_on_the_line_than_the_dock_saw_is_named(settled: Return) -> None:
    Line.objects.filter(order=settled.order, partner_sku="SKU-1").update(quantity_returned=3)
    assert any("3 returned of 3 dispatched, the dock received 2" in sentence for sentence in sentences())


def test_an_item_without_its_movement_is_named(settled: Return, staff: User) -> None:
    ReturnItem.objects.filter(returning=settled, disposition="shelf").update(quantity=1)
    Line.objects.filter(order=settled.order, partner_sku="SKU-1").update(quantity_returned=1)
    assert [
        s for s in sentences() if f"return:{settled.number}" in s and "2 pieces moved, 1 by its items" in s
    ]


def test_a_disposal_that_never_left_the_house_is_named(settled: Return) -> None:
    item = ReturnItem.objects.get(returning=settled, disposition="disposal")
    place: Any = item.movement.bin  # type: ignore[union-attr]
    Movement.objects.create(
        kind="return",
        stockrecord=item.stockrecord,
        bin=place,
        quantity=1,
        cause=f"disposal:{settled.number}",
    )
    BinStock.objects.filter(bin=place).update(quantity=1)
    assert any("0 pieces moved, -1 by its items" in sentence for sentence in sentences())


def test_goods_that_came_before_their_order_was_known_count_when_it_is_assigned(
    order: Order, staff: User, outbox: Outbox
) -> None:
    """And those of an order that was not meant do not."""
    declared = withdrawals.receive(
        key="words", name="Erika", contract="my shoes", email="x@example.org", language="de"
    )
    found = actions.open_at_dock(order=order, by=staff)
    book(found, "SKU-1", 1, "a", "shelf", "A-01", by=staff)
    actions.finish(returning=found, by=staff)
    outbox.drain()
    withdrawals.assign_order(withdrawal=declared, order=order, by=staff)
    declared = Withdrawal.objects.get()
    assert declared.goods_back_at == Return.objects.get(pk=found.pk).received_at
    other = sent_order((make_stockrecord("SKU-3", bins={"A-03": 2}), 1), by=staff)
    withdrawals.assign_order(withdrawal=declared, order=other, by=staff)
    assert Withdrawal.objects.get().goods_back_at is None


def come_back(order: Order, staff: User, outbox: Outbox, sku: str = "SKU-1") -> Return:
    """A piece stands at the dock without a word, and is unpacked."""
    found = actions.open_at_dock(order=order, by=staff)
    book(found, sku, 1, "a", "shelf", "A-01" if sku == "SKU-1" else "A-02", by=staff)
    actions.finish(returning=found, by=staff)
    outbox.drain()
    return Return.objects.get(pk=found.pk)


def test_goods_that_came_before_the_declaration_count_from_the_start(
    order: Order, staff: User, outbox: Outbox
) -> None:
    """§ 357 (4) BGB: the refund may wait for the goods, and they are here."""
    found = come_back(order, staff, outbox)
    declared = withdraw(order, SKU_1=3)
    outbox.drain()
    declared.refresh_from_db()
    assert declared.goods_back_at == found.received_at
    assert outbox.failures() == []


def test_other_lines_and_what_another_withdrawal_announced_do_not_count(
    order: Order, staff: User, outbox: Outbox
) -> None:
    come_back(order, staff, outbox, "SKU-2")
    first = withdraw(order, "one", SKU_1=1)
    outbox.drain()
    first.refresh_from_db()
    assert first.goods_back_at is None, "boots came, shoes are meant"
    announced_by_first = Return.objects.get(cause=f"withdrawal:{first.number}")
    book(announced_by_first, "SKU-1", 1, "a", "shelf", "A-01", by=staff)
    actions.finish(returning=announced_by_first, by=staff)
    outbox.drain()
    second = withdraw(order, "two", SKU_1=2)
    outbox.drain()
    second.refresh_from_db()
    assert second.goods_back_at is None, "that piece came for the first one"


def test_what_the_shop_did_not_take_is_not_back(order: Order, staff: User, outbox: Outbox) -> None:
    found = actions.open_at_dock(order=order, by=staff)
    item = book(found, "SKU-1", 1, "defect", "quarantine", "QUAR-01", by=staff)
    actions.finish(returning=found, by=staff)
    actions.decide(item=item, accept=False, by=staff, why="worn")
    outbox.drain()
    declared = withdraw(order)
    outbox.drain()
    declared.refresh_from_db()
    assert declared.goods_back_at is None

"""From OrderConfirmed to the packing place."""

from __future__ import annotations

import pytest

from catalogue.partner.models import StockRecord
from checkout.order import actions as orders
from checkout.order.actions.life import revive
from checkout.order.models import Order
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.actions import NotYourList, PickError, lists
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from shop.kernel.models import StateChange
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def picker() -> User:
    return make_staff("lager@example.org", first_name="Lena", last_name="Lager")


@pytest.fixture
def colleague() -> User:
    return make_staff("kollege@example.org", first_name="Kai", last_name="Kollege")


def ordered(outbox: Outbox, *wanted: tuple[StockRecord, int]) -> PickList:
    order = make_order(*wanted)
    outbox.drain()
    return PickList.objects.get(order=order)


def stops(pick_list: PickList) -> list[tuple[str, str, int, str]]:
    return [
        (line.bin.code if line.bin else "-", line.order_line.partner_sku, line.quantity, line.state)
        for line in pick_list.lines.select_related("bin", "order_line")
    ]


def at_packing(record: StockRecord) -> int:
    rows = BinStock.objects.filter(stockrecord=record, bin__kind="packing")
    return rows.values_list("quantity", flat=True).first() or 0


def test_a_confirmed_order_becomes_one_pick_list_in_walking_order(outbox: Outbox) -> None:
    far, near = make_stockrecord("FAR"), make_stockrecord("NEAR")
    stock.receive(stockrecord=far, bin=make_bin("Z-09", sequence=90), quantity=5)
    stock.receive(stockrecord=near, bin=make_bin("A-01", sequence=10), quantity=5)
    pick_list = ordered(outbox, (far, 2), (near, 1))
    assert stops(pick_list) == [("A-01", "NEAR", 1, "open"), ("Z-09", "FAR", 2, "open")]
    assert pick_list.state == "open"


def test_hearing_twice_makes_no_second_list(outbox: Outbox) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    again = actions.make_pick_list(order_id=pick_list.order_id)
    assert again == pick_list
    assert PickList.objects.count() == 1
    assert pick_list.lines.count() == 1


def test_a_line_is_split_over_bins_when_no_single_one_holds_enough(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 2, "A-02": 3})
    assert stops(ordered(outbox, (record, 4))) == [("A-01", "SKU-1", 2, "open"), ("A-02", "SKU-1", 2, "open")]


def test_pieces_that_another_list_will_take_are_not_offered_again(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 3, "A-02": 2})
    first, second = ordered(outbox, (record, 3)), ordered(outbox, (record, 2))
    assert stops(first) == [("A-01", "SKU-1", 3, "open")]
    assert stops(second) == [("A-02", "SKU-1", 2, "open")]


def test_what_no_bin_holds_is_short_from_the_start_and_visible(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 1}, backorderable=True)
    assert stops(ordered(outbox, (record, 3))) == [
        ("-", "SKU-1", 2, "short"),
        ("A-01", "SKU-1", 1, "open"),
    ] or stops(PickList.objects.get()) == [("A-01", "SKU-1", 1, "open"), ("-", "SKU-1", 2, "short")]


def test_an_order_cancelled_before_the_warehouse_heard_of_it_gets_no_list(outbox: Outbox) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 2))
    orders.cancel(order=order, why="changed her mind")
    outbox.drain()
    assert outbox.failures() == []
    assert not PickList.objects.exists()


def test_starting_tells_the_order(outbox: Outbox, picker: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    actions.start(pick_list=pick_list, by=picker)
    actions.start(pick_list=pick_list, by=picker)
    assert (pick_list.state, pick_list.picker) == ("picking", picker)
    assert Order.objects.get(pk=pick_list.order_id).status == "in_fulfilment"


def test_a_second_picker_is_told_who_has_the_list(outbox: Outbox, picker: User, colleague: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    stale = PickList.objects.get(pk=pick_list.pk)
    actions.start(pick_list=pick_list, by=picker)
    with pytest.raises(NotYourList, match="Lena Lager is picking this order"):
        actions.start(pick_list=stale, by=colleague)
    line = stale.lines.select_related("pick_list__order", "order_line", "bin").get()
    with pytest.raises(NotYourList, match="Lena Lager"):
        actions.scan(line=line, code="SKU-1", quantity=1, by=colleague)


def test_a_colleague_takes_over_and_history_knows_from_whom(
    outbox: Outbox, picker: User, colleague: User
) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    actions.start(pick_list=pick_list, by=picker)
    actions.take_over(pick_list=pick_list, by=colleague)
    assert pick_list.picker == colleague
    why = StateChange.objects.filter(machine="pick_list", thing_id=pick_list.pk).values_list("why", flat=True)
    assert "taken over from lager@example.org" in why


def started(outbox: Outbox, by: User, *wanted: tuple[StockRecord, int]) -> PickList:
    pick_list = ordered(outbox, *wanted)
    actions.start(pick_list=pick_list, by=by)
    return pick_list


def the_line(pick_list: PickList):
    lines = pick_list.lines.select_related("pick_list__order", "order_line", "bin", "stockrecord")
    return lines.filter(state="open").order_by("position", "pk")[0]


def test_a_right_scan_carries_the_pieces_to_packing(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 5}, gtin="4006381333931")
    pick_list = started(outbox, picker, (record, 3))
    assert actions.scan(line=the_line(pick_list), code="sku-1", quantity=1, by=picker) == 2
    assert (
        actions.scan(line=the_line(pick_list), code="4006381333931", quantity=2, by=picker, bin_code="a-01")
        == 0
    )
    assert at_packing(record) == 3
    record.refresh_from_db()
    assert record.num_in_stock == 5
    assert pick_list.lines.get().state == "picked"
    assert Movement.objects.filter(kind="pick").count() == 4
    assert stock_differences() == []


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ({"code": "SKU-2", "quantity": 1}, "Wrong product: you scanned SKU-2, wanted is SKU-1"),
        ({"code": "", "quantity": 1}, "scan the product"),
        ({"code": "SKU-1", "quantity": 1, "bin_code": "B-07"}, "This is bin B-07. Please go to A-01"),
        ({"code": "SKU-1", "quantity": 4}, "Only 3 pieces are wanted"),
        ({"code": "SKU-1", "quantity": 0}, "whole number from 1"),
        ({"code": "SKU-1", "quantity": -2}, "whole number from 1"),
        ({"code": "SKU-1", "quantity": 10**9}, "whole number from 1"),
    ],
)
def test_a_wrong_scan_is_answered_in_words_and_changes_nothing(
    outbox: Outbox, picker: User, scan: dict, words: str
) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    pick_list = started(outbox, picker, (record, 3))
    with pytest.raises(PickError if "whole" not in words else stock.StockError, match=words):
        actions.scan(line=the_line(pick_list), by=picker, **scan)
    assert at_packing(record) == 0


def test_the_same_scan_sent_twice_from_an_old_page_takes_nothing_twice(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 9})
    pick_list = started(outbox, picker, (record, 3))
    first, second, third = the_line(pick_list), the_line(pick_list), the_line(pick_list)
    actions.scan(line=first, code="SKU-1", quantity=2, by=picker)
    for stale, quantity in ((second, 2), (third, 3)):
        with pytest.raises(PickError, match="a second time"):
            actions.scan(line=stale, code="SKU-1", quantity=quantity, by=picker)
    assert at_packing(record) == 2
    assert pick_list.lines.get().quantity_picked == 2
    assert stock_differences() == []


def test_a_bin_that_lies_about_its_pieces_is_named(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 3})
    pick_list = started(outbox, picker, (record, 3))
    stock.transfer(
        stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01", sequence=50), quantity=2
    )
    with pytest.raises(stock.NotEnoughInBin, match="A-01 holds 1 of these, not 3"):
        actions.scan(line=the_line(pick_list), code="SKU-1", quantity=3, by=picker)
    assert pick_list.lines.get().state == "open"
    assert at_packing(record) == 0


def test_a_short_line_asks_other_bins_at_once(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 3, "A-02": 2})
    pick_list = started(outbox, picker, (record, 3))
    actions.scan(line=the_line(pick_list), code="SKU-1", quantity=1, by=picker)
    assert actions.report_short(line=the_line(pick_list), by=picker) == 2
    assert stops(pick_list) == [("A-01", "SKU-1", 3, "short"), ("A-02", "SKU-1", 2, "open")]
    assert actions.report_short(line=the_line(pick_list), by=picker) == 0
    with pytest.raises(PickError, match="already closed"):
        actions.report_short(line=pick_list.lines.select_related("pick_list__order").first(), by=picker)


def test_a_list_is_finished_when_every_line_is_picked_or_short(outbox: Outbox, picker: User) -> None:
    pick_list = started(outbox, picker, (make_stockrecord(bins={"A-01": 3}), 3))
    with pytest.raises(PickError, match="1 line is still open"):
        actions.finish(pick_list=pick_list, by=picker)
    actions.scan(line=the_line(pick_list), code="SKU-1", quantity=3, by=picker)
    actions.finish(pick_list=pick_list, by=picker)
    assert pick_list.state == "picked"
    with pytest.raises(PickError, match="already finished"):
        actions.finish(pick_list=PickList.objects.get(), by=picker)


def test_missing_pieces_are_planned_when_they_have_come(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 1}, backorderable=True)
    pick_list = started(outbox, picker, (record, 3))
    actions.scan(line=the_line(pick_list), code="SKU-1", quantity=1, by=picker)
    actions.finish(pick_list=pick_list, by=picker)
    with pytest.raises(PickError, match="Nothing was found"):
        actions.plan_rest(pick_list=pick_list, by=picker)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=5)
    assert actions.plan_rest(pick_list=pick_list, by=picker) == 2
    pick_list.refresh_from_db()
    assert pick_list.state == "open"
    with pytest.raises(PickError, match="Nothing was found"):
        actions.plan_rest(pick_list=pick_list, by=picker)


def test_an_order_on_hold_is_not_picked_and_the_reason_is_said(outbox: Outbox, picker: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 3}), 3))
    orders.hold(order=pick_list.order, by=picker, why="address is being checked")
    with pytest.raises(PickError, match="address is being checked"):
        actions.start(pick_list=pick_list, by=picker)


def test_a_cancelled_order_closes_its_list_and_the_goods_go_back(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 3})
    pick_list = started(outbox, picker, (record, 3))
    actions.scan(line=the_line(pick_list), code="SKU-1", quantity=2, by=picker)
    orders.cancel(order=Order.objects.get(pk=pick_list.order_id), why="changed her mind")
    with pytest.raises(PickError, match="was cancelled"):
        actions.scan(line=the_line(pick_list), code="SKU-1", quantity=1, by=picker)
    assert at_packing(record) == 2
    outbox.drain()
    assert outbox.failures() == []
    pick_list = PickList.objects.get()
    assert pick_list.state == "cancelled"
    assert actions.put_back(pick_list=pick_list, by=picker) == 2
    assert actions.put_back(pick_list=pick_list, by=picker) == 0
    assert at_packing(record) == 0
    assert stock_differences() == []


def test_goods_of_a_cancelled_order_that_go_back_leave_the_doubt_about_their_bin(
    outbox: Outbox, picker: User
) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    pick_list = started(outbox, picker, (record, 3))
    actions.scan(line=the_line(pick_list), code="SKU-1", quantity=2, by=picker)
    assert stock.mark_doubtful(stockrecord_id=record.pk, bin_id=make_bin("A-01").pk)
    orders.cancel(order=Order.objects.get(pk=pick_list.order_id), why="changed her mind")
    outbox.drain()
    assert actions.put_back(pick_list=PickList.objects.get(), by=picker) == 2
    shelf = BinStock.objects.filter(stockrecord=record, bin__code="A-01")
    assert list(shelf.values_list("quantity", "is_doubtful")) == [(5, True)]
    stock.count(stockrecord=record, bin=make_bin("A-01"), counted=5)
    assert list(shelf.values_list("quantity", "is_doubtful")) == [(5, False)]


def test_a_list_is_let_go_for_others(outbox: Outbox, picker: User, colleague: User) -> None:
    pick_list = started(outbox, picker, (make_stockrecord(bins={"A-01": 3}), 3))
    actions.let_go(pick_list=pick_list, by=picker)
    actions.start(pick_list=pick_list, by=colleague)
    assert pick_list.picker == colleague


def test_confirming_a_scan_takes_at_most_twelve_queries(
    outbox: Outbox, picker: User, django_assert_max_num_queries
) -> None:
    pick_list = started(outbox, picker, (make_stockrecord(bins={"A-01": 5}), 3))
    line = the_line(pick_list)
    with django_assert_max_num_queries(12):
        actions.scan(line=line, code="SKU-1", quantity=3, by=picker)


def test_a_cancellation_heard_after_the_order_was_revived_leaves_its_list_alone(outbox: Outbox) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    order = Order.objects.get(pk=pick_list.order_id)
    orders.cancel(order=order, why="not paid in time")
    revive(order=order, why="paid after it had expired")
    outbox.drain()
    actions.cancel(order_id=order.pk, why="told late, after a failed delivery")
    pick_list.refresh_from_db()
    assert pick_list.state == "open"
    assert sum(line.quantity_open for line in pick_list.lines.all()) == 2


def test_a_line_cannot_be_planned_into_a_list_that_is_being_finished(outbox: Outbox, picker: User) -> None:
    """Goods come and are planned after finish() has looked for open lines: then nobody could pick them any more."""
    record = make_stockrecord(bins={"A-01": 1}, backorderable=True)
    pick_list = ordered(outbox, (record, 2))
    actions.start(pick_list=pick_list, by=picker)
    actions.scan(line=pick_list.lines.get(state="open"), code="SKU-1", quantity=1, by=picker)
    stock.receive(stockrecord=record, bin=make_bin("A-02"), quantity=1)
    pick_list.refresh_from_db()
    real = lists.move

    def goods_come_first(thing: object, **told: object) -> None:
        if told["to"] == "picked" and isinstance(thing, PickList):
            actions.plan_rest(pick_list=PickList.objects.get(pk=pick_list.pk))
        real(thing, **told)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "move", goods_come_first)
        with pytest.raises(PickError, match="still open"):
            actions.finish(pick_list=pick_list, by=picker)
    assert PickList.objects.get().state == "picking"


def test_goods_do_not_go_back_into_a_bin_that_was_closed(outbox: Outbox, picker: User) -> None:
    record = make_stockrecord(bins={"A-01": 2})
    order = make_order((record, 2))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=picker)
    line = pick_list.lines.select_related("pick_list__order", "order_line", "bin", "batch").get()
    actions.scan(line=line, code=record.partner_sku, quantity=2, by=picker)
    shelf = make_bin("A-01")
    stock.change_bin(bin=shelf, is_active=False)
    order.refresh_from_db()
    orders.cancel(order=order, why="changed her mind")
    outbox.drain()
    pick_list.refresh_from_db()
    with pytest.raises(stock.StockError, match="A-01 is closed"):
        actions.put_back(pick_list=pick_list, by=picker)
    stock.change_bin(bin=shelf, is_active=True)
    assert actions.put_back(pick_list=pick_list, by=picker) == 2

"""Stories of several orders on one walk: a batch with a short piece, a zone wave of two, an urgent order on the way."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.actions import Scan, Wave
from fulfilment.warehouse.picking.events import PickedShort
from fulfilment.warehouse.picking.models import Batch, PickLine, PickList
from fulfilment.warehouse.picking.verify import CHECKS
from fulfilment.warehouse.picking.walks import walk_of
from fulfilment.warehouse.shortages.actions import answer
from fulfilment.warehouse.shortages.models import SEND, ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena(db: None) -> User:
    return make_staff("lena@example.org", first_name="Lena", last_name="Lager")


@pytest.fixture
def kai(db: None) -> User:
    return make_staff("kai@example.org", first_name="Kai", last_name="Kollege")


def goods(places: dict[str, int]) -> dict[str, StockRecord]:
    """An article per bin, named like it: ``A-10`` lies in zone A, tenth on the walk."""
    records = {}
    for code, pieces in places.items():
        records[code] = make_stockrecord(code)
        zone, _dash, turn = code.partition("-")
        place = make_bin(code, zone=zone, sequence=int(turn))
        stock.receive(stockrecord=records[code], bin=place, quantity=pieces)
    return records


def ordered(outbox: Outbox, *wanted: tuple[StockRecord, int]) -> PickList:
    order = make_order(*wanted)
    outbox.drain()
    assert outbox.failures() == []
    return PickList.objects.get(order=order)


def planned(kind: str = "batch") -> list[Batch]:
    return actions.plan_batches(wave=Wave(stock.default_site(), kind))


def next_stop(batch: Batch, by: User) -> dict[str, Any] | None:
    """What the phone shows: the first open stop of walk.json."""
    stops = walk_of(Batch.objects.get(pk=batch.pk), by)["stops"]
    return next((stop for stop in stops if stop["state"] == "open"), None)


def tell(batch: Batch, by: User, stop: dict[str, Any], kind: str = "pick") -> str:
    """A scan of the phone at this stop."""
    code = stop["codes"][0]
    one = Scan(uuid.uuid4(), kind, stop["line"], code, stop["open"], bin=stop["bin"])
    (answer,) = actions.take_scans(walk=batch, scans=[one], by=by)
    assert answer.accepted, answer.text
    return answer.text


def pick_all(batch: Batch, by: User) -> list[str]:
    """Walk to the end; the bins in the order in which they were visited."""
    visited = []
    while stop := next_stop(batch, by):
        visited.append(stop["bin"])
        tell(batch, by, stop)
    return visited


def all_is_well() -> bool:
    return stock_differences() == [] and [s for _name, check in CHECKS for s in check()] == []


def test_a_batch_of_five_orders_with_one_short(outbox: Outbox, lena: User) -> None:
    records = goods({"A-10": 20, "A-20": 20, "A-30": 1})
    lists = [ordered(outbox, (records["A-10"], 1), (records["A-20"], n)) for n in (1, 2, 3, 1)]
    lists.append(ordered(outbox, (records["A-20"], 1), (records["A-30"], 1)))
    (batch,) = planned()
    assert batch.boxes.count() == 5
    actions.start_batch(batch=batch, by=lena)
    while (stop := next_stop(batch, lena)) is not None and stop["bin"] != "A-30":
        tell(batch, lena, stop)
    assert stop is not None and stop["box"] == 5
    words = tell(batch, lena, stop, kind="short")
    assert words
    assert BinStock.objects.get(bin__code="A-30").is_doubtful
    (told,) = outbox.events(PickedShort)
    assert (told.quantity, told.pick_list_id) == (1, lists[4].pk)
    assert actions.finish_batch(batch=batch, by=lena) == lists
    outbox.drain()
    (question,) = ShortageQuestion.objects.all()
    answer(question=question, choice=SEND)
    for found in lists:
        found.refresh_from_db()
        waiting = {row.order_line.pk: row.quantity for row in to_pack(found) if row.quantity}
        parcel = dispatch.pack(pick_list=found, quantities=waiting, by=lena)
        assert parcel.lines.count() == (1 if found == lists[4] else 2)
    outbox.drain()
    assert outbox.failures() == [] and all_is_well()


def test_a_zone_wave_of_two_people(outbox: Outbox, lena: User, kai: User) -> None:
    records = goods({"A-10": 9, "B-20": 9})
    both = ordered(outbox, (records["A-10"], 2), (records["B-20"], 1))
    only_b = ordered(outbox, (records["B-20"], 2))
    in_a, in_b = planned("zone")
    assert (in_a.boxes.count(), in_b.boxes.count()) == (1, 2)
    actions.start_batch(batch=in_a, by=lena)
    actions.start_batch(batch=in_b, by=kai)
    first, second = next_stop(in_a, lena), next_stop(in_b, kai)
    assert first and second
    tell(in_b, kai, second)  # both at the same order, turn by turn
    tell(in_a, lena, first)
    assert actions.finish_batch(batch=in_a, by=lena) == []
    both.refresh_from_db()
    assert both.state == "picking"
    assert pick_all(in_b, kai) == ["B-20"]
    assert actions.finish_batch(batch=in_b, by=kai) == [both, only_b]
    assert all_is_well()


def test_an_urgent_order_enters_a_running_batch(outbox: Outbox, lena: User) -> None:
    records = goods({"A-10": 9, "A-20": 9, "A-30": 9, "A-40": 9})
    ordered(outbox, (records["A-20"], 1), (records["A-40"], 1))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    stop = next_stop(batch, lena)
    assert stop and stop["bin"] == "A-20"
    tell(batch, lena, stop)
    urgent = ordered(outbox, (records["A-10"], 1), (records["A-30"], 1))
    actions.reschedule(pick_list=urgent, urgent=True, by=lena, why="she waits at the counter")
    assert actions.add_to_batch(batch=batch, pick_list=urgent, by=lena).box == 2
    assert pick_all(batch, lena) == ["A-10", "A-30", "A-40"]
    assert len(actions.finish_batch(batch=batch, by=lena)) == 2
    assert all_is_well()


def test_nobody_else_walks_to_a_bin_that_was_found_empty(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-10": 6, "A-20": 5})
    first, second, third = (ordered(outbox, (record, 2)) for _ in range(3))
    assert set(PickLine.objects.values_list("bin__code", flat=True)) == {"A-10"}
    actions.start(pick_list=first, by=lena)
    line = first.lines.select_related("pick_list__order", "bin", "order_line", "batch").get()
    assert actions.report_short(line=line, by=lena) == 2
    outbox.drain()
    assert outbox.failures() == [] and outbox.events(PickedShort)[0].quantity == 0
    open_lines = PickLine.objects.filter(state="open").order_by("pick_list")
    assert list(open_lines.values_list("pick_list", "bin__code", "quantity")) == [
        (first.pk, "A-20", 2), (second.pk, "A-20", 2), (third.pk, "A-10", 2),
    ]  # fmt: skip
    assert all_is_well()  # the third stays: the other bin does not hold all of it

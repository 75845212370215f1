"""A whole day in two warehouses through the verbs of every room: goods in, a cart of five orders, what is missing and
what comes back, a count, a transfer, parcels and a recall. At the end every check of the house is asked."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from checkout.order.actions import place
from checkout.order.models import BillingAddress, Order, ShippingAddress
from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Refund
from fulfilment.customer_service.withdrawals import actions as withdrawals
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.counting import actions as counting
from fulfilment.warehouse.counting import approval
from fulfilment.warehouse.counting.errors import SamePerson
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.dispatch import labels, leaving, manifests, packing, tracking
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions import Scan, Wave
from fulfilment.warehouse.picking.models import Batch, PickedLot, PickList
from fulfilment.warehouse.picking.walks import walk_of
from fulfilment.warehouse.recalls import actions as recalls
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.routing.models import Routing, RoutingRule
from fulfilment.warehouse.shortages.actions import answer
from fulfilment.warehouse.shortages.models import REFUND, ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock, Lot, LotStock, Site
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals
from shop.customers.models import User
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from tests.factories.people import make_staff
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import address, make_basket, make_placement, make_variant
from tests.factories.shortages import pay
from tests.factories.stock import make_bin
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SHOE, CREAM, WAX, LAST, BOOT = "SHOE", "CREAM", "WAX", "LAST", "BOOT"
SOON, LATER = dt.date(2028, 3, 1), dt.date(2028, 9, 1)
PRICES = {
    SHOE: (8_990, 3_000),
    CREAM: (990, 200),
    WAX: (690, 150),
    LAST: (4_990, 1_000),
    BOOT: (12_990, 5_000),
}
WHY = {
    "reason_de": "Die Creme kann Metallspäne enthalten.",
    "reason_en": "The cream may contain metal splinters.",
    "advice_de": "Bitte werfen Sie die Dose weg.",
    "advice_en": "Please throw the tin away.",
}


@dataclass
class Day:
    """The people, the sites and what is sold; each step of the day is a function below."""

    outbox: Outbox
    hamburg: Site
    munich: Site
    lena: User
    kai: User
    boss: User
    goods: dict[str, StockRecord] = field(default_factory=dict)

    def told(self) -> None:
        """Everything that was said is heard, and nothing went wrong with it."""
        self.outbox.drain()
        assert self.outbox.failures() == []

    def record(self, sku: str) -> StockRecord:
        """The article as it is now."""
        self.goods[sku].refresh_from_db()
        return self.goods[sku]

    def lies(self, sku: str, bin: str) -> int:
        """Pieces of an article in a bin."""
        found = BinStock.objects.filter(stockrecord=self.goods[sku], bin__code=bin).first()
        return found.quantity if found else 0


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def day(outbox: Outbox) -> Day:
    RoutingRule.ensure()
    here, there = (
        Site.objects.update_or_create(
            code=code,
            defaults={"name": code.title(), "postcode": postcode, "country": "DE", "position": turn},
        )[0]
        for code, postcode, turn in (("hamburg", "20457", 0), ("munich", "80331", 1))
    )
    Site.objects.exclude(pk__in=(here.pk, there.pk)).update(is_active=False)
    lena, kai, boss = (
        make_staff(f"{who}@example.org", first_name=who.title()) for who in ("lena", "kai", "boss")
    )
    return Day(outbox, here, there, lena, kai, boss)


def goods_come_in(day: Day) -> None:
    """Three bins of one site and two of the other; the cream by lot with its best-before date."""
    dock_bins()
    for sku, (price, cost) in PRICES.items():
        day.goods[sku] = make_variant(sku=sku, stock=0, price_minor=price, cost_minor=cost, title=sku.title())
    stock.set_handling(stockrecord=day.goods[CREAM], by=day.boss, tracking="lot", has_best_before=True)
    for sku, bin, pieces in ((SHOE, "A-20", 20), (WAX, "A-30", 40), (LAST, "A-40", 1), (BOOT, "A-50", 1)):
        arrive(day, sku, bin, pieces)
    arrive(day, CREAM, "A-10", 12, lot="L-1", best_before=SOON)
    arrive(day, CREAM, "A-11", 12, lot="L-2", best_before=LATER)
    arrive(day, SHOE, "M-10", 6)
    arrive(day, BOOT, "M-20", 3)
    day.told()
    assert Entry.objects.filter(kind="goods_received").exists()


def arrive(day: Day, sku: str, bin: str, pieces: int, **lot: Any) -> None:
    """Goods into a bin; its code says where it is: M in Munich, with its turn on the walk."""
    site = day.munich if bin.startswith("M") else day.hamburg
    place = make_bin(bin, sequence=int(bin[2:]), zone=bin[0], site=site)
    stock.receive(stockrecord=day.goods[sku], bin=place, quantity=pieces, by=day.lena, **lot)


def bought(day: Day, *wanted: tuple[str, int], postcode: str = "20457", city: str = "Hamburg") -> Order:
    """A shopper orders and pays by card; the order goes to where that address lives."""
    basket = make_basket(*((day.record(sku), pieces) for sku, pieces in wanted))
    home = {"postcode": postcode, "line4": city}
    to, bill = address(ShippingAddress, **home), address(BillingAddress, **home)
    order = place(replace(make_placement(basket), shipping_address=to, billing_address=bill))
    pay(order)
    day.told()
    return order


def orders_are_routed(day: Day) -> list[Order]:
    """Five for the nearer site, which has everything; one for the other."""
    here = [
        bought(day, (SHOE, 3), (CREAM, 1)),
        bought(day, (CREAM, 2)),
        bought(day, (WAX, 2), (CREAM, 1)),
        bought(day, (SHOE, 1), (LAST, 1)),
        bought(day, (WAX, 1), (BOOT, 1)),
    ]
    there = bought(day, (SHOE, 2), postcode="80331", city="München")
    for order in here:
        assert list(PickList.objects.filter(order=order).values_list("site", flat=True)) == [day.hamburg.pk]
    assert PickList.objects.get(order=there).site == day.munich
    assert Routing.objects.get(order=there).reasons == ["nearest"]
    assert Routing.objects.get(order=here[3]).reasons == ["complete"]
    return [*here, there]


def one_walk_for_five(day: Day, orders: list[Order]) -> list[PickList]:
    """Two pieces are not where they should be: one is nowhere, one lies at the other site."""
    (batch,) = picking.plan_batches(wave=Wave(day.hamburg, "batch"))
    assert batch.boxes.count() == 5
    picking.start_batch(batch=batch, by=day.lena)
    visited = []
    while stop := next_stop(batch, day.lena):
        visited.append(stop["bin"])
        tell(batch, stop, "short" if stop["bin"] in ("A-40", "A-50") else "pick", by=day.lena)
    assert visited == sorted(visited), "the walk follows the bins"
    assert {row.lot.code for row in PickedLot.objects.all()} == {"L-1"}, "first expired, first out"
    picking.finish_batch(batch=batch, by=day.lena)
    day.told()
    (question,) = ShortageQuestion.objects.all()
    assert (question.order, question.pieces) == (orders[3], 1)
    (elsewhere,) = PickList.objects.filter(order=orders[4], site=day.munich)
    assert elsewhere.lines.get().bin == make_bin("M-20")
    return list(PickList.objects.filter(order__in=orders[:5], site=day.hamburg).order_by("pk"))


def next_stop(walk: Batch | PickList, by: User) -> dict[str, Any] | None:
    """What the phone shows: the first open stop."""
    stops = walk_of(type(walk).objects.get(pk=walk.pk), by)["stops"]  # type: ignore[attr-defined]
    return next((stop for stop in stops if stop["state"] == "open"), None)


def tell(walk: Batch | PickList, stop: dict[str, Any], kind: str = "pick", *, by: User) -> None:
    """A scan of the phone at this stop."""
    one = Scan(
        uuid.uuid4(),
        kind,
        stop["line"],
        stop["codes"][0],
        stop["open"],
        lot=stop["lot"] or "",
        bin=stop["bin"],
    )
    (said,) = picking.take_scans(walk=walk, scans=[one], by=by)
    assert said.accepted, said.text


def the_customer_wants_the_money(day: Day, order: Order) -> None:
    question = ShortageQuestion.objects.get(order=order)
    answer(question=question, choice=REFUND)
    day.told()
    (refund,) = Refund.objects.filter(payment__order=order)
    assert refund.amount_minor == 4_990
    succeed(refund=refund, reference="re_1")
    day.told()


def the_other_site_picks(day: Day) -> list[PickList]:
    """One list of its own and the piece that was missed at the first site."""
    lists = list(PickList.objects.filter(site=day.munich).order_by("pk"))
    assert len(lists) == 2
    for one in lists:
        picking.start(pick_list=one, by=day.kai)
        while stop := next_stop(one, day.kai):
            tell(one, stop, by=day.kai)
        picking.finish(pick_list=one, by=day.kai)
    day.told()
    return lists


def goods_travel_and_one_is_missing(day: Day) -> None:
    sent = transfers.begin(source=day.hamburg, target=day.munich, by=day.lena)
    transfers.add(transfer=sent, bin=make_bin("A-30"), stockrecord=day.goods[WAX], quantity=5, by=day.lena)
    before = day.record(WAX).num_in_stock
    assert transfers.dispatch(transfer=sent, by=day.lena) == 5
    assert day.record(WAX).num_in_stock == before, "what is on its way is in the house"
    place = make_bin("M-30", sequence=30, zone="M", site=day.munich)
    left = arrivals.receive(transfer=sent, stockrecord=day.goods[WAX], bin=place, quantity=4, by=day.kai)
    assert left == 1
    with pytest.raises(transfers.TransferError, match="say why"):
        arrivals.close(transfer=sent, reasons={}, by=day.kai)
    assert arrivals.close(transfer=sent, reasons={sent.lines.get().pk: "box was open"}, by=day.kai) == 1
    day.told()
    assert (day.record(WAX).num_in_stock, day.lies(WAX, "M-30")) == (before - 1, 4)
    assert Entry.objects.filter(document=sent.number, kind="transfer_difference").count() == 1


def counted(day: Day, task: CountTask, pieces: int, sku: str) -> str:
    """Twice, by two people, blind."""
    for person in (day.lena, day.kai):
        counting.start(task=task, by=person)
        if pieces:
            counting.tally(task=task, stockrecord=day.goods[sku], quantity=pieces, by=person)
        state = counting.finish(task=task, by=person, empty=not pieces)
        if state != "recount":
            break
    return state


def empty_bins_and_a_shelf_are_counted(day: Day) -> None:
    """The two bins that pickers found empty, and a shelf whose difference is worth another pair of eyes."""
    tasks = {task.bin.code: task for task in CountTask.objects.filter(cause="short").select_related("bin")}
    assert set(tasks) == {"A-40", "A-50"}
    for code, sku in (("A-40", LAST), ("A-50", BOOT)):
        assert counted(day, tasks[code], 0, sku) == "booked"
    there = day.lies(SHOE, "A-20")
    shelf, is_new = counting.ask(bin=make_bin("A-20"), by=day.boss)
    assert is_new and counted(day, shelf, there - 6, SHOE) == "approval"
    with pytest.raises(SamePerson):
        approval.approve(task=shelf, by=day.kai)
    assert approval.approve(task=shelf, by=day.boss) == "booked"
    day.told()
    assert day.lies(SHOE, "A-20") == there - 6
    assert Entry.objects.filter(document=shelf.number, kind="stock_difference").count() == 1


def everything_is_packed_and_leaves(day: Day, lists: list[PickList]) -> list[str]:
    """The first order in two parcels, the others in one; labels by a carrier. Returns the first one's numbers."""
    first = lists[0]
    for part in ([SHOE], [SHOE, SHOE, CREAM]):
        for sku in part:
            packing.scan(pick_list=first, code=sku, quantity=1, scan_id=uuid.uuid4(), by=day.lena)
        packing.close(pick_list=first, by=day.lena)
    for one in lists[1:]:
        one.refresh_from_db()
        for row in to_pack(one):
            if row.quantity:
                code = row.order_line.partner_sku
                packing.scan(
                    pick_list=one, code=code, quantity=row.quantity, scan_id=uuid.uuid4(), by=day.lena
                )
        packing.close(pick_list=one, by=day.lena)
    made = labels.work_due()
    assert made == Parcel.objects.count() == len(lists) + 1
    for parcel in Parcel.objects.order_by("pk"):
        leaving.scan(code=parcel.tracking_number, by=day.lena)
    day.told()
    assert manifests.close(carrier="DHL", by=day.lena, seen=made).parcel_count == made
    assert set(Order.objects.values_list("status", flat=True)) == {"completed"}
    return list(Parcel.objects.filter(pick_list=first).values_list("tracking_number", flat=True))


def both_parcels_arrive(day: Day, carrier: CarrierStandIn, numbers: list[str]) -> None:
    assert len(set(numbers)) == 2
    for number in numbers:
        carrier.control("event", shipment=number, what="out", at=time.time() - 7200)
        carrier.control("event", shipment=number, what="delivered", at=time.time() - 60)
    tracking.ask_carriers()
    day.told()
    states = dict(Parcel.objects.values_list("tracking_number", "state"))
    assert {states.pop(number) for number in numbers} == {"delivered"}
    assert set(states.values()) == {"dispatched"}
    assert OutgoingMail.objects.filter(kind="parcel_delivered").count() == 2


def three_shoes_come_back(day: Day, order: Order) -> None:
    """One like new, one with traces, one for the bin."""
    shoes = order.lines.get(stockrecord=day.goods[SHOE])
    withdrawals.receive(
        key="one", name="Erika", contract=order.number, email="erika@example.org", language="de",
        order=order, quantities={shoes.pk: 3},
    )  # fmt: skip
    day.told()
    before = day.record(SHOE).num_in_stock
    coming = Return.objects.get(order=order)
    book(coming, SHOE, 1, "a", "shelf", "A-20", by=day.kai)
    book(coming, SHOE, 1, "b", "b_stock", "B-STOCK-01", by=day.kai)
    book(coming, SHOE, 1, "scrap", "disposal", by=day.kai)
    dock.finish(returning=coming, by=day.kai)
    day.told()
    coming.refresh_from_db()
    assert coming.state == "settled"
    shoe = day.record(SHOE)
    assert (shoe.num_in_stock, shoe.num_quarantine) == (before + 1, 1)
    kinds = set(
        Entry.objects.filter(kind__in=("goods_returned", "goods_scrapped")).values_list("kind", flat=True)
    )
    assert kinds == {"goods_returned", "goods_scrapped"}


def the_lot_is_recalled(day: Day, told: list[Order]) -> None:
    """An order that is only planned gets the other lot; whoever has the cream is told once."""
    late = bought(day, (CREAM, 2))
    waiting = PickList.objects.get(order=late)
    assert waiting.lines.get().lot == Lot.objects.get(code="L-1")
    recall = recalls.prepare(lots=[Lot.objects.get(code="L-1").pk], texts=WHY, by=day.boss)
    done = recalls.start(recall=recall, by=day.boss)
    assert (done.quarantined, done.promised, done.notices) == (8, 0, len(told))
    assert [recalls.send_notices(recall=recall, by=day.boss) for _ in range(2)] == [len(told), 0]
    day.told()
    mails = OutgoingMail.objects.filter(kind="recall_notice")
    assert len(mails) == len(told) and {mail.order for mail in mails} == set(told)
    lying = LotStock.objects.filter(lot__code="L-1", quantity__gt=0).values_list("bin__kind", "quantity")
    assert list(lying) == [("quarantine", 8)]
    picking.start(pick_list=waiting, by=day.lena)
    stop = next_stop(waiting, day.lena)
    assert stop and stop["lot"] == "L-2"
    tell(waiting, stop, by=day.lena)
    picking.finish(pick_list=waiting, by=day.lena)
    recalls.close(recall=recall, by=day.boss, why="destroyed")
    day.told()


def test_a_day_in_two_warehouses(day: Day, carrier: CarrierStandIn) -> None:
    goods_come_in(day)
    orders = orders_are_routed(day)
    lists = one_walk_for_five(day, orders)
    the_customer_wants_the_money(day, orders[3])
    lists += the_other_site_picks(day)
    goods_travel_and_one_is_missing(day)
    empty_bins_and_a_shelf_are_counted(day)
    numbers = everything_is_packed_and_leaves(day, lists)
    both_parcels_arrive(day, carrier, numbers)
    three_shoes_come_back(day, orders[0])
    the_lot_is_recalled(day, orders[:3])
    assert [f"{one.room}: {one.name}: {breach}" for one in verify() for breach in one.breaches] == []
    assert stock_differences() == []
    assert day.outbox.failures() == []

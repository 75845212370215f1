"""The warehouse in the middle of a day: of everything that its pages can show there is one, in each state it can have.

Titles and names are long and German, as a shop's are; numbers are such that columns have to line up.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import Group

from catalogue.partner.models import StockRecord
from checkout.order.actions import place
from checkout.order.models import BillingAddress, Order, ShippingAddress
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.counting import actions as counting
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch import labels, leaving, manifests, packing, tracking
from fulfilment.warehouse.dispatch.models import Carton, Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions import Scan, Wave
from fulfilment.warehouse.picking.models import Batch, CutOff, PickList
from fulfilment.warehouse.picking.walks import walk_of
from fulfilment.warehouse.recalls import actions as recalls
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.routing.models import RoutingRule
from fulfilment.warehouse.shortages.actions import answer, offer_substitute
from fulfilment.warehouse.shortages.models import REFUND, WAIT, ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Bin, Lot, Site
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals
from shop.customers.models import User
from shop.dashboard.roles import MANAGER, WAREHOUSE, sync_roles
from shop.kernel.clock import now
from tests.factories.people import make_staff
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import address, make_basket, make_placement, make_user, make_variant
from tests.factories.shortages import pay
from tests.factories.stock import make_bin
from tests.support.helpers import Outbox

SHOE, BOOT, CREAM, WAX, SCANNER = (
    "K2001-DBR-42",
    "K3107-SWZ-44-WEIT",
    "K2005-FAR",
    "K2006-SWZ",
    "K9001-GERAET",
)
GOODS = {
    SHOE: ("Elbschuh aus pflanzlich gegerbtem Rindsleder", 189_00, 72_50),
    BOOT: ("Hafenarbeiter-Schnürstiefel mit Stahlkappe, extraweit", 1_249_90, 410_00),
    CREAM: ("Schuhcreme mit Bienenwachs", 9_90, 2_10),
    WAX: ("Lederfett", 6_90, 1_55),
    SCANNER: ("Schuhtrockner", 49_90, 18_00),
}
WHY = {
    "reason_de": "Die Creme kann Metallspäne enthalten.",
    "reason_en": "The cream may contain metal splinters.",
    "advice_de": "Bitte werfen Sie die Dose weg.",
    "advice_en": "Please throw the tin away.",
}


@dataclass
class Day:
    """The people, the sites and what is sold."""

    outbox: Outbox
    carrier: CarrierStandIn
    hamburg: Site
    munich: Site
    lena: User
    kai: User
    boss: User
    shopper: User
    goods: dict[str, StockRecord]

    def told(self) -> None:
        """Everything that was said is heard, and nothing went wrong with it."""
        self.outbox.drain()
        assert self.outbox.failures() == []

    def bought(self, *wanted: tuple[str, int], **home: str) -> Order:
        """The shopper orders and pays by card."""
        records = []
        for sku, pieces in wanted:
            self.goods[sku].refresh_from_db()
            records.append((self.goods[sku], pieces))
        placement = make_placement(make_basket(*records, owner=self.shopper), user=self.shopper)
        to, bill = address(ShippingAddress, **home), address(BillingAddress, **home)
        order = place(replace(placement, shipping_address=to, billing_address=bill))
        pay(order)
        self.told()
        return order

    def list_of(self, order: Order) -> PickList:
        """The order's one pick list."""
        return PickList.objects.select_related("order", "site").get(order=order)


def staff(role: str, email: str, first: str, last: str) -> User:
    """A member of staff in a role."""
    sync_roles()
    person = make_staff(email, first_name=first, last_name=last)
    person.groups.add(Group.objects.get(name=role))
    return person


def open_house(outbox: Outbox, carrier: CarrierStandIn) -> Day:
    """Two sites, three people, a customer, cartons, cut-offs and goods in bins."""
    RoutingRule.ensure()
    here, there = (
        Site.objects.update_or_create(
            code=code,
            defaults={
                "name": name,
                "street": street,
                "postcode": postcode,
                "city": city,
                "country": "DE",
                "position": n,
            },
        )[0]
        for n, (code, name, street, postcode, city) in enumerate(
            (
                ("hamburg", "Hauptlager Hamburg-Wilhelmsburg", "Am Veringhof 7", "21107", "Hamburg"),
                ("muenchen", "Laden München", "Sendlinger Straße 12", "80331", "München"),
            )
        )
    )
    Site.objects.exclude(pk__in=(here.pk, there.pk)).update(is_active=False)
    DeliveryMethod.objects.update_or_create(
        code="home", defaults={"kind": "home", "carrier": "DHL", "name": "Lieferung nach Hause"}
    )
    for code, size in (("K-S", (250, 180, 100)), ("K-M", (350, 250, 140)), ("K-XL", (600, 400, 400))):
        Carton.objects.update_or_create(
            code=code,
            defaults={
                "length_mm": size[0], "width_mm": size[1], "height_mm": size[2], "weight_g": 250,
                "max_weight_g": 12_000,
            },
        )  # fmt: skip
    for hour, days in ((12, "12345"), (16, "123456")):
        CutOff.objects.get_or_create(site=here, carrier="DHL", weekdays=days, time=dt.time(hour, 30))
    day = Day(
        outbox,
        carrier,
        here,
        there,
        staff(WAREHOUSE, "lena@kiekschuh.example", "Lena", "Lagerfeld-Wiesenhütter"),
        staff(WAREHOUSE, "kai@kiekschuh.example", "Kai", "Kranführer"),
        staff(MANAGER, "leitung@kiekschuh.example", "Berta", "Brockdorff"),
        make_user("annegret.buxtehude-pappenheim@kundinnen.example", first_name="Annegret"),
        {},
    )
    goods_come_in(day)
    return day


def goods_come_in(day: Day) -> None:
    """Bins of both sites; the cream by lot with its best-before date, the dryer by serial number."""
    dock_bins()
    for sku, (title, price, cost) in GOODS.items():
        day.goods[sku] = make_variant(
            sku=sku, stock=0, price_minor=price, cost_minor=cost, title=title, weight_g=640
        )
    stock.set_handling(stockrecord=day.goods[CREAM], by=day.boss, tracking="lot", has_best_before=True)
    stock.set_handling(stockrecord=day.goods[SCANNER], by=day.boss, tracking="serial")
    for sku, bin, pieces in ((SHOE, "A-20", 40), (WAX, "A-30", 1_240), (BOOT, "A-50", 9), (BOOT, "A-51", 1)):
        arrive(day, sku, bin, pieces)
    arrive(day, CREAM, "A-10", 24, lot="L-2026-0815-HAMBURG", best_before=dt.date(2028, 3, 1))
    arrive(day, CREAM, "A-11", 12, lot="L-2", best_before=dt.date(2028, 9, 1))
    for n in (1, 2):
        arrive(day, SCANNER, "A-60", 1, lot=f"SN-2026-00{n}")
    make_bin("M-01", sequence=1, zone="M", site=day.munich, kind=SHOP_FLOOR)
    arrive(day, SHOE, "M-10", 6)
    make_bin("A-99", sequence=99)
    day.told()


def arrive(day: Day, sku: str, bin: str, pieces: int, **lot: Any) -> None:
    """Goods into a bin; its code says where it is: M in Munich, with its turn on the walk."""
    site = day.munich if bin.startswith("M") else day.hamburg
    where = make_bin(bin, sequence=int(bin[2:]), zone=bin[0], site=site)
    stock.receive(stockrecord=day.goods[sku], bin=where, quantity=pieces, by=day.lena, **lot)


def tell(walk: Batch | PickList, by: User, *, short: str = "", most: int = 99) -> None:
    """The phone's scans along a walk; at the bin ``short`` nothing is found."""
    for _n in range(most):
        stops = walk_of(type(walk).objects.get(pk=walk.pk), by)["stops"]  # type: ignore[attr-defined]
        stop = next((one for one in stops if one["state"] == "open"), None)
        if stop is None:
            return
        kind = "short" if stop["bin"] == short else "pick"
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


def walks(day: Day) -> None:
    """A batch that is done, with a short pick; one being walked with a refused scan; lists alone in each state."""
    for wanted in (((SHOE, 3), (CREAM, 1)), ((WAX, 12), (CREAM, 1)), ((BOOT, 1), (SHOE, 1))):
        day.bought(*wanted)
    done = picking.plan_batches(wave=Wave(day.hamburg, "batch"), by=day.boss)[0]
    picking.start_batch(batch=done, by=day.lena)
    tell(done, day.lena, short="A-51")
    picking.finish_batch(batch=done, by=day.lena)
    day.told()
    day.bought((WAX, 3))
    day.bought((CREAM, 2), (WAX, 1))
    running = picking.plan_batches(wave=Wave(day.hamburg, "batch"), by=day.boss)[0]
    picking.start_batch(batch=running, by=day.boss)
    tell(running, day.boss, most=1)
    refused = Scan(uuid.uuid4(), "pick", running.lines.first().pk, "4006381333931", 1, bin="A-30")  # type: ignore[union-attr]
    picking.take_scans(walk=running, scans=[refused], by=day.boss)
    day.bought((WAX, 2), (SHOE, 1))
    picking.plan_batches(wave=Wave(day.hamburg, "batch"), by=day.boss)
    alone = day.list_of(day.bought((SHOE, 1), (WAX, 2)))
    picking.start(pick_list=alone, by=day.boss)
    late = day.list_of(day.bought((SHOE, 1)))
    PickList.objects.filter(pk=late.pk).update(due_at=now() - dt.timedelta(minutes=50))
    urgent = day.list_of(day.bought((WAX, 1), (CREAM, 1)))
    picking.reschedule(pick_list=urgent, urgent=True, by=day.boss, why="Die Kundin wartet am Tresen.")


def questions(day: Day) -> None:
    """A question in each answer, and one open with a substitute offered. The boots are not where they should be."""
    asked = []
    for n in range(4):
        sku = f"K41{n:02}-ROT"
        day.goods[sku] = make_variant(sku=sku, stock=0, title="Sandale »Övelgönne«", price_minor=79_90)
        arrive(day, sku, f"A-{70 + n}", 1)
        order = day.bought((sku, 1), (WAX, 1))
        one = day.list_of(order)
        picking.start(pick_list=one, by=day.lena)
        tell(one, day.lena, short=f"A-{70 + n}")
        picking.finish(pick_list=one, by=day.lena)
        day.told()
        asked.append(ShortageQuestion.objects.get(order=order))
    answer(question=asked[1], choice=REFUND)
    answer(question=asked[2], choice=WAIT, by=day.boss, why="Am Telefon so gesagt.")
    offer_substitute(question=asked[3], stockrecord=day.goods[WAX], unit_minor=5_00, by=day.boss)
    day.told()


def packed(day: Day, *wanted: tuple[str, int], **home: str) -> Parcel:
    """An order picked and packed into one parcel."""
    one = pick_everything_by_lot(day, day.bought(*wanted, **home))
    waiting = {row.order_line.pk: row.quantity for row in to_pack(one)}
    return dispatch.pack(
        pick_list=one, quantities=waiting, by=day.lena, weight_g=1_480, carton=Carton.objects.get(code="K-M")
    )


def pick_everything_by_lot(day: Day, order: Order) -> PickList:
    """Picked alone by Lena, lots as planned."""
    one = day.list_of(order)
    picking.start(pick_list=one, by=day.lena)
    tell(one, day.lena)
    picking.finish(pick_list=one, by=day.lena)
    one.refresh_from_db()
    return one


def parcels(day: Day) -> None:
    """Parcels on the table, refused, labelled, on their way, delivered, lost, returned; a manifest; a question."""
    gone = [packed(day, (SHOE, 1), (CREAM, 1)) for _n in range(4)]
    labels.work_due()
    for parcel in gone:
        parcel.refresh_from_db()
        leaving.scan(code=parcel.tracking_number, by=day.lena)
        parcel.refresh_from_db()
    day.told()
    manifests.close(carrier="DHL", by=day.lena, seen=len(gone))
    for parcel, what in zip(gone, ("out", "delivered", "lost", "returned"), strict=True):
        if what == "lost":
            dispatch.note_outcome(
                parcel=parcel, outcome="lost", by=day.boss, why="Nachforschung ohne Ergebnis."
            )
            continue
        day.carrier.control("event", shipment=parcel.tracking_number, what=what, at=time.time() - 60)
    packed(day, (WAX, 1))
    labels.work_due()
    packed(day, (WAX, 2), postcode="00123")
    packed(day, (WAX, 4))
    tracking.ask_carriers()
    day.told()
    half = pick_everything_by_lot(day, day.bought((SHOE, 2), (WAX, 3)))
    for sku in (SHOE, WAX):
        packing.scan(pick_list=half, code=sku, quantity=1, scan_id=uuid.uuid4(), by=day.boss)
    packing.close(pick_list=half, by=day.boss)
    packing.scan(pick_list=half, code=SHOE, quantity=1, scan_id=uuid.uuid4(), by=day.boss)


def counts(day: Day) -> None:
    """Tasks to do, in hand, for a second pair of eyes, for approval, booked and cancelled."""
    bins = {code: Bin.objects.get(code=code) for code in ("A-10", "A-11", "A-20", "A-30", "A-99", "M-10")}
    counting.ask(bin=bins["A-10"], note="Bitte vor dem Feierabend.", by=day.boss)
    in_hand, _new = counting.ask(bin=bins["A-11"], by=day.boss)
    counting.start(task=in_hand, by=day.boss)
    counting.tally(
        task=in_hand, stockrecord=day.goods[CREAM], quantity=3, lot=Lot.objects.get(code="L-2"), by=day.boss
    )
    shelf, _new = counting.ask(bin=bins["A-20"], by=day.boss)
    for person in (day.lena, day.kai):
        counting.start(task=shelf, by=person)
        counting.tally(task=shelf, stockrecord=day.goods[SHOE], quantity=7, by=person)
        counting.finish(task=shelf, by=person)
    again, _new = counting.ask(bin=bins["M-10"], by=day.boss)
    counting.start(task=again, by=day.lena)
    counting.tally(task=again, stockrecord=day.goods[SHOE], quantity=2, by=day.lena)
    counting.finish(task=again, by=day.lena)
    empty, _new = counting.ask(bin=bins["A-99"], by=day.boss)
    counting.start(task=empty, by=day.kai)
    counting.finish(task=empty, by=day.kai, empty=True)
    gone, _new = counting.ask(bin=bins["A-30"], by=day.boss)
    counting.cancel(task=gone, by=day.boss, why="Wird morgen im Ganzen gezählt.")
    day.told()
    assert CountTask.objects.values("state").distinct().count() >= 5


def journeys(day: Day) -> None:
    """Transfers: a draft, one on its way with a part received, one closed with a difference, one cancelled."""
    place_ = make_bin("M-30", sequence=30, zone="M", site=day.munich)
    for n in range(4):
        sent = transfers.begin(
            source=day.hamburg, target=day.munich, note="Für das Schaufenster", by=day.lena
        )
        transfers.add(
            transfer=sent, bin=make_bin("A-30"), stockrecord=day.goods[WAX], quantity=5, by=day.lena
        )
        if n == 3:
            transfers.cancel(transfer=sent, by=day.lena, why="Doch nicht")
        if n in (1, 2):
            transfers.dispatch(transfer=sent, by=day.lena)
            arrivals.receive(transfer=sent, stockrecord=day.goods[WAX], bin=place_, quantity=4, by=day.kai)
        if n == 2:
            arrivals.close(transfer=sent, reasons={sent.lines.get().pk: "Karton war offen"}, by=day.kai)
    day.told()


def comes_back(day: Day) -> None:
    """Returns: announced, half unpacked, with a piece to decide about, and settled."""
    orders = []
    for _n in range(4):
        parcel = packed(day, (SHOE, 2), (WAX, 1))
        labels.work_due()
        parcel.refresh_from_db()
        dispatch.dispatch(parcel=parcel, by=day.lena)
        day.told()
        orders.append(parcel.order)
    coming = [dock.announce(order_id=order.pk, cause="withdrawal:W10001", by=None) for order in orders]
    assert all(coming)
    book(coming[1], SHOE, 1, "a", "shelf", "A-20", by=day.kai)  # type: ignore[arg-type]
    for one in coming[2:]:
        assert one is not None
        book(one, SHOE, 1, "a", "shelf", "A-20", by=day.kai)
        book(one, SHOE, 1, "b", "b_stock", "B-STOCK-01", by=day.kai)
        book(one, WAX, 1, "scrap", "disposal", by=day.kai)
    dock.finish(returning=coming[3], by=day.kai)  # type: ignore[arg-type]
    dock.record_wrong(returning=coming[2], code=BOOT, by=day.kai, note="Gehört jemand anderem")  # type: ignore[arg-type]
    dock.finish(returning=coming[2], by=day.kai)  # type: ignore[arg-type]
    day.told()


def called_back(day: Day) -> None:
    """Recalls: one prepared, one started with its mails ready, one closed."""
    lot = Lot.objects.get(code="L-2026-0815-HAMBURG")
    started = recalls.prepare(lots=[lot.pk], texts=WHY, by=day.boss)
    recalls.start(recall=started, by=day.boss)
    closed = recalls.prepare(lots=[Lot.objects.get(code="SN-2026-001").pk], texts=WHY, by=day.boss)
    recalls.start(recall=closed, by=day.boss)
    recalls.close(recall=closed, by=day.boss, why="Vernichtet")
    recalls.prepare(lots=[Lot.objects.get(code="SN-2026-002").pk], texts=WHY, by=day.boss)
    day.told()


def build(outbox: Outbox, carrier: CarrierStandIn) -> Day:
    """The whole of it."""
    day = open_house(outbox, carrier)
    for step in (walks, questions, parcels, counts, journeys, comes_back, called_back):
        step(day)
    return day

"""Open orders with pick lists by the thousand, written in few statements: what planning meets on a busy morning."""

from __future__ import annotations

import datetime as dt
import itertools
import random

from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import URGENT, PickLine, PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, Site
from shop.kernel.clock import now

ZONES = 5
BINS = 250
PIECES = 20_000  #: of each SKU, all in one bin
LINES_PER_ORDER = 3
CARRIERS = ("own", "fast", "heavy")


def fill(orders: int) -> Site:
    """``orders`` confirmed orders of LINES_PER_ORDER lines with pick lists, over BINS bins in ZONES zones."""
    from tests.factories.stock import make_stockrecord

    chance, site = random.Random(7), stock.default_site()
    zones = [stock.place_zone(site=site, code=f"Z{n}", sequence=n) for n in range(ZONES)]
    bins = Bin.objects.bulk_create(
        [Bin(site=site, code=f"Z{n % ZONES}-{n:03}", zone=zones[n % ZONES], sequence=n) for n in range(BINS)]
    )
    records = []
    for n, place in enumerate(bins):
        record = make_stockrecord(f"BENCH-{n}")
        stock.receive(stockrecord=record, bin=place, quantity=PIECES)
        records.append(record)
    placed = Order.objects.bulk_create(
        [
            Order(
                number=f"B{n:06}", status="confirmed", currency="EUR", payment_method="card", shipping_code="home",
                total_incl_tax=0, total_excl_tax=0, shipping_incl_tax=0, shipping_excl_tax=0,
                guest_email="bench@example.org", date_placed=now(),
            )
            for n in range(orders)
        ]
    )  # fmt: skip
    chosen = [chance.sample(range(BINS), LINES_PER_ORDER) for _ in placed]
    lines = Line.objects.bulk_create(
        [
            Line(
                order=order, partner_id=records[n].partner_id, partner_sku=records[n].partner_sku,
                stockrecord=records[n], product=records[n].product, title=records[n].product.title, quantity=1,
                line_price_incl_tax=0, line_price_excl_tax=0, line_price_before_discounts_incl_tax=0,
                line_price_before_discounts_excl_tax=0, num_allocated=1,
            )
            for order, wanted in zip(placed, chosen, strict=True)
            for n in wanted
        ]
    )  # fmt: skip
    _lists(placed, lines, bins, chosen, site, chance)
    return site


def _lists(
    orders: list[Order],
    lines: list[Line],
    bins: list[Bin],
    chosen: list[list[int]],
    site: Site,
    chance: random.Random,
) -> None:
    place, today = stock.packing_place(site), now().replace(minute=0)
    lists = PickList.objects.bulk_create(
        [
            PickList(
                order=order,
                site=site,
                packing_place=place,
                carrier=chance.choice(CARRIERS),
                priority=URGENT if n % 100 == 0 else 0,
                due_at=today + dt.timedelta(hours=chance.randrange(1, 6)),
            )
            for n, order in enumerate(orders)
        ]
    )
    wanted = itertools.chain.from_iterable(chosen)
    PickLine.objects.bulk_create(
        [
            PickLine(
                pick_list=lists[at // LINES_PER_ORDER],
                order_line=line,
                stockrecord_id=line.stockrecord_id,
                bin=bins[n],
                quantity=1,
                position=bins[n].sequence,
            )
            for at, (line, n) in enumerate(zip(lines, wanted, strict=True))
        ]
    )

"""The demo's warehouse beyond its shelves: a store that ships as well, packs with barcodes, an article kept by lots and
one with serial numbers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalogue.partner.models import StockRecord
from checkout.shipping.models import PICKUP
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.actions import packing_place, place_zone, receive, set_handling
from fulfilment.warehouse.stock.models import Barcode, Bin, Movement, Site
from shop.demo import range as data
from shop.demo.merchant import MERCHANT
from shop.kernel.clock import today

STORE_CODE, STORE_BIN = "laden", "LADEN-01"
#: Products of which the store has some too, and pieces of each variant that must lie in the warehouse for that.
IN_STORE, ENOUGH = ("kai", "alster", "hartwachs"), 6
IN_STORE_EACH = 2
#: Products that come in cartons: slug, pieces, number of the carton (kept inside the company: GTIN prefix 21).
PACKS = (("hartwachs", 12, 1), ("poliertuch", 10, 2), ("senkel-rund", 24, 3))
#: The article with a best-before date: months that its lots still last; the first of them must be taken first.
LOTS_SLUG, LOTS_MONTHS = "lederbalsam", (5, 17)
#: The article of which every piece has a serial number, and how its maker's numbers look: size, then a running number.
SERIAL_SLUG, SERIAL_FORM = "schuhspanner-nummeriert", "BE{size}-{number:04d}"
SERIAL_MEASURES: dict[str, Any] = {"length_mm": 300, "width_mm": 160, "height_mm": 110}
#: When somebody comes for what is picked: site, carrier ("": each one), time, weekdays (1 is Monday).
VISITS = (
    ("main", "", dt.time(15), "12345"),
    (STORE_CODE, "", dt.time(15), "12345"),
    (STORE_CODE, PICKUP, dt.time(18), "123456"),
)


def visits() -> None:
    """Visits of the carrier, by which product pages promise a day and pick-up says when it is ready. What staff have
    written down stays."""
    if CutOff.objects.exists():
        return
    for code, carrier, time, weekdays in VISITS:
        site = Site.objects.filter(code=code).first()
        if site is not None:
            CutOff.objects.create(site=site, carrier=carrier, time=time, weekdays=weekdays)


def store() -> Site:
    """The shop in the street: a second site with shelves on the shop floor and a packing place of its own."""
    facts = {
        "name": "Ladengeschäft am Musterfleet", "company": MERCHANT.company, "street": MERCHANT.street,
        "postcode": MERCHANT.postcode, "city": MERCHANT.city, "email": MERCHANT.email, "phone": MERCHANT.phone,
        "position": 10, "ships": True,
    }  # fmt: skip
    site = Site.objects.get_or_create(code=STORE_CODE, defaults=facts)[0]
    zone = place_zone(site=site, code="L", sequence=10)
    for number in (1, 2):
        defaults = {"site": site, "zone": zone, "kind": "shop_floor", "sequence": number * 10}
        Bin.objects.get_or_create(code=f"LADEN-{number:02d}", defaults=defaults)
    packing_place(site)
    return site


def store_pieces(row: data.ProductData, item: data.Item) -> int:
    """Pieces of a variant that lie in the store; the rest is in the warehouse."""
    return IN_STORE_EACH if row.slug in IN_STORE and item.stock >= ENOUGH else 0


def is_kept_by_lots(row: data.ProductData) -> bool:
    """Whether the product's pieces belong to lots or have serial numbers: they are received one lot at a time."""
    return row.slug in (LOTS_SLUG, SERIAL_SLUG)


def seed_packs() -> None:
    """Cartons of some care products, each with a barcode of its own that counts its pieces."""
    packs = {slug: (pieces, number) for slug, pieces, number in PACKS}
    for row in data.products():
        pieces, number = packs.get(row.slug, (0, 0))
        for place, item in enumerate(row.items if pieces else ()):
            record = StockRecord.objects.filter(partner__code="own", partner_sku=item.sku).first()
            if record is not None:
                defaults = {
                    "stockrecord": record,
                    "kind": "gtin",
                    "pieces": pieces,
                    "name": f"Karton zu {pieces}",
                }
                Barcode.objects.get_or_create(code=pack_code(number, place), defaults=defaults)


def pack_code(number: int, place: int) -> str:
    """A GTIN-13 from the range for use inside a company (prefix 21), with its check digit."""
    body = f"21{number:05d}{place:05d}"
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(body))
    return f"{body}{-total % 10}"


def seed_lots(shelves: dict[tuple[int, str], int], why: str) -> int:
    """The articles with a best-before date or with serial numbers, lot by lot. Returns the pieces received."""
    pieces = 0
    for row in filter(is_kept_by_lots, data.products()):
        for item in row.items:
            record = StockRecord.objects.filter(partner__code="own", partner_sku=item.sku).first()
            if record is None or Movement.objects.filter(stockrecord=record).exists():
                continue
            bin = Bin.objects.get(pk=shelves[row.number, item.colour.code])
            receive_kept = _receive_lots if row.slug == LOTS_SLUG else _receive_serials
            receive_kept(record, bin, item, why)
            pieces += item.stock
    return pieces


def _receive_lots(record: StockRecord, bin: Bin, item: data.Item, why: str) -> None:
    """Opening stock in two lots, a third of it in the one that ends first."""
    set_handling(stockrecord=record, tracking="lot", has_best_before=True, min_days_left=30)
    first = item.stock // 3
    for months, some in zip(LOTS_MONTHS, (first, item.stock - first), strict=True):
        if some:
            end = today() + dt.timedelta(days=30 * months)
            code = f"L{end:%y%m}"
            receive(stockrecord=record, bin=bin, quantity=some, why=why, lot=code, best_before=end)


def _receive_serials(record: StockRecord, bin: Bin, item: data.Item, why: str) -> None:
    """Opening stock piece by piece, each with the number that its maker stamped into it."""
    set_handling(stockrecord=record, tracking="serial", **SERIAL_MEASURES)
    for number in range(1, item.stock + 1):
        code = SERIAL_FORM.format(size=item.size, number=number)
        receive(stockrecord=record, bin=bin, quantity=1, why=why, lot=code)

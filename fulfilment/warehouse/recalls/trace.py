"""Where pieces of a lot are, and who got them: from the bins, from what was picked, from what parcels held."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet, Sum

from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import ParcelLot
from fulfilment.warehouse.picking.models import PickedLot
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.models import Lot, LotStock

FOUND_MAX = 200
INSIDE = ("packed", "unpacked")  #: parcels in these states have not left


def find_lots(
    *, code: str = "", article: str = "", first: dt.date | None = None, last: dt.date | None = None
) -> QuerySet[Lot]:
    """Lots and serial numbers by a part of their code, by article, by best-before date (both days included).

    Nothing for an article that nobody knows. At most three queries.
    """
    rows = Lot.objects.select_related("stockrecord__product__parent").order_by(
        "stockrecord", "best_before", "pk"
    )
    if code.strip():
        rows = rows.filter(code__icontains=code.strip())
    if article.strip():
        scanned = find_article(article)
        rows = rows.filter(stockrecord=scanned.stockrecord) if scanned else rows.none()
    if first:
        rows = rows.filter(best_before__gte=first)
    if last:
        rows = rows.filter(best_before__lte=last)
    return rows.annotate(lying=Sum("lot_stock__quantity"))


def lying(lots: Collection[int]) -> QuerySet[LotStock]:
    """Pieces of the lots in the house, by bin in walking order. One query."""
    rows = LotStock.objects.filter(lot__in=lots, quantity__gt=0).select_related("bin__site", "lot")
    return rows.order_by("bin__sequence", "bin__code", "lot")


@dataclass
class Got:
    """Pieces of one order line that were taken from the lots: gone with a parcel, or still in the house."""

    line: Line
    picked: dict[str, int] = field(default_factory=dict)  #: lot code -> pieces taken for the line
    gone: dict[str, int] = field(default_factory=dict)  #: lot code -> pieces that left
    parcels: list[str] = field(default_factory=list)  #: numbers of the parcels they left with

    @property
    def lots(self) -> list[str]:
        """Codes of the lots, once each."""
        return sorted(self.picked | self.gone)

    @property
    def sent(self) -> int:
        """Pieces that have left the house."""
        return sum(self.gone.values())

    @property
    def in_house(self) -> int:
        """Pieces that wait at the packing place or in a parcel."""
        return max(0, sum(self.picked.values()) - self.sent)

    def as_fact(self) -> dict[str, Any]:
        """Plain values for the notice."""
        return {
            "order_line_id": self.line.pk,
            "title": self.line.title,
            "sku": self.line.partner_sku,
            "quantity": self.sent,
            "lots": sorted(self.gone),
            "parcels": self.parcels,
        }


def got(lots: Collection[int]) -> dict[int, list[Got]]:
    """Order id -> its lines that were filled from the lots, oldest order first. Three queries."""
    picked = PickedLot.objects.filter(lot__in=lots, quantity__gt=0, pick_line__put_back=False)
    taken = _sums(picked, "pick_line__order_line")
    left = ParcelLot.objects.filter(lot__in=lots).exclude(parcel_line__parcel__state__in=INSIDE)
    gone = _sums(left, "parcel_line__order_line", "parcel_line__parcel__number")
    lines = Line.objects.in_bulk({row[0] for row in [*taken, *gone]})
    found = {pk: Got(line) for pk, line in lines.items()}
    for line_id, code, pieces in taken:
        found[line_id].picked[code] = pieces
    for line_id, number, code, pieces in gone:
        entry = found[line_id]
        entry.gone[code] = entry.gone.get(code, 0) + pieces
        if number not in entry.parcels:
            entry.parcels.append(number)
    orders: dict[int, list[Got]] = defaultdict(list)
    for entry in sorted(found.values(), key=lambda one: (one.line.order_id, one.line.pk)):
        orders[entry.line.order_id].append(entry)
    return dict(orders)


def _sums(rows: QuerySet[Any], *names: str) -> list[tuple[Any, ...]]:
    """Pieces per these columns and lot code."""
    sums = rows.order_by().values(*names, "lot__code").annotate(n=Sum("quantity"))
    return list(sums.order_by(*names, "lot__code").values_list(*names, "lot__code", "n"))


@dataclass(frozen=True)
class Affected:
    """An order that got, or would have got, pieces of the lots."""

    order: Order
    lines: list[Got]

    @property
    def sent(self) -> int:
        """Pieces the customer has."""
        return sum(line.sent for line in self.lines)

    @property
    def in_house(self) -> int:
        """Pieces that have not left yet."""
        return sum(line.in_house for line in self.lines)

    @property
    def lots(self) -> list[str]:
        """Codes of the lots, once each."""
        return sorted({code for line in self.lines for code in line.lots})

    @property
    def parcels(self) -> list[str]:
        """Numbers of the parcels that left, once each."""
        return list(dict.fromkeys(number for line in self.lines for number in line.parcels))

    @property
    def name(self) -> str:
        """Who ordered, as on the address."""
        address = self.order.shipping_address or self.order.billing_address
        return str(address.name) if address else ""


def affected(lots: Iterable[int]) -> list[Affected]:
    """Every order that got pieces of the lots, oldest first. Four queries."""
    by_order = got(list(lots))
    orders = Order.objects.select_related("shipping_address", "billing_address", "user").in_bulk(by_order)
    return [Affected(orders[pk], lines) for pk, lines in sorted(by_order.items())]

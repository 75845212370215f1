"""What somebody wants to be different, and the options they have for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db.models import F, Q, Sum
from django.utils import translation

from catalogue.partner.models import StockRecord
from catalogue.partner.vat import rate_bp
from checkout.order.models import Amendment, Line, Order
from checkout.shipping.models import PICKUP
from checkout.shipping.queries import DeliveryOption, options
from shop.kernel.money import net_from_gross

from .models import PIECES

MORE_MAX = 10  #: pieces that may be added to a line at once, as on a product's page


@dataclass(frozen=True)
class Wish:
    """One change. ``pieces``: order line id -> pieces wanted in the end; ``sizes``: order line id -> stock record that
    they shall be; ``delivery``: code; ``address``: parts as ``correct_address`` takes them."""

    kind: str = PIECES
    pieces: Mapping[int, int] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)
    delivery: str = ""
    address: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As it is kept until it may be carried out."""
        return {
            "kind": self.kind,
            "pieces": {str(pk): pieces for pk, pieces in self.pieces.items()},
            "sizes": {str(pk): record for pk, record in self.sizes.items()},
            "delivery": self.delivery,
            "address": dict(self.address),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Wish:
        """Out of what was kept."""
        return cls(
            kind=plain["kind"],
            pieces={int(pk): int(pieces) for pk, pieces in plain["pieces"].items()},
            sizes={int(pk): int(record) for pk, record in plain["sizes"].items()},
            delivery=plain["delivery"],
            address=dict(plain["address"]),
        )


def open_lines(order: Order) -> list[Line]:
    """Lines of which something is still to come. One query."""
    rows = Line.objects.filter(order=order).select_related(
        "product__parent", "product__colour", "stockrecord"
    )
    return [line for line in rows.order_by("pk") if line.quantity_open]


def other_sizes(lines: list[Line]) -> dict[int, list[StockRecord]]:
    """Per order line the other sizes of the same model and colour that can be had now. One query."""
    parents = {line.product.parent_id for line in lines if line.product and line.product.parent_id}
    there = Q(backorderable=True) | Q(num_in_stock__gt=F("num_allocated"))
    records = list(
        StockRecord.objects.filter(
            there,
            product__parent__in=parents,
            product__is_public=True,
            product__parent__is_public=True,
            price__isnull=False,
        )
        .select_related("product__parent", "product__colour")
        .order_by("product__size", "pk")
    )
    return {
        line.pk: [
            record
            for record in records
            if line.product is not None
            and record.product.parent_id == line.product.parent_id
            and record.product.colour_id == line.product.colour_id
            and record.pk != line.stockrecord_id
        ]
        for line in lines
    }


def deliveries(order: Order, lines: list[Line]) -> list[DeliveryOption]:
    """Other ways to deliver the order, with what they cost it. A handful of queries.

    Free delivery that was agreed is not lost by fewer pieces: what was ordered counts. What goes abroad is not fetched
    here, which would be taxed otherwise; what was to be fetched goes to the address of the invoice, when that is here.
    """
    country = destination(order)
    if not country:
        return []
    weight_g = sum(line.weight_g * line.quantity_open for line in lines)
    ordered = Line.objects.filter(order=order, amendments__kind=Amendment.ADDED).values("pk")
    agreed = Line.objects.filter(order=order).exclude(pk__in=ordered).aggregate(n=Sum("gross_minor"))["n"]
    goods = max(int(agreed or 0), sum(line.owed_minor for line in lines))
    with translation.override(order.language):
        ways = options(country=country, weight_g=weight_g, goods_minor=goods)
    if order.vat_country != settings.KONTOR_HOME_COUNTRY:
        ways = [way for way in ways if way.kind != PICKUP]
    if order.shipping_vat_category:  # what goes abroad without VAT costs its net price (decision 0060)
        rate = shipping_rate_bp(order)
        ways = [replace(way, gross_minor=net_from_gross(way.gross_minor, rate)) for way in ways]
    return [way for way in ways if way.code != order.shipping_code]


def destination(order: Order) -> str:
    """The country an order goes to, or would go to if it were sent instead of fetched; "" when that cannot be."""
    if order.shipping_address is not None:
        return str(order.shipping_address.country_id)
    billing = order.billing_address
    return billing.country_id if billing is not None and billing.country_id == order.vat_country else ""


def shipping_rate_bp(order: Order) -> int:
    """The VAT rate that the shipping charge would have at home: of the goods with the largest share."""
    shares: dict[int, int] = {}
    for line in Line.objects.filter(order=order).select_related("product__parent"):
        if line.product is not None:
            rate = rate_bp(line.product.own_or_parent.vat_class, settings.KONTOR_HOME_COUNTRY)
            shares[rate] = shares.get(rate, 0) + line.gross_minor
    return max(shares, key=lambda rate: (shares[rate], rate), default=0)

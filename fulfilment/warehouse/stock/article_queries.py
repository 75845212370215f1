"""Reads of articles: every code one bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from fulfilment.warehouse import barcodes

from .models import GTIN, OWN_CODE, Barcode, LotStock


@dataclass(frozen=True, slots=True)
class Code:
    """A code of an article. ``row``: the barcode that can be taken away, None for own number and product GTIN."""

    code: str
    kind: str
    title: str
    pieces: int = 1
    name: str = ""
    row: int | None = None

    @property
    def svg(self) -> str:
        """The symbol to be scanned from the screen; "" when bars cannot hold it."""
        try:
            return (
                barcodes.ean_svg(self.code) if barcodes.is_ean(self.code) else barcodes.code128_svg(self.code)
            )
        except ValueError:
            return ""


def codes_of(record: Any) -> list[Code]:
    """Everything that means this article: the product's GTIN first, then its own number, then barcodes and packs.
    One query (with the product loaded)."""
    found = []
    if record.product.upc:
        found.append(Code(record.product.upc, GTIN, _("GTIN of the product")))
    found.append(Code(record.partner_sku, OWN_CODE, _("own number")))
    rows = Barcode.objects.filter(stockrecord_id=record.pk)
    return found + [Code(r.code, r.kind, r.get_kind_display(), r.pieces, r.name, r.pk) for r in rows]


def lots_of(stockrecord_id: int) -> list[dict[str, Any]]:
    """Lots of an article that lie in the house, those that end first in front: lot, pieces, bins. One query."""
    rows = LotStock.objects.filter(lot__stockrecord_id=stockrecord_id, quantity__gt=0).select_related(
        "lot", "bin"
    )
    found: dict[int, dict[str, Any]] = {}
    for row in rows.order_by(F("lot__best_before").asc(nulls_last=True), "lot__received_at", "bin__sequence"):
        part = found.setdefault(row.lot_id, {"lot": row.lot, "pieces": 0, "bins": []})
        part["pieces"] += row.quantity
        part["bins"].append(row)
    return list(found.values())

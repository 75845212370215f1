"""The lines of an invoice anew: as they were, without VAT, or with it. Pure functions over rows.

A price without VAT is the price less the VAT in it; VAT that is due after all comes on top of the net price
(docs/decisions/0060-vat-ids-and-net-prices.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checkout.vat_ids.treatment import INTRA_COMMUNITY
from shop.kernel.money import BASIS_POINTS, net_from_gross, vat_from_gross

from .models import InvoiceLine

AS_IT_WAS, WITHOUT_VAT, WITH_VAT = "as_it_was", "without_vat", "with_vat"
UNTAXED = (INTRA_COMMUNITY, "AE")  #: categories on which nothing but the buyer's VAT id decides
STANDARD = "S"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What of a line or charge depends on the tax, in minor units."""

    gross_minor: int
    vat_minor: int
    discount_minor: int
    rate_bp: int
    category: str


def without_vat(old: Amounts) -> Amounts:
    """The net of ``old`` as a tax-free intra-community supply."""
    return Amounts(
        gross_minor=old.gross_minor - old.vat_minor,
        vat_minor=0,
        discount_minor=net_from_gross(old.discount_minor, old.rate_bp),
        rate_bp=0,
        category=INTRA_COMMUNITY,
    )


def with_vat(old: Amounts, rate_bp: int) -> Amounts:
    """``old``, until now without VAT, with the VAT of ``rate_bp`` (basis points) on top."""
    if not rate_bp:
        return Amounts(old.gross_minor, 0, old.discount_minor, 0, "Z")
    gross = _on_top(old.gross_minor, rate_bp)
    return Amounts(
        gross_minor=gross,
        vat_minor=vat_from_gross(gross, rate_bp),
        discount_minor=_on_top(old.discount_minor, rate_bp),
        rate_bp=rate_bp,
        category=STANDARD,
    )


def lines_anew(
    lines: Sequence[InvoiceLine], tax: str, rate_of: Callable[[InvoiceLine], int]
) -> list[InvoiceLine]:
    """Unsaved copies of ``lines`` under ``tax`` (AS_IT_WAS, WITHOUT_VAT, WITH_VAT). rate_of: a line's rate with VAT."""
    return [_line(line, _anew(_of_line(line), tax, lambda line=line: rate_of(line))) for line in lines]


def charges_anew(charges: Sequence[Mapping[str, Any]], tax: str, rate_bp: int) -> list[dict[str, Any]]:
    """Shipping and discounts on the whole document under ``tax``; ``rate_bp``: their rate with VAT."""
    found = []
    for charge in charges:
        old = Amounts(charge["gross_minor"], charge["vat_minor"], 0, charge["rate_bp"], charge["category"])
        new = _anew(old, tax, lambda: rate_bp)
        found.append(
            {
                **charge,
                "gross_minor": new.gross_minor,
                "vat_minor": new.vat_minor,
                "rate_bp": new.rate_bp,
                "category": new.category,
            }
        )
    return found


def _anew(old: Amounts, tax: str, rate_bp: Callable[[], int]) -> Amounts:
    if tax == WITHOUT_VAT and old.category not in UNTAXED:
        return without_vat(old)
    if tax == WITH_VAT and old.category in UNTAXED:
        return with_vat(old, rate_bp())
    return old


def _of_line(line: InvoiceLine) -> Amounts:
    return Amounts(line.gross_minor, line.vat_minor, line.discount_minor, line.rate_bp, line.category)


def _line(line: InvoiceLine, new: Amounts) -> InvoiceLine:
    kept = ("position", "order_line_id", "name", "sku", "ean", "attributes", "quantity", "discount_reason")
    return InvoiceLine(
        **{name: getattr(line, name) for name in kept},
        gross_minor=new.gross_minor,
        vat_minor=new.vat_minor,
        discount_minor=new.discount_minor,
        rate_bp=new.rate_bp,
        category=new.category,
    )


def _on_top(net_minor: int, rate_bp: int) -> int:
    """A net amount with its VAT, rounded half up."""
    return net_minor + (2 * net_minor * rate_bp + BASIS_POINTS) // (2 * BASIS_POINTS)

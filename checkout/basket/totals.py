"""What a basket costs, in minor units: one calculation for basket page, checkout and order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.conf import settings

from catalogue.partner.vat import rate_bp
from shop.kernel.money import net_from_gross, to_minor, vat_from_gross

CENT = Decimal("0.01")


@dataclass(frozen=True)
class LineTotal:
    """One basket line: gross amounts before and after discounts, and the VAT rate inside them."""

    line_id: int
    product_id: int
    stockrecord_id: int
    quantity: int
    unit_gross_minor: int
    before_minor: int
    gross_minor: int
    vat_class: str
    vat_rate_bp: int

    @property
    def discount_minor(self) -> int:
        """What offers and vouchers take off this line."""
        return self.before_minor - self.gross_minor

    @property
    def vat_minor(self) -> int:
        """The VAT contained in the line, rounded per line (EN 16931)."""
        return vat_from_gross(self.gross_minor, self.vat_rate_bp)


@dataclass(frozen=True)
class BasketTotals:
    """The sums of a basket for one destination country. ``untaxed``: the VAT category when no VAT is in them."""

    lines: tuple[LineTotal, ...]
    country: str
    currency: str = "EUR"
    shipping_minor: int = 0
    untaxed: str = ""

    @cached_property
    def goods_minor(self) -> int:
        """Goods after discounts."""
        return sum(line.gross_minor for line in self.lines)

    @cached_property
    def goods_before_minor(self) -> int:
        """Goods before discounts."""
        return sum(line.before_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """Everything taken off."""
        return self.goods_before_minor - self.goods_minor

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return self.goods_minor + self.shipping_minor

    @cached_property
    def shipping_rate_bp(self) -> int:
        """VAT rate of the shipping charge: that of the goods with the largest share.

        Delivery is ancillary and shares the fate of what it brings (UStAE 3.10 (5)); with several rates the main
        goods decide.
        """
        if self.untaxed:
            return 0
        shares: dict[int, int] = {}
        for line in self.lines:
            shares[line.vat_rate_bp] = shares.get(line.vat_rate_bp, 0) + line.gross_minor
        return (
            max(shares, key=lambda rate: (shares[rate], rate))
            if shares
            else rate_bp("standard", self.country)
        )

    @cached_property
    def vat(self) -> dict[int, int]:
        """VAT per rate (basis points -> minor units), shipping included."""
        sums: dict[int, int] = {}
        if self.untaxed:
            return sums
        for line in self.lines:
            sums[line.vat_rate_bp] = sums.get(line.vat_rate_bp, 0) + line.vat_minor
        if self.shipping_minor:
            rate = self.shipping_rate_bp
            sums[rate] = sums.get(rate, 0) + vat_from_gross(self.shipping_minor, rate)
        return dict(sorted(sums.items(), reverse=True))

    @property
    def vat_minor(self) -> int:
        """All VAT contained in the total."""
        return sum(self.vat.values())


def totals(
    lines: Iterable[Any], *, country: str, currency: str = "EUR", shipping_minor: int = 0, untaxed: str = ""
) -> BasketTotals:
    """Add up basket lines (with ``stockrecord``, ``product`` and its ``parent`` loaded; offers already applied).

    ``country`` (ISO code) is the destination, whose VAT is contained. ``untaxed``: the VAT category of a supply without
    VAT; each piece then costs its price less the VAT of the home country (docs/decisions/0060). ``shipping_minor`` is
    what delivery costs this buyer. No SQL beyond what the lines still lack.
    """
    found = []
    for line in lines:
        product = line.product.own_or_parent
        unit = line.stockrecord.price_minor
        off = to_minor(Decimal(line.discount_value or 0).quantize(CENT, rounding=ROUND_HALF_UP), currency)
        if untaxed:
            home = rate_bp(product.vat_class, settings.KONTOR_HOME_COUNTRY)
            unit, off = net_from_gross(unit, home), net_from_gross(off, home)
        before = unit * line.quantity
        found.append(
            LineTotal(
                line_id=line.pk,
                product_id=line.product_id,
                stockrecord_id=line.stockrecord_id,
                quantity=line.quantity,
                unit_gross_minor=unit,
                before_minor=before,
                gross_minor=max(0, before - off),
                vat_class=product.vat_class,
                vat_rate_bp=0 if untaxed else rate_bp(product.vat_class, country),
            )
        )
    return BasketTotals(
        tuple(found), country=country, currency=currency, shipping_minor=shipping_minor, untaxed=untaxed
    )

"""Seam of Oscar: which price and availability a shopper sees. One instance per request, remembered per product."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from oscar.apps.partner import strategy
from oscar.apps.partner.availability import Available, StockRequired, Unavailable
from oscar.apps.partner.prices import FixedPrice
from oscar.apps.partner.prices import Unavailable as UnavailablePrice

from shop.kernel.money import to_decimal, vat_from_gross

from .vat import rate_bp


class GrossStrategy(strategy.Structured):
    """Total prices with VAT inside. The destination country decides the rate, never the total price."""

    def __init__(self, request: Any = None, country: str = "") -> None:
        super().__init__(request)
        self.country = country or settings.KONTOR_HOME_COUNTRY

    def rate_bp(self, product: Any) -> int:
        """The VAT rate of a product in the destination country, in basis points."""
        return rate_bp(
            product.own_or_parent.vat_class if product.is_child else product.vat_class, self.country
        )

    def fetch_for_line(self, line: Any, stockrecord: Any = None) -> Any:
        """Price and availability of a basket line, from the stock record that came with it: no query."""
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)

    def select_stockrecord(self, product: Any) -> Any:
        """The first stock record, from the prefetched ones where the page brought them."""
        records = list(product.stockrecords.all())
        return records[0] if records else None

    def select_children_stockrecords(self, product: Any) -> list[tuple[Any, Any]]:
        """(child, stock record) of every variant."""
        return [(child, self.select_stockrecord(child)) for child in product.children.all()]

    def pricing_policy(self, product: Any, stockrecord: Any) -> Any:
        """The total price and the VAT inside it."""
        if stockrecord is None or stockrecord.price is None:
            return UnavailablePrice()
        gross = stockrecord.price_minor
        tax: Decimal = to_decimal(vat_from_gross(gross, self.rate_bp(product)), stockrecord.price_currency)
        return FixedPrice(
            currency=stockrecord.price_currency,
            excl_tax=stockrecord.price - tax,
            tax=tax,
            tax_code=product.vat_class,
        )

    def parent_pricing_policy(self, product: Any, children_stock: list[tuple[Any, Any]]) -> Any:
        """The lowest price among the variants."""
        priced = [(c, s) for c, s in children_stock if s is not None and s.price is not None]
        if not priced:
            return UnavailablePrice()
        child, record = min(priced, key=lambda pair: pair[1].price)
        return self.pricing_policy(child, record)

    def availability_policy(self, product: Any, stockrecord: Any) -> Any:
        """What may still be promised."""
        if stockrecord is None:
            return Unavailable()
        return Available() if stockrecord.backorderable else StockRequired(stockrecord.available)

    def parent_availability_policy(self, product: Any, children_stock: list[tuple[Any, Any]]) -> Any:
        """Available when any variant is."""
        for child, record in children_stock:
            policy = self.availability_policy(child, record)
            if policy.is_available_to_buy:
                return Available()
        return Unavailable()


class Selector:
    """Oscar asks this for the strategy of a request."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> GrossStrategy:
        """A strategy for the request, with the home country's VAT; the checkout reckons for the destination itself
        (basket/totals.py). The total price is the same everywhere."""
        return GrossStrategy(request, country=kwargs.get("country") or "")

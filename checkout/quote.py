"""What the present basket costs this shopper with what is known so far; the same for every step and for placing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from catalogue.pictures import Picture
from shop.kernel import clock
from shop.kernel.money import net_from_gross

from .basket.counting import note_count
from .basket.kept_products import bring_lines
from .basket.offers import apply_offers
from .basket.queries import pictures_of, weight_of
from .basket.together import bring_basket
from .basket.totals import BasketTotals, totals
from .payment.rules import Case
from .session import Draft, load
from .shipping.queries import DeliveryOption, options
from .store_credit.queries import balance_column, balance_minor
from .vat_ids import seller
from .vat_ids.models import VatIdCheck
from .vat_ids.treatment import untaxed_category


@dataclass(frozen=True)
class Quote:
    """Basket, sums, ways to deliver and the chosen one."""

    basket: Any
    lines: list[Any]
    totals: BasketTotals
    options: list[DeliveryOption]
    chosen: DeliveryOption | None
    draft: Draft
    proof: VatIdCheck | None = None
    credit_there_minor: int = 0  #: store credit of who buys

    @property
    def credit_minor(self) -> int:
        """What of the total their store credit pays, minor units: as much as there is, unless they do not want it."""
        return min(self.credit_there_minor, self.totals.total_minor) if self.draft.use_credit else 0

    @property
    def rest_minor(self) -> int:
        """What is left to be paid otherwise, minor units."""
        return self.totals.total_minor - self.credit_minor

    @cached_property
    def pictures(self) -> dict[int, Picture]:
        """A picture for each product, asked for when a page shows them."""
        return pictures_of([line.product for line in self.lines])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to order."""
        return not self.lines

    @property
    def rows(self) -> list[tuple[Any, Any, Picture | None]]:
        """(basket line, its totals, its picture) for the templates."""
        pairs = zip(self.lines, self.totals.lines, strict=True)
        return [(line, sums, self.pictures.get(line.product_id)) for line, sums in pairs]

    def case(self, request: HttpRequest) -> Case:
        """What the payment rules look at."""
        return self.case_of(request.user)

    def case_of(self, user: Any) -> Case:
        """What the payment rules look at when ``user`` buys; a guest is nobody to them."""
        return Case(
            total_minor=self.totals.total_minor,
            billing_country=self.draft.billing.get("country", ""),
            delivery_country=self.draft.country,
            user=user if user.is_authenticated else None,
            currency=self.totals.currency,
            credit_minor=self.credit_minor,
        )


def quote(request: HttpRequest, *, kept: bool = True) -> Quote:
    """What the shopper's own basket costs, with what they have told us so far. ``kept``: see quote_of()."""
    basket: Any = bring(request) if kept else request.basket  # type: ignore[attr-defined]
    found = quote_of(basket=basket, draft=load(request), user=request.user, kept=kept)
    if request.method == "POST":  # the header's number then need not be asked for once more
        note_count(request, sum(line.quantity for line in found.lines))
    return found


def quote_of(*, basket: Any, draft: Draft, user: Any, kept: bool = False) -> Quote:
    """Reckon anew from the database; offers are applied here, not on every page.

    ``kept``: prices, stock, vouchers and credit are read all the same; words, charges of delivery and the shop's offers
    may then be remembered, and a quarter of a second old. Who places an order with it asks ``sharing.versions_now()``
    first: then nothing is that was changed before that moment.
    ``user``: who buys, Django's AnonymousUser for a guest. Names of deliveries are in the active language.
    """
    if kept:
        bring_lines(basket, **_columns(user))
    lines = list(basket.all_lines())
    if lines:
        apply_offers(basket, user, kept=kept)
    proof = proof_of(draft)
    ways, untaxed = _ways(lines, draft, proof, kept=kept) if lines else ([], "")
    chosen = next((way for way in ways if way.code == draft.delivery_code), None)
    with_delivery = _sums(lines, draft, chosen, untaxed)
    credit = _credit_minor(lines[0], user, with_delivery.currency) if lines and user.is_authenticated else 0
    return Quote(basket, lines, with_delivery, ways, chosen, draft, proof, credit)


def bring(request: HttpRequest) -> Any:
    """The shopper's own basket, its lines read with all that ``quote()`` will ask of them and of who buys. One query
    (see bring_basket())."""
    return bring_basket(request, **_columns(request.user))


def _columns(user: Any) -> dict[str, Any]:
    if not user.is_authenticated:
        return {}
    return {"credit_there_minor": balance_column(user, "stockrecord__price_currency")}


def _credit_minor(line: Any, user: Any, currency: str) -> int:
    """The person's store credit, minor units: as it came with a line of the basket, else asked for."""
    is_own = line.basket.owner_id == user.pk
    if is_own and hasattr(line, "credit_there_minor") and line.stockrecord.price_currency == currency:
        return line.credit_there_minor or 0
    return balance_minor(user, currency)


def sums_by_way(basket: Any, draft: Draft) -> list[tuple[DeliveryOption, int]]:
    """Each way to deliver a basket (with offers applied) to the draft's address, and what the order then costs, minor
    units."""
    lines = list(basket.all_lines())
    ways, untaxed = _ways(lines, draft, proof_of(draft))
    return [(way, _sums(lines, draft, way, untaxed).total_minor) for way in ways]


def _ways(
    lines: list[Any], draft: Draft, proof: VatIdCheck | None, *, kept: bool = False
) -> tuple[list[DeliveryOption], str]:
    """The ways to deliver with their charge, and the VAT category of who buys without VAT ("" when taxed).
    ``kept``: see quote_of()."""
    goods_minor = totals(lines, country=draft.country).goods_minor
    ways = options(country=draft.country, weight_g=weight_of(lines), goods_minor=goods_minor, kept=kept)
    untaxed = _untaxed(draft, proof)
    if untaxed:
        ways = _without_vat(ways, totals(lines, country=settings.KONTOR_HOME_COUNTRY).shipping_rate_bp)
    return ways, untaxed


def _sums(lines: list[Any], draft: Draft, way: DeliveryOption | None, untaxed: str) -> BasketTotals:
    """The sums with a way to deliver; what is fetched here is taxed whoever buys."""
    return totals(
        lines,
        country=draft.country,
        shipping_minor=way.gross_minor if way else 0,
        untaxed=untaxed if way is None or way.kind == "home" else "",
    )


def proof_of(draft: Draft) -> VatIdCheck | None:
    """What the register said of the firm's VAT id; None when it was not asked."""
    if not (draft.vat_id and draft.vat_check):
        return None
    return VatIdCheck.objects.filter(pk=draft.vat_check, vat_id=draft.vat_id).first()


def _untaxed(draft: Draft, proof: VatIdCheck | None) -> str:
    """The VAT category under which this buyer gets goods that are sent to them without VAT; "" when taxed."""
    if proof is None:
        return ""
    return untaxed_category(
        destination=draft.country,
        vat_id=draft.vat_id,
        check=proof,
        seller_vat_id=seller.vat_id(),
        now=clock.now(),
    )


def _without_vat(ways: list[DeliveryOption], rate_bp: int) -> list[DeliveryOption]:
    """The ways to deliver with their net charge; what is fetched here stays taxed and keeps its price."""
    return [
        replace(way, gross_minor=net_from_gross(way.gross_minor, rate_bp)) if way.kind == "home" else way
        for way in ways
    ]

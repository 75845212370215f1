"""A product as a card in a list: everything a template shows, computed once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import get_language

from shop.kernel.parts import Parts

from .amounts import announces_an_amount
from .campaigns import Campaign, of_record, price_before, running
from .models import Product, ProductImage
from .partner.models import StockRecord
from .pictures import Picture, picture
from .prices import reduction_percent, unit_price_text
from .queries import products_with
from .shown import facts_of

_cards = Parts(most=1_000)


class Mark:
    """What a card was made from: compared by its value, but hashed once. Lists look their cards up at each visit."""

    __slots__ = ("_hash", "value")

    def __init__(self, *value: Hashable) -> None:
        self.value, self._hash = value, hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Mark) and self.value == other.value)

    def __repr__(self) -> str:
        return f"Mark{self.value}"


@dataclass(frozen=True)
class ProductCard:
    """One card; ``price_minor`` is the lowest price among the variants, ``price_from`` says that others cost more."""

    title: str
    url: str
    price_minor: int
    price_from: bool
    currency: str
    reference_price_minor: int | None
    reduction_percent: int | None
    unit_price_text: str
    brand: str
    available: bool
    colours: list[dict[str, str]] = field(default_factory=list)
    product_id: int = 0
    picture: Picture | None = None
    rating: float | None = None
    review_count: int = 0
    campaign: str = ""  #: the name of the most important campaign that gives something on one of its variants
    before_offer_minor: int | None = (
        None  #: what it cost at the lowest in the 30 days before, where that is announced
    )
    mark: Hashable = None  #: equal marks mean equal cards; None: it is like no other


def cards(
    ids: Sequence[int],
    *,
    colours: frozenset[str] = frozenset(),
    campaigns: Sequence[Campaign] | None = None,
) -> list[ProductCard]:
    """Cards of products in the order of ``ids``; pictures in one of ``colours`` (codes) first. Three queries.
    ``campaigns``: those of this moment, where the caller has asked for them already."""
    if not ids:
        return []
    of_now = running() if campaigns is None else campaigns
    return [
        card(product, records, images, colours=colours, campaigns=of_now)
        for product, records, images in products_with(ids, of_now)
        if records
    ]


def card(
    product: Product,
    records: list[StockRecord],
    images: list[ProductImage],
    *,
    colours: frozenset[str] = frozenset(),
    campaigns: Sequence[Campaign] = (),
) -> ProductCard:
    """The card of one product, of rows already read; ``records`` must not be empty. ``campaigns``: those of this
    moment."""
    named = _named(records, campaigns, colours)
    mark = Mark(product.pk, colours, get_language(), tuple(facts_of(record) for record in records), named)
    return _cards.kept(mark, lambda: _card(mark, product, records, images, colours, named))


Named = tuple[str, int | None]


def _named(records: list[StockRecord], campaigns: Sequence[Campaign], colours: frozenset[str]) -> Named:
    """The name of the most important campaign that gives something on one of the articles, and the lowest price of the
    30 days before it where it announces a reduction: of the article whose price the card shows. Where there is none,
    such a campaign is not named, unless its name says no figure (§ 11 PAngV)."""
    found = {one.id for record in records for one in of_record(record, campaigns)} if campaigns else set()
    for one in campaigns:
        if one.id not in found:
            continue
        before = _before(one, _cheapest(records, colours)) if one.announces else None
        if before is not None or not one.announces or not announces_an_amount(one.name):
            return one.name, before
    return "", None


def _before(campaign: Campaign, record: StockRecord) -> int | None:
    """The price before a campaign, of an article that it gives something on."""
    return price_before(campaign, record) if of_record(record, [campaign]) else None


def _cheapest(records: list[StockRecord], colours: frozenset[str]) -> StockRecord:
    """The article whose price the card shows: the cheapest of the wanted colours."""
    return min(_wanted(records, colours), key=lambda record: record.price_minor)


def _wanted(records: list[StockRecord], colours: frozenset[str]) -> list[StockRecord]:
    """Those of the wanted colours, all where there is none of them."""
    if not colours:
        return records
    return [one for one in records if one.product.colour and one.product.colour.code in colours] or records


def _card(
    mark: Hashable,
    product: Product,
    records: list[StockRecord],
    images: list[ProductImage],
    colours: frozenset[str],
    named: Named,
) -> ProductCard:
    cheapest = _cheapest(records, colours)
    shown = _picture(product, images, colours)
    amount = cheapest.product.content_amount or product.content_amount
    unit = cheapest.product.content_unit or product.content_unit
    price = cheapest.price_minor
    percent = reduction_percent(price, cheapest.reference_price_minor)
    return ProductCard(
        title=product.text("title"),
        url=product.get_absolute_url(),
        price_minor=price,
        price_from=any(record.price_minor > price for record in _wanted(records, colours)),
        currency=cheapest.price_currency,
        reference_price_minor=cheapest.reference_price_minor if percent else None,
        reduction_percent=percent,
        unit_price_text=unit_price_text(price, cheapest.price_currency, amount, unit),
        brand=product.maker.brand if product.maker else "",
        available=any(record.backorderable or record.available for record in records),
        colours=_colours(records),
        product_id=product.pk,
        picture=shown,
        rating=product.rating,
        review_count=product.review_count,
        campaign=named[0],
        before_offer_minor=named[1],
        mark=mark,
    )


def _colours(records: list[StockRecord]) -> list[dict[str, str]]:
    found = {record.product.colour.pk: record.product.colour for record in records if record.product.colour}
    return [{"code": colour.code, "name": colour.name_local, "hex": colour.hex} for colour in found.values()]


def _picture(product: Product, images: list[ProductImage], colours: frozenset[str]) -> Picture | None:
    chosen = next((image for image in images if image.colour and image.colour.code in colours), None)
    image = chosen or (images[0] if images else None)
    return picture(image, product.text("title")) if image else None

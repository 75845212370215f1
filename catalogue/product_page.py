"""The page of a product: variants, the chosen one, its price block and stock, of a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from shop.kernel.parts import Mark, Parts

from . import page_parts
from .around import Around, around
from .campaigns import of_record, price_before, running
from .cards import card
from .models import Product, ProductImage
from .partner.models import StockRecord
from .partner.vat import UnknownVatRate, rate_bp
from .pictures import picture
from .prices import content_text, reduction_percent, unit_price_text
from .queries import products_with
from .reviews.queries import NEWEST
from .reviews.queries import shown as shown_reviews
from .shown import PIECES_SAID, pieces_said
from .tree import tree

RELATED = 4  #: other products shown below
FEW = 3  #: from here on the page says how many are left
MAX_QUANTITY = PIECES_SAID  #: pieces offered in the quantity field at once
DELIVERY_DAYS = (
    1,
    3,
)  #: working days from order to door, where settings.KONTOR_DELIVERY_DAYS says nothing else


_pages = Parts(most=300)  #: what pages show, by all that they were made from
MONTHS = 12
LABEL_FROM_MONTHS = (
    24  #: a longer producer's guarantee of durability carries the label of Regulation (EU) 2025/1960
)


@dataclass(frozen=True)
class Variant:
    """One thing that can be put in the basket."""

    id: int
    sku: str
    colour_code: str
    colour_name: str
    hex: str
    size: str
    price_minor: int
    currency: str
    reference_price_minor: int | None
    reduction_percent: int | None
    unit_price_text: str
    content_text: str
    available: int  #: pieces, as many as a page says (shown.PIECES_SAID)
    backorderable: bool
    stockrecord_id: int = 0

    @property
    def buyable(self) -> bool:
        """Whether at least one piece can be ordered now."""
        return self.backorderable or self.available > 0

    @property
    def max_quantity(self) -> int:
        """How many pieces the quantity field offers."""
        return MAX_QUANTITY if self.backorderable else min(self.available, MAX_QUANTITY)


@dataclass(frozen=True)
class Shown:
    """Texts of the product in the reader's language."""

    id: int
    title: str
    description: str
    brand: str
    material: str
    maker: Any
    warnings: str
    guarantee: str
    guarantee_span: str  #: how long a producer's guarantee is that carries the EU's label, else ""
    vat_class: str
    excluded_because: str


def product_page(pk: int, *, variant_id: str = "", colour: str = "", size: str = "") -> dict[str, Any] | None:
    """The context of a product's page; None when there is no such public product.

    ``variant_id``, ``colour`` and ``size`` come from the address and may be junk. At most six queries, one where this
    process has just read the product: its price and stock are always read. ``page_mark`` stands for all that is shown.
    """
    campaigns = running()
    near = around(pk, RELATED)
    others = list(dict.fromkeys([*near.together, *near.siblings]))[:RELATED]
    found = {row[0].pk: row for row in products_with([pk, *others], campaigns)}
    if pk not in found:
        return None
    product, records, images = found[pk]
    variants = [_variant(product, record) for record in records]
    chosen = choose(variants, variant_id=variant_id, colour=colour, size=size)
    related = [card(*found[one], campaigns=campaigns) for one in others if one in found and found[one][1]]
    of_chosen = next(
        (
            tuple((campaign, price_before(campaign, one)) for campaign in of_record(one, campaigns))
            for one in records
            if chosen and one.product_id == chosen.id
        ),
        (),
    )
    parts = page_parts.context([_for_parts(variant, chosen) for variant in variants])
    shown_of_others = tuple(one.mark for one in related)
    mark = Mark((pk, tuple(variants), chosen.id if chosen else 0, shown_of_others, repr(parts), of_chosen))

    def made() -> dict[str, Any]:
        return {
            **_words(product, images, near, chosen),
            **_choices(variants, chosen),
            "related": related,
            **_price_block(chosen),
            "campaigns": of_chosen,
            **parts,
            "page_mark": mark,
        }

    return _pages.kept((get_language(), mark), made)


def _words(
    product: Product, images: list[ProductImage], near: Around, chosen: Variant | None
) -> dict[str, Any]:
    """What is written and drawn of the product. One query where it has reviews."""
    shown = _shown(product)
    pictures = [picture(image, shown.title) for image in images]
    if chosen and chosen.colour_code:
        pictures.sort(key=lambda one: one.colour_code not in (chosen.colour_code, ""))
    crumbs = _crumbs(shown.title, near.category_ids)
    return {
        "product": shown,
        "pictures": pictures,
        "is_bought_together": bool(near.together),
        "crumbs": crumbs,
        "breadcrumbs": crumbs,
        "reviews": list(shown_reviews(product.pk)[:NEWEST]) if product.review_count else [],
        "review_count": product.review_count,
        "review_average": product.rating,
        "vat_text": vat_text(product.vat_class),
        "product_url": product.get_absolute_url(),
    }


def _choices(variants: list[Variant], chosen: Variant | None) -> dict[str, Any]:
    """What can be chosen, and what of the chosen colour cannot be had."""
    return {
        "variants": variants,
        "chosen": chosen,
        "chosen_colour_code": chosen.colour_code if chosen else "",
        "colours": _colour_options(variants, chosen),
        "sizes": _size_options(variants, chosen),
        "gone": [
            one
            for one in sorted(variants, key=lambda one: size_key(one.size))
            if chosen and one.colour_code == chosen.colour_code and not one.buyable
        ],
    }


def _for_parts(variant: Variant, chosen: Variant | None) -> page_parts.Shown:
    return page_parts.Shown(
        stockrecord_id=variant.stockrecord_id,
        colour_code=variant.colour_code,
        size=variant.size,
        available=variant.available,
        backorderable=variant.backorderable,
        selected=chosen is not None and chosen.id == variant.id,
    )


def choose(
    variants: list[Variant], *, variant_id: str = "", colour: str = "", size: str = ""
) -> Variant | None:
    """The variant the address names: by colour, by id within it, by size, else the first that can be bought."""
    for variant in variants:
        if str(variant.id) == variant_id and colour in ("", variant.colour_code):
            return variant
    of_colour = [variant for variant in variants if variant.colour_code == colour] or variants
    of_size = [variant for variant in of_colour if variant.size == size] or of_colour
    return next((variant for variant in of_size if variant.buyable), of_size[0] if of_size else None)


def size_key(size: str) -> tuple[int, float, str]:
    """Sizes in the order people expect: 9 before 10, numbers before letters, S before XL."""
    letters = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")
    number = size.replace(",", ".").split("-")[0].split("/")[0].strip()
    try:
        return (0, float(number), size)
    except ValueError:
        return (1, letters.index(size.upper()), size) if size.upper() in letters else (2, 0, size)


def vat_text(vat_class: str) -> str:
    """``incl. 19 % VAT``: the rate of the home country; without a number where the rate is not on file."""
    try:
        rate = rate_bp(vat_class, settings.KONTOR_HOME_COUNTRY)
    except UnknownVatRate:
        return _("incl. VAT")
    return _("incl. %(rate)s %% VAT") % {"rate": f"{rate / 100:g}"}


def delivery_text(variant: Variant | None) -> str:
    """When it arrives, said only where something can be delivered."""
    if variant is None or not variant.buyable:
        return ""
    if not variant.available:
        return _("Made or ordered for you; we tell you the date by mail.")
    low, high = getattr(settings, "KONTOR_DELIVERY_DAYS", DELIVERY_DAYS)
    return _("Delivery time %(low)d to %(high)d working days") % {"low": low, "high": high}


def stock_text(variant: Variant | None) -> tuple[str, str]:
    """What is left, said honestly, and the tone: ``good``, ``few`` or ``none``."""
    if variant is None:
        return _("Not available at present"), "none"
    if variant.available > FEW:
        return _("In stock"), "good"
    if variant.available:
        text = ngettext("Last piece", "Only %(n)d left", variant.available)
        return text % {"n": variant.available}, "few"
    return (_("On order"), "few") if variant.backorderable else (_("Sold out"), "none")


def _price_block(chosen: Variant | None) -> dict[str, Any]:
    text, tone = stock_text(chosen)
    return {
        "price_minor": chosen.price_minor if chosen else None,
        "currency": chosen.currency if chosen else settings.KONTOR_CURRENCY,
        "reference_price_minor": chosen.reference_price_minor if chosen else None,
        "reduction_percent": chosen.reduction_percent if chosen else None,
        "unit_price_text": chosen.unit_price_text if chosen else "",
        "delivery_text": delivery_text(chosen),
        "stock_text": text,
        "stock_tone": tone,
    }


def _variant(product: Product, record: StockRecord) -> Variant:
    item, price = record.product, record.price_minor
    amount, unit = item.content_amount or product.content_amount, item.content_unit or product.content_unit
    percent = reduction_percent(price, record.reference_price_minor)
    return Variant(
        id=item.pk,
        sku=record.partner_sku,
        colour_code=item.colour.code if item.colour else "",
        colour_name=item.colour.name_local if item.colour else "",
        hex=item.colour.hex if item.colour else "",
        size=item.size,
        price_minor=price,
        currency=record.price_currency,
        reference_price_minor=record.reference_price_minor if percent else None,
        reduction_percent=percent,
        unit_price_text=unit_price_text(price, record.price_currency, amount, unit),
        content_text=content_text(amount, unit),
        available=pieces_said(record),
        backorderable=record.backorderable,
        stockrecord_id=record.pk,
    )


def _shown(product: Product) -> Shown:
    months = product.producer_guarantee_months
    return Shown(
        id=product.pk,
        title=product.text("title"),
        description=product.text("description"),
        brand=product.maker.brand if product.maker else "",
        material=product.text("material"),
        maker=product.maker,
        warnings=product.text("warnings"),
        guarantee=_("Producer's guarantee: %(n)d months") % {"n": months} if months else "",
        guarantee_span=span_text(months) if months > LABEL_FROM_MONTHS else "",
        vat_class=product.vat_class,
        excluded_because=product.excluded_because,
    )


def span_text(months: int) -> str:
    """Years where they are whole ones, else months: 25 months are not two years."""
    years, rest = divmod(months, MONTHS)
    if rest:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", years) % {"n": years}


def _colour_options(variants: list[Variant], chosen: Variant | None) -> list[dict[str, Any]]:
    """One option per colour; it leads to the chosen size where that colour has it."""
    options = []
    for code in dict.fromkeys(variant.colour_code for variant in variants if variant.colour_code):
        own = [variant for variant in variants if variant.colour_code == code]
        target = choose(own, size=chosen.size if chosen else "") or own[0]
        options.append(
            {
                "code": code,
                "name": target.colour_name,
                "hex": target.hex,
                "variant_id": target.id,
                "url": f"?v={target.id}",
                "selected": chosen is not None and chosen.colour_code == code,
                "available": any(variant.buyable for variant in own),
            }
        )
    return options


def _size_options(variants: list[Variant], chosen: Variant | None) -> list[dict[str, Any]]:
    """One option per size of the chosen colour."""
    own = [v for v in variants if v.size and (chosen is None or v.colour_code == chosen.colour_code)]
    return [
        {
            "size": variant.size,
            "name": variant.size,
            "variant_id": variant.id,
            "url": f"?v={variant.id}",
            "selected": chosen is not None and chosen.id == variant.id,
            "available": variant.buyable,
            "left": variant.available,
        }
        for variant in sorted(own, key=lambda variant: size_key(variant.size))
    ]


def _crumbs(title: str, category_ids: list[int]) -> list[dict[str, str]]:
    nodes = tree().by_id
    deepest = max(
        (nodes[i] for i in category_ids if i in nodes), key=lambda node: len(node.trail), default=None
    )
    trail = [{"title": node.name_local, "url": node.url} for node in (deepest.trail if deepest else [])]
    return [{"title": _("Home"), "url": reverse("home")}, *trail, {"title": title, "url": ""}]

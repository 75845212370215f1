"""The basket as pages show it, in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import ProductImage
from catalogue.pictures import Picture, picture
from catalogue.prices import unit_price_of
from shop.kernel.money import to_minor
from shop.kernel.parts import Parts
from shop.ui.numbers import money_text

from . import held, marks
from .actions import MAX_PER_LINE
from .kept_products import read_lines
from .later import Keeper
from .models import Line  # type: ignore[attr-defined]
from .offers import apply_offers
from .totals import BasketTotals, LineTotal, totals

_images = Parts(most=500)  #: pictures by product, until any is changed


@dataclass(frozen=True)
class ShownLine:
    """One basket line; amounts in minor units, ``total_minor`` after discounts.

    ``mark`` proves that the line was in this basket (``marks.py``); ``own_order``: where it cannot be had because
    pieces are in the reader's own unpaid order, its number.
    """

    id: int
    product_id: int
    title: str
    url: str
    picture: Picture | None
    colour: str
    size: str
    quantity: int
    max_quantity: int
    unit_price_minor: int
    before_minor: int
    total_minor: int
    available: int
    problem: str
    note: str
    mark: str = ""
    own_order: str = ""
    unit_price_text: str = ""


@dataclass(frozen=True)
class KeptLine:
    """What was kept for later. ``price_minor`` is today's; 0 when it is not offered any more."""

    id: int
    title: str
    url: str
    picture: Picture | None
    colour: str
    size: str
    quantity: int
    price_minor: int
    can_be_had: bool
    note: str
    unit_price_text: str = ""


@dataclass(frozen=True)
class ShownBasket:
    """A basket with its lines, sums, what was taken off by which offer, and what is kept for later beside it."""

    lines: list[ShownLine]
    totals: BasketTotals
    vouchers: list[dict[str, Any]]
    offers: list[str]
    kept: list[KeptLine] = field(default_factory=list)
    weight_g: int = 0

    @property
    def has_problem(self) -> bool:
        """Whether a line cannot be ordered as it is."""
        return any(line.problem for line in self.lines)


def shown_basket(
    basket: Any,
    *,
    user: Any,
    country: str = "",
    shipping_minor: int = 0,
    keeper: Keeper | None = None,
    reader: held.Reader = held.NOBODY,
) -> ShownBasket:
    """Lines, offers applied, totals, and with ``keeper`` what that person keeps for later. Five queries at most.

    ``reader``: whose own unpaid orders are not called another checkout.

    ``country`` (ISO code, default the home country) decides the VAT contained; amounts stay the same.
    """
    later = _bring(basket, keeper, reader)
    apply_offers(basket, user, kept=True)
    rows = list(basket.all_lines())
    sums = totals(rows, country=country or settings.KONTOR_HOME_COUNTRY, shipping_minor=shipping_minor)
    images = pictures_of([line.product for line in [*rows, *later]])
    parts = {part.line_id: part for part in sums.lines}
    return ShownBasket(
        lines=[_shown(line, parts[line.pk], images.get(line.product_id)) for line in rows],
        totals=sums,
        vouchers=_vouchers(basket),
        offers=[found["name"] for found in basket.offer_discounts],
        kept=[_kept(line, images.get(line.product_id)) for line in later],
        weight_g=weight_of(rows),
    )


def weight_of(lines: list[Any]) -> int:
    """What the pieces weigh together, in grams: each variant's own weight, else its product's. From memory."""
    return sum(
        (line.product.weight_g or line.product.own_or_parent.weight_g) * line.quantity for line in lines
    )


def _bring(basket: Any, keeper: Keeper | None, reader: held.Reader) -> list[Any]:
    """Read the basket's lines and those kept for later in one query; returns the latter, the newest first."""
    later = keeper.lines if keeper else None
    wanted = [Q(basket_id=basket.pk)] if basket.pk is not None else []
    if later is not None:
        wanted.append(later)
    if not wanted:
        return []
    found = read_lines(Line.objects.filter(reduce(or_, wanted)).annotate(**held.columns(reader)))
    if basket.pk is not None:
        basket.bring_lines([row for row in found if row.basket_id == basket.pk])
    return [row for row in reversed(found) if row.basket_id != basket.pk]


def _kept(line: Any, image: Picture | None) -> KeptLine:
    product, record = line.product, line.stockrecord
    offered = is_offered(line)
    left = record.backorderable or record.available > 0
    note = "" if offered else _("We no longer offer this.")
    if offered and not left:
        note = " ".join(filter(None, (_("Sold out at the moment."), _held(line))))
    elif offered:
        note = _changed(line, record.price_minor)
    return KeptLine(
        id=line.pk,
        title=product.own_or_parent.text("title"),
        url=f"{product.get_absolute_url()}?v={product.pk}" if offered else "",
        picture=image,
        colour=product.colour.name_local if product.colour else "",
        size=product.size,
        quantity=line.quantity,
        price_minor=record.price_minor if offered else 0,
        can_be_had=offered and left,
        note=note,
        unit_price_text=unit_price_of(product, record.price_minor, record.price_currency) if offered else "",
    )


def _held(line: Any) -> str:
    own = held.own_words(_own_order(line), getattr(line, "own_pieces", None))
    others = held.words(getattr(line, "held_until", None), getattr(line, "held_pieces", None))
    return " ".join(filter(None, (own, others)))


def _own_order(line: Any) -> str:
    return getattr(line, "own_order", None) or ""


def pictures_of(products: list[Any]) -> dict[int, Picture]:
    """A picture for each product or variant: in its colour where there is one. One query at most: each step of the
    checkout shows the same ones."""
    by_product = _images.many(sorted({product.parent_id or product.pk for product in products}), _read_images)
    found = {}
    for product in products:
        images = by_product.get(product.parent_id or product.pk, [])
        own = [image for image in images if image.colour_id == product.colour_id]
        if images:
            found[product.pk] = picture((own or images)[0], product.title_local)
    return found


def _read_images(ids: list[int]) -> dict[int, list[ProductImage]]:
    found: dict[int, list[ProductImage]] = {pk: [] for pk in ids}
    rows = ProductImage.objects.filter(product_id__in=ids).select_related("colour")
    for image in rows.order_by("display_order", "pk") if ids else []:
        found[image.product_id].append(image)
    return found


def _shown(line: Any, part: LineTotal, image: Picture | None) -> ShownLine:
    product, record = line.product, line.stockrecord
    left = MAX_PER_LINE if record.backorderable else record.available
    problem = problem_of(line)
    return ShownLine(
        id=line.pk,
        product_id=product.pk,
        title=product.own_or_parent.text("title"),
        url=f"{product.get_absolute_url()}?v={product.pk}",
        picture=image,
        colour=product.colour.name_local if product.colour else "",
        size=product.size,
        quantity=line.quantity,
        max_quantity=min(MAX_PER_LINE, max(left, 1)),
        unit_price_minor=part.unit_gross_minor,
        before_minor=part.before_minor,
        total_minor=part.gross_minor,
        available=record.available,
        problem=problem,
        note=_price_note(line, part),
        mark=marks.of(line),
        own_order=_own_order(line) if problem else "",
        unit_price_text=unit_price_of(product, part.unit_gross_minor, record.price_currency)
        if is_offered(line)
        else "",
    )


def is_offered(line: Any) -> bool:
    """Whether we still sell what a basket line names: shown in the shop, and with a price. From memory."""
    product = line.product
    is_shown = product.is_public and (not product.parent or product.parent.is_public)
    return is_shown and line.stockrecord.price is not None


def problem_of(line: Any) -> str:
    """Why a line cannot be ordered as it is; empty where it can."""
    record = line.stockrecord
    if not is_offered(line):
        return _("We no longer offer this. Please take it out of the basket.")
    if record.backorderable or line.quantity <= record.available:
        return ""
    if not record.available:
        text = _("Just sold out. Please take it out of the basket or keep it for later, the rest stays.")
        return " ".join(filter(None, (text, _held(line))))
    text = ngettext("Only one piece is left.", "Only %(left)d pieces are left.", record.available)
    text = text % {"left": record.available} + " " + _("Please change the quantity.")
    return " ".join(filter(None, (text, _held(line))))


def _price_note(line: Any, part: LineTotal) -> str:
    """Whether the price has changed since the line was put in the basket."""
    return _changed(line, part.unit_gross_minor)


def _changed(line: Any, now_minor: int) -> str:
    if line.price_incl_tax is None:
        return ""
    before = to_minor(line.price_incl_tax, line.price_currency)
    if before == now_minor:
        return ""
    return _("The price has changed from %(before)s to %(now)s.") % {
        "before": money_text(before, line.price_currency),
        "now": money_text(now_minor, line.price_currency),
    }


def _vouchers(basket: Any) -> list[dict[str, Any]]:
    """Codes on the basket and whether each takes something off. From memory: the offers brought them."""
    used = {found["voucher"].code for found in basket.offer_applications if found["voucher"]}
    known = getattr(basket, "_known_vouchers", [])
    return [{"code": voucher.code, "name": voucher.name, "used": voucher.code in used} for voucher in known]

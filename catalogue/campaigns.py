"""Campaigns: what the shop offers everybody for a while beside its prices, such as "3 for 2" or "a tenth off boots".

They are Oscar's conditional offers, but not all of them. A shopper calls an article "on offer" when its price is
reduced (with the 30-day price beside it), or when a campaign that runs now gives something on it:

- offers of the site alone: a voucher, an offer to some users or of a session is nobody's who just looks at a shelf;
- open, between their first and last moment, and not used up (number of uses, money given);
- on the articles that become cheaper (the range of the benefit; of a fixed price for several, that of the condition).
  Who must buy boots to get socks for half the price finds the socks on offer, not the boots;
- not on shipping alone, and not on articles that are excluded from discounts or cost nothing.

What a programmed class decides (a condition, benefit or range of one's own) cannot be counted and is left out, but for
conditions. A campaign on everything puts everything on offer: that is what it says. A campaign never is a reduced
price: its name is shown, no other price is. What it announces by its name is judged in ``announced.py``; the lowest
price of the 30 days before it stands beside it on cards and on the page of the product (§ 11 PAngV).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F, Max, Q, QuerySet, Value
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer

from shop.kernel.clock import now
from shop.kernel.memory import Memory
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES
from shop.kernel.text import without_marks

from . import ranges
from .amounts import announces_an_amount
from .models import Product
from .partner.models import StockRecord
from .partner.prices import lowest_before_each

_OFF = (Benefit.PERCENTAGE, Benefit.FIXED, Benefit.FIXED_UNIT)
_PLAIN = Q(benefit__proxy_class=None) | Q(benefit__proxy_class="")
_GIVES = (
    Q(benefit__type__in=_OFF, benefit__value__gt=0)
    | Q(benefit__type=Benefit.MULTIBUY)
    | (Q(benefit__type=Benefit.FIXED_PRICE) & ~Q(condition__type=Condition.VALUE))
)
_SOME_LEFT = (
    Q(max_global_applications=None)
    | Q(max_global_applications=0)
    | Q(num_applications__lt=F("max_global_applications"))
) & (Q(max_discount=None) | Q(max_discount=0) | Q(total_discount__lt=F("max_discount")))
_RANGE = ("id", "includes_all_products", "proxy_class")
_FIELDS = ("pk", "name", "description", "priority", "start_datetime", "end_datetime", "benefit__type")
_OF_ITS_CONDITION = ("date_created", "condition__type", "condition__value", "condition__proxy_class")
_OF_ONE_PIECE = 1  #: a condition of so many pieces, or so much money, asks for nothing further


@dataclass(frozen=True)
class OfRange:
    """The range of a campaign."""

    pk: int
    includes_all_products: bool


@dataclass(frozen=True)
class Campaign:
    """An offer to everybody; ``begins`` and ``ends`` are its first and last moment, None for open."""

    id: int
    name: str
    description: str
    priority: int
    begins: dt.datetime | None
    ends: dt.datetime | None
    range: OfRange
    since: dt.datetime  #: when it began: where it has no first moment, when it was made
    takes_off: bool  #: a share or an amount off, of each single piece; nothing further is asked for it
    announces: bool  #: and its name or description says how much: a reduction that is announced (§ 11 PAngV)

    def runs_at(self, moment: dt.datetime) -> bool:
        """Whether it gives something at this moment."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment <= self.ends)


KEPT_S = 1  #: seconds, where nobody hears of changes
RANGES_MAX = (
    60  #: of so many ranges a page names the campaigns (each is a bit of a number); the filter knows all
)
_memory: Memory[tuple[Campaign, ...]] = Memory(KEPT_S)
_kept = Parts(most=1, names=(RULES,))


def forget(**_signal: object) -> None:
    """Read them anew at the next question; may be connected to a signal."""
    _memory.forget()
    _kept.forget()


def _read(rows: QuerySet[Any]) -> tuple[Campaign, ...]:
    """Those of ``rows`` that are for everybody and have not ended, the most important first. One query."""
    of_ranges = [f"{side}__range__{name}" for side in ("benefit", "condition") for name in _RANGE]
    found = []
    for pk, name, description, priority, begins, ends, kind, made, *rest in (
        rows.filter(offer_type=ConditionalOffer.SITE)
        .exclude(end_datetime__lt=now())
        .order_by("-priority", "pk")
        .values_list(*_FIELDS, *_OF_ITS_CONDITION, *of_ranges)
    ):
        condition, of_both = rest[:3], rest[3:]
        range_id, everything, programmed = of_both[3:] if kind == Benefit.FIXED_PRICE else of_both[:3]
        if range_id and not programmed:
            of = OfRange(range_id, everything)
            takes_off = kind in _OFF and _asks_nothing(condition, of_both[0], of_both[3:])
            says = takes_off and announces_an_amount(f"{name} {without_marks(description)}")
            found.append(
                Campaign(pk, name, description, priority, begins, ends, of, begins or made, takes_off, says)
            )
    return tuple(found)


def _asks_nothing(condition: Sequence[Any], given_on: int, asked_of: Sequence[Any]) -> bool:
    """Whether whoever buys one piece of the range that is given something on (``given_on``) fulfils a condition: its
    kind, value and class, and the range it asks for."""
    (kind, value, programmed), (asked, everything, odd) = condition, asked_of
    plain = bool(kind) and not programmed and not odd and (value or 0) <= _OF_ONE_PIECE
    return plain and (asked == given_on or bool(everything))


def planned() -> tuple[Campaign, ...]:
    """Campaigns that run, will run, or could once more (suspended, used up, worth nothing as yet): whatever has not
    ended. The index knows who is in their ranges. One query."""
    return _read(ConditionalOffer.objects.all())


def known() -> tuple[Campaign, ...]:
    """Campaigns that give something now or, when their day comes, without anybody opening them. One query, none while
    this process remembers."""
    if settings.PARTS_KEPT_S:  # each change is heard of, so they are remembered until then
        return _kept.kept("", _read_known)
    return _memory.get(_read_known)


def _read_known() -> tuple[Campaign, ...]:
    """Those that give something or will. One query, which is put together only where it is asked: that took a fifth of
    an article's page."""
    return _read(ConditionalOffer.objects.filter(_PLAIN, _GIVES, _SOME_LEFT, status=ConditionalOffer.OPEN))


def running() -> tuple[Campaign, ...]:
    """Campaigns that give something at this moment, the most important first: what is remembered, and the clock."""
    moment = now()
    return tuple(one for one in known() if one.runs_at(moment))


def beginnings(campaigns: Sequence[Campaign]) -> tuple[dt.datetime, ...]:
    """When those of them began that take something off a single piece: the prices before belong beside them (§ 11
    PAngV). As many as pages know campaigns of. They are in the past, and the history before them does not change any
    more."""
    return tuple(sorted({one.since for one in campaigns if one.takes_off}))[:RANGES_MAX]


def last_turns() -> tuple[dt.datetime | None, dt.datetime | None]:
    """The last moments at which a campaign began, and ended, by the clock. One query."""
    moment = now()
    turns = ConditionalOffer.objects.filter(offer_type=ConditionalOffer.SITE).aggregate(
        began=Max("start_datetime", filter=Q(start_datetime__lte=moment)),
        ended=Max("end_datetime", filter=Q(end_datetime__lt=moment)),
    )
    return turns["began"], turns["ended"]


def on_offer(range_ids: Sequence[int]) -> Q:
    """For stock records: whether the article is reduced, or on offer by a campaign with one of these ranges."""
    reduced = Q(reference_price_minor__isnull=False)
    if not range_ids:
        return reduced
    return reduced | (Q(product__is_discountable=True, price__gt=0) & ranges.holding(range_ids))


@dataclass(frozen=True)
class _Article:
    """A variant as ranges look at it; of its product no more than its class is asked."""

    pk: int
    parent_id: int | None
    product_class_id: int | None
    parent: Any


Rows = Iterable[tuple[Product, Sequence[StockRecord]]]


def held(of: Iterable[OfRange], rows: Rows, among: QuerySet[Any]) -> dict[int, frozenset[int]]:
    """For each article of the rows (products with their stock records) the ranges that hold it, by the article's id.
    One query, none without ranges. ``among``: a query for the ids of products and articles."""
    wanted = {one.pk: one for one in of}
    if not wanted:
        return {}
    articles = [
        _Article(item.pk, item.parent_id, item.product_class_id, product if item.parent_id else None)
        for product, records in rows
        for item in (record.product for record in records)
        if item.is_discountable
    ]
    known = ranges.facts(list(wanted), articles, among=among)
    found: dict[int, set[int]] = {}
    for range_id, members in ranges.members(wanted.values(), articles, known).items():
        for pk in members:
            found.setdefault(pk, set()).add(range_id)
    return {pk: frozenset(ids) for pk, ids in found.items()}


def range_ids_named() -> tuple[int, ...]:
    """The ranges of campaigns that pages know of, for ``with_ranges()``."""
    return tuple(dict.fromkeys(one.range.pk for one in known()))[:RANGES_MAX]


def with_ranges(records: QuerySet[StockRecord], ids: Sequence[int]) -> QuerySet[StockRecord]:
    """Stock records that bring along in which of these ranges they are, for ``of_record()``."""
    if not ids:
        return records
    return records.annotate(in_ranges=ranges.held_by(ids), asked_ranges=Value(" ".join(map(str, ids))))


def with_prices_before(
    records: QuerySet[StockRecord], moments: Sequence[dt.datetime]
) -> QuerySet[StockRecord]:
    """Stock records that bring along what they cost at the lowest in the 30 days before each of ``moments``, for
    ``price_before()``; without a query."""
    if not moments:
        return records
    asked = {f"lowest_before_{number}": lowest_before_each(moment) for number, moment in enumerate(moments)}
    return records.annotate(**asked, asked_moments=Value(" ".join(moment.isoformat() for moment in moments)))


def price_before(campaign: Campaign, record: StockRecord) -> int | None:
    """The lowest price of the 30 days before a campaign began, minor units, of a record read ``with_prices_before()``;
    None where it takes nothing off a single piece, or the article had no price before."""
    asked: list[str] = getattr(record, "asked_moments", "").split()
    since = campaign.since.isoformat()
    if not campaign.takes_off or since not in asked:
        return None
    found: int | None = getattr(record, f"lowest_before_{asked.index(since)}")
    return found


def of_record(record: StockRecord, campaigns: Sequence[Campaign]) -> tuple[Campaign, ...]:
    """Which of the campaigns give something on an article that was read ``with_ranges()``, in their order."""
    bits: int = int(getattr(record, "in_ranges", 0) or 0)
    if not bits or not campaigns or not record.price_minor or not record.product.is_discountable:
        return ()
    asked: str = record.asked_ranges  # type: ignore[attr-defined]
    ids = {int(pk) for place, pk in enumerate(asked.split()) if bits >> place & 1}
    return tuple(one for one in campaigns if one.range.pk in ids)

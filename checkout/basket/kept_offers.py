"""What this process remembers of the shop's own offers: what they give, which combine, and which articles their ranges
hold. All of it changes by hand and seldom; each change of it is noted by the database (sharing.RULES, sharing.WORDS).

How often an offer was used changes with every order and is not remembered: where a number of uses, or an amount, limits
some of them, that comes with the lines of the basket (``columns()``), of any number of offers in the same statement.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, Func, JSONField, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import JSONArray
from oscar.apps.offer.models import ConditionalOffer

from catalogue import ranges
from checkout.order.models import OrderDiscount  # type: ignore[attr-defined]
from checkout.vouchers.usage import standing
from shop.kernel.clock import now
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES, WORDS

from .models import Line  # type: ignore[attr-defined]

MADE_OF = ("condition", "benefit")
_CENT = Decimal("0.01")
_LIMITED = Q(max_global_applications__gt=0) | Q(max_user_applications__gt=0) | Q(max_discount__gt=0)
#: ids of ranges, the article, what its class and parent are
_Asked = tuple[tuple[int, ...], int, tuple[int | None, ...]]
_of_shop = Parts(most=1, names=(RULES,))  #: what has not ended yet
_combining = Parts(most=1, names=(RULES,))  #: ids of offers by the offer they may come after
_holding = Parts(most=5_000, names=(RULES, WORDS))  #: ids of the ranges that hold an article


def of_shop(lines: Sequence[Any]) -> list[ConditionalOffer] | None:
    """Offers to everybody that run at this moment, each a copy of its own to reckon with. One query, none while they
    are remembered. None where they must be read: one of them ends with its uses, and the lines do not say them."""
    found = [_copied(offer) for offer in _of_shop.kept("", _read) if is_open(offer)]
    limited = [offer for offer in found if _is_limited(offer)]
    if limited and not _bring_uses(limited, lines):
        return None
    return found


def columns() -> dict[str, Any]:
    """For a query of lines of baskets: with the first line of each, how often every limited offer was used and what it
    has taken off, and what the owner of the basket used. No query while the offers are remembered; nothing where none
    of them is limited.

    With one line, as it says the same on all. Offers are told by what they are, not by their ids: the statement does
    not grow with their number.
    """
    if not any(_is_limited(offer) for offer in _of_shop.kept("", _read)):
        return {}
    earlier = Line.objects.filter(basket_id=OuterRef("basket_id"), pk__lt=OuterRef("pk"))
    rows = _running().filter(_LIMITED)
    offers = _as_list(rows, "pk", "num_applications", "total_discount")
    own = standing(OrderDiscount.objects.filter(order__user=OuterRef("basket__owner_id")))
    own = own.filter(offer_id__in=rows.filter(max_user_applications__gt=0).order_by().values("pk"))
    return {
        name: Case(When(~Exists(earlier), then=column), output_field=JSONField())
        for name, column in (("offers_used", offers), ("offers_own", _as_list(own, "offer_id", "frequency")))
    }


class _List(Func):
    """All rows of a query as one JSON list. No aggregate to Django, which would group the rows."""

    function = "JSON_GROUP_ARRAY"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The same by its name there."""
        return self.as_sql(compiler, connection, function="JSONB_AGG", **context)


def _as_list(rows: QuerySet[Any], *names: str) -> Subquery:
    return Subquery(rows.order_by().annotate(all_rows=_List(JSONArray(*names))).values("all_rows"))


def own_uses(offer: Any, person: Any) -> Subquery:
    """For a query: how often a person used an offer, by orders that stand; nothing for never. Both are ids, or name the
    outer query's."""
    own = OrderDiscount.objects.filter(offer_id=offer, order__user=person)
    return Subquery(standing(own).order_by().values("offer_id").annotate(n=Sum("frequency")).values("n"))


def _bring_uses(offers: Sequence[Any], lines: Sequence[Any]) -> bool:
    """Put what came with the lines where Oscar looks for it; whether it came, of each of these."""
    first = next((line for line in lines if vars(line).get("offers_used") is not None), None)
    brought = vars(first) if first is not None else {}
    used = {pk: (times, amount) for pk, times, amount in brought.get("offers_used") or ()}
    own: Counter[int] = Counter()
    for pk, times in brought.get("offers_own") or ():
        own[pk] += times or 0
    for offer in offers:
        if offer.pk not in used:  # it is there no more, or limited no more
            return False
        offer.num_applications, amount = used[offer.pk]
        offer.total_discount = Decimal(str(amount)).quantize(_CENT)  # SQLite knows no decimals
        offer.get_num_user_applications = lambda _user, times=own[offer.pk]: times
    return True


def is_open(offer: ConditionalOffer) -> bool:
    """What Oscar's ``ConditionalOffer.active`` asks in SQL: open, and between its first and last moment."""
    moment = now()
    began = offer.start_datetime is None or offer.start_datetime <= moment
    return offer.is_open and began and (offer.end_datetime is None or moment <= offer.end_datetime)


def combinations() -> dict[int, set[int]]:
    """The ids of the offers with which each combines. One query, none while it is remembered."""
    return _combining.kept("", lambda: ranges.facts([], [], combinations=True).combinations)


def members(wanted: Iterable[Any], products: Sequence[Any]) -> dict[int, set[int]]:
    """For each of the ranges the ids of those products (variants with their parent) that it holds. One query, none
    while this is remembered of all of them."""
    of = {one.pk: one for one in wanted}
    ids = tuple(sorted(of))
    if not ids:
        return {}
    by_key = {(ids, product.pk, _made_from(product)): product for product in products}

    def read(keys: list[_Asked]) -> dict[_Asked, frozenset[int]]:
        missing = [by_key[key] for key in keys]
        held = ranges.members(of.values(), missing, ranges.facts(ids, missing))
        return {key: frozenset(pk for pk in ids if key[1] in held[pk]) for key in keys}

    found: dict[int, set[int]] = {pk: set() for pk in ids}
    for (_ids, product_pk, _from), holders in _holding.many(list(by_key), read).items():
        for pk in holders:
            found[pk].add(product_pk)
    return found


def _made_from(product: Any) -> tuple[int | None, ...]:
    """What of the caller's own object the answer rests on: it may have been read before the last change."""
    return (
        product.parent_id,
        product.product_class_id,
        product.parent.product_class_id if product.parent else None,
    )


def _running() -> QuerySet[Any]:
    """What is for everybody, open, and has not ended."""
    rows = ConditionalOffer.objects.filter(offer_type=ConditionalOffer.SITE, status=ConditionalOffer.OPEN)
    return rows.filter(Q(end_datetime=None) | Q(end_datetime__gte=now()))


def _read() -> list[ConditionalOffer]:
    return list(_running().select_related("condition__range", "benefit__range"))


def _is_limited(offer: ConditionalOffer) -> bool:
    """``_LIMITED`` of one that is remembered."""
    return bool(offer.max_global_applications or offer.max_user_applications or offer.max_discount)


def _copied(offer: ConditionalOffer) -> ConditionalOffer:
    """Whoever reckons with an offer hangs things on it, its condition, its benefit and their ranges."""
    own = copy.copy(offer)
    for name in MADE_OF:
        part = copy.copy(getattr(offer, name))
        if part.range_id:
            part.range = copy.copy(part.range)
        setattr(own, name, part)
    return own

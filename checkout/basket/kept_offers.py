"""What this process remembers of the shop's own offers: what they give, which combine, and which articles their ranges
hold. All of it changes by hand and seldom; each change of it is noted by the database (sharing.RULES, sharing.WORDS).

How often an offer was used changes with every order and is not remembered: where a number of uses, or an amount, limits
some of them, that comes with the lines of the basket (``columns()``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Sum
from oscar.apps.offer.models import ConditionalOffer

from catalogue import ranges
from checkout.order.models import OrderDiscount  # type: ignore[attr-defined]
from checkout.vouchers.usage import standing
from shop.kernel.clock import now
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES, WORDS

MADE_OF = ("condition", "benefit")
#: Of so many offers the uses come with the lines; where more are limited, all offers are read at each step.
LIMITED_MAX = 12
#: ids of ranges, the article, what its class and parent are
_Asked = tuple[tuple[int, ...], int, tuple[int | None, ...]]
_of_shop = Parts(most=1, names=(RULES,))  #: what has not ended yet
_combining = Parts(most=1, names=(RULES,))  #: ids of offers by the offer they may come after
_holding = Parts(most=5_000, names=(RULES, WORDS))  #: ids of the ranges that hold an article


def of_shop(lines: Sequence[Any]) -> list[ConditionalOffer] | None:
    """Offers to everybody that run at this moment, each a copy of its own to reckon with. One query, none while they
    are remembered. None where they must be read: one of them ends with its uses, and the lines do not say them."""
    found = [_copied(offer) for offer in _of_shop.kept("", _read) if is_open(offer)]
    for offer in found:
        if _is_limited(offer) and not (lines and _bring_uses(offer, lines[0])):
            return None
    return found


def columns() -> dict[str, Any]:
    """For a query of lines of baskets: how often each limited offer was used, what it has taken off, and how often the
    owner of the basket used it. No query while the offers are remembered."""
    limited = [offer for offer in _of_shop.kept("", _read) if _is_limited(offer)]
    found: dict[str, Any] = {}
    for offer in limited if len(limited) <= LIMITED_MAX else ():
        row = ConditionalOffer.objects.filter(pk=offer.pk).order_by()
        found[f"uses_of_{offer.pk}"] = Subquery(row.values("num_applications"))
        found[f"given_by_{offer.pk}"] = Subquery(row.values("total_discount"))
        if offer.max_user_applications:
            found[f"own_uses_of_{offer.pk}"] = own_uses(offer.pk, OuterRef("basket__owner_id"))
    return found


def own_uses(offer: Any, person: Any) -> Subquery:
    """For a query: how often a person used an offer, by orders that stand; nothing for never. Both are ids, or name the
    outer query's."""
    own = OrderDiscount.objects.filter(offer_id=offer, order__user=person)
    return Subquery(standing(own).order_by().values("offer_id").annotate(n=Sum("frequency")).values("n"))


def _bring_uses(offer: Any, line: Any) -> bool:
    """Put what came with the line where Oscar looks for it; whether it came."""
    brought = vars(line)
    if f"uses_of_{offer.pk}" not in brought or brought[f"uses_of_{offer.pk}"] is None:  # it is there no more
        return False
    offer.num_applications = brought[f"uses_of_{offer.pk}"]
    offer.total_discount = brought[f"given_by_{offer.pk}"]
    times = brought.get(f"own_uses_of_{offer.pk}") or 0
    offer.get_num_user_applications = lambda _user: times
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


def _read() -> list[ConditionalOffer]:
    rows = ConditionalOffer.objects.filter(offer_type=ConditionalOffer.SITE, status=ConditionalOffer.OPEN)
    running = rows.filter(Q(end_datetime=None) | Q(end_datetime__gte=now()))
    return list(running.select_related("condition__range", "benefit__range"))


def _is_limited(offer: ConditionalOffer) -> bool:
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

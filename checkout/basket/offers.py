"""Offers and vouchers on a basket in a constant number of queries, whatever the number of lines and offers.

Oscar's applicator asks the database for each line and each offer whether the line is in the offer's range (and for
each pair of offers whether they combine). Here all of that is read first; then Oscar's own rules run in memory.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from oscar.apps.offer.applicator import Applicator
from oscar.apps.offer.models import ConditionalOffer
from oscar.apps.voucher.models import Voucher, VoucherApplication

from catalogue import ranges
from checkout.vouchers.personal import may_use
from checkout.vouchers.usage import standing

from . import kept_offers

_BROUGHT = Voucher.offers.through  #: an offer of a voucher
_PARTS = ("condition__range", "benefit__range")


class QuietApplicator(Applicator):  # type: ignore[misc]
    """Oscar's, with offers that carry everything they will be asked. ``kept``: see ``apply_offers``."""

    def __init__(self, *, kept: bool = False) -> None:
        # where nothing is kept it is cheaper to read all at once
        self.kept = kept and bool(settings.PARTS_KEPT_S)

    def get_offers(self, basket: Any, user: Any = None, request: Any = None) -> list[Any]:
        """All open offers for this basket, the most important first. Two queries and one for vouchers; none but that
        for vouchers where the offers of the shop and their ranges are remembered."""
        of_vouchers = _offers_of_vouchers(basket, user)
        of_shop = kept_offers.of_shop(list(basket.all_lines())) if self.kept else None
        if of_shop is None:
            of_shop = _offers_of_shop(user)
        offers = [*of_shop, *of_vouchers]
        if offers:
            _bring_facts(offers, list(basket.all_lines()), kept=self.kept)
        return sorted(
            offers, key=lambda offer: (-offer.priority, offer.pk)
        )  # of equal ones the older, as in Oscar


def apply_offers(basket: Any, user: Any = None, *, kept: bool = False) -> None:
    """Put discounts on the lines of a basket (in memory, nothing is written). Called where totals are shown.

    ``kept``: the offers of the shop and their ranges may be those that are remembered (kept_offers.py), which may be a
    quarter of a second old.
    """
    if basket.pk is None or not list(basket.all_lines()):
        return
    for line in basket.all_lines():
        line.clear_discount()
    QuietApplicator(kept=kept).apply(basket, user)


def _offers_of_vouchers(basket: Any, user: Any) -> list[Any]:
    """The offers of those vouchers on the basket that are in date and may be used by this person, each with its
    voucher. One query: whether one was used before (by an order that stands) comes with it. None where the lines say
    there are no vouchers."""
    count = next((getattr(line, "voucher_count", -1) for line in basket.all_lines()), 0) or 0
    if not count:
        basket._known_vouchers = []
        return []
    used = standing(VoucherApplication.objects.filter(voucher=OuterRef("voucher_id")))
    used_by = used.filter(user=getattr(user, "pk", None) or 0)
    rows = _BROUGHT.objects.filter(voucher__basket=basket.pk).annotate(
        was_used=Exists(used), was_used_by=Exists(used_by)
    )
    rows = _with_uses(rows, "conditionaloffer_id", user)
    parts = [f"conditionaloffer__{name}" for name in _PARTS]
    found = list(rows.select_related("voucher__personal", *parts).order_by("-voucher__date_created", "pk"))
    vouchers = {row.voucher_id: row.voucher for row in found}
    # one that brings nothing (its offer was taken away) is on the basket nevertheless
    is_all = len(vouchers) == count
    basket._known_vouchers = list(vouchers.values()) if is_all else list(basket.vouchers.all())
    offers: dict[int, Any] = {}  # two vouchers may bring the same one: it is given once
    for row in found:
        offer, voucher = row.conditionaloffer, vouchers[row.voucher_id]
        if offer.is_voucher_offer_type and kept_offers.is_open(offer) and _is_usable(row, voucher, user):
            offer.set_voucher(voucher)
            offers[offer.pk] = _counted(offer, row)
    return list(offers.values())


def _is_usable(row: Any, voucher: Any, user: Any) -> bool:
    """Oscar's ``is_available_to_user`` with what came along in the row, and whether it is this person's."""
    if user is None or not voucher.is_active() or not may_use(voucher, user):
        return False
    if voucher.usage == Voucher.SINGLE_USE:
        return not row.was_used
    return voucher.usage == Voucher.MULTI_USE or (user.is_authenticated and not row.was_used_by)


def _offers_of_shop(user: Any) -> list[Any]:
    """Offers to everybody, with how often this person used each. One query."""
    rows = ConditionalOffer.active.filter(offer_type=ConditionalOffer.SITE).select_related(*_PARTS)
    return [_counted(offer, offer) for offer in _with_uses(rows, "pk", user)]


def _with_uses(rows: QuerySet[Any], name: str, user: Any) -> QuerySet[Any]:
    """With how often the person used the offer of that id, where there is a person."""
    person = getattr(user, "pk", None)
    if not person:
        return rows
    return rows.annotate(used_by_person=kept_offers.own_uses(OuterRef(name), person))


def _counted(offer: Any, row: Any) -> Any:
    """The offer, which knows how often this person used it: Oscar would ask."""
    times = getattr(row, "used_by_person", None) or 0
    offer.get_num_user_applications = lambda _user: times
    return offer


def _bring_facts(offers: list[Any], lines: list[Any], *, kept: bool) -> None:
    """Replace conditions and benefits by their working classes, whose ranges know their members by heart; and say which
    offers combine. One query, none where both are remembered."""
    holders = []
    for offer in offers:
        for name in kept_offers.MADE_OF:
            plain = getattr(offer, name)
            working = plain.proxy()
            if plain.range_id:
                working.range = plain.range
                holders.append(working)
            setattr(offer, name, working)
    known = {holder.range_id: holder.range for holder in holders if not holder.range.proxy_class}
    products = [line.product for line in lines]
    if kept:
        members = kept_offers.members(known.values(), products)
        combinations = kept_offers.combinations() if len(offers) > 1 else {}
    else:
        facts = ranges.facts(list(known), products, combinations=len(offers) > 1)
        members = ranges.members(known.values(), products, facts)
        combinations = facts.combinations
    for holder in holders:
        if holder.range_id in members:
            ids = members[holder.range_id]
            holder.range.contains_product = lambda product, ids=ids: product.pk in ids
    for offer in offers:
        offer.combines_with = frozenset(combinations.get(offer.pk, ()))

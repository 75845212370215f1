"""Offers and vouchers on a basket in a constant number of queries, whatever the number of lines and offers.

Oscar's applicator asks the database for each line and each offer whether the line is in the offer's range (and for
each pair of offers whether they combine). Here all of that is read first; then Oscar's own rules run in memory.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from oscar.apps.offer.applicator import Applicator
from oscar.apps.offer.models import ConditionalOffer
from oscar.apps.voucher.models import Voucher, VoucherApplication

from catalogue import ranges
from checkout.order.models import OrderDiscount  # type: ignore[attr-defined]
from checkout.vouchers.personal import may_use
from checkout.vouchers.usage import standing
from shop.kernel.clock import now
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES

_for_all = Parts(most=1, names=(RULES,))  #: whether the shop has an offer for every basket


class QuietApplicator(Applicator):  # type: ignore[misc]
    """Oscar's, with offers that carry everything they will be asked. ``kept``: see ``apply_offers``."""

    def __init__(self, *, kept: bool = False) -> None:
        self.kept = kept

    def get_offers(self, basket: Any, user: Any = None, request: Any = None) -> list[Any]:
        """All open offers for this basket, the most important first. Two queries and one for vouchers; without either
        one, and none where it is remembered that there are none."""
        vouchers = _usable_vouchers(basket, user)
        if self.kept and not vouchers and not _may_be_offers():
            return []
        offers = _open_offers(vouchers, user)
        if offers:
            _bring_facts(offers, list(basket.all_lines()))
        return sorted(offers, key=lambda offer: offer.priority, reverse=True)


def apply_offers(basket: Any, user: Any = None, *, kept: bool = False) -> None:
    """Put discounts on the lines of a basket (in memory, nothing is written). Called where totals are shown.

    ``kept``: for a page that is only looked at; that the shop has no offers may then be remembered, a quarter of a
    second at most.
    """
    if basket.pk is None or not list(basket.all_lines()):
        return
    for line in basket.all_lines():
        line.clear_discount()
    QuietApplicator(kept=kept).apply(basket, user)


def _may_be_offers() -> bool:
    """Whether any offer of the shop has not ended yet. Of no use where nothing is remembered: offers are then read."""
    if not settings.PARTS_KEPT_S:
        return True
    rows = ConditionalOffer.objects.filter(offer_type=ConditionalOffer.SITE)
    return _for_all.kept("", lambda: rows.exclude(end_datetime__lt=now()).exists())


def _usable_vouchers(basket: Any, user: Any) -> list[tuple[Any, list[int]]]:
    """(voucher, ids of its offers) of those on the basket that are in date and may be used by this person. One query:
    whether one was used before (by an order that stands) comes with it. None where the lines say there are none."""
    if not any(getattr(line, "has_vouchers", True) for line in basket.all_lines()):
        basket._known_vouchers = []
        return []
    used = standing(VoucherApplication.objects.filter(voucher=OuterRef("pk")))
    used_by = used.filter(user=getattr(user, "pk", None) or 0)
    rows = basket.vouchers.select_related("personal").annotate(
        brings=F("offers"), was_used=Exists(used), was_used_by=Exists(used_by)
    )
    known: dict[int, tuple[Any, list[int]]] = {}
    for voucher in rows:
        ids = known.setdefault(voucher.pk, (voucher, []))[1]
        if voucher.brings is not None:
            ids.append(voucher.brings)
    basket._known_vouchers = [voucher for voucher, _ids in known.values()]
    return [pair for pair in known.values() if _is_usable(pair[0], user)]


def _is_usable(voucher: Any, user: Any) -> bool:
    """Oscar's ``is_available_to_user`` with what came along, and whether it is this person's."""
    if user is None or not voucher.is_active() or not may_use(voucher, user):
        return False
    if voucher.usage == Voucher.SINGLE_USE:
        return not voucher.was_used
    return voucher.usage == Voucher.MULTI_USE or (user.is_authenticated and not voucher.was_used_by)


def _open_offers(vouchers: list[tuple[Any, list[int]]], user: Any) -> list[Any]:
    """Offers of the shop and of the vouchers, with how often this person used each. One query."""
    by_offer = {pk: voucher for voucher, ids in vouchers for pk in ids}
    wanted = Q(offer_type=ConditionalOffer.SITE)
    if by_offer:
        wanted |= Q(pk__in=list(by_offer), offer_type=ConditionalOffer.VOUCHER)
    rows = ConditionalOffer.active.filter(wanted).select_related("condition__range", "benefit__range")
    person = getattr(user, "pk", None)
    if person:
        own = OrderDiscount.objects.filter(offer_id=OuterRef("pk"), order__user=person)
        discounts = standing(own).order_by()
        often = discounts.values("offer_id").annotate(n=Sum("frequency")).values("n")
        rows = rows.annotate(used_by_person=Subquery(often))
    offers = list(rows)
    for offer in offers:
        times = getattr(offer, "used_by_person", None) or 0
        offer.get_num_user_applications = lambda _user, times=times: times
        if offer.pk in by_offer:
            offer.set_voucher(by_offer[offer.pk])
    return offers


def _bring_facts(offers: list[Any], lines: list[Any]) -> None:
    """Replace conditions and benefits by their working classes, whose ranges know their members by heart; and say which
    offers combine. One query."""
    holders = []
    for offer in offers:
        for name in ("condition", "benefit"):
            plain = getattr(offer, name)
            working = plain.proxy()
            if plain.range_id:
                working.range = plain.range
                holders.append(working)
            setattr(offer, name, working)
    known = {holder.range_id: holder.range for holder in holders if not holder.range.proxy_class}
    products = [line.product for line in lines]
    facts = ranges.facts(list(known), products, combinations=len(offers) > 1)
    members = ranges.members(known.values(), products, facts)
    for holder in holders:
        if holder.range_id in members:
            ids = members[holder.range_id]
            holder.range.contains_product = lambda product, ids=ids: product.pk in ids
    for offer in offers:
        offer.combines_with = frozenset(facts.combinations.get(offer.pk, ()))

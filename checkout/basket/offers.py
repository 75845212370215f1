"""Offers and vouchers on a basket in a constant number of queries, whatever the number of lines and offers.

Oscar's applicator asks the database for each line and each offer whether the line is in the offer's range (and for
each pair of offers whether they combine). Here all of that is read first; then Oscar's own rules run in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import IntegerField, Q, Value
from oscar.apps.offer.applicator import Applicator
from oscar.apps.offer.models import ConditionalOffer, Range

from catalogue.models import ProductCategory  # type: ignore[attr-defined]
from catalogue.tree import tree
from checkout.vouchers.personal import may_use


class QuietApplicator(Applicator):  # type: ignore[misc]
    """Oscar's, with offers that carry everything they will be asked."""

    def get_offers(self, basket: Any, user: Any = None, request: Any = None) -> list[Any]:
        """All open offers for this basket, the most important first. At most six queries, two without offers."""
        vouchers = _usable_vouchers(basket, user)
        offers = _open_offers(vouchers)
        if offers:
            _bring_combinations(offers)
            _bring_ranges(offers, list(basket.all_lines()))
        return sorted(offers, key=lambda offer: offer.priority, reverse=True)


def apply_offers(basket: Any, user: Any = None) -> None:
    """Put discounts on the lines of a basket (in memory, nothing is written). Called where totals are shown."""
    if basket.pk is None or not list(basket.all_lines()):
        return
    for line in basket.all_lines():
        line.clear_discount()
    QuietApplicator().apply(basket, user)


def _usable_vouchers(basket: Any, user: Any) -> list[Any]:
    """Vouchers on the basket that are in date and may be used by this person."""
    found = []
    basket._known_vouchers = list(basket.vouchers.select_related("personal").prefetch_related("offers"))
    for voucher in basket._known_vouchers:
        if user is None or not voucher.is_active() or not may_use(voucher, user):
            continue
        if voucher.is_available_to_user(user=user)[0]:
            found.append(voucher)
    return found


def _open_offers(vouchers: list[Any]) -> list[Any]:
    by_offer = {offer.pk: voucher for voucher in vouchers for offer in voucher.offers.all()}
    wanted = Q(offer_type=ConditionalOffer.SITE)
    if by_offer:
        wanted |= Q(pk__in=list(by_offer), offer_type=ConditionalOffer.VOUCHER)
    offers = list(ConditionalOffer.active.filter(wanted).select_related("condition__range", "benefit__range"))
    for offer in offers:
        if offer.pk in by_offer:
            offer.set_voucher(by_offer[offer.pk])
    return offers


def _bring_combinations(offers: list[Any]) -> None:
    through = ConditionalOffer.combinations.through
    pairs = (
        list(through.objects.values_list("from_conditionaloffer_id", "to_conditionaloffer_id"))
        if len(offers) > 1
        else []
    )
    for offer in offers:
        offer.combines_with = frozenset(to for start, to in pairs if start == offer.pk)


def _bring_ranges(offers: list[Any], lines: list[Any]) -> None:
    """Replace conditions and benefits by their working classes, whose ranges know their members by heart."""
    holders = []
    for offer in offers:
        for name in ("condition", "benefit"):
            plain = getattr(offer, name)
            working = plain.proxy()
            if plain.range_id:
                working.range = plain.range
                holders.append(working)
            setattr(offer, name, working)
    ranges = {holder.range_id: holder.range for holder in holders if not holder.range.proxy_class}
    members = range_members(ranges.values(), [line.product for line in lines])
    for holder in holders:
        if holder.range_id in members:
            ids = members[holder.range_id]
            holder.range.contains_product = lambda product, ids=ids: product.pk in ids


def range_members(ranges: Iterable[Any], products: list[Any]) -> dict[int, set[int]]:
    """For each range the ids of those ``products`` that are in it. Two queries, none for ranges of everything.

    A variant is in a range when it or its parent is named, of a named class or in a named category or below one;
    a named exclusion always wins.
    """
    ranges = list(ranges)
    facts = _facts([one.pk for one in ranges]) if ranges else {}
    standing = (
        _categories(products) if any(facts[one.pk]["in"] or facts[one.pk]["out"] for one in ranges) else {}
    )
    members: dict[int, set[int]] = {}
    for one in ranges:
        known = facts[one.pk]
        found = set()
        for product in products:
            own = {product.pk, product.parent_id} - {None}
            classes = {product.product_class_id, getattr(product.parent, "product_class_id", None)}
            categories = standing.get(product.parent_id or product.pk, set())
            if one.includes_all_products:
                inside = not categories & known["out"]
            else:
                inside = bool(own & known["named"] or classes & known["class"] or categories & known["in"])
            if inside and not own & known["not"]:
                found.add(product.pk)
        members[one.pk] = found
    return members


def _facts(range_ids: list[int]) -> dict[int, dict[str, set[int]]]:
    """What ranges name: products, excluded products, classes, categories, excluded categories. One query."""
    tables = {
        "named": (Range.included_products.through, "product_id"),
        "not": (Range.excluded_products.through, "product_id"),
        "class": (Range.classes.through, "productclass_id"),
        "in": (Range.included_categories.through, "category_id"),
        "out": (Range.excluded_categories.through, "category_id"),
    }
    kinds = list(tables)
    parts = [
        through.objects.filter(range_id__in=range_ids)
        .order_by()
        .annotate(kind=Value(number, IntegerField()))
        .values_list("kind", "range_id", column)
        for number, (through, column) in enumerate(tables.values())
    ]
    facts: dict[int, dict[str, set[int]]] = {pk: {kind: set() for kind in kinds} for pk in range_ids}
    for number, range_id, value in parts[0].union(*parts[1:], all=True):
        facts[range_id][kinds[number]].add(value)
    return facts


def _categories(products: list[Any]) -> dict[int, set[int]]:
    """Ids of the categories in which each product stands, with everything above them. One query."""
    ids = {product.parent_id or product.pk for product in products}
    nodes = tree().by_id
    standing: dict[int, set[int]] = {}
    for product_id, category_id in ProductCategory.objects.filter(product_id__in=ids).values_list(
        "product_id", "category_id"
    ):
        above = {node.id for node in nodes[category_id].trail} if category_id in nodes else {category_id}
        standing.setdefault(product_id, set()).update(above)
    return standing

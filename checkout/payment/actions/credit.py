"""What finance knows of a customer, pushed down so that the checkout can decide without looking up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkout.payment.models import CustomerCredit
from shop.kernel.clock import now


def set_credit(
    *,
    user_id: int,
    open_items_minor: int | None = None,
    dunning_level: int | None = None,
    paid_orders: int | None = None,
) -> CustomerCredit:
    """Called by finance whenever an invoice is issued, paid or reminded; None leaves a fact as it is.

    Staff's release and block are never touched.
    """
    facts = {"open_items_minor": open_items_minor, "dunning_level": dunning_level, "paid_orders": paid_orders}
    known = {name: value for name, value in facts.items() if value is not None}
    credit, _created = CustomerCredit.objects.update_or_create(
        user_id=user_id, defaults={**known, "updated_at": now()}
    )
    return credit


def set_limit(*, user_id: int, limit_minor: int | None) -> bool:
    """Finance says how much this customer may owe on account (minor units; None: what the method's rule says).

    Returns whether it changed. One statement when it did not.
    """
    known = CustomerCredit.objects.filter(user_id=user_id).values_list("limit_minor", flat=True).first()
    if known == limit_minor:
        return False
    CustomerCredit.objects.update_or_create(
        user_id=user_id, defaults={"limit_minor": limit_minor, "updated_at": now()}
    )
    return True


def release_customer(*, user_id: int, released: bool, by: Any) -> CustomerCredit:
    """Staff allow (or no longer allow) purchase on account without an earlier paid order."""
    credit, _created = CustomerCredit.objects.get_or_create(user_id=user_id)
    credit.released = released
    credit.save(update_fields=["released"])
    return credit


def block_customer(*, user_id: int, reason: str, by: Any) -> CustomerCredit:
    """Staff stop purchase on account; an empty reason lifts the block."""
    credit, _created = CustomerCredit.objects.get_or_create(user_id=user_id)
    credit.blocked, credit.block_reason = bool(reason.strip()), reason.strip()[:300]
    credit.save(update_fields=["blocked", "block_reason"])
    return credit


def raise_dunning_levels(levels: Mapping[int, int]) -> None:
    """Many customers (user id -> level) got letters: nobody's level falls by that. A constant number of statements."""
    asked = {user_id: level for user_id, level in levels.items() if level}
    if not asked:
        return
    credits = CustomerCredit.objects.filter(user_id__in=asked)
    known = dict(credits.values_list("user_id", "dunning_level"))
    CustomerCredit.objects.bulk_create(
        [
            CustomerCredit(user_id=user_id, dunning_level=level)
            for user_id, level in asked.items()
            if user_id not in known
        ],
        ignore_conflicts=True,
    )
    for level in sorted(set(asked.values())):
        these = [
            user_id for user_id, mine in asked.items() if mine == level and known.get(user_id, 0) < level
        ]
        CustomerCredit.objects.filter(user_id__in=these, dunning_level__lt=level).update(
            dunning_level=level, updated_at=now()
        )

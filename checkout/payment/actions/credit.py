"""What finance knows of a customer, pushed down so that the checkout can decide without looking up."""

from __future__ import annotations

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

"""Who sent how much money back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, Sum

from checkout.payment.models import Refund
from shop.customers.models import User


@dataclass(frozen=True)
class Person:
    """One person's refunds; ``user`` None: what the house did by itself. Amounts in minor units."""

    user: User | None
    count: int
    amount_minor: int
    largest_minor: int
    failed: int


def by_person(first: dt.date, last: dt.date) -> list[Person]:
    """Refunds asked for from ``first`` to ``last``, the largest sum first; failed ones are counted, not added. Two
    queries."""
    rows = list(
        Refund.objects.filter(created_at__date__gte=first, created_at__date__lte=last)
        .order_by()
        .values("requested_by")
        .annotate(
            n=Count("pk", filter=~Q(state="failed")),
            amount=Sum("amount_minor", filter=~Q(state="failed")),
            largest=Max("amount_minor", filter=~Q(state="failed")),
            failed=Count("pk", filter=Q(state="failed")),
        )
    )
    users = User.objects.in_bulk([row["requested_by"] for row in rows if row["requested_by"]])
    found = [_person(row, users) for row in rows]
    return sorted(found, key=lambda one: (-one.amount_minor, -one.count))


def _person(row: Any, users: dict[int, User]) -> Person:
    return Person(
        users.get(row["requested_by"] or 0), row["n"], row["amount"] or 0, row["largest"] or 0, row["failed"]
    )

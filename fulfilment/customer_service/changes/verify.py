"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Sum

from checkout.order.models import Amendment

from .models import PIECES, OrderChange


def changes_are_what_their_amendments_say() -> list[str]:
    """A change of pieces costs the order what its amendments took away and brought, to the cent."""
    sums: dict[str, int] = {}
    rows = Amendment.objects.filter(source__startswith="change:").order_by().values_list("source", "kind")
    for source, kind, amount in rows.annotate(Sum("amount_minor")):
        sums[source] = sums.get(source, 0) + (amount if kind == Amendment.CANCELLED else -amount)
    found = []
    for row in OrderChange.objects.filter(kind=PIECES).select_related("order").order_by("pk").iterator(500):
        said = sums.pop(row.source, None)
        if said != row.less_minor:
            found.append(
                f"change {row.pk} of order {row.order.number} says {row.less_minor} less, its amendments {said}"
            )
    return found + [f"amendments of {source} belong to no change" for source in sorted(sums)]


CHECKS = [
    ("changes of orders are what their amendments say", changes_are_what_their_amendments_say),
]

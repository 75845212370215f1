"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Sum

from checkout.order.models import Amendment

from .models import PIECES, OrderChange
from .states import DONE, WAITING


def changes_are_what_their_amendments_say() -> list[str]:
    """A change of pieces costs the order what its amendments took away and brought, to the cent."""
    sums: dict[str, int] = {}
    rows = Amendment.objects.filter(source__startswith="change:").order_by().values_list("source", "kind")
    for source, kind, amount in rows.annotate(Sum("amount_minor")):
        sums[source] = sums.get(source, 0) + (amount if kind == Amendment.CANCELLED else -amount)
    found = []
    for row in (
        OrderChange.objects.filter(kind=PIECES, state=DONE)
        .select_related("order")
        .order_by("pk")
        .iterator(500)
    ):
        said = sums.pop(row.source, None)
        if said != row.less_minor:
            found.append(
                f"change {row.pk} of order {row.order.number} says {row.less_minor} less, its amendments {said}"
            )
    return found + [f"amendments of {source} belong to no change" for source in sorted(sums)]


def what_waits_has_an_open_payment() -> list[str]:
    """A change that waits for its money has a payment that may still come, and nobody picks its order meanwhile."""
    found = []
    for row in OrderChange.objects.filter(state=WAITING).select_related("order", "payment").order_by("pk"):
        if row.payment is None or row.payment.state == "captured":
            found.append(f"change {row.pk} of order {row.order.number} waits for money that has come")
        elif not row.order.on_hold and row.order.status == "confirmed":
            found.append(f"order {row.order.number} is not held, and its change {row.pk} waits for money")
    return found


CHECKS = [
    ("changes that wait for money can get it", what_waits_has_an_open_payment),
    ("changes of orders are what their amendments say", changes_are_what_their_amendments_say),
]

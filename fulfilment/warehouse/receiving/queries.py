"""Reads of returns that more than one caller needs, each with a constant number of SQL queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from checkout.order.models import Line
from shop.kernel.clock import today
from shop.kernel.models import StateChange

from .models import Return, ReturnItem
from .states import EXPECTED


def returns() -> QuerySet[Return]:
    """Returns with order and ``expected``, ``came``, ``missing``, ``wrong``, ``undecided`` pieces. One query."""

    def pieces(**which: Any) -> Any:
        return Coalesce(Sum("items__quantity", filter=Q(**{f"items__{k}": v for k, v in which.items()})), 0)

    return Return.objects.select_related("order").annotate(
        awaited=pieces(reception="awaiting"),
        came=pieces(reception="received"),
        missing=pieces(reception__in=("lost", "short")),
        wrong=pieces(reception="wrong_item"),
        undecided=pieces(acceptance="undecided"),
    )


def late(rows: QuerySet[Return]) -> QuerySet[Return]:
    """Those that should have come by now."""
    return rows.filter(state__in=EXPECTED, expected_by__lt=today())


def to_receive() -> int:
    """Returns that are expected."""
    return Return.objects.filter(state__in=EXPECTED).count()


def to_decide() -> int:
    """Returns that were unpacked and wait for a decision."""
    return Return.objects.filter(state="received").count()


def to_give_back() -> QuerySet[Return]:
    """Settled returns of which the shop did not take something, and which nobody has sent back to the customer yet."""
    rejected = ReturnItem.objects.filter(
        returning=OuterRef("pk"), acceptance="rejected", reception__in=("received", "wrong_item")
    )
    return Return.objects.filter(Exists(rejected), state="settled", given_back_at=None)


def given_back_of(order_id: int) -> list[Return]:
    """Returns of an order of which something went back to the customer. One query."""
    rows = Return.objects.filter(order_id=order_id, given_back_at__isnull=False)
    return list(rows.select_related("given_back_by").order_by("given_back_at", "pk"))


def with_items(rows: QuerySet[Return]) -> QuerySet[Return]:
    """Returns with everything a page shows of their items: one query more."""
    items = ReturnItem.objects.select_related(
        "order_line__product__colour", "stockrecord", "bin", "lot", "booked_by"
    ).order_by("pk")
    return rows.prefetch_related(Prefetch("items", queryset=items))


def of_order(order_id: int) -> list[Return]:
    """The returns of an order with their items, oldest first. Two queries."""
    return list(with_items(Return.objects.filter(order_id=order_id)).order_by("announced_at", "pk"))


@dataclass
class DockLine:
    """An order line at the dock: what was announced and is awaited, what came in this return, what may still come."""

    line: Line
    awaited: int = 0
    came: int = 0
    items: list[ReturnItem] = field(default_factory=list)

    @property
    def may_come(self) -> int:
        """Pieces the customer still has, announced or not."""
        return self.line.quantity_returnable

    @property
    def is_done(self) -> bool:
        """Nothing more is awaited."""
        return self.awaited == 0 and self.came > 0


def dock_lines(returning: Return) -> list[DockLine]:
    """Every line of the order that can be or was in this return, the awaited ones first. Two queries."""
    lines = Line.objects.filter(order_id=returning.order_id).select_related("product__colour", "stockrecord")
    rows = {line.pk: DockLine(line) for line in lines.order_by("pk")}
    for item in returning.items.filter(order_line__isnull=False).select_related("bin", "lot").order_by("pk"):
        row = rows[item.order_line_id or 0]
        row.items.append(item)
        if item.reception == "awaiting":
            row.awaited += item.quantity
        elif item.reception == "received":
            row.came += item.quantity
    shown = [row for row in rows.values() if row.items or row.may_come]
    return sorted(shown, key=lambda row: (row.awaited == 0, row.line.pk))


def changes(returning: Return, items: Iterable[ReturnItem]) -> list[StateChange]:
    """The history of a return and of what was decided about its items, oldest first. One query."""
    of_items = Q(machine="return_acceptance", thing_id__in=[item.pk for item in items])
    rows = StateChange.objects.filter(Q(machine="return", thing_id=returning.pk) | of_items)
    return list(rows.select_related("by").order_by("at", "pk"))

"""Figures for /metrics that read whole tables: a task by the clock takes them, /metrics shows what was taken last and
how old it is. So a question costs the same in a shop of a hundred orders and of a million."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import Count

from catalogue.partner.verify import reserved_is_the_sum_of_open_reservations
from checkout.order.models import Order
from checkout.payment.models import OPEN_STATES, Payment, Refund
from fulfilment.warehouse.stock.queries import stock_differences
from shop.connect.models import Push
from shop.kernel.clock import now
from shop.kernel.models import Attempted, Delivery, InboxMessage, KeptFigure
from shop.kernel.moments import one_moment
from shop.notifications.models import OutgoingMail

Sample = tuple[dict[str, str], float]
Samples = dict[str, list[Sample]]

#: What is told or done about rows of their own (kernel/attempts.py), with the field that says since when one waits.
ATTEMPTED: tuple[tuple[str, type[Attempted], str], ...] = (
    ("outbox", Delivery, "message__recorded_at"),
    ("inbox", InboxMessage, "received_at"),
    ("mails", OutgoingMail, "created_at"),
    ("pushes", Push, "created_at"),
)


def counts() -> Samples:
    """Orders, payments and refunds by state, and the rows that were given up."""
    orders = Order.objects.order_by().values_list("status").annotate(n=Count("pk"))
    payments = Payment.objects.order_by().values_list("method", "state").annotate(n=Count("pk"))
    declined = Payment.objects.filter(state__in=OPEN_STATES).exclude(failure_code="").count()
    refunds = Refund.objects.order_by().values_list("state").annotate(n=Count("pk"))
    found: Samples = {
        "orders": [({"state": state}, n) for state, n in orders],
        "payments": [({"method": method, "state": state}, n) for method, state, n in payments],
        "payments_declined": [({}, declined)],
        "refunds": [({"state": state}, n) for state, n in refunds],
    }
    for name, model, _since in ATTEMPTED:
        given_up = model._default_manager.filter(state=Attempted.DEAD).count()
        found[f"{name}_dead"] = [({}, given_up)]
    return found


def stock() -> Samples:
    """How many sentences `manage.py verify` would say about stock: all of it is recomputed from its movements, and all
    of one moment, or a pick that is booked between two tables would look like a mismatch."""
    with one_moment():
        wrong = len(stock_differences()) + len(reserved_is_the_sum_of_open_reservations())
    return {"stock_mismatches": [({}, wrong)]}


TAKINGS: dict[str, Callable[[], Samples]] = {"counts": counts, "stock": stock}


def take(name: str) -> None:
    """Reckon one of the TAKINGS and keep it in place of the former."""
    found = TAKINGS[name]()
    KeptFigure.objects.update_or_create(name=name, defaults={"samples": found, "taken_at": now()})


def taken() -> tuple[Samples, dict[str, dt.datetime]]:
    """What was taken last, and when, by name of the taking. One query of as many rows as there are takings."""
    samples: dict[str, Any] = {}
    ages: dict[str, dt.datetime] = {}
    for row in KeptFigure.objects.filter(name__in=TAKINGS).order_by("name"):
        samples |= row.samples
        ages[row.name] = row.taken_at
    return samples, ages

"""Invariants of mails, for ``manage.py verify``. Each check returns sentences; none when it holds."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count

from checkout.order.models import Order
from shop.kernel.clock import now
from shop.kernel.models import Delivery, Message

from .models import OutgoingMail

#: A mail that waits longer was not tried although it could have been: worker or beat stands still.
OVERDUE = dt.timedelta(minutes=15)
CONCLUDED = ("confirmed", "in_fulfilment", "completed")


def each_confirmed_order_has_one_confirmation_mail() -> list[str]:
    """Exactly one order confirmation per concluded order, unless its telling is still on its way."""
    on_their_way = {
        int(payload["order_id"])
        for payload in Message.objects.filter(
            name="OrderConfirmed",
            deliveries__subscriber="notifications.order_confirmed",
            deliveries__state=Delivery.PENDING,
        ).values_list("payload", flat=True)
    }
    mails = dict(
        OutgoingMail.objects.filter(kind="order_confirmed")
        .exclude(source__contains=":copy:")  # sent again by staff on the customer's wish
        .values_list("order_id")
        .annotate(n=Count("pk"))
    )
    rows = Order.objects.filter(status__in=CONCLUDED).values_list("pk", "number")
    return [
        f"order {number}: {mails.get(pk, 0)} confirmation mails instead of one"
        for pk, number in rows.iterator(2000)
        if mails.get(pk, 0) != 1 and pk not in on_their_way
    ]


def no_mail_is_dead_or_overdue() -> list[str]:
    """Nothing was given up, nothing waits that could have been sent."""
    # Of a newsletter to thousands some addresses are dead by now: the report of the issue says how many.
    dead = OutgoingMail.objects.filter(state=OutgoingMail.DEAD, copy=None).values_list(
        "source", "recipient", "last_error"
    )
    found = [f"mail {source} to {to} was given up: {error}" for source, to, error in dead]
    late = OutgoingMail.objects.filter(
        state=OutgoingMail.PENDING, next_attempt_at__lt=now() - OVERDUE
    ).values_list("source", "recipient")
    return found + [
        f"mail {source} to {to} waits although it is due; do worker and beat run?" for source, to in late
    ]


CHECKS = [
    (
        "each confirmed order has exactly one confirmation mail",
        each_confirmed_order_has_one_confirmation_mail,
    ),
    ("no dead or overdue mails", no_mail_is_dead_or_overdue),
]

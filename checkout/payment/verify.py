"""Invariants of money: captured payments and their orders."""

from __future__ import annotations

from collections import Counter

from django.db.models import F, Q, Sum

from checkout.order.models import Order

from .actions.amend import SOURCE as AMENDED
from .models import CARD, CREDIT, INVOICE, MONEY_CAME, NOTHING, Payment, Refund


def captured_has_one_order_of_equal_amount() -> list[str]:
    """Each captured payment belongs to one order of the same amount (less what went back for cancelled pieces), and
    that order is confirmed or money went back; with a supplement or store credit, all of them together are the amount
    (at most, where the rest is still awaited or on account). Beside others a payment that went back as a whole is no
    longer compared; one by card for what was bought on account is over what its invoices left open, and at most the
    order."""
    found = []
    rows = Payment.objects.filter(state="captured").select_related("order")
    amended = Sum("refunds__amount_minor", filter=Q(refunds__source__startswith=AMENDED), default=0)
    whole = Sum("refunds__amount_minor", filter=~Q(refunds__state="failed"), default=0)
    compared = rows.annotate(amended=amended, back=whole).exclude(back=F("amount_minor"))
    beside = set(rows.filter(Q(supplement=True) | Q(method=CREDIT)).values_list("order_id", flat=True))
    for payment in compared.iterator(chunk_size=2000):
        order = payment.order
        owed = payment.goods_minor - payment.amended
        if order.pk in beside:
            continue
        on_account = order.payment_method == INVOICE and payment.method == CARD
        if owed > order.total_minor if on_account else owed != order.total_minor:
            found.append(
                f"payment {payment.pk}: {payment.goods_minor} of order {order.number} over {order.total_minor}"
            )
    found += [
        f"payments of order {order.number} with its supplements: {owed} over {order.total_minor}"
        for order, owed in _together(beside).items()
        if (owed > order.total_minor if _waits_for_more(order) else owed != order.total_minor)
    ]
    waiting = Q(method=CREDIT, order__status="awaiting_payment")  # its order waits for the rest
    stray = (
        rows.exclude(waiting)
        .filter(order__status__in=("awaiting_payment", "cancelled"))
        .annotate(back=Sum("refunds__amount_minor", filter=~Q(refunds__state="failed"), default=0))
    )
    for lost in stray.exclude(back=F("amount_minor")):
        found.append(f"payment {lost.pk}: captured, but order {lost.order.number} is {lost.order.status}")
    return found


def _together(orders: set[int]) -> dict[Order, int]:
    """What the payments of each of these orders come to that is not cancelled, in minor units: one that went back for
    returned goods has paid for them; one that came doubled or late never counted (as in ``paid_minor``)."""
    never = Q(refunds__source__startswith="double:") | Q(refunds__source__startswith="late:")
    gone = Sum("refunds__amount_minor", filter=Q(refunds__source__startswith=AMENDED) | never, default=0)
    rows = Payment.objects.filter(state__in=MONEY_CAME, order__in=orders).exclude(order__status="cancelled")
    on_account = set(rows.filter(method=INVOICE).values_list("order_id", flat=True))
    found: dict[Order, int] = {}
    for payment in rows.annotate(gone=gone).select_related("order").iterator(chunk_size=2000):
        if payment.invoice_number and payment.order_id in on_account:
            continue  # the purchase on account counts the cards of its invoices
        found[payment.order] = found.get(payment.order, 0) + payment.goods_minor - payment.gone
    return found


def _waits_for_more(order: Order) -> bool:
    """Whether a part of an order is still to be paid, beside what was captured."""
    return order.status == "awaiting_payment" or order.payment_method == INVOICE


def an_order_is_paid_once() -> list[str]:
    """Of two captured payments of one order, all but one go back in full; a supplement pays for something else, store
    credit for a part."""
    kept = (
        Payment.objects.filter(state="captured", invoice_number="", supplement=False)
        .in_money()
        .annotate(back=Sum("refunds__amount_minor", filter=~Q(refunds__state="failed"), default=0))
        .exclude(back=F("amount_minor"))
    )
    times = Counter(kept.values_list("order__number", flat=True))
    return [f"order {number} was paid {n} times" for number, n in times.items() if n > 1]


def prepaid_orders_left_only_when_paid() -> list[str]:
    """A confirmed order that is paid before dispatch has its captured payment. Only one over 0.00 needs none."""
    rows = (
        Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"))
        .exclude(payment_method="invoice")
        .exclude(payment_method=NOTHING, total_incl_tax=0)
        .exclude(payments__state__in=("captured", "disputed"))
    )
    return [f"order {order.number} is {order.status} without its money" for order in rows]


def refunds_never_exceed_what_came() -> list[str]:
    """The sum of refunds that have not failed is at most the payment."""
    rows = (
        Refund.objects.exclude(state="failed")
        .values("payment_id", "payment__amount_minor")
        .annotate(back=Sum("amount_minor"))
        .filter(back__gt=F("payment__amount_minor"))
    )
    return [
        f"payment {row['payment_id']}: {row['back']} of {row['payment__amount_minor']} went back"
        for row in rows
    ]


def captured_cards_name_their_intent() -> list[str]:
    """A captured card payment can be found at Stripe."""
    rows = Payment.objects.filter(method=CARD, state="captured", intent_id=None)
    return [f"payment {payment.pk} is captured without Stripe's id" for payment in rows]


CHECKS = [
    ("each captured payment has exactly one order with equal amount", captured_has_one_order_of_equal_amount),
    ("no order is paid twice", an_order_is_paid_once),
    ("prepaid orders were confirmed by their money", prepaid_orders_left_only_when_paid),
    ("refunds are never more than came in", refunds_never_exceed_what_came),
    ("captured card payments name their intent", captured_cards_name_their_intent),
]

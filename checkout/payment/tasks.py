"""What runs by itself: asking about open payments, expiring, reminding, sending refunds."""

from __future__ import annotations

import datetime as dt
import logging

from celery import shared_task
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from checkout.order.models import Order
from shop.kernel.attempts import CLOCKS_DIFFER
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import StateError

from .actions import close_unpaid, confirm_free, send_refund, settle, settle_refund
from .events import PaymentReminderDue
from .models import CARD, OPEN_STATES, PREPAYMENT, Payment, Refund
from .stripe_client import ProviderDown, ProviderRefused

log = logging.getLogger(__name__)

#: A payment open longer is asked about at Stripe, and anew after AGAIN; once it is old, and most likely nobody pays any
#: more, after LATER: with the sweep's own pause within the two minutes that are promised for who pays late all the same
#: (docs/decisions/0105-asked-sooner.md).
ASK_AFTER, AGAIN = dt.timedelta(seconds=30), dt.timedelta(seconds=30)
OLD_AFTER, LATER = dt.timedelta(minutes=5), dt.timedelta(seconds=75)
REFUND_AFTER = dt.timedelta(
    minutes=2
)  #: a refund that was sent and of which nothing was heard is asked about
REMIND_AFTER = dt.timedelta(days=3)  #: a prepayment still missing after this is reminded once
BATCH = 100


@shared_task(name="payment.sweep_open", ignore_result=True)
def sweep_open() -> int:
    """Ask Stripe about every card payment that is open for longer than ASK_AFTER, each at most every AGAIN, old ones
    every LATER. One that was opened, or asked about, well after now is asked about too: the clock was set back, nobody
    knows its age. Returns how many were asked."""
    asked, unexpected, moment = 0, None, now()
    waiting = Payment.objects.filter(
        Q(asked_at=None)
        | Q(asked_at__lte=moment - AGAIN, created_at__gt=moment - OLD_AFTER)
        | Q(asked_at__lte=moment - LATER)
        | Q(asked_at__gt=moment + CLOCKS_DIFFER),
        Q(created_at__lte=moment - ASK_AFTER) | Q(created_at__gt=moment + CLOCKS_DIFFER),
        state__in=OPEN_STATES,
        method=CARD,
        intent_id__isnull=False,
    ).order_by(F("asked_at").asc(nulls_first=True), "pk")
    for payment_id in list(waiting.values_list("pk", flat=True)[:BATCH]):
        try:
            settle(payment_id=payment_id)
            asked += 1
        except ProviderDown as error:
            log.warning("Stripe cannot be asked, trying again later: %s", error)
            break
        except (ProviderRefused, StateError) as error:
            log.error("payment %s cannot be settled: %s", payment_id, error)
        except Exception as error:  # one payment must not keep the others from being asked about
            log.exception("payment %s cannot be settled", payment_id)
            unexpected = error
    if unexpected is not None:
        raise unexpected
    return asked


@shared_task(name="payment.send_refund", ignore_result=True)
def send_refund_now(refund_id: int) -> None:
    """Send one refund."""
    send_refund(refund_id=refund_id)


@shared_task(name="payment.send_refunds", ignore_result=True)
def send_refunds() -> None:
    """Send what is due, and ask about what was sent and never confirmed."""
    due = Refund.objects.to_send().filter(next_attempt_at__lte=now()).order_by("pk")
    for refund_id in list(due.values_list("pk", flat=True)[:BATCH]):
        send_refund(refund_id=refund_id)
    silent = Refund.objects.filter(state="sent", psp_id__isnull=False, created_at__lte=now() - REFUND_AFTER)
    for psp_id in list(silent.values_list("psp_id", flat=True)[:BATCH]):
        try:
            settle_refund(psp_id=str(psp_id))
        except (ProviderDown, ProviderRefused) as error:
            log.warning("refund %s: %s", psp_id, error)


@shared_task(name="payment.expire", ignore_result=True)
def expire() -> int:
    """Cancel orders whose time to pay is over, and free their stock. Returns how many. An order over 0.00 is confirmed
    instead: it waits for nothing."""
    _confirm_free()
    done = 0
    # The last attempt decides, open or not: one that failed or was cancelled at Stripe still has stock behind it.
    last = Payment.objects.of_order(OuterRef("pk")).in_money().order_by("-pk").values("expires_at")[:1]
    late = Order.objects.annotate(until=Subquery(last)).filter(status="awaiting_payment", until__lte=now())
    for order in late.order_by("pk")[:BATCH]:
        try:
            done += close_unpaid(order=order, why="not paid in time", expired=True)
        except (
            ProviderDown,
            ProviderRefused,
            StateError,
        ) as error:  # the next order must not wait for this one
            log.warning("order %s waits: %s", order.number, error)
    return done


def _confirm_free() -> None:
    free = Order.objects.filter(status="awaiting_payment", total_incl_tax=0).order_by("pk")
    for order in free[:BATCH]:
        try:
            with transaction.atomic():
                confirm_free(order=order)
        except StateError as error:
            log.warning("order %s waits: %s", order.number, error)


@shared_task(name="payment.remind", ignore_result=True)
def remind() -> int:
    """Remind once of each prepayment that has not come. Returns how many."""
    done = 0
    waiting = Payment.objects.filter(
        state="created",
        method=PREPAYMENT,
        reminded_at=None,
        created_at__lte=now() - REMIND_AFTER,
        expires_at__gt=now(),
        order__status="awaiting_payment",
    )
    for payment in waiting.order_by("pk")[:BATCH]:
        with transaction.atomic():
            if Payment.objects.filter(pk=payment.pk, reminded_at=None, state="created").update(
                reminded_at=now()
            ):
                until = timezone.localtime(payment.expires_at).date()
                record(PaymentReminderDue(payment.pk, payment.order_id, until.isoformat()))
                done += 1
    return done

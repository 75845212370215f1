"""What of an order stands still: why, since when, and what is safe to do about it.

A button stands only where doing it twice does nothing twice: effect and mark are one transaction (deliveries, messages
from outside), the row is claimed (mails, pushes, labels), or only a question is asked (card payments). Everything else
leads to the page that says first what it would do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout.payment.models import CARD, OPEN_STATES
from fulfilment.warehouse.dispatch.models import Label
from shop.connect.models import Push
from shop.kernel import clock
from shop.kernel.models import Attempted, Delivery, InboxMessage
from shop.notifications.models import OutgoingMail

from .why_causes import in_words, machine_words

SLOW_AFTER = dt.timedelta(minutes=5)  #: work that should be done at once and was not
BAD, WAITS = "bad", "warn"


@dataclass(frozen=True)
class Stuck:
    """One thing that stands still.

    kind, pk: for the button ("" for none); url, link: a page that says more; tone: bad (somebody must act) or warn (it
    waits for something and goes on by itself).
    """

    title: str
    why: str
    since: dt.datetime | None = None
    note: str = ""
    kind: str = ""
    pk: int = 0
    url: str = ""
    link: str = ""
    tone: str = BAD


def stuck(facts: dict[str, Any]) -> list[Stuck]:
    """Everything about the order that stands still; what somebody must act on comes first. No queries."""
    found = [
        *_order(facts),
        *_payments(facts),
        *_refunds(facts),
        *_questions(facts),
        *_labels(facts["labels"]),
        *_documents(facts["invoices"]),
        *_attempted(facts),
    ]
    return sorted(found, key=lambda one: (one.tone != BAD, one.since or clock.now()))


def _order(facts: dict[str, Any]) -> Iterator[Stuck]:
    order = facts["order"]
    if order.on_hold:
        yield Stuck(
            _("The order is on hold"),
            order.hold_reason or _("Somebody put it on hold."),
            url=reverse("dashboard:order", args=[order.number]), link=_("To the order"),
        )  # fmt: skip
    if order.status == "confirmed" and not facts["pick_lists"] and _old(order.date_placed):
        yield Stuck(
            _("The warehouse has no pick list yet"),
            _("The order is confirmed, and no site was given anything to pick. The events below say why."),
            order.date_placed,
        )  # fmt: skip


def _payments(facts: dict[str, Any]) -> Iterator[Stuck]:
    for payment in facts["payments"]:
        if payment.state == "disputed":
            yield Stuck(
                _("The customer's bank disputes the payment"),
                _(
                    "The money is held back until the dispute is decided. Answer it at the payment provider in time."
                ),
                payment.created_at,
            )
        elif payment.state in OPEN_STATES and facts["order"].status == "awaiting_payment":
            is_card = payment.method == CARD
            why = (
                _(
                    "The customer has not finished paying by card. It is asked about, and in the end cancelled."
                )
                if is_card
                else _("The transfer has not been seen on our account yet.")
            )
            yield Stuck(
                _("Waits for the money"), why, payment.created_at, tone=WAITS,
                kind="payment" if is_card and payment.intent_id else "", pk=payment.pk,
            )  # fmt: skip


def _refunds(facts: dict[str, Any]) -> Iterator[Stuck]:
    for refund in facts["refunds"]:
        if refund.state == "failed":
            yield Stuck(
                _("A refund failed"),
                refund.failure_text or in_words("ProviderRefused"),
                refund.created_at,
                url=reverse("finance:refund-again", args=[refund.pk]), link=_("What can be done"),
            )  # fmt: skip
        elif refund.state == "requested" and refund.way == CARD and _is_late(refund):
            yield Stuck(
                _("A refund has not been sent yet"),
                _("The payment provider has not taken it. It is sent again by itself and, with its key, only once."),
                refund.created_at, machine_words(refund.failure_text), tone=WAITS, kind="refund", pk=refund.pk,
            )  # fmt: skip
        elif refund.state == "requested" and refund.way != CARD:
            yield Stuck(
                _("A refund waits to be transferred"),
                _("It goes into the next file for the bank, or is noted as sent."),
                refund.created_at, url=reverse("finance:transfers"), link=_("To the transfers"), tone=WAITS,
            )  # fmt: skip


def _is_late(refund: Any) -> bool:
    """Whether the provider was tried in vain, or never: each failure moves the next try up to an hour ahead."""
    return bool(refund.failure_text) or _old(refund.next_attempt_at)


def _questions(facts: dict[str, Any]) -> Iterator[Stuck]:
    for request in facts["waiting_requests"]:
        yield Stuck(
            _("Waits for a second person"),
            f"{request.title}: {request.reason}",
            request.requested_at,
            url=reverse("dashboard:approval", args=[request.pk]), link=_("To the request"), tone=WAITS,
        )  # fmt: skip
    for question in facts["shortages"]:
        if question.is_open:
            yield Stuck(
                _("Waits for the customer's answer about missing pieces"),
                question.order_line.title,
                question.asked_at,
                url=reverse("warehouse:shortage", args=[question.pk]), link=_("To the question"), tone=WAITS,
            )  # fmt: skip
    for parcel in facts["parcels"]:
        if parcel.state == "lost" and not parcel.loss_closed_as:
            yield Stuck(
                _("Parcel %(number)s is lost") % {"number": parcel.number},
                _("Nobody has decided yet what the customer gets."),
                parcel.dispatched_at,
                url=reverse("warehouse:parcel", args=[parcel.pk]), link=_("To the parcel"),
            )  # fmt: skip


def _labels(labels: Iterable[Label]) -> Iterator[Stuck]:
    for label in labels:
        title = _("No label for parcel %(number)s") % {"number": label.parcel.number}
        where = {"url": reverse("warehouse:parcel", args=[label.parcel_id]), "link": _("To the parcel")}
        if label.stage == "refused":
            yield Stuck(
                title,
                label.reason or in_words(label.last_error),
                label.created_at,
                kind="label",
                pk=label.pk,
                **where,
            )
        elif label.stage in ("wanted", "cancelling") and (label.state == Label.DEAD or label.last_error):
            yield Stuck(
                title, _cause(label), label.created_at, machine_words(label.last_error), "label", label.pk,
                tone=BAD if label.state == Label.DEAD else WAITS, **where,
            )  # fmt: skip


def _documents(invoices: Iterable[Any]) -> Iterator[Stuck]:
    for invoice in invoices:
        if not invoice.pdf_sha256 and _old(invoice.created_at):
            yield Stuck(
                _("The document of %(number)s is not made yet") % {"number": invoice.number},
                _("It is tried every minute by itself. Is a worker running?"),
                invoice.created_at, tone=WAITS,
            )  # fmt: skip


def _attempted(facts: dict[str, Any]) -> Iterator[Stuck]:
    """Deliveries, mails, pushes and messages from outside that failed or are tried again."""
    for kind, title, rows in (
        ("delivery", _("Not done: %(what)s"), facts["deliveries"]),
        ("mail", _("Mail not sent: %(what)s"), facts["mails"]),
        ("push", _("Not told to the other system: %(what)s"), facts["pushes"]),
        ("inbox", _("Message not understood: %(what)s"), facts["inbox"]),
    ):
        for row in rows:
            if _stands_still(row):
                why = _cause(row)
                yield Stuck(
                    title % {"what": _name(row)}, why, _since(row), machine_words(row.last_error), kind, row.pk,
                    tone=BAD if row.state == Attempted.DEAD else WAITS,
                )  # fmt: skip


def _cause(row: Attempted) -> str:
    """The cause in words, and what comes of it: given up, or tried again by itself."""
    cause = in_words(row.last_error)
    if row.state == Attempted.DEAD:
        given_up = _("It was given up after %(n)d attempts and goes on only when somebody tries it again.")
        return f"{cause} {given_up % {'n': row.attempts}}".strip()
    if not cause or _old(row.next_attempt_at):
        return f"{cause} {_('It should have been done by now. Is a worker running?')}".strip()
    at = timezone.localtime(row.next_attempt_at).strftime("%H:%M")
    return f"{cause} {_('It is tried again by itself, next at %(time)s.') % {'time': at}}"


def _stands_still(row: Attempted) -> bool:
    if row.state == Attempted.DEAD:
        return True
    return row.state == Attempted.PENDING and (bool(row.last_error) or _old(row.next_attempt_at))


def _name(row: Any) -> str:
    if isinstance(row, Delivery):
        return f"{row.message.name} → {row.subscriber}"
    if isinstance(row, OutgoingMail):
        return str(row.subject)
    if isinstance(row, Push):
        return f"{row.get_event_display()} → {row.endpoint.name}"
    return f"{row.source} {row.kind}"


def _since(row: Any) -> dt.datetime:
    if isinstance(row, Delivery):
        return row.message.recorded_at
    if isinstance(row, InboxMessage):
        return row.received_at
    return row.created_at  # type: ignore[no-any-return]


def _old(at: dt.datetime | None) -> bool:
    return at is not None and at <= clock.now() - SLOW_AFTER

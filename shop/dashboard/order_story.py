"""One timeline of an order, from click to ledger: states, deeds of staff, events with who heard them, mails, papers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from checkout.order.models import AddressCorrection, Order
from checkout.payment.models import WAYS, Payment
from fulfilment.customer_service.remedies.acts import ACTS
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.receiving.dashboard import given_back_event
from fulfilment.warehouse.receiving.queries import given_back_of
from shop.approvals.models import Approval
from shop.kernel.models import Delivery, Message, StateChange
from shop.notifications.models import OutgoingMail
from shop.ui.numbers import money_text
from shop.ui.reasons import reason
from shop.ui.states import look_of

from .models import ORDER, StaffAction

Event = dict[str, Any]
MESSAGES_MAX = 200
SALE, MONEY, GOODS, MAILS, STAFF, TECHNICAL = "sale", "money", "goods", "mails", "staff", "technical"

MACHINES = {
    "order": (gettext_noop("Order"), "basket", SALE),
    "payment": (gettext_noop("Payment"), "euro", MONEY),
    "refund": (gettext_noop("Refund"), "undo", MONEY),
    "pick_list": (gettext_noop("Pick list"), "scan", GOODS),
    "parcel": (gettext_noop("Parcel"), "truck", GOODS),
}
EVENTS = {
    "OrderPlaced": gettext_noop("order placed"),
    "OrderConfirmed": gettext_noop("order confirmed"),
    "OrderCancelled": gettext_noop("order cancelled"),
    "OrderAmended": gettext_noop("order changed"),
    "OrderChangeNews": gettext_noop("change that waits for money"),
    "ShortageAsked": gettext_noop("customer asked about missing pieces"),
    "PickedShort": gettext_noop("pieces not found in their bin"),
    "OrderLinkRequested": gettext_noop("link asked for"),
    "PaymentCaptured": gettext_noop("money received"),
    "PaymentReminderDue": gettext_noop("prepayment to be reminded"),
    "PrepaymentChosen": gettext_noop("bank details to be mailed"),
    "PaymentDisputed": gettext_noop("payment disputed"),
    "DisputeWon": gettext_noop("dispute won, money is back"),
    "RefundRequested": gettext_noop("refund requested"),
    "RefundSucceeded": gettext_noop("money returned"),
    "ParcelDispatched": gettext_noop("parcel dispatched"),
    "ParcelDelivered": gettext_noop("parcel delivered"),
    "ParcelLost": gettext_noop("parcel lost"),
    "ParcelReturned": gettext_noop("parcel comes back"),
    "AddressCorrected": gettext_noop("delivery address corrected"),
    "InvoiceIssued": gettext_noop("invoice issued"),
    "InvoicePaid": gettext_noop("invoice paid"),
    "InvoiceReopened": gettext_noop("invoice open again"),
}
DEEDS = {
    "change_order": gettext_noop("Changed before it was picked"),
    "hold": gettext_noop("Put on hold"),
    "release_hold": gettext_noop("Hold released"),
    "resend_mail": gettext_noop("Confirmation mail sent again"),
}

REMEDY = "remedy:"  #: begins the deeds of the one screen of customer service; the code of the act follows


def deed_title(what: str) -> str:
    """What staff did, in words."""
    act = ACTS.get(what.removeprefix(REMEDY)) if what.startswith(REMEDY) else None
    return str(act.title) if act else _(DEEDS.get(what, what))


def story(
    order: Order,
    *,
    payments: list[Payment],
    parcels: list[Parcel],
    invoices: list[Invoice],
    mails: list[OutgoingMail],
    requests: list[Approval],
    pick_list_ids: list[int],
    told: list[Message],
) -> list[Event]:
    """Everything that happened, oldest first. Four queries beside what the page has read anyway."""
    more = {"topic": SALE, "thread": order.correlation_id} | (
        {"by": order.taken_by.name} if order.taken_by else {}
    )
    title, icon = (_("Order taken by phone"), "phone") if order.taken_by else (_("Order placed"), "basket")
    events = [_event(order.date_placed, title, icon, text=order.email or "", **more)]
    events += _changes(order, payments, parcels, pick_list_ids)
    events += _deeds(order)
    events += _corrections(order)
    events += [_message(message) for message in told if message.name in EVENTS]
    events += [given_back_event(one) | {"topic": GOODS} for one in given_back_of(order.pk)]
    events += [_loss(parcel) for parcel in parcels if parcel.loss_closed_as]
    events += [_mail(mail) for mail in mails]
    events += [event for request in requests for event in _request(request)]
    events += [
        _event(
            invoice.created_at,
            f"{invoice.get_kind_display()} {invoice.number}",
            "invoice",
            topic=MONEY,
            text=money_text(invoice.gross_minor, invoice.currency),
            url=reverse("finance:invoice", args=[invoice.number]),
            link=_("Show"),
        )
        for invoice in invoices
    ]
    return sorted(events, key=lambda event: event["at"])


def _changes(
    order: Order, payments: list[Payment], parcels: list[Parcel], pick_list_ids: list[int]
) -> Iterable[Event]:
    wanted = Q(machine="order", thing_id=order.pk)
    wanted |= Q(machine="payment", thing_id__in=[payment.pk for payment in payments])
    wanted |= Q(machine="refund", thing_id__in=[r.pk for p in payments for r in p.refunds.all()])
    wanted |= Q(machine="parcel", thing_id__in=[parcel.pk for parcel in parcels])
    wanted |= Q(machine="pick_list", thing_id__in=pick_list_ids)
    for change in StateChange.objects.filter(wanted).select_related("by"):
        title, icon, topic = MACHINES[change.machine]
        yield _event(
            change.at,
            f"{_(title)}: {_state(change)}",
            icon,
            topic=topic,
            thread=change.correlation_id or "",
            by=change.by.name if change.by else "",
            text=reason(change.why),
            state="bad" if change.new in ("cancelled", "failed", "disputed", "lost") else "done",
        )


def _state(change: StateChange) -> str:
    labels = {"open": _("to pick"), "picked": _("picked")} if change.machine == "pick_list" else {}
    return str(labels.get(change.new) or look_of(change.new).label)


def _corrections(order: Order) -> Iterable[Event]:
    """Corrections of where it goes, with what changed."""
    for one in AddressCorrection.objects.filter(order=order).select_related("by"):
        changed = [
            f"{one.old.get(name) or '–'} → {value or '–'}"
            for name, value in one.new.items()
            if value != one.old.get(name)
        ]
        by = one.by.name if one.by else ""
        text = f"{one.why} ({', '.join(changed)})"
        yield _event(one.at, _("Delivery address corrected"), "edit", topic=STAFF, by=by, text=text)


def _deeds(order: Order) -> Iterable[Event]:
    deeds = StaffAction.objects.filter(subject=ORDER, subject_id=order.pk).select_related("by")
    for deed in deeds:
        by = deed.by.name if deed.by else ""
        facts = {"topic": STAFF, "thread": deed.correlation_id or ""}
        yield _event(deed.at, deed_title(deed.what), "user", by=by, text=deed.why, **facts)


def messages_of(order: Order) -> list[Message]:
    """Events about the order, oldest first, with their deliveries. Two queries."""
    about = Q(payload__order_id=order.pk)
    if order.correlation_id:
        about |= Q(correlation_id=order.correlation_id)
    deliveries = Delivery.objects.order_by("pk")
    found = Message.objects.filter(about).order_by("recorded_at")
    return list(found.prefetch_related(Prefetch("deliveries", queryset=deliveries))[:MESSAGES_MAX])


def _message(message: Message) -> Event:
    """An event with what each subscriber made of it."""
    heard = list(message.deliveries.all())
    dead = any(delivery.state == Delivery.DEAD for delivery in heard)
    return _event(
        message.recorded_at,
        _("Told the house: %(event)s") % {"event": _(EVENTS[message.name])},
        "link",
        topic=TECHNICAL,
        thread=message.correlation_id,
        text=", ".join(_heard(delivery) for delivery in heard),
        state="bad" if dead else "done",
    )


def _heard(delivery: Delivery) -> str:
    if delivery.state == Delivery.DONE:
        return f"{delivery.subscriber} ✓"
    word = look_of("dead" if delivery.state == Delivery.DEAD else "pending").label
    return f"{delivery.subscriber}: {word} {delivery.last_error[:120]}".strip()


def _mail(mail: OutgoingMail) -> Event:
    return _event(
        mail.created_at,
        _("Mail: %(kind)s") % {"kind": mail.get_kind_display()},
        "mail",
        topic=MAILS,
        thread=mail.correlation_id or "",
        text=f"{look_of(mail.shown_state).label}: {mail.recipient}",
        url=reverse("notifications:detail", args=[mail.pk]),
        link=_("Show"),
        state="bad" if mail.state == OutgoingMail.DEAD else "done",
    )


def _request(request: Approval) -> Iterable[Event]:
    """What was asked of a second person, and what came of it."""
    link = {"url": reverse("dashboard:approval", args=[request.pk]), "link": _("Show")}
    asked = f"{request.title}: {request.reason}"
    yield _event(
        request.requested_at,
        _("Approval asked for"),
        "user",
        topic=STAFF,
        by=request.asker,
        text=asked,
        **link,
    )
    if request.decided_at:
        yield _event(
            request.decided_at,
            _("Approval: %(state)s") % {"state": request.get_state_display()},
            "check-circle" if request.state == "approved" else "cross",
            topic=STAFF,
            by=request.decided_by.name if request.decided_by else "",
            text=request.words or request.result,
            state="bad" if request.state == "declined" else "done",
            **link,
        )


def _loss(parcel: Parcel) -> Event:
    """What was done about a lost parcel."""
    title = _("Loss of parcel %(number)s: %(end)s") % {
        "number": parcel.number,
        "end": parcel.get_loss_closed_as_display(),
    }
    by = parcel.loss_closed_by.name if parcel.loss_closed_by else ""
    at = parcel.loss_closed_at or parcel.packed_at
    return _event(at, title, "check", topic=GOODS, by=by, text=parcel.loss_note)


def _event(at: dt.datetime, title: str, icon: str, **more: Any) -> Event:
    return {"at": at, "title": title, "icon": icon, "state": "done", "topic": TECHNICAL, "thread": "", **more}


def method_name(code: str) -> str:
    """The way to pay as people call it."""
    return str(dict(WAYS).get(code, code))

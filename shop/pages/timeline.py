"""What became of an order, told in the shopper's words and in order of time. A constant number of queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Exists, Model, OuterRef, Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from checkout.basket.queries import pictures_of
from checkout.order.models import Line, Order
from checkout.payment.models import CREDIT, OPEN_STATES, Payment, Refund
from checkout.shipping.pickup import store
from fulfilment.customer_service.changes.models import ADDRESS, DELIVERY, PIECES, OrderChange
from fulfilment.customer_service.changes.states import DONE
from fulfilment.customer_service.returns import told
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.carriers import OWN
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.shortages.access import token
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.shortages.queries import of_order
from shop.kernel.models import StateChange

from .queries import merchant

Event = dict[str, Any]
#: What an order may have beside its lines and payments. Of a new one nothing is there: it is asked for in one query.
FURTHER: dict[str, tuple[type[Model], str]] = {
    "parcels": (Parcel, "order"),
    "invoices": (Invoice, "order"),
    "shortages": (ShortageQuestion, "order"),
    "replacements": (Order, "replaces"),
    "returns": (Return, "order"),
    "changes": (OrderChange, "order"),
    "withdrawals": (Withdrawal, "order"),
}


def _further(order: Order) -> set[str]:
    """The kinds of ``FURTHER`` of which there is something. One query."""
    asked = [
        Exists(model._default_manager.filter(**{field: OuterRef("pk")}).order_by())
        for model, field in FURTHER.values()
    ]
    found = Order.objects.filter(pk=order.pk).order_by().values_list(*asked).get()
    return {kind for kind, is_there in zip(FURTHER, found, strict=True) if is_there}


def order_page(order: Order) -> dict[str, Any]:
    """Everything the order page shows: lines, payment, parcels, invoices and the timeline."""
    lines = list(
        Line.objects.filter(order=order).select_related("product__parent", "product__colour").order_by("pk")
    )
    images = pictures_of([line.product for line in lines if line.product])
    for line in lines:
        line.picture = images.get(line.product_id)  # type: ignore[attr-defined]
    refunds = Refund.objects.order_by("pk")
    payments = list(
        Payment.objects.filter(order=order)
        .prefetch_related(Prefetch("refunds", queryset=refunds))
        .order_by("pk")
    )
    asked = [payment for payment in payments if payment.method != CREDIT] or payments
    there = _further(order)
    parcels = list(Parcel.objects.filter(order=order).order_by("packed_at")) if "parcels" in there else []
    invoices = list(Invoice.objects.filter(order=order).order_by("pk")) if "invoices" in there else []
    replacements = order.replacements.exclude(status="cancelled").select_related("exchange").order_by("pk")
    return {
        "order": order,
        "lines": lines,
        "payment": asked[-1] if asked else None,
        "by_credit_minor": _by_credit_minor(payments),
        "open_payment": next((p for p in payments if p.state in OPEN_STATES), None),
        "refunds": [refund for payment in payments for refund in payment.refunds.all()],
        "parcels": parcels,
        "invoices": invoices,
        "timeline": _timeline(order, payments, parcels, invoices, there),
        "shortages": _asked(order) if "shortages" in there else [],
        "replacements": list(replacements) if "replacements" in there else [],
        "returns": told.of_order(order) if "returns" in there else [],
        "merchant": merchant(),
        "store": store() if order.shipping_address_id is None else None,
    }


def _by_credit_minor(payments: list[Payment]) -> int:
    """What store credit paid of the order and did not go back, in minor units."""
    mine = [payment for payment in payments if payment.method == CREDIT and payment.state == "captured"]
    back = [refund for payment in mine for refund in payment.refunds.all() if refund.state != "failed"]
    return sum(payment.amount_minor for payment in mine) - sum(refund.amount_minor for refund in back)


def _asked(order: Order) -> list[tuple[ShortageQuestion, str]]:
    """Open questions about missing pieces, each with the page that answers it."""
    found = [question for question in of_order(order.pk) if question.is_open]
    return [(question, reverse("orders:shortage", args=[token(question)])) for question in found]


def _timeline(
    order: Order, payments: list[Payment], parcels: list[Parcel], invoices: list[Invoice], there: set[str]
) -> list[Event]:
    changes = {}
    for change in StateChange.objects.filter(machine="order", thing_id=order.pk).order_by("pk"):
        changes[change.new] = change.at
    begun = _("New goods are sent to you") if order.replaces_id else _("Order received")
    events = [_event(begun, order.date_placed, "basket")]
    events += _money(payments)
    if "confirmed" in changes:
        events.append(_event(_("Order confirmed"), changes["confirmed"], "check"))
    if "in_fulfilment" in changes:
        events.append(_event(_("We are packing your order"), changes["in_fulfilment"], "box"))
    for parcel in parcels:
        if parcel.dispatched_at:
            events.append(_sent(parcel))
    events += _arrived(parcels) if parcels else []
    for invoice in invoices:
        title = _("Credit note %(number)s") if not invoice.is_claim else _("Invoice %(number)s")
        url = reverse("orders:invoice", kwargs={"number": order.number, "invoice": invoice.number})
        events.append(
            _event(
                title % {"number": invoice.number}, invoice.created_at, "invoice", url=url, link=_("Show PDF")
            )
        )
    events += _changed(order) if "changes" in there else []
    events += _withdrawn(order) if "withdrawals" in there else []
    if order.status == "cancelled" and "cancelled" in changes:
        events.append(_event(_("Order cancelled"), changes["cancelled"], "cross", state="bad"))
    events.sort(key=lambda event: event["at"])
    return [*events, *_ahead(order)]


def _money(payments: list[Payment]) -> list[Event]:
    events = []
    for payment in payments:
        if payment.captured_at:
            text = payment.card_label or ""
            title = _("Paid with store credit") if payment.method == CREDIT else _("Payment received")
            events.append(_event(title, payment.captured_at, "euro", text=text))
        for refund in payment.refunds.all():
            if refund.succeeded_at:
                text = _("as store credit") if refund.way == CREDIT else ""
                events.append(_event(_("Money returned to you"), refund.succeeded_at, "undo", text=text))
    return events


def _changed(order: Order) -> list[Event]:
    """What was changed before it was picked. One query."""
    titles = {
        PIECES: _("Pieces of your order changed"),
        ADDRESS: _("Delivery address changed"),
        DELIVERY: _("Way of delivery changed"),
    }
    rows = OrderChange.objects.filter(order=order, state=DONE, kind__in=list(titles)).order_by("pk")
    return [_event(titles[row.kind], row.at, "edit") for row in rows]


def _withdrawn(order: Order) -> list[Event]:
    rows = Withdrawal.objects.filter(order=order).order_by("pk")
    title = _("Your withdrawal %(number)s was received")
    return [_event(title % {"number": row.number}, row.received_at, "undo") for row in rows]


def _sent(parcel: Parcel) -> Event:
    if parcel.is_handover:
        return _event(_("Handed over in the store"), parcel.dispatched_at, "store")
    if parcel.carrier == OWN.code:  # our word for "no carrier's", which says nothing to a shopper
        text = f"{_('Tracking number')} {parcel.tracking_number}"
    else:
        text = _("%(carrier)s, tracking number %(number)s") % {
            "carrier": parcel.carrier,
            "number": parcel.tracking_number,
        }
    return _event(_("Parcel on its way to you"), parcel.dispatched_at, "truck", text=text)


def _arrived(parcels: list[Parcel]) -> list[Event]:
    """What became of parcels that were sent: delivered, lost, coming back."""
    titles = {
        "delivered": (_("Parcel delivered"), "check-circle", "done"),
        "lost": (_("Parcel lost: we take care of it"), "warning", "bad"),
        "returned": (_("Parcel comes back to us"), "return", "bad"),
    }
    sent = {parcel.pk: parcel for parcel in parcels if not parcel.is_handover}
    changes = StateChange.objects.filter(machine="parcel", thing_id__in=list(sent), new__in=list(titles))
    events = []
    for change in changes.order_by("pk"):
        title, icon, state = titles[change.new]
        number = sent[change.thing_id].tracking_number
        events.append({"title": title, "at": change.at, "icon": icon, "state": state, "text": number})
    return events


def _ahead(order: Order) -> list[Event]:
    """What comes next, where something does."""
    titles = {
        "awaiting_payment": _("Waiting for your payment"),
        "confirmed": _("We prepare your order"),
        "in_fulfilment": _("Parcel leaves our warehouse"),
    }
    title = titles.get(order.status)
    return [{"title": title, "icon": "clock", "state": "current"}] if title else []


def _event(title: str, at: dt.datetime | None, icon: str, **more: Any) -> Event:
    return {"title": title, "at": at, "icon": icon, "state": "done", **more}

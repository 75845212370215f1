""" "Why?": everything that happened to an order, from the click to the row in the ledger, and what stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from checkout.order.models import Order
from checkout.payment.actions import send_refund, settle
from checkout.payment.models import Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.warehouse.dispatch import labels
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Label
from fulfilment.warehouse.lists import Search, csv_file, csv_url, wants_csv
from shop.audit.middleware import is_of
from shop.connect import actions as pushes
from shop.connect.models import Push
from shop.kernel import attempts, inbox, outbox
from shop.kernel.access import staff_view
from shop.kernel.models import Delivery, InboxMessage
from shop.kernel.states import StateError
from shop.notifications import actions as mails
from shop.notifications.models import OutgoingMail

from . import order_page, why_rows
from .order_story import GOODS, MAILS, MONEY, SALE, STAFF, TECHNICAL, Event
from .orders import VIEW
from .why_stuck import Stuck, stuck

TOPICS = [
    (SALE, gettext_lazy("Order")),
    (MONEY, gettext_lazy("Money")),
    (GOODS, gettext_lazy("Goods")),
    (MAILS, gettext_lazy("Mails")),
    (STAFF, gettext_lazy("Staff and customer")),
    (TECHNICAL, gettext_lazy("Behind the scenes")),
]
LOOKS = "audit.see_accesses"
HANDLE = ("order.manage_orders", "kernel.view_operations")


class WhySearch(Search):
    """Filters of the story; they stay in the address."""

    topic = forms.ChoiceField(
        label=gettext_lazy("About"), required=False, choices=[("", gettext_lazy("everything")), *TOPICS]
    )
    first = forms.ChoiceField(
        label=gettext_lazy("Begin with"),
        required=False,
        choices=[("", gettext_lazy("the oldest")), ("newest", gettext_lazy("the newest"))],
    )
    field_order = ["q", "topic", "first"]


@staff_view(VIEW, shows="order")
@require_safe
def why(request: HttpRequest, number: str) -> HttpResponse:
    """The page. A constant number of queries, whatever happened to the order."""
    order = order_page.find(number)
    is_of(request, user_id=order.user_id, email=order.email or "")
    form, facts = WhySearch(request.GET), _facts(order)
    rows = _fitting(_story(request.user, facts), form)
    if wants_csv(request):
        head = [_("When"), _("About"), _("What"), _("Details"), _("Who"), _("Trace")]
        return csv_file(f"why-{order.number}", head, (_cells(row) for row in rows))
    standing = [(one, _button(request.user, one)) for one in stuck(facts)]
    context = {
        "order": order,
        "form": form,
        "rows": rows,
        "stuck": standing,
        "csv_url": csv_url(request),
        "topics": dict(TOPICS),
        "thread": order.correlation_id,
        "crumbs": [
            {"title": _("Orders"), "url": reverse("dashboard:orders")},
            {"title": order.number, "url": reverse("dashboard:order", args=[order.number])},
            {"title": _("Why?"), "url": ""},
        ],
    }
    return render(request, "dashboard/orders/why.html", context, status=form.status)


def _facts(order: Order) -> dict[str, Any]:
    facts = order_page.facts(order)
    return facts | why_rows.gather(order, facts["told"])


def _story(user: Any, facts: dict[str, Any]) -> list[Event]:
    """Every row, oldest first; links only where this person may go, and no words of pages they may not read."""
    rows = [*facts["timeline"], *why_rows.events(facts, may_see_looks=user.has_perm(LOOKS))]
    for row in rows:
        if row.get("needs") and not user.has_perm(row["needs"]):
            row["url"] = ""
            if row.get("keeps_words"):
                row["text"] = ""
    return sorted(rows, key=lambda row: row["at"])


def _fitting(rows: list[Event], form: WhySearch) -> list[Event]:
    topic, words = form.value("topic"), form.value("q").lower().split()
    fitting = [
        row
        for row in rows
        if (not topic or row["topic"] == topic) and all(word in _text_of(row) for word in words)
    ]
    return fitting[::-1] if form.value("first") == "newest" else fitting


def _text_of(row: Event) -> str:
    return f"{row['title']} {row.get('text', '')} {row.get('by', '')} {row['thread']}".lower()


def _cells(row: Event) -> list[Any]:
    return [
        timezone.localtime(row["at"]).isoformat(timespec="seconds"), str(dict(TOPICS)[row["topic"]]), row["title"],
        row.get("text", ""), row.get("by", ""), row["thread"],
    ]  # fmt: skip


@dataclass(frozen=True)
class Verb:
    """What is safe to do again: its button, who may (any of them), and the doing, which says what came of it."""

    title: Any
    permissions: tuple[str, ...]
    run: Callable[[int, Any], str]


def _again(model: Any, nudge: Callable[[int], None]) -> Callable[[int, Any], str]:
    def run(pk: int, by: Any) -> str:
        if not attempts.retry(model, pk):
            return _("It was done meanwhile.")
        nudge(pk)
        return _("It is tried again now. Look again in a minute.")

    return run


def _mail_again(pk: int, by: Any) -> str:
    mail = get_object_or_404(OutgoingMail, pk=pk)
    try:
        done = mails.retry(mail=mail, by=by)
    except mails.StillSending:
        return _("This mail is being sent at this moment.")
    if done:
        return _("The mail is sent again now.")
    if mail.state == OutgoingMail.DONE:
        return _("The mail had already been sent.")
    return _("Nobody can write to this address. Please correct it with the customer.")


def _push_again(pk: int, by: Any) -> str:
    try:
        done = pushes.retry(push=get_object_or_404(Push, pk=pk), by=by)
    except pushes.StillSending:
        return _("It is being sent at this moment.")
    return _("It is tried again now. Look again in a minute.") if done else _("It was done meanwhile.")


def _label_again(pk: int, by: Any) -> str:
    label = get_object_or_404(Label.objects.select_related("parcel__order"), pk=pk)
    try:
        labels.retry(label=label, by=by)
    except DispatchError as refused:
        return str(refused)
    except StateError:
        return _("It was done meanwhile.")
    return _("The carrier is asked again: %(state)s.") % {"state": label.get_stage_display()}


def _ask_payment(pk: int, by: Any) -> str:
    try:
        found = settle(payment_id=pk, by=by)
    except ProviderRefused as refused:
        return _("The payment provider refused: %(why)s. Nothing was changed.") % {"why": refused}
    except ProviderDown:
        return _("The payment provider cannot be reached. Nothing was changed; it is asked again by itself.")
    return _("The provider was asked; the payment is now: %(state)s.") % {"state": found.get_state_display()}


def _send_refund(pk: int, by: Any) -> str:
    if send_refund(refund_id=pk):
        return _("The provider was asked to send it; with its key it goes out once.")
    refund = get_object_or_404(Refund, pk=pk)
    if refund.state == "failed":
        return _("The payment provider refused to send it: %(why)s. No money goes back yet.") % {
            "why": refund.failure_text
        }
    if refund.state == "requested":
        return _("The payment provider cannot be reached. Nothing was changed; it is asked again by itself.")
    return _("It was done meanwhile.")


VERBS = {
    "delivery": Verb(gettext_lazy("Try again"), HANDLE, _again(Delivery, lambda pk: outbox.core.nudge(pk))),
    "inbox": Verb(gettext_lazy("Try again"), HANDLE, _again(InboxMessage, lambda pk: inbox.core.nudge(pk))),
    "mail": Verb(gettext_lazy("Send again"), ("notifications.retry_mails",), _mail_again),
    "push": Verb(gettext_lazy("Send again"), ("connect.retry_pushes",), _push_again),
    "label": Verb(gettext_lazy("Ask the carrier again"), ("dispatch.dispatch_parcels",), _label_again),
    "payment": Verb(gettext_lazy("Ask the provider"), HANDLE, _ask_payment),
    "refund": Verb(gettext_lazy("Send now"), ("payment.refund_payments",), _send_refund),
}


def _button(user: Any, one: Stuck) -> Any:
    """The title of the button this person gets for it, "" for none."""
    verb = VERBS.get(one.kind)
    return verb.title if verb and any(user.has_perm(name) for name in verb.permissions) else ""


@staff_view(VIEW)
@require_POST
def again(request: HttpRequest, number: str, kind: str, pk: int) -> HttpResponse:
    """Do again what stands still, if it still does; refused for what is not this order's."""
    verb = VERBS.get(kind)
    if verb is None:
        raise Http404(kind)
    if not any(request.user.has_perm(name) for name in verb.permissions):
        raise PermissionDenied(kind)
    order = order_page.find(number)
    if any(one.kind == kind and one.pk == pk for one in stuck(_facts(order))):
        messages.info(request, verb.run(pk, request.user))
    else:
        messages.info(request, _("It does not stand still any more. Nothing was done."))
    return redirect("dashboard:order-why", number)


urlpatterns = [
    path("orders/<slug:number>/why/", why, name="order-why"),
    path("orders/<slug:number>/why/<slug:kind>/<row:pk>/", again, name="order-why-again"),
]

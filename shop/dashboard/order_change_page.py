"""Staff change an order for its customer: the shopper's own forms and actions, with a reason, and behind the limits."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from checkout.order.models import Order
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.customer_service.changes import words
from fulfilment.customer_service.changes.actions import TooLate
from fulfilment.customer_service.changes.altering import ChangeRefused
from fulfilment.customer_service.changes.approving import change_or_ask, needs_second
from fulfilment.customer_service.changes.models import ADDRESS, CANCEL
from fulfilment.customer_service.changes.paying import drop, waiting_change
from fulfilment.customer_service.changes.preview import preview
from fulfilment.customer_service.changes.states import WAITING
from fulfilment.finance.forms import ReasonForm
from shop.kernel.access import staff_view
from shop.pages.order_change import change_key, choose_context, confirm_context, seen_total
from shop.pages.order_change_form import FORMS

from .approvals import asked_text
from .models import ORDER, note
from .order_page import MANAGE, _crumbs, find

READDRESS = "order.correct_addresses"


@staff_view(MANAGE, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows what may be changed; POST with ``step`` preview says what it means, confirm does it, edit goes back."""
    order = find(number)
    if request.method != "POST":
        return _choose(request, order)
    kind = request.POST.get("kind", "")
    if kind == "drop":
        return _drop(request, order)
    if kind not in FORMS or kind == CANCEL or (kind == ADDRESS and not request.user.has_perm(READDRESS)):
        return _choose(request, order, problem=_("Please choose what shall be changed."), status=400)
    form = FORMS[kind](request.POST, order=order)
    if request.POST.get("step") == "edit":
        return _choose(request, order, form)
    if not form.is_valid():
        return _choose(request, order, form, status=422)
    try:
        if request.POST.get("step") == "confirm":
            return _confirm(request, order, form)
        return _look(request, order, form)
    except TooLate as late:
        return _choose(request, find(number), problem=str(late), status=409)
    except ChangeRefused as problem:
        return _choose(request, find(number), form, problem=str(problem), status=409)
    except (ProviderDown, ProviderRefused):
        problem = _(
            "The payment provider cannot be reached. Nothing was changed; please try again in a minute."
        )
        return _choose(request, find(number), form, problem=problem, status=503)


def _confirm(request: HttpRequest, order: Order, form: Any) -> HttpResponse:
    key, total, reason = change_key(request, order), seen_total(request), ReasonForm(request.POST)
    if key is None or total is None:
        return _choose(request, order, form, problem=_("Please look at it once more."), status=400)
    if not reason.is_valid():
        return _look(request, order, form, reason, status=400)
    asked = change_or_ask(
        order=order,
        wish=form.wish(),
        key=key,
        by=request.user,
        why=reason.cleaned_data["reason"],
        seen_minor=total,
    )
    if asked.change is not None and asked.is_new:
        why = reason.cleaned_data["reason"]
        note(
            subject=ORDER, subject_id=order.pk, what="change_order", by=request.user, why=why, kind=form.kind
        )
    if asked.approval is not None:
        messages.warning(request, asked_text(asked.approval, is_new=asked.is_new))
    elif asked.change is not None and asked.change.state == WAITING:
        messages.success(
            request,
            _("The customer is asked by mail to pay the difference; the order is changed when it has come."),
        )
    else:
        messages.success(
            request,
            _("Order %(number)s is changed. The customer is told by mail.") % {"number": order.number},
        )
    return redirect("dashboard:order", order.number)


def _drop(request: HttpRequest, order: Order) -> HttpResponse:
    """The change that waits for its payment is not to be made."""
    waiting = waiting_change(order)
    try:
        dropped = waiting is not None and drop(
            change=waiting, why=_("it was taken back by our service"), by=request.user
        )
    except (ProviderDown, ProviderRefused):
        problem = _(
            "The payment provider cannot be reached. Nothing was changed; please try again in a minute."
        )
        return _choose(request, order, problem=problem, status=503)
    if dropped:
        messages.success(
            request, _("The change is dropped; the order goes on as it was. The customer gets a mail.")
        )
    else:
        messages.info(request, _("Nothing waits any more. Please look at the order."))
    return redirect("dashboard:order", order.number)


def _look(
    request: HttpRequest, order: Order, form: Any, reason: ReasonForm | None = None, *, status: int = 200
) -> HttpResponse:
    """What it means, before the last word."""
    seen = preview(order=order, wish=form.wish(), by=request.user)
    context = confirm_context(request, order, form, seen) | {
        "effects": words.staff_effects(seen, order, form.kind),
        "needs_second": needs_second(order, seen.back_minor, request.user),
        "reason": reason or ReasonForm(),
        "crumbs": _crumbs(order, _("Change")),
    }
    return render(request, "dashboard/orders/change_confirm.html", context, status=status)


def _choose(
    request: HttpRequest, order: Order, bound: Any = None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = choose_context(order, bound)
    context |= {"problem": problem, "cancel": None, "crumbs": _crumbs(order, _("Change"))}
    if not request.user.has_perm(READDRESS):
        context["address"] = None
    return render(request, "dashboard/orders/change.html", context, status=status)


urlpatterns = [path("orders/<slug:number>/change/", change, name="order-change")]

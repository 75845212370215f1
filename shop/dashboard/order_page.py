"""One order: everything about it on one page, and what may be done to it now."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.order.models import Line, Order
from checkout.payment import approval
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import OPEN_STATES, PREPAYMENT, Payment, Refund
from checkout.payment.stripe_client import ProviderDown
from fulfilment.customer_service.changes import approving as changes
from fulfilment.customer_service.returns import exchange_end
from fulfilment.finance.forms import ReasonForm
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import refused_labels
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.routing.queries import routings_of
from fulfilment.warehouse.routing.words import reason_text
from fulfilment.warehouse.shortages import approving
from fulfilment.warehouse.shortages.queries import of_order
from shop.kernel.access import staff_view
from shop.kernel.states import StateError
from shop.notifications.actions import StillSending
from shop.notifications.queries import mails_of_order

from . import order_story, order_verbs
from .approvals import asked_text
from .orders import VIEW

MANAGE = "order.manage_orders"


@staff_view(VIEW, shows="order")
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """The page. A constant number of queries, however many lines, parcels and mails there are."""
    found = find(number)
    context = facts(found)
    context |= {
        "crumbs": _crumbs(found),
        "refused_labels": list(refused_labels(found.pk)),
        "may_cancel": order_verbs.may_cancel(found),
        "may_change": found.status in ("awaiting_payment", "confirmed"),
        "may_hold": found.status not in ("completed", "cancelled"),
        "may_refund": any(refundable_minor(p) > 0 for p in context["payments"] if p.state == "captured"),
        "may_resend": found.status in order_verbs.CONCLUDED,
        "mailto": _mailto(found),
    }
    return render(request, "dashboard/orders/detail.html", context)


def facts(found: Order) -> dict[str, Any]:
    """Everything the page shows about an order."""
    lines = _lines(found)
    refunds = Refund.objects.select_related("requested_by").order_by("pk")
    payments = list(
        Payment.objects.filter(order=found)
        .prefetch_related(Prefetch("refunds", queryset=refunds))
        .order_by("pk")
    )
    parcels = list(Parcel.objects.filter(order=found).select_related("loss_closed_by").order_by("packed_at"))
    invoices = list(Invoice.objects.filter(order=found).order_by("pk"))
    mails = mails_of_order(found.pk)
    shortages = of_order(found.pk)
    requests = approval.requests_of(found, payments, {changes.KIND: changes.key_of(found)})
    about_pieces = approving.requests_of(shortages) if shortages else []
    pick_lists = list(PickList.objects.filter(order=found).select_related("picker", "site").order_by("pk"))
    told = order_story.messages_of(found)
    return {
        "order": found,
        "lines": lines,
        "goods_minor": sum(line.owed_minor for line in lines),
        "discount_minor": sum(line.gross_before_discount_minor - line.gross_minor for line in lines),
        "payments": payments,
        "refunds": [refund for payment in payments for refund in payment.refunds.all()],
        "awaits_transfer": any(p.method == PREPAYMENT and p.state in OPEN_STATES for p in payments),
        "parcels": parcels,
        "invoices": invoices,
        "replacements": _replacements(found),
        "mails": mails,
        "pick_lists": pick_lists,
        "routings": [(routing, reason_text(routing)) for routing in routings_of(found.pk)],
        "shortages": shortages,
        "requests": requests + about_pieces,
        "waiting_requests": [row for row in requests + about_pieces if row.state == "waiting"],
        "is_declined_hold": found.on_hold
        and any(
            row.facts.get("held_as") == found.hold_reason and row.state == "declined" for row in requests
        ),
        "timeline": order_story.story(
            found,
            payments=payments,
            parcels=parcels,
            invoices=invoices,
            mails=mails,
            requests=requests + about_pieces,
            pick_list_ids=[row.pk for row in pick_lists],
            told=told,
        ),
        "told": told,
    }


def _lines(found: Order) -> list[Line]:
    rows = Line.objects.filter(order=found).select_related("product__parent", "stockrecord").order_by("pk")
    lines = list(rows)
    for line in lines:
        line.vat_percent = f"{line.vat_rate_bp / 100:g}"  # type: ignore[attr-defined]
    return lines


@staff_view(MANAGE, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Says what cancelling means, asks for a reason, and does it."""
    found = find(number)
    if not order_verbs.may_cancel(found):
        messages.error(request, _cannot_cancel(found))
        return redirect("dashboard:order", number)
    form = ReasonForm(request.POST or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        problem = _cancel(request, found, form.cleaned_data["reason"])
        if not problem:
            return redirect("dashboard:order", number)
        found = find(number)
    context = {
        "order": found,
        "form": form,
        "problem": problem,
        "consequences": order_verbs.consequences(found),
        "needs_second": order_verbs.second_person_needed(found, request.user),
        "crumbs": _crumbs(found, _("Cancel")),
    }
    status = 409 if problem else 400 if form.is_bound else 200
    return render(request, "dashboard/orders/cancel.html", context, status=status)


def _cancel(request: HttpRequest, found: Order, why: str) -> str:
    """Do it; returns what stood against it, "" when done."""
    try:
        asked = order_verbs.cancel(order=found, why=why, by=request.user)
    except ProviderDown:
        return _(
            "The payment provider cannot be reached, so money could still come. Please try again in a minute."
        )
    except order_verbs.NothingCancelled:
        return _(
            "Meanwhile the order was paid or cancelled by somebody else. Nothing was changed; please look again."
        )
    except StateError:
        return _(
            "Meanwhile the order was changed by somebody else. Nothing was cancelled; please look again."
        )
    if asked is not None and asked.approval is not None:
        messages.warning(request, asked_text(asked.approval, is_new=asked.is_new))
        return ""
    messages.success(
        request, _("Order %(number)s is cancelled. The customer is told by mail.") % {"number": found.number}
    )
    return ""


def _cannot_cancel(found: Order) -> str:
    if found.status == "cancelled":
        return _("The order is cancelled already.")
    return _("Parts of the order have left the house. Take them back as a return instead of cancelling.")


@staff_view(MANAGE, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, number: str) -> HttpResponse:
    """Stop the warehouse, with a reason everybody sees."""
    found = find(number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            order_verbs.hold(order=found, why=form.cleaned_data["reason"], by=request.user)
        except StateError:
            messages.error(request, _("Nothing is left to hold: the order is dispatched or cancelled."))
        else:
            messages.success(request, _("The order is on hold; the warehouse does not go on with it."))
        return redirect("dashboard:order", number)
    context = {"order": found, "form": form, "crumbs": _crumbs(found, _("Hold"))}
    return render(request, "dashboard/orders/hold.html", context, status=400 if form.is_bound else 200)


@staff_view(MANAGE, shows="order")
@require_POST
def release(request: HttpRequest, number: str) -> HttpResponse:
    """Let the order go on. Behind an exchange stand goods and money: it says first what would happen, and asks why
    (``step=do``)."""
    found = find(number)
    behind = exchange_end.waiting_behind(found)
    if behind is None:
        return _release(request, found, "")
    asked = request.POST.get("step") == "do"
    form = ReasonForm(request.POST if asked else None)
    problem = exchange_end.refusal(behind)
    above = "" if problem else exchange_end.above_limit(behind, request.user)
    if above and request.user.has_perm("remedies.use_remedies"):  # where a second person can be asked
        messages.warning(request, above)
        return redirect("service:act-form", found.number, "release")
    problem = problem or above
    if asked and not problem and form.is_valid():
        return _release(request, found, form.cleaned_data["reason"])
    context = {
        "order": found,
        "form": form,
        "problem": problem,
        "effects": exchange_end.effects(behind),
        "crumbs": _crumbs(found, _("Release the hold")),
    }
    status = 409 if asked and problem else 400 if asked else 200
    return render(request, "dashboard/orders/release.html", context, status=status)


def _release(request: HttpRequest, found: Order, why: str) -> HttpResponse:
    """Do it, and say what came of it."""
    try:
        order_verbs.release(order=found, by=request.user, why=why)
    except ValueError as problem:  # our own words, or why finance cannot credit
        messages.error(request, exchange_end.in_words(problem))
    except StateError:
        messages.error(
            request,
            _("Meanwhile the order was changed by somebody else. Nothing was done; please look again."),
        )
    else:
        messages.success(request, _("The hold is released; the warehouse goes on with the order."))
    return redirect("dashboard:order", found.number)


@staff_view(MANAGE)
@require_POST
def resend(request: HttpRequest, number: str) -> HttpResponse:
    """Send the confirmation mail again."""
    try:
        mail = order_verbs.resend_confirmation(order=find(number), by=request.user)
    except StillSending:
        messages.info(request, _("The mail is being sent at this moment."))
    except StateError:
        messages.error(request, _("There is nothing to confirm: the order is not concluded."))
    else:
        messages.success(
            request, _("The confirmation goes to %(address)s now.") % {"address": mail.recipient}
        )
    return redirect("dashboard:order", number)


def _replacements(found: Order) -> list[Order]:
    """Orders that send its goods once more. No query where ``find`` saw that there are none."""
    return list(found.replacements.order_by("pk")) if getattr(found, "is_replaced", True) else []


def find(number: str) -> Order:
    """The order of this number with its person and addresses. Raises Http404."""
    orders = Order.objects.select_related(
        "user", "taken_by", "billing_address__country", "shipping_address__country", "replaces"
    )
    orders = orders.annotate(is_replaced=Exists(Order.objects.filter(replaces=OuterRef("pk"))))
    found = orders.filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found


def _mailto(found: Order) -> str:
    subject = quote(_("Your order %(number)s") % {"number": found.number})
    return f"mailto:{quote(found.email or '', safe='@+')}?subject={subject}" if found.email else ""


def _crumbs(found: Order, *further: str) -> list[dict[str, str]]:
    crumbs = [
        {"title": _("Orders"), "url": reverse("dashboard:orders")},
        {"title": found.number, "url": reverse("dashboard:order", args=[found.number])},
    ]
    return crumbs + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("orders/<slug:number>/", order, name="order"),
    path("orders/<slug:number>/cancel/", cancel, name="order-cancel"),
    path("orders/<slug:number>/hold/", hold, name="order-hold"),
    path("orders/<slug:number>/release/", release, name="order-release"),
    path("orders/<slug:number>/resend/", resend, name="order-resend"),
]

"""Staff pages of refunds: the list, and what to do about one that failed."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from checkout.payment.actions.refunds import RefundTooLarge, send_again
from checkout.payment.models import CARD, CREDIT, Refund
from fulfilment.finance.amounts import CsvAmount
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError
from shop.ui.numbers import money_text
from shop.ui.states import look_of

from . import queries
from .forms import RefundSearch

VIEW, REFUND = "payment.view_payments", "payment.refund_payments"
SORT = {"date": "created_at", "amount": "amount_minor", "order": "payment__order__number", "state": "state"}


@staff_view(VIEW, shows="list")
@require_safe
def refunds(request: HttpRequest) -> HttpResponse:
    """Every refund, newest first; those that failed say why and what can be done."""
    form = RefundSearch(request.GET)
    found = sorted_by(request, _search(form), SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        head = [
            _("Date"), _("Order"), _("Way"), _("State"), _("Reason"), _("Problem"), _("By"), _("Amount"), _("Currency"),
        ]  # fmt: skip
        cells = (
            [
                timezone.localtime(row.created_at).strftime("%Y-%m-%d %H:%M"), row.payment.order.number,
                _way(row), str(look_of(row.state).label), row.reason,
                row.failure_text, row.requested_by.email if row.requested_by else "", CsvAmount(row.amount_minor),
                row.currency,
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("refunds", head, cells)
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/psp/refunds.html", context, status=form.status)


def _way(refund: Refund) -> str:
    """How it goes back, in words."""
    ways = {CARD: _("card"), CREDIT: _("store credit")}
    return str(ways.get(refund.way, _("bank transfer")))


def _search(form: RefundSearch) -> QuerySet[Refund]:
    found = Refund.objects.select_related("payment__order", "requested_by")
    term = form.value("q")
    if term:
        found = found.filter(
            Q(payment__order__number__iexact=term) | Q(reason__icontains=term) | Q(psp_id=term)
        )
    if form.value("state"):
        found = found.filter(state=form.value("state"))
    return form.within(found, "created_at__date")


@staff_view(REFUND)
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """A refund that failed: send it by card once more, or by bank transfer. Says what each means first."""
    refund = get_object_or_404(Refund.objects.select_related("payment__order"), pk=pk)
    way = request.POST.get("way", "")
    problem, by_card = "", refund.payment.method == CARD
    if request.method == "POST" and way in (("card", "transfer") if by_card else ("transfer",)):
        try:
            send_again(refund=refund, by=request.user, by_transfer=way == "transfer")
        except RefundTooLarge as error:
            left = {"left": money_text(error.left_minor, refund.currency)}
            problem = _("Only %(left)s of the payment are left to give back.") % left
        except StateError:
            problem = _("Meanwhile somebody else has seen to it.")
        else:
            done = {
                "card": _("The provider is asked once more; the list shows what it says."),
                "transfer": _("The refund waits under transfers to send."),
            }
            messages.success(request, done[way])
            return redirect("finance:refunds")
    context = {
        "refund": refund,
        "order": refund.payment.order,
        "by_card": by_card,
        "problem": problem,
        "crumbs": [
            {"title": _("Refunds"), "url": reverse("finance:refunds")},
            {"title": refund.payment.order.number, "url": ""},
        ],
    }
    status = 409 if problem else 400 if request.method == "POST" else 200
    return render(request, "dashboard/finance/psp/refund_again.html", context, status=status)


urlpatterns = [
    path("refunds/", refunds, name="refunds"),
    path("refunds/<row:pk>/again/", again, name="refund-again"),
]
NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Refunds"),
        "finance:refunds",
        VIEW,
        "undo",
        44,
        lambda: queries.failed_refunds().count(),
    )
]

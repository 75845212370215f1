"""The list of orders: found by number, name, e-mail or SKU, filtered, sorted, as CSV."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from checkout.order.models import Line, Order
from checkout.order.states import ORDER
from checkout.payment.models import WAYS, Payment
from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import Period
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.states import look_of

from .waiting import LATE_AFTER

VIEW = "order.view_orders"
SORT = {"number": "number", "placed": "date_placed", "total": "total_incl_tax", "state": "status"}
DISPUTED = "disputed"
WORDS_MAX = 6  #: further words of a search are left out: each costs a condition


class OrderSearch(Period):
    """Filters of the list; they stay in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [
            ("", _("all")),
            ("late", _("late")),
            *((state, look_of(state).label) for state in ORDER.states),
        ],
    )
    payment = forms.ChoiceField(
        label=gettext_lazy("Payment"),
        required=False,
        choices=lambda: [("", _("all")), *WAYS, (DISPUTED, _("disputed"))],
    )
    hold = forms.ChoiceField(
        label=gettext_lazy("On hold"),
        required=False,
        choices=[("", gettext_lazy("all")), ("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))],
    )
    field_order = ["q", "state", "payment", "hold", "first", "last"]


@staff_view(VIEW, shows="list")
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """Every order, newest first."""
    form = OrderSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["-date_placed", "-pk"])
    if wants_csv(request):
        return csv_file("orders", _head(), (_cells(order) for order in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "late_before": clock.now() - LATE_AFTER,
    }
    return render(request, "dashboard/orders/list.html", context, status=form.status)


def search(form: OrderSearch) -> QuerySet[Order]:
    """Orders that fit the filters, with ``pieces`` and ``payment_state`` of the newest payment."""
    found = Order.objects.select_related("user", "billing_address")
    for word in form.value("q").split()[:WORDS_MAX]:
        found = found.filter(fits(word))
    state, payment, hold = form.value("state"), form.value("payment"), form.value("hold")
    if state == "late":
        found = found.filter(status="confirmed", on_hold=False, date_placed__lte=clock.now() - LATE_AFTER)
    elif state:
        found = found.filter(status=state)
    if payment == DISPUTED:
        found = found.filter(pk__in=Payment.objects.filter(state=DISPUTED).values("order_id"))
    elif payment:
        found = found.filter(payment_method=payment)
    if hold:
        found = found.filter(on_hold=hold == "yes")
    found = form.within(found, "date_placed__date")
    pieces = Line.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(n=Sum("quantity"))
    newest = Payment.objects.filter(order=OuterRef("pk")).order_by("-pk").values("state")[:1]
    return found.annotate(pieces=Subquery(pieces.values("n")), payment_state=Subquery(newest))


def fits(word: str) -> Q:
    """Order number, e-mail address, name of the buyer, or a SKU in the order."""
    with_sku = Line.objects.filter(partner_sku__istartswith=word).values("order_id")
    return (
        Q(number__istartswith=word)
        | Q(guest_email__icontains=word)
        | Q(user__email__icontains=word)
        | Q(billing_address__first_name__icontains=word)
        | Q(billing_address__last_name__icontains=word)
        | Q(pk__in=with_sku)
    )


def _head() -> list[str]:
    return [
        _("Order"), _("Date"), _("State"), _("On hold"), _("Customer"), _("E-mail"), _("Country"), _("Pieces"),
        _("Payment"), _("State of payment"), _("Total"), _("Currency"),
    ]  # fmt: skip


def _cells(order: Any) -> list[Any]:
    billing = order.billing_address
    return [
        order.number, timezone.localtime(order.date_placed).strftime("%Y-%m-%d %H:%M"),
        str(look_of(order.status).label), _("yes") if order.on_hold else "",
        billing.name if billing else "", order.email or "", billing.country_id if billing else "",
        order.pieces or 0, str(dict(WAYS).get(order.payment_method, order.payment_method)),
        str(look_of(order.payment_state).label) if order.payment_state else "",
        CsvAmount(order.total_minor), order.currency,
    ]  # fmt: skip


urlpatterns = [path("orders/", orders, name="orders")]
NAV = [NavEntry("orders", gettext_lazy("Orders"), "dashboard:orders", VIEW, "basket", 10)]

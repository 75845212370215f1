"""Pages of promises: who will pay what by when, noted by staff or through the letter's link."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from .access import RUN, VIEW
from .actions import CannotPromise, promise, still_open_minor, withdraw_promise
from .forms import PromiseForm, PromiseSearch
from .models import DunningNotice, PaymentPromise
from .notices import crumbs

SORT = {"day": "pay_on", "amount": "amount_minor", "letter": "notice__number", "state": "state"}


@staff_view(VIEW, shows="list")
@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """Every promise, the one that is due first on top."""
    form = PromiseSearch(request.GET)
    found = PaymentPromise.objects.select_related("notice", "by")
    if form.value("q").strip():
        text = form.value("q").strip()
        found = found.filter(notice__number__icontains=text) | found.filter(notice__email__icontains=text)
    if form.value("state"):
        found = found.filter(state=form.value("state"))
    found = sorted_by(request, found, SORT, ["-pay_on", "-pk"])
    if wants_csv(request):
        head = [_("Pays by"), _("Amount"), _("Letter"), _("E-mail"), _("State"), _("Note")]
        rows = (
            [one.pay_on.isoformat(), CsvAmount(one.amount_minor), one.notice.number, one.notice.email,
             one.get_state_display(), one.note]
            for one in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("promises", head, rows)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "crumbs": crumbs(_("Promises")),
    }
    return render(request, "dashboard/finance/dunning/promises.html", context, status=form.status)


@staff_view(RUN, shows="letter")
@require_http_methods(["GET", "HEAD", "POST"])
def promise_for(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what the customer of a letter promised."""
    notice = get_object_or_404(DunningNotice, pk=pk)
    open_minor = still_open_minor(notice)
    form = PromiseForm(request.POST or None, initial={"amount_minor": CsvAmount(open_minor)})
    if request.method == "POST" and form.is_valid():
        try:
            promise(notice=notice, by=request.user, **form.cleaned_data)
        except CannotPromise as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted; no letter goes out until that day."))
            return redirect("finance:dunning-notice", pk)
    context = {
        "notice": notice,
        "form": form,
        "open_minor": open_minor,
        "crumbs": crumbs(_("Promises"), notice.number),
    }
    return render(
        request, "dashboard/finance/dunning/promise.html", context, status=400 if form.is_bound else 200
    )


@staff_view(RUN)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The promise counts no more."""
    one = get_object_or_404(PaymentPromise, pk=pk)
    if withdraw_promise(promise=one, why=_("withdrawn by staff"), by=request.user):
        messages.success(request, _("The promise is withdrawn; the next letter goes out when it is due."))
    else:
        messages.info(request, _("The promise had ended before."))
    return redirect("finance:dunning-promises")


urlpatterns = [
    path("dunning/promises/", promises, name="dunning-promises"),
    path("dunning/letters/<row:pk>/promise/", promise_for, name="dunning-promise"),
    path("dunning/promises/<row:pk>/withdraw/", withdraw, name="dunning-promise-withdraw"),
]

"""Pages of the letters that were sent: list, one letter with its claims, its PDF, waiving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from .access import RUN, VIEW
from .actions import waive
from .forms import NoticeSearch
from .links import url_of
from .models import DunningClaim, DunningNotice
from .papers import notice_pdf

PROMISES_SHOWN = 20
SORT = {"number": "number", "date": "issued_on", "until": "pay_until", "level": "level", "open": "open_minor"}


@staff_view(VIEW, shows="list")
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Every letter, newest first."""
    form = NoticeSearch(request.GET)
    found = sorted_by(request, _search(form), SORT, ["-issued_on", "-pk"])
    if wants_csv(request):
        return csv_file("dunning", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "crumbs": crumbs(_("Letters")),
    }
    return render(request, "dashboard/finance/dunning/notices.html", context, status=form.status)


def _search(form: NoticeSearch) -> QuerySet[DunningNotice]:
    found = DunningNotice.objects.all()
    text = form.value("q").strip()
    if text:
        of_invoice = DunningNotice.objects.filter(items__invoice__number__icontains=text).values("pk")
        found = found.filter(
            Q(number__icontains=text)
            | Q(email__icontains=text)
            | Q(facts__recipient__name__icontains=text)
            | Q(pk__in=of_invoice)
        )
    if form.value("level"):
        found = found.filter(level=int(form.value("level")))
    return form.within(found, "issued_on")


@staff_view(VIEW, shows="letter")
@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One letter: items, what it asks for, what became of its claims."""
    found = get_object_or_404(DunningNotice.objects.select_related("by", "user"), pk=pk)
    context = {
        "promises": list(found.promises.select_related("by")[:PROMISES_SHOWN]),
        "pay_url": url_of(found),
        "notice": found,
        "items": list(found.items.select_related("invoice")),
        "claims": list(found.claims.select_related("invoice", "waived_by").order_by("pk")),
        "crumbs": crumbs(_("Letters"), found.number),
    }
    return render(request, "dashboard/finance/dunning/notice.html", context)


@staff_view(VIEW, shows="letter")
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as it was sent."""
    found = get_object_or_404(DunningNotice, pk=pk)
    response = HttpResponse(notice_pdf(found.pk), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response


@staff_view(RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def waive_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Let interest, costs or lump sum go, with a reason."""
    claim = get_object_or_404(DunningClaim.objects.select_related("notice", "invoice"), pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if waive(claim=claim, why=form.cleaned_data["reason"], by=request.user):
            messages.success(request, _("The claim is waived; nobody asks for it any more."))
        else:
            messages.info(request, _("The claim was paid or waived before."))
        return redirect("finance:dunning-notice", claim.notice_id)
    context = {"claim": claim, "form": form, "crumbs": crumbs(_("Letters"), claim.notice.number)}
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/waive.html", context, status=status)


def crumbs(*titles: str) -> list[dict[str, str]]:
    """The way back; the last title is the page itself."""
    found = [{"title": _("Dunning"), "url": reverse("finance:dunning")}]
    urls = {_("Letters"): reverse("finance:dunning-notices")}
    return found + [{"title": title, "url": urls.get(title, "")} for title in titles]


def _head() -> list[str]:
    return [_("Number"), _("Date"), _("Level"), _("Customer"), _("E-mail"), _("Pay until"), _("Open"),
            _("Interest"), _("Costs"), _("Lump sum"), _("From earlier letters"), _("Total")]  # fmt: skip


def _cells(row: DunningNotice) -> list[Any]:
    return [row.number, row.issued_on.isoformat(), row.level, row.facts.get("recipient", {}).get("name", ""),
            row.email, row.pay_until.isoformat(), CsvAmount(row.open_minor), CsvAmount(row.interest_minor),
            CsvAmount(row.fee_minor), CsvAmount(row.lump_sum_minor), CsvAmount(row.earlier_minor),
            CsvAmount(row.total_minor)]  # fmt: skip


urlpatterns = [
    path("dunning/letters/", notices, name="dunning-notices"),
    path("dunning/letters/<row:pk>/", notice, name="dunning-notice"),
    path("dunning/letters/<row:pk>/letter.pdf", letter, name="dunning-letter"),
    path("dunning/claims/<row:pk>/waive/", waive_claim, name="dunning-waive"),
]

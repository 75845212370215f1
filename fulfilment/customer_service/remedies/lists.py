"""Everything that was done for customers, as a list; and the reasons it may have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import Period
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.history import signed
from shop.kernel.nav import NavEntry
from shop.kernel.transactions import retrying

from .acts import ACTS
from .models import Reason, Remedy
from .shown import shown

USE, REASONS = "remedies.use_remedies", "remedies.change_reasons"
SORT = {"at": "at", "order": "order__number", "act": "act", "amount": "amount_minor", "cost": "cost_minor"}
CHANGES_SHOWN = 20


class RemedySearch(Period):
    """Filters of the list; they stay in the address."""

    act = forms.ChoiceField(
        label=gettext_lazy("What"),
        required=False,
        choices=lambda: [("", _("all")), *((act.code, act.title) for act in ACTS.values())],
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Kind of reason"),
        required=False,
        choices=lambda: [("", _("all")), *((row.code, row.title) for row in Reason.objects.all())],
    )
    field_order = ["q", "act", "reason", "first", "last"]


class ReasonForm(forms.ModelForm[Reason]):
    """A reason in both languages."""

    class Meta:
        model = Reason
        fields = ("code", "title_de", "title_en", "is_active")
        help_texts = {"code": gettext_lazy("For figures and files; it stays once it was used.")}


@staff_view(USE, shows="list")
@require_safe
def remedies(request: HttpRequest) -> HttpResponse:
    """The list, the newest first. A constant number of queries."""
    form = RemedySearch(request.GET)
    found = sorted_by(request, _found(form), SORT, ["-at", "-pk"])
    if wants_csv(request):
        return csv_file("remedies", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    page = page_of(request, found)
    context = {
        "form": form,
        "page": page,
        "rows": [shown(row) for row in page.object_list],
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/service/remedies.html", context, status=form.status)


def _found(form: RemedySearch) -> QuerySet[Remedy]:
    rows = Remedy.objects.select_related("order", "case", "reason", "by", "approved_by")
    for word in form.value("q").split()[:4]:
        rows = rows.filter(
            Q(order__number__istartswith=word)
            | Q(case__number__istartswith=word)
            | Q(words__icontains=word)
            | Q(by__last_name__icontains=word)
        )
    if form.value("act"):
        rows = rows.filter(act=form.value("act"))
    if form.value("reason"):
        rows = rows.filter(reason__code=form.value("reason"))
    return form.within(rows, "at__date")


@staff_view(REASONS)
@require_safe
def reasons(request: HttpRequest) -> HttpResponse:
    """Every reason, and who changed which. Two queries."""
    context = {
        "reasons": list(Reason.objects.all()),
        "changes": list(Reason.history.select_related("history_user")[:CHANGES_SHOWN]),
    }
    return render(request, "dashboard/service/remedy_reasons.html", context)


@staff_view(REASONS)
@require_http_methods(["GET", "HEAD", "POST"])
def reason(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a reason, or change it; one that was used keeps its code."""
    found = get_object_or_404(Reason, pk=pk) if pk is not None else None
    form = ReasonForm(request.POST or None, instance=found)
    if found is not None and Remedy.objects.filter(reason=found).exists():
        form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        kept = form.save(commit=False)
        retrying(lambda: signed(kept, request.user).save())
        messages.success(request, _("“%(title)s” is kept.") % {"title": kept.title})
        return redirect("service:remedy-reasons")
    crumbs = [
        {"title": _("Reasons for help"), "url": reverse("service:remedy-reasons")},
        {"title": found.title if found else _("New reason"), "url": ""},
    ]
    status = 422 if form.errors else 200
    context = {"form": form, "reason": found, "crumbs": crumbs}
    return render(request, "dashboard/service/remedy_reason.html", context, status=status)


def _head() -> list[str]:
    return [
        _("Date"), _("Order"), _("Case"), _("What"), _("Worth"), _("Cost"), _("Currency"), _("Kind of reason"),
        _("Why"), _("Who"), _("Approved by"), _("Outcome"),
    ]  # fmt: skip


def _cells(row: Remedy) -> list[Any]:
    act = ACTS.get(row.act)
    return [
        timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M"), row.order.number, row.case.number if row.case else "",
        str(act.title) if act else row.act, CsvAmount(row.amount_minor), CsvAmount(row.cost_minor), row.currency,
        row.reason.title if row.reason else "", row.words, row.by.email if row.by else "",
        row.approved_by.email if row.approved_by else "", row.result,
    ]  # fmt: skip


urlpatterns = [
    path("remedies/", remedies, name="remedies"),
    path("remedies/reasons/", reasons, name="remedy-reasons"),
    path("remedies/reasons/new/", reason, name="remedy-reason-new"),
    path("remedies/reasons/<row:pk>/", reason, name="remedy-reason"),
]
NAV = [
    NavEntry("orders", gettext_lazy("Done for customers"), "service:remedies", USE, "care", 36),
    NavEntry("orders", gettext_lazy("Reasons for help"), "service:remedy-reasons", REASONS, "list", 82),
]

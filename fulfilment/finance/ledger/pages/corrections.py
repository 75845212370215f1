"""Page that reverses an entry by hand: shows what will be posted, or says where it is corrected instead."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from fulfilment.finance.forms import ReasonForm, day_field
from fulfilment.finance.ledger import queries
from fulfilment.finance.ledger.actions import (
    LedgerError,
    PeriodClosed,
    next_open_day,
    reverse_by_hand,
    waiting_reversal,
    why_not,
)
from fulfilment.finance.ledger.actions.correct import amount_minor
from fulfilment.finance.ledger.actions.manual import KIND
from fulfilment.finance.ledger.approving import reversed_text
from fulfilment.finance.ledger.models import Entry
from shop.approvals.actions import needed
from shop.kernel.access import staff_view


class ReversalForm(ReasonForm):
    """Reason and day of a reversal."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    booked_on = day_field(gettext_lazy("Date"), required=True)


@staff_view("ledger.reverse_entries")
@require_http_methods(["GET", "HEAD", "POST"])
def reverse_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Reverse what a person wrote, once, with a reason."""
    try:
        found = queries.entry_with_lines(pk)
    except Entry.DoesNotExist:
        raise Http404 from None
    initial = {"booked_on": next_open_day(found.booked_on)}
    form = ReversalForm(request.POST if request.method == "POST" else None, initial=initial)
    refused, status = why_not(found), 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            facts: dict[str, Any] = {
                "why": form.cleaned_data["reason"],
                "booked_on": form.cleaned_data["booked_on"],
            }
            try:
                reversal, _asked = reverse_by_hand(entry=found, by=request.user, **facts)
            except PeriodClosed as error:
                form.add_error("booked_on", str(error))
            except LedgerError as error:
                form.add_error(None, str(error))
                status = 409
            else:
                return _done(request, found, reversal)
    context = {
        "entry": found,
        "lines": found.lines.all(),
        "form": form,
        "refused": refused,
        "waiting": None if refused else waiting_reversal(found),
        "needs_second": needed(kind_name=KIND, amount_minor=amount_minor(found), by=request.user),
        "crumbs": [
            {"title": _("Journal"), "url": reverse("finance:journal")},
            {"title": f"{_('Entry')} {found.pk}", "url": reverse("finance:entry", args=[found.pk])},
            {"title": _("Reverse"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/books/reverse_entry.html", context, status=status)


def _done(request: HttpRequest, found: Entry, reversal: Entry | None) -> HttpResponse:
    if reversal is None:
        text = _("The reversal of entry %(id)d waits for a second person; nothing is posted until then.")
        messages.warning(request, text % {"id": found.pk})
        return redirect("finance:entry", found.pk)
    messages.success(request, reversed_text(found, reversal))
    return redirect("finance:entry", reversal.pk)


urlpatterns = [path("journal/<row:pk>/reverse/", reverse_entry, name="reverse-entry")]

"""Filters of the reports; they stay in the address."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from fulfilment.customer_service.cases import kinds
from fulfilment.finance.forms import Period
from shop.kernel import clock

from .spans import MONTH, WEEK, begin_of

DAYS_MAX = 1_100  #: three years at once; more is asked for in parts
USUAL_WEEKS = 12


class Spans(Period):
    """A stretch of days, cut by week or month."""

    q = None  # type: ignore[assignment]
    by = forms.ChoiceField(
        label=_("Grouped by"), required=False, choices=[(WEEK, _("week")), (MONTH, _("month"))]
    )

    def __init__(self, request: HttpRequest, **more: Any) -> None:
        query = request.GET.copy()
        today = clock.today()
        usual = {
            "first": begin_of(today, WEEK) - dt.timedelta(weeks=USUAL_WEEKS - 1),
            "last": today,
            "by": WEEK,
        }
        for name, value in usual.items():
            if name not in query:
                query[name] = str(value)
        super().__init__(query, **more)

    def clean(self) -> dict[str, Any]:
        """Both days are there, and not too far apart."""
        data = super().clean()
        for name in ("first", "last"):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("Please enter a day such as 2026-11-22."))
        first, last = data.get("first"), data.get("last")
        if first and last and (last - first).days > DAYS_MAX:
            self.add_error("last", _("Please choose at most three years at once."))
        return data

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day as entered; the usual ones when that was nonsense (the form then says so)."""
        if self.is_valid():
            return self.cleaned_data["first"], self.cleaned_data["last"]
        today = clock.today()
        return begin_of(today, WEEK), today

    @property
    def cut(self) -> str:
        """``week`` or ``month``."""
        return self.value("by") or WEEK


class CaseSpans(Spans):
    """Of one kind of case, or of all."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *kinds.CHOICES])


class ProductSpans(Spans):
    """Of products with these words in their title, or article numbers that begin so."""

    q = Period.base_fields["q"]  # type: ignore[assignment]
    by = None  # type: ignore[assignment]

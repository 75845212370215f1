"""Filters of the reports."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.forms import EARLIEST, LATEST, Period, day_field
from fulfilment.finance.invoicing.forms import BUCKET_LABELS
from fulfilment.warehouse.lists import Search


def given(request: HttpRequest, **defaults: Any) -> QueryDict:
    """The address's filters; those it does not name have their default (days as ISO dates)."""
    query = request.GET.copy()
    for name, value in defaults.items():
        if name not in query:
            query[name] = value.isoformat() if isinstance(value, dt.date) else str(value)
    return query


class Days(Period):
    """A stretch of days, nothing to search for."""

    q = None  # type: ignore[assignment]


class SheetFilter(Period):
    """Days and sub-account of an account sheet; the search is for the sub-account."""

    field_order = ["first", "last", "q"]


class AsOf(Search):
    """One day."""

    day = day_field(_("Day"))

    def clean(self) -> dict[str, Any]:
        """The day is within reason."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("day") and not EARLIEST <= data["day"] <= LATEST:
            self.add_error("day", _("Please enter a day between 2000 and 2199."))
        return data

    def on(self, default: dt.date) -> dt.date:
        """The day entered, else ``default``."""
        self.is_valid()
        return self.cleaned_data.get("day") or default


class OnlyDay(AsOf):
    """One day, nothing to search for."""

    q = None  # type: ignore[assignment]


class OpenFilter(AsOf):
    """Open items of a day."""

    age = forms.ChoiceField(label=_("Age"), required=False, choices=[("", _("all")), *BUCKET_LABELS.items()])
    by = forms.ChoiceField(
        label=_("Show"), required=False, choices=[("customer", _("per customer")), ("item", _("every item"))]
    )
    field_order = ["day", "by", "age", "q"]


class Compared(Days):
    """A period and what it is compared with."""

    with_ = forms.ChoiceField(
        label=_("Compared with"),
        required=False,
        choices=[("year", _("the year before")), ("period", _("the period before"))],
    )

    def before(self, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
        """The other period: as long, right before; or the same days a year earlier."""
        if self.value("with_") == "period":
            return first - (last - first) - dt.timedelta(days=1), first - dt.timedelta(days=1)
        return year_before(first), year_before(last)


def year_before(day: dt.date) -> dt.date:
    """The same day a year earlier; 28 February for 29."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


class Quarter(forms.Form):
    """A quarter of a year."""

    year = forms.IntegerField(label=_("Year"), min_value=EARLIEST.year, max_value=LATEST.year)
    quarter = forms.IntegerField(label=_("Quarter"), min_value=1, max_value=4)

    @property
    def status(self) -> int:
        """400 when the filter is nonsense."""
        return 200 if self.is_valid() else 400

    def first_day(self, default: dt.date) -> dt.date:
        """The first day of the quarter, of that of ``default`` when nonsense was entered."""
        if self.is_valid():
            return dt.date(self.cleaned_data["year"], self.cleaned_data["quarter"] * 3 - 2, 1)
        return dt.date(default.year, (default.month - 1) // 3 * 3 + 1, 1)

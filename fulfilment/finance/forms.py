"""Form pieces that the finance pages share."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search

Row = TypeVar("Row", bound=Model)
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


def day_field(label: Any, *, required: bool = False) -> forms.DateField:
    """A day as the browser's date field sends it."""
    return forms.DateField(
        label=label,
        required=required,
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Please enter a day such as 2026-11-22.")},
    )


class Period(Search):
    """Search with a first and last day."""

    first = day_field(_("From"))
    last = day_field(_("Until"))

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first, both within reason."""
        data: dict[str, Any] = super().clean() or {}
        for name in ("first", "last"):
            if data.get(name) and not EARLIEST <= data[name] <= LATEST:
                self.add_error(name, _("Please enter a day between 2000 and 2199."))
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("The last day is before the first."))
        return data

    def day(self, name: str) -> dt.date | None:
        """The day entered, None when nothing or nonsense was."""
        self.is_valid()
        day: dt.date | None = self.cleaned_data.get(name)
        return day

    def within(self, rows: QuerySet[Row], field: str) -> QuerySet[Row]:
        """Those of ``rows`` whose day lies in the period entered. field: a date, or ``moment__date``."""
        first, last = self.day("first"), self.day("last")
        if first:
            rows = rows.filter(**{f"{field}__gte": first})
        if last:
            rows = rows.filter(**{f"{field}__lte": last})
        return rows


class ReasonForm(forms.Form):
    """A reason in words, asked for before something is taken back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

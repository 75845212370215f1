"""Form pieces that the finance pages share."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search

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


class ReasonForm(forms.Form):
    """A reason in words, asked for before something is taken back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

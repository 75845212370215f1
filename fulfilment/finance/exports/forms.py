"""Forms of the exports' page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.forms import EARLIEST, LATEST, Period, day_field

from .models import DATEV, KINDS
from .states import EXPORT


class ExportSearch(Period):
    """What to list: text of file name or hash, kind, state, days the export covers."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *KINDS])
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *EXPORT.choices])


class ExportForm(forms.Form):
    """A new export. The last four fields are for DATEV alone (``datev_fields``)."""

    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS)
    first_day = day_field(_("From"), required=True)
    last_day = day_field(_("Until"), required=True)
    consultant = forms.IntegerField(
        label=_("Consultant number"), min_value=1_001, max_value=9_999_999, required=False,
        help_text=_("DATEV's number of your tax adviser"),
    )  # fmt: skip
    client = forms.IntegerField(
        label=_("Client number"), min_value=1, max_value=99_999, required=False,
        help_text=_("Your number at your tax adviser"),
    )  # fmt: skip
    year_month = forms.TypedChoiceField(
        label=_("First month of the fiscal year"), choices=list(MONTHS.items()), coerce=int, initial=1, required=False,
        help_text=_("January, unless your fiscal year is not the calendar year"),
    )  # fmt: skip
    is_final = forms.BooleanField(
        label=_("Final: DATEV may not change the rows (Festschreibung)"), required=False, initial=True
    )

    @property
    def datev_fields(self) -> list[forms.BoundField]:
        """What only DATEV asks for."""
        return [self[name] for name in ("consultant", "client", "year_month", "is_final")]

    def clean(self) -> dict[str, Any]:
        """Days in their order; DATEV's numbers where DATEV is asked for."""
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first_day"), data.get("last_day")
        for name in ("first_day", "last_day"):
            if data.get(name) and not EARLIEST <= data[name] <= LATEST:
                self.add_error(name, _("Please enter a day between 2000 and 2199."))
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first."))
        if data.get("kind") == DATEV:
            for name in ("consultant", "client", "year_month"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("DATEV needs this."))
        return data

"""The filter above the history of an article."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .codes import find_bin
from .forms import CODE_MAX_CHARS
from .history import Scope, Wanted
from .models import Bin, Lot, Movement
from .place_forms import site_filter

YEAR_MIN, YEAR_MAX = 2000, 2200


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget)


class HistorySearch(forms.Form):
    """Which movements are shown, and whose balance stands beside them."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What"), required=False, choices=[("", gettext_lazy("all")), *Movement.KINDS]
    )
    site = site_filter()
    bin = forms.CharField(label=gettext_lazy("Bin"), required=False, max_length=CODE_MAX_CHARS)
    lot = forms.CharField(label=gettext_lazy("Lot"), required=False, max_length=CODE_MAX_CHARS)
    since = _day(gettext_lazy("From day"))
    until = _day(gettext_lazy("To day"))

    def __init__(self, data: Any, stockrecord_id: int) -> None:
        super().__init__(data)
        self.stockrecord_id = stockrecord_id

    def clean_bin(self) -> Bin | None:
        """The bin, by its code."""
        code = self.cleaned_data["bin"]
        found = find_bin(code) if code else None
        if code and found is None:
            raise ValidationError(_("There is no bin “%(code)s”.") % {"code": code})
        return found

    def clean_lot(self) -> Lot | None:
        """The lot of this article, by its code."""
        code = self.cleaned_data["lot"].strip().upper()
        if not code:
            return None
        found = Lot.objects.filter(stockrecord_id=self.stockrecord_id, code=code).first()
        if found is None:
            raise ValidationError(_("%(lot)s is not known for this article.") % {"lot": code})
        return found

    def clean_since(self) -> dt.date | None:
        """A day of this century."""
        return self._day("since")

    def clean_until(self) -> dt.date | None:
        """A day of this century."""
        return self._day("until")

    def _day(self, name: str) -> dt.date | None:
        day: dt.date | None = self.cleaned_data[name]
        if day is not None and not YEAR_MIN <= day.year <= YEAR_MAX:
            raise ValidationError(_("This is no day of our time."))
        return day

    @property
    def status(self) -> int:
        """HTTP status of the page: 400 when a filter is nonsense (the form then says so)."""
        return 200 if self.is_valid() else 400

    def scope(self) -> Scope:
        """Whose balance; the whole house for nonsense."""
        self.is_valid()
        chosen = {name: self.cleaned_data.get(name) for name in ("site", "bin", "lot")}
        ids = {f"{name}_id": row.pk for name, row in chosen.items() if row is not None}
        return Scope(stockrecord_id=self.stockrecord_id, **ids)

    def wanted(self) -> Wanted:
        """Which movements."""
        self.is_valid()
        data = self.cleaned_data
        since, until = data.get("since"), data.get("until")
        return Wanted(
            kind=data.get("kind") or "",
            since=_midnight(since) if since else None,
            until=_midnight(until + dt.timedelta(days=1)) if until else None,
        )


def _midnight(day: dt.date) -> dt.datetime:
    return make_aware(dt.datetime.combine(day, dt.time()))

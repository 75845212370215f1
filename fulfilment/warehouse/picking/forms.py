"""Forms of the picking pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.stock.forms import CODE_MAX_CHARS, quantity_field
from fulfilment.warehouse.stock.models import Site, Zone
from shop.kernel.business_days import GERMAN_STATES

from .actions import Wave
from .actions.waves import BOXES_MAX
from .models import BY_ZONE, Batch, CutOff
from .states import BATCH, PICK_LIST


class PickListSearch(Search):
    """Filter of the pick lists."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("in work")), ("all", _("all")), *PICK_LIST.choices]
    )
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[("", _("all")), ("urgent", _("urgent"))]
    )


class ScanForm(forms.Form):
    """One scan: the line it is for, the code, how many pieces, and the lot of articles that ask for one."""

    line = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=CODE_MAX_CHARS,
        error_messages={
            "required": _("Nothing was scanned."),
            "max_length": _("That is no barcode of ours: it is too long."),
        },
    )
    quantity = quantity_field()
    lot = forms.CharField(required=False, max_length=CODE_MAX_CHARS)


class LineForm(forms.Form):
    """The line that something is said about."""

    line = forms.IntegerField(min_value=1)


class BatchSearch(Search):
    """Filter of the batches."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("in work")), ("all", _("all")), *BATCH.choices]
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Batch.KINDS])


class AddOrderForm(forms.Form):
    """The order that comes into a batch."""

    order = forms.CharField(
        max_length=40,
        error_messages={
            "required": _("Please scan or type the order number."),
            "max_length": _("That is no order number of ours: it is too long."),
        },
    )


class ReasonForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(
        label=_("Reason"), max_length=200, error_messages={"required": _("Please say why.")}
    )


class SettleForm(forms.Form):
    """What was done about a refused scan."""

    note = forms.CharField(
        label=_("What was done"), max_length=200, error_messages={"required": _("Please say what was done.")}
    )


MOST_LINES = 500  #: stops of one walk


class WaveForm(forms.Form):
    """What is to be planned; its choices are what is open at the site."""

    site = forms.ChoiceField(label=_("Site"))
    kind = forms.ChoiceField(label=_("How"), choices=Batch.KINDS)
    until = forms.ChoiceField(label=_("Cut-off up to"), required=False)
    carrier = forms.ChoiceField(label=_("Carrier"), required=False)
    zone = forms.ChoiceField(label=_("Zone"), required=False, help_text=_("Only for walks of one zone."))
    boxes = forms.IntegerField(label=_("Boxes per cart"), min_value=1, max_value=BOXES_MAX)
    lines = forms.IntegerField(label=_("Stops per walk at most"), min_value=1, max_value=MOST_LINES)
    urgent = forms.BooleanField(label=_("Only urgent orders"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        sites: Sequence[Site],
        site: Site,
        rows: Sequence[Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.at, self.zones = site, list(Zone.objects.filter(site=site))
        moments = sorted({row["due_at"] for row in rows if row["due_at"]})
        carriers = sorted({row["carrier"] for row in rows if row["carrier"]})
        every = [("", _("all"))]
        self._choose("site", [(str(one.pk), one.name) for one in sites])
        self._choose("until", every + [(_key(moment), _shown(moment)) for moment in moments])
        self._choose("carrier", every + [(code, code) for code in carriers])
        self._choose("zone", every + [(str(zone.pk), zone.name or zone.code) for zone in self.zones])

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields[name].error_messages["invalid_choice"] = _(
            "This choice is no longer open. Please choose again."
        )

    def wave(self) -> Wave:
        """The valid form as a wave."""
        data = self.cleaned_data
        until = data.get("until")
        zone = next((one for one in self.zones if str(one.pk) == data.get("zone")), None)
        return Wave(
            site=self.at,
            kind=data["kind"],
            carrier=data.get("carrier") or "",
            until=dt.datetime.fromisoformat(until) if until else None,
            urgent_only=data["urgent"],
            zone=zone if data["kind"] == BY_ZONE else None,
            boxes=data["boxes"],
            most_lines=data["lines"],
        )


def _key(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat()


def _shown(moment: dt.datetime) -> str:
    return date_format(timezone.localtime(moment), "D d.m. H:i")


class CutOffForm(forms.ModelForm):
    """A further time at which a carrier comes."""

    weekdays = forms.MultipleChoiceField(
        label=_("Weekdays"),
        choices=[(str(day), name) for day, name in ((n + 1, WEEKDAYS[n]) for n in range(7))],
        initial=list("12345"),
        widget=forms.CheckboxSelectMultiple,
    )
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))

    class Meta:
        model = CutOff
        fields = ["site", "carrier", "weekdays", "time", "holidays_of"]
        error_messages = {NON_FIELD_ERRORS: {"unique_together": _("There is this cut-off already.")}}
        help_texts = {"carrier": _("Its code; empty: every carrier.")}
        labels = {"site": _("Site"), "carrier": _("Carrier"), "holidays_of": _("Holidays of")}

    def clean_weekdays(self) -> str:
        """As digits, Monday first."""
        return "".join(sorted(self.cleaned_data["weekdays"]))

    def clean_holidays_of(self) -> str:
        """A state of Germany, or none for the holidays of the whole country."""
        state = str(self.cleaned_data["holidays_of"]).strip().upper()
        if state and state not in GERMAN_STATES:
            words = {"states": ", ".join(GERMAN_STATES)}
            raise forms.ValidationError(_("Please enter one of: %(states)s") % words)
        return state

    def create(self) -> CutOff | None:
        """The cut-off, or None with an error on the form when there is one like it."""
        try:
            with transaction.atomic():
                made: CutOff = self.save()
                return made
        except IntegrityError:
            self.add_error("time", _("There is this cut-off already."))
            return None


class PlanForm(ReasonForm):
    """What a list is planned by, as staff change it."""

    urgent = forms.BooleanField(label=_("Urgent: goes before others"), required=False)
    due_at = forms.DateTimeField(
        label=_("Cut-off"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    carrier = forms.CharField(label=_("Carrier"), required=False, max_length=40)

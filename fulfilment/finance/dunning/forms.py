"""Forms of the dunning pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fulfilment.finance.amounts import AmountField
from fulfilment.finance.forms import EARLIEST, LATEST, Period, day_field
from fulfilment.finance.model_forms import PeopleForm
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.warehouse.lists import Search
from shop.kernel import clock

from .actions.hold import LONGEST_HOLD
from .models import BaseRate, CreditFormula, DunningLevel, DunningPolicy
from .models.money import WRITE_OFF_REASONS
from .states import PROMISE

LEVELS = [("0", "0"), ("1", "1"), ("2", "2"), ("3", "3")]
PARTS = {
    "title": _("Title"),
    "opening": pgettext_lazy("letter", "Opening"),
    "closing": pgettext_lazy("letter", "Closing"),
}
LANGUAGES = {"de": _("German"), "en": _("English")}


class PlanForm(forms.Form):
    """The day whose letters are looked at."""

    day = day_field(_("Letters of"))

    def clean_day(self) -> dt.date | None:
        """A day within reason."""
        day: dt.date | None = self.cleaned_data["day"]
        if day and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("Please enter a day between 2000 and 2199."))
        return day

    def chosen(self) -> dt.date:
        """The day entered, today when nothing or nonsense was."""
        today = clock.today()
        return (self.cleaned_data.get("day") or today) if self.is_valid() else today


class NoticeSearch(Period):
    """Filters of the list of notices."""

    level = forms.ChoiceField(label=_("Level"), required=False, choices=[("", _("all")), *LEVELS])
    field_order = ["q", "level", "first", "last"]


class HoldForm(forms.Form):
    """Until when, and why."""

    until = day_field(_("Until"), required=True)
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def clean_until(self) -> dt.date:
        """Within a year from today."""
        until: dt.date = self.cleaned_data["until"]
        today = clock.today()
        if not today <= until <= today + LONGEST_HOLD:
            raise forms.ValidationError(_("A hold ends within a year from today."))
        return until


class CustomerPromiseForm(forms.Form):
    """Until when a customer will pay, and how much."""

    pay_on = day_field(_("I will pay by"), required=True)
    amount_minor = AmountField(label=_("Amount"))


class PromiseForm(CustomerPromiseForm):
    """What a customer told staff on the phone or in a mail."""

    pay_on = day_field(_("Pays by"), required=True)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class CollectorForm(forms.Form):
    """Who collects from now on."""

    collector = forms.CharField(label=_("Handed over to"), max_length=120)


class WriteOffForm(forms.Form):
    """How much is given up, and why."""

    amount_minor = AmountField(label=_("Amount to write off"))
    reason_code = forms.ChoiceField(label=_("Reason"), choices=WRITE_OFF_REASONS)
    reason = forms.CharField(label=_("In words"), max_length=300)


class WriteOffSearch(Period):
    """Filters of the list of write-offs."""

    reason = forms.ChoiceField(
        label=_("Reason"), required=False, choices=[("", _("all")), *WRITE_OFF_REASONS]
    )
    field_order = ["q", "reason", "first", "last"]


class PaidClaimsForm(forms.Form):
    """A part of a bank receipt pays costs and interest of one invoice."""

    receipt = forms.ModelChoiceField(label=_("Bank receipt"), queryset=Receipt.objects.none())
    costs_minor = AmountField(label=_("Of it for costs and lump sum"), required=False)
    interest_minor = AmountField(label=_("Of it for interest"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["receipt"]
        field.queryset = Receipt.objects.filter(state__in=("open", "partly_assigned")).order_by("-booked_on")


class PromiseSearch(Search):
    """Filters of the list of promises."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *PROMISE.choices])


class LimitSearch(Search):
    """Filters of the list of limits."""

    kind = forms.ChoiceField(
        label=_("Limit"),
        required=False,
        choices=[("", _("all")), ("set", _("set by staff")), ("none", _("nothing on account"))],
    )


class LimitForm(forms.Form):
    """A limit that staff set; empty: the reckoned one."""

    limit_minor = AmountField(
        label=_("Limit"), required=False, positive=False, help_text=_("Empty: the reckoned limit counts.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)


class FormulaForm(PeopleForm):
    """How payment behaviour becomes points, and points a limit."""

    steps = forms.CharField(
        label=_("Limits"),
        help_text=_("One a line: from so many points, limit in euros. Below the first line nothing."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    class Meta:
        model = CreditFormula
        exclude = ("steps",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["steps"].initial = "\n".join(
            f"{points} {limit // 100}" for points, limit in self.instance.steps
        )

    def clean_steps(self) -> list[list[int]]:
        """Pairs of whole numbers, both rising."""
        found: list[list[int]] = []
        for line in str(self.cleaned_data["steps"]).splitlines():
            numbers = line.split()
            if not numbers:
                continue
            if len(numbers) != 2 or not all(part.isascii() and part.isdigit() for part in numbers):
                raise forms.ValidationError(_("Please write two whole numbers in each line."))
            points, limit = int(numbers[0][:4]), int(numbers[1][:8]) * 100
            if found and (points <= found[-1][0] or limit < found[-1][1]):
                raise forms.ValidationError(_("Points and limits rise from line to line."))
            found.append([points, limit])
        return found

    def save(self, commit: bool = True) -> Any:
        """The lines go into one column."""
        self.instance.steps = self.cleaned_data["steps"]
        return super().save(commit)


class PolicyForm(PeopleForm):
    """What applies to all levels."""

    class Meta:
        model = DunningPolicy
        fields = (
            "automatic",
            "consumer_points_bp",
            "business_points_bp",
            "lump_sum_minor",
            "holidays_state",
            "receipts_checked_within_days",
            "costs_first",
            "link_days",
            "promise_days",
            "promise_whole",
            "handover_after_days",
        )
        labels = {
            "consumer_points_bp": _("Percentage points above the base rate, consumers"),
            "business_points_bp": _("Percentage points above the base rate, businesses"),
            "lump_sum_minor": _("Lump sum for businesses, once"),
        }

    def clean_holidays_state(self) -> str:
        """A state of Germany, or none for the whole country's holidays."""
        state = str(self.cleaned_data["holidays_state"]).upper()
        if state not in STATES:
            raise forms.ValidationError(_("Please enter one of: %(states)s") % {"states": ", ".join(STATES)})
        return state


STATES = ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")


class LevelForm(PeopleForm):
    """One level with its texts in every language."""

    class Meta:
        model = DunningLevel
        fields = (
            "name",
            "enabled",
            "days_after",
            "term_days",
            "minimum_minor",
            "fee_minor",
            "causes_default",
            "charges_interest",
            "letter",
        )
        labels = {"minimum_minor": _("Smallest open amount"), "fee_minor": _("Costs")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, spoken in LANGUAGES.items():
            for part, label in PARTS.items():
                text = self.instance.texts.get(language, {}).get(part, "")
                self.fields[f"{part}_{language}"] = forms.CharField(
                    label=f"{label} ({spoken})",
                    max_length=120 if part == "title" else 1000,
                    initial=text,
                    widget=forms.TextInput if part == "title" else forms.Textarea(attrs={"rows": 4}),
                )

    def clean(self) -> dict[str, Any]:
        """The notice that causes default is free: its costs are no damage of the delay (§ 286, § 280 (2) BGB)."""
        data = super().clean()
        if data.get("causes_default") and data.get("fee_minor"):
            self.add_error("fee_minor", _("The notice that causes default is free of charge."))
        return data

    def save(self, commit: bool = True) -> Any:
        """Texts go into one column."""
        self.instance.texts = {
            language: {part: self.cleaned_data[f"{part}_{language}"] for part in PARTS}
            for language in LANGUAGES
        }
        return super().save(commit)


class BaseRateForm(PeopleForm):
    """A new base rate of § 247 BGB: from 1 January or 1 July on."""

    valid_from = day_field(_("Valid from"), required=True)

    class Meta:
        model = BaseRate
        fields = ("valid_from", "rate_bp", "source")
        labels = {"rate_bp": _("Base rate in percent"), "source": _("Source")}

    def clean_valid_from(self) -> dt.date:
        """§ 247 (1) BGB: the rate changes on 1 January and 1 July of each year."""
        day: dt.date = self.cleaned_data["valid_from"]
        if (day.month, day.day) not in ((1, 1), (7, 1)) or not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("The base rate changes on 1 January and 1 July (§ 247 BGB)."))
        return day

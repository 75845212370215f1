"""Forms of the counting pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.scan_forms import ArticleScan
from fulfilment.warehouse.stock.forms import BinField, SkuField, key_field, quantity_field
from shop.ui.amounts import PriceField

from .models import NOTE_MAX_CHARS, CountPolicy, CountTask
from .states import COUNT_TASK

VALUE_MAX_MINOR = 999_999_999  #: of the value that needs approval


class CountSearch(Search):
    """Filter of the list."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("not closed")), ("all", gettext_lazy("all")), *COUNT_TASK.choices],
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("Cause"), required=False, choices=[("", gettext_lazy("all")), *CountTask.CAUSES]
    )


class OptionalSkuField(SkuField):
    """A SKU or GTIN that may be left empty; cleans to the stock record or None."""

    def clean(self, value: Any) -> Any:
        """Raises ValidationError naming the unknown code."""
        return super().clean(value) if str(value or "").strip() else None


class AskForm(forms.Form):
    """Ask for a count."""

    bin = BinField(label=gettext_lazy("Bin"))
    code = OptionalSkuField(
        label=gettext_lazy("Only this article"),
        required=False,
        help_text=gettext_lazy("Empty: everything in the bin is counted."),
    )
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=NOTE_MAX_CHARS, required=False)


class TallyForm(ArticleScan):
    """Pieces were scanned."""

    code = SkuField(label=gettext_lazy("Scan the article"))


class TotalForm(forms.Form):
    """How many there are in all."""

    counted = quantity_field(0, gettext_lazy("Counted"))
    counted.error_messages["required"] = gettext_lazy("Please say how many there are.")
    key = key_field()


class WhyForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(label=gettext_lazy("Reason"), max_length=NOTE_MAX_CHARS)


class PolicyForm(forms.ModelForm):
    """Tolerance, approval and rhythm. People type the value in euros; the row keeps cents."""

    approval_value = PriceField(
        label=gettext_lazy("Value in euros above which another person approves"),
        help_text=gettext_lazy(
            "All differences of a count together, found and missing ones alike, at the cost of a piece."
        ),
        most_minor=VALUE_MAX_MINOR,
    )
    field_order = ("tolerance_pieces", "tolerance_percent", "approval_value")

    class Meta:
        model = CountPolicy
        fields = [
            "tolerance_pieces",
            "tolerance_percent",
            "bins_per_day",
            "a_days",
            "b_days",
            "c_days",
            "window_days",
            "a_percent",
            "b_percent",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["approval_value"] = self.instance.approval_value_minor

    def save(self, commit: bool = True) -> Any:
        """The row, with the value in cents."""
        self.instance.approval_value_minor = self.cleaned_data["approval_value"]
        return super().save(commit)

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when class A would be larger than A and B together."""
        data = super().clean() or self.cleaned_data
        a, b = data.get("a_percent"), data.get("b_percent")
        if a is not None and b is not None and a > b:
            raise ValidationError({"b_percent": _("A and B together cannot be less than A alone.")})
        return data

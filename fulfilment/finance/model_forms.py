"""Forms for rows that hold cents and basis points: people type amounts and percent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from shop.kernel.history import signed

from .amounts import AmountField, CsvAmount

BP_PER_PERCENT = 100


class PercentField(forms.DecimalField):
    """Percent with two places; cleans to whole basis points."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"max_digits": 5, "decimal_places": 2, "localize": True} | kwargs
        super().__init__(**kwargs)
        self.widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        self.widget.is_localized = True

    def clean(self, value: Any) -> int | None:  # type: ignore[override]
        """Basis points; ValidationError in words otherwise."""
        percent: Decimal | None = super().clean(value)
        return None if percent is None else int(percent * BP_PER_PERCENT)


class PeopleForm(forms.ModelForm):
    """A model form in which ``..._minor`` are amounts and ``..._bp`` percent. Labels name no cents."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in list(self.fields.items()):
            value = getattr(self.instance, name, None)
            like = {"label": field.label, "help_text": field.help_text, "required": field.required}
            if name.endswith("_minor"):
                self.fields[name] = AmountField(positive=False, **like)
                self.initial[name] = "" if value is None else str(CsvAmount(value))
            elif name.endswith("_bp"):
                self.fields[name] = PercentField(**like)
                self.initial[name] = "" if value is None else percent_text(value)

    def clean(self) -> dict[str, Any]:
        """No amount below zero."""
        data: dict[str, Any] = super().clean() or {}
        for name, value in list(data.items()):
            if name.endswith("_minor") and isinstance(value, int) and value < 0:
                self.add_error(name, _("The amount must not be below zero."))
        return data

    def save_as(self, user: Any) -> Any:
        """Save with ``user`` as who changed it in the row's history."""
        signed(self.instance, user)
        return self.save()


def percent_text(rate_bp: int) -> str:
    """3.62 or 3,62 as the reader writes it."""
    return str(formats.number_format(Decimal(rate_bp) / BP_PER_PERCENT, decimal_pos=2, use_l10n=True))

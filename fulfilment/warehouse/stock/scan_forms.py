"""Forms of the pages that book by scan: what was scanned just now, and what is in hand already."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.ui.amounts import PriceField

from .codes import find_bin
from .forms import CODE_MAX_CHARS, SCAN, key_field, quantity_field
from .models import Bin

COST_MAX_MINOR = 100_000_000  #: per piece


def hidden_code() -> forms.CharField:
    """A code that the page carries along."""
    return forms.CharField(max_length=CODE_MAX_CHARS, required=False, widget=forms.HiddenInput)


class HiddenBin(forms.CharField):
    """A bin that the page carries along; cleans to the bin or None."""

    def __init__(self) -> None:
        super().__init__(max_length=CODE_MAX_CHARS, required=False, widget=forms.HiddenInput)

    def clean(self, value: Any) -> Bin | None:
        """Raises ValidationError naming the unknown bin."""
        code = super().clean(value)
        found = find_bin(code) if code else None
        if code and found is None:
            raise ValidationError(_("There is no bin “%(code)s”.") % {"code": code})
        return found


class ScanForm(forms.Form):
    """One scan, and how often it counts."""

    code = forms.CharField(
        label=gettext_lazy("Scan"),
        max_length=CODE_MAX_CHARS,
        required=False,
        widget=forms.TextInput(attrs=SCAN),
    )
    quantity = quantity_field()
    pieces = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    article = hidden_code()
    lot = hidden_code()
    why = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)
    key = key_field()


class ReceiveForm(ScanForm):
    """Goods come: into which bin, of which lot, at what cost."""

    bin = HiddenBin()
    best_before = forms.DateField(
        label=gettext_lazy("Best before"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    cost = PriceField(
        label=gettext_lazy("Cost per piece in euros"),
        required=False,
        most_minor=COST_MAX_MINOR,
    )
    why = forms.CharField(label=gettext_lazy("Delivery note or reason"), max_length=200, required=False)

    def __init__(self, *args: Any, with_cost: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_cost:
            del self.fields["cost"]

    @property
    def unit_cost_minor(self) -> int | None:
        """What a piece cost in cents; None when nobody said so."""
        cost: int | None = self.cleaned_data.get("cost")
        return cost


class MoveForm(ScanForm):
    """Pieces are carried from one bin to another."""

    source = HiddenBin()
    target = HiddenBin()

"""Forms of an article's page of codes: a further barcode, how it is kept, its measures."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .article_codes import NAME_MAX_CHARS, PIECES_MAX
from .forms import CODE_MAX_CHARS, SCAN
from .models import BY_LOT, NO_TRACKING, Barcode, Handling

DAYS_MAX = 3_650
SIDE_MAX_MM = 20_000
WEIGHT_MAX_G = 1_000_000


class BarcodeForm(forms.Form):
    """A further code of an article, of one piece or of a pack."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=CODE_MAX_CHARS,
        widget=forms.TextInput(attrs=SCAN),
        help_text=gettext_lazy("Scan it, or type it with all digits."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[("", gettext_lazy("by itself: GTIN when it looks like one")), *Barcode.KINDS],
    )
    pieces = forms.IntegerField(
        label=gettext_lazy("Pieces in the pack"), min_value=1, max_value=PIECES_MAX, initial=1,
        help_text=gettext_lazy("One scan counts so many; 1 for the single piece."),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Name of the pack"), max_length=NAME_MAX_CHARS, required=False,
        help_text=gettext_lazy("For example: carton of 6."),
    )  # fmt: skip


def _number(label: Any, most: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=most, initial=0, help_text=help_text)


class HandlingForm(forms.Form):
    """How an article is kept, how long it must still last, how large and heavy it is."""

    tracking = forms.ChoiceField(
        label=gettext_lazy("Kept by"), choices=Handling.TRACKING, initial=NO_TRACKING
    )
    has_best_before = forms.BooleanField(label=gettext_lazy("Has a best-before date"), required=False)
    min_days_left = _number(
        gettext_lazy("Days it must still last when it is sent"),
        DAYS_MAX,
        gettext_lazy("0: up to the date itself."),
    )
    length_mm = _number(gettext_lazy("Length in mm"), SIDE_MAX_MM)
    width_mm = _number(gettext_lazy("Width in mm"), SIDE_MAX_MM)
    height_mm = _number(gettext_lazy("Height in mm"), SIDE_MAX_MM)
    weight_g = _number(gettext_lazy("Weight in grams"), WEIGHT_MAX_G)
    initial_lot = forms.CharField(
        label=gettext_lazy("Lot of the pieces that lie here already"), max_length=CODE_MAX_CHARS, required=False,
        help_text=gettext_lazy("Only when lots are asked for from now on."),
    )  # fmt: skip
    initial_best_before = forms.DateField(
        label=gettext_lazy("Their best-before date"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        """A best-before date belongs to a lot; what is counted by pieces alone has none."""
        data = super().clean() or {}
        if data.get("has_best_before") and data.get("tracking") == NO_TRACKING:
            self.add_error("has_best_before", _("A best-before date belongs to a lot: choose lots as well."))
        if data.get("initial_lot") and data.get("tracking") not in (BY_LOT, None):
            self.add_error("initial_lot", _("Only an article that is kept by lots has one."))
        return data

    @staticmethod
    def of(handling: Handling, weight_g: int) -> dict[str, Any]:
        """What the form shows at first."""
        names = ("tracking", "has_best_before", "min_days_left", "length_mm", "width_mm", "height_mm")
        return {name: getattr(handling, name) for name in names} | {"weight_g": weight_g}

"""Forms of the dispatch pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search

from .actions import OUTCOMES, WEIGHT_MAX_G
from .queries import ToPack
from .states import PARCEL


class ParcelSearch(Search):
    """Filter of the parcels."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *PARCEL.choices])


class PackForm(forms.Form):
    """One quantity per order line that waits, and the weight."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    weight_g = forms.IntegerField(
        label=_("Weight in grams"),
        min_value=1,
        max_value=WEIGHT_MAX_G,
        required=False,
        help_text=_("Empty: added up from the articles."),
    )

    def __init__(self, *args: Any, rows: Sequence[ToPack], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = [row for row in rows if row.quantity > 0]
        for row in self.rows:
            self.fields[f"line_{row.order_line.pk}"] = forms.IntegerField(
                label=row.order_line.partner_sku,
                min_value=0,
                max_value=row.quantity,
                required=False,
                initial=row.quantity,
            )

    def quantity_fields(self) -> list[tuple[ToPack, Any]]:
        """(row, bound field) for the table."""
        return [(row, self[f"line_{row.order_line.pk}"]) for row in self.rows]

    def quantities(self) -> dict[int, int]:
        """Order line id -> pieces, of what was filled in."""
        given = {row.order_line.pk: self.cleaned_data.get(f"line_{row.order_line.pk}") for row in self.rows}
        return {pk: quantity for pk, quantity in given.items() if quantity}


class ReasonForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(label=_("Reason"), max_length=200, required=False)


class OutcomeForm(ReasonForm):
    """What became of a parcel."""

    outcome = forms.ChoiceField(
        label=_("What happened"), choices=[(key, label) for key, label in PARCEL.choices if key in OUTCOMES]
    )


class ManyForm(forms.Form):
    """Parcels chosen in the list."""

    parcel = forms.TypedMultipleChoiceField(coerce=int, choices=[])

    def __init__(self, *args: Any, waiting: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parcel"].choices = [(pk, pk) for pk in waiting]  # type: ignore[attr-defined]
        self.fields["parcel"].error_messages = {
            "required": _("Please choose at least one parcel."),
            "invalid_choice": _("One of the parcels is not waiting to leave. Please look at the list again."),
        }

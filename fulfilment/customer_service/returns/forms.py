"""Forms of a settlement's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.amounts import AmountField
from fulfilment.warehouse.lists import Search

from .models import Settlement
from .states import SETTLEMENT

KEPT = "kept-"


class SettlementSearch(Search):
    """Filters of the list; they stay in the address."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *SETTLEMENT.choices])
    field_order = ["q", "state"]


class SettleForm(forms.Form):
    """What is kept of each article, whether delivery goes back, and why."""

    with_shipping = forms.BooleanField(label=_("The delivery charge goes back too"), required=False)
    kept_why = forms.CharField(
        label=_("Why value was lost"),
        required=False,
        max_length=300,
        help_text=_("Stands on the credit note. Trying the goods on is no loss of value (§ 357a BGB)."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, settlement: Settlement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line_ids = list(dict.fromkeys(line["order_line_id"] for line in settlement.lines))
        titles = {line["order_line_id"]: line["title"] for line in settlement.lines}
        for line_id in self.line_ids:
            self.fields[f"{KEPT}{line_id}"] = AmountField(
                label=_("Loss of value: %(title)s") % {"title": titles[line_id]}, required=False
            )

    def kept(self) -> dict[int, int]:
        """Gross minor units that are not credited, by order line id."""
        found = {line_id: self.cleaned_data.get(f"{KEPT}{line_id}") or 0 for line_id in self.line_ids}
        return {line_id: amount for line_id, amount in found.items() if amount}

    @property
    def kept_fields(self) -> list[Any]:
        """The fields of the articles, bound."""
        return [self[f"{KEPT}{line_id}"] for line_id in self.line_ids]


class NothingForm(forms.Form):
    """Why no money goes back."""

    why = forms.CharField(
        label=_("Why"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

"""Forms of the receipt pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.finance import amounts
from fulfilment.finance.amounts import AmountField
from fulfilment.finance.forms import EARLIEST, day_field
from fulfilment.warehouse.lists import Search
from shop.kernel import clock
from shop.kernel.money import to_decimal

from .queries import Suggestion
from .states import RECEIPT

TARGET = re.compile(r"(invoice|order):(\d{1,18})")
MOST_TARGETS = 50


class ReceiptSearch(Search):
    """Filters of the receipt list."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), ("unexplained", _("unexplained")), *RECEIPT.choices],
    )


class ReceiptForm(forms.Form):
    """A line of the bank statement, typed by hand."""

    booked_on = day_field(_("Date on the statement"), required=True)
    amount = AmountField(label=_("Amount"))
    payer = forms.CharField(
        label=_("Payer"),
        max_length=140,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reference = forms.CharField(
        label=_("Statement number and line"),
        help_text=_("For instance 47/3. Together with the date it is recorded only once."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(
        label=_("Text of the transfer"),
        help_text=_("Invoice and order numbers in it are found by themselves."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_booked_on(self) -> Any:
        """Not in the future, not before our time."""
        day = self.cleaned_data["booked_on"]
        if day > clock.today():
            raise forms.ValidationError(_("The day lies in the future."))
        if day < EARLIEST:
            raise forms.ValidationError(_("Please enter a day between 2000 and 2199."))
        return day


class AssignForm:
    """The open items ticked on a page, with an amount each: ``target`` boxes and ``amount:<target>`` fields."""

    def __init__(self, data: Any, left_minor: int) -> None:
        self.data = data
        self.left_minor = left_minor
        self.errors: list[str] = []
        self.wrong: dict[str, str] = {}
        self.chosen: list[tuple[str, int, int]] = []
        self.accept_difference = data.get("accept_difference") == "on"

    def is_valid(self) -> bool:
        """Read what was ticked; ``chosen`` are (kind, id, amount in minor units)."""
        self.chosen = []
        for target in list(dict.fromkeys(self.data.getlist("target")))[:MOST_TARGETS]:
            match = TARGET.fullmatch(target)
            if match is None:
                self.errors.append(str(_("One of the chosen items does not exist.")))
                continue
            try:
                amount = amounts.parse(self.data.get(f"amount:{target}", ""))
            except ValueError:
                amount = 0
            if amount <= 0:
                self.wrong[target] = str(_("Please enter an amount such as 119.00."))
                continue
            self.chosen.append((match[1], int(match[2]), amount))
        if sum(amount for _kind, _pk, amount in self.chosen) > self.left_minor:
            self.errors.append(str(_("You assign more than is left of the receipt.")))
        return not self.errors and not self.wrong

    def rows(self, found: list[Suggestion]) -> list[dict[str, Any]]:
        """The suggestions with what was typed for them, else with what is proposed."""
        ticked = set(self.data.getlist("target"))
        touched = bool(ticked)
        return [
            {
                "item": item,
                "ticked": item.target in ticked if touched else item.amount_minor > 0,
                "typed": self.data.get(f"amount:{item.target}") or _typed(item),
                "error": self.wrong.get(item.target, ""),
            }
            for item in found
        ]


def _typed(item: Suggestion) -> str:
    text = str(to_decimal(item.amount_minor or item.whole_minor, item.currency))
    return text.replace(".", ",") if (amounts.get_language() or "de").startswith("de") else text

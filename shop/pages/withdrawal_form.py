"""The form of the withdrawal function: name, contract, e-mail address, and lines where the order may be seen.

§ 356a (2) BGB allows exactly these; a reason is never asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.forms import Line as OneLine
from checkout.order.models import Line, Order
from fulfilment.customer_service.withdrawals.models import CONTRACT_MAX, EMAIL_MAX, NAME_MAX
from shop.kernel.text import clean_line

WHOLE, PART = "whole", "part"
LINE = "line-"
DIGITS_MAX = 18  #: longer ids are none of ours, and no database holds them


class Words(forms.CharField):
    """Text of several lines: kept as typed, without control and direction characters."""

    def clean(self, value: Any) -> str:
        """The readable text."""
        lines = [clean_line(line) for line in str(value or "").splitlines()]
        return str(super().clean("\n".join(lines).strip()))


class DeclarationForm(forms.Form):
    """Step 1. With ``order`` (one that the visitor may see) it offers the order's lines."""

    name = OneLine(label=gettext_lazy("Your name"), max_length=NAME_MAX)
    contract = Words(
        label=gettext_lazy("Which contract?"),
        max_length=CONTRACT_MAX,
        help_text=gettext_lazy(
            "Your order number, for example K10001; it is in your confirmation mail. Not at hand? Describe your order "
            "in words. For a part of it, please name the articles as well."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=EMAIL_MAX,
        help_text=gettext_lazy("We send the receipt of your withdrawal here at once."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("What would you like to withdraw from?"),
        required=False,
        choices=[
            (WHOLE, gettext_lazy("The whole order")),
            (PART, gettext_lazy("Only these articles and quantities")),
        ],
        initial=WHOLE,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, order: Order | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.lines = lines_of(order)
        for line in self.lines:
            self.fields[f"{LINE}{line.pk}"] = pieces_of(line, line.excluded_because)

    @property
    def line_fields(self) -> list[Any]:
        """The fields of the lines, bound."""
        return [self[f"{LINE}{line.pk}"] for line in self.lines]

    def clean(self) -> dict[str, Any]:
        """A part names at least one piece, and only of lines that are offered here."""
        data: dict[str, Any] = super().clean() or {}
        if strangers(self.data, {line.pk for line in self.lines}):
            raise forms.ValidationError(
                _(
                    "We cannot show the articles of this order here (any more). Please name them in the field for the "
                    "contract; your withdrawal counts just the same."
                )
            )
        if (
            data.get("scope") == PART
            and not any(f.errors for f in self.line_fields)
            and not self.quantities()
        ):
            self.add_error("scope", _("Please enter a quantity for at least one article."))
        return data

    def quantities(self) -> dict[int, int]:
        """Pieces by order line id; empty means the whole."""
        if self.cleaned_data.get("scope") != PART:
            return {}
        found = {line.pk: self.cleaned_data.get(f"{LINE}{line.pk}") or 0 for line in self.lines}
        return {line_id: pieces for line_id, pieces in found.items() if pieces}


def pieces_of(line: Line, *notes: str) -> forms.IntegerField:
    """How many pieces of this line are meant; nothing or 0: none. ``notes``: what else is said beside the field."""
    most = line.quantity - line.quantity_cancelled
    return forms.IntegerField(
        label=line.title,
        required=False,
        min_value=0,
        max_value=most,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 0, "max": most}),
        help_text=" · ".join(filter(None, [_("ordered: %(n)d") % {"n": most}, *notes])),
    )


def lines_of(order: Order | None) -> list[Line]:
    """Lines of which something was ordered and not cancelled. One query."""
    if order is None:
        return []
    rows = Line.objects.filter(order=order).order_by("pk")
    return [line for line in rows if line.quantity > line.quantity_cancelled]


def strangers(data: Mapping[str, Any], offered: set[int]) -> bool:
    """Whether pieces were sent for lines that the form did not offer."""
    for name, value in data.items():
        if name.startswith(LINE) and str(value).strip() not in ("", "0"):
            digits = name.removeprefix(LINE)
            known = digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX
            if not known or int(digits) not in offered:
                return True
    return False

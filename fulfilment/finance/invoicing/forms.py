"""Forms of the invoice pages."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.amounts import AmountField
from fulfilment.finance.forms import Period
from fulfilment.warehouse.lists import Search

from .actions.rests import rest_of_line
from .models import KINDS, Invoice
from .states import INVOICE

BUCKET_LABELS = {
    "not_due": _("not due yet"),
    "d1_30": _("1 to 30 days overdue"),
    "d31_60": _("31 to 60 days overdue"),
    "d61_90": _("61 to 90 days overdue"),
    "d91": _("more than 90 days overdue"),
}


#: Kinds of invoices by their place in an order; see ``queries.invoices``.
KINDS_BY_PLACE = [("part", _("Part invoice")), ("replacement", _("Invoice in place of a cancelled one"))]


class InvoiceSearch(Period):
    """Filters of the invoice list."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("all")), *KINDS, *KINDS_BY_PLACE]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), ("overdue", _("overdue")), *INVOICE.choices],
    )
    field_order = ["q", "kind", "state", "first", "last"]


class OpenItemSearch(Search):
    """Filters of the open items."""

    age = forms.ChoiceField(label=_("Age"), required=False, choices=[("", _("all")), *BUCKET_LABELS.items()])


class CreditNoteForm(forms.Form):
    """What to credit of an invoice: pieces and shipping, or an amount. ``key`` makes a second click harmless."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Printed on the credit note."),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    amount = AmountField(
        label=_("Or an amount, VAT included"),
        required=False,
        help_text=_("A price reduction, spread over the VAT rates of the invoice."),
    )
    shipping = forms.BooleanField(label=_("Credit the shipping charge too"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, invoice: Invoice, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("key", uuid.uuid4())
        super().__init__(*args, **kwargs)
        self.invoice = invoice
        self.pieces: list[dict[str, Any]] = []
        for line in invoice.lines.all():
            left = rest_of_line(line)[0]
            name = f"line-{line.pk}"
            self.fields[name] = forms.IntegerField(
                label=_("Pieces of %(name)s") % {"name": line.name},
                required=False,
                min_value=0,
                max_value=left,
            )
            self.pieces.append({"line": line, "left": left, "field": self[name]})
        if not invoice.charges:
            del self.fields["shipping"]

    def clean(self) -> dict[str, Any]:
        """Either pieces or an amount, and at least one of them."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        pieces = self.quantities() or data.get("shipping")
        if data.get("amount") and pieces:
            raise forms.ValidationError(
                _("Please credit either pieces or an amount, not both on one credit note.")
            )
        if not data.get("amount") and not pieces:
            raise forms.ValidationError(_("Please say what is credited: pieces, shipping or an amount."))
        return data

    def quantities(self) -> dict[int, int]:
        """Invoice line id -> pieces to credit."""
        chosen = {}
        for piece in self.pieces:
            count = self.cleaned_data.get(piece["field"].name)
            if count:
                chosen[piece["line"].pk] = count
        return chosen

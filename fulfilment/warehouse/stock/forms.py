"""Forms of the stock pages. Codes are typed or scanned; what they mean is looked up here, and named when unknown."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.lists import Search

from .actions import QUANTITY_MAX
from .codes import find_bin
from .models import Bin
from .queries import find_stockrecord

CODE_MAX_CHARS = 60
SCAN = {"data-scan": True, "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class SkuField(forms.CharField):
    """A SKU or GTIN; cleans to the stock record."""

    default_error_messages = {"required": gettext_lazy("Please scan or type the article.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=CODE_MAX_CHARS, widget=forms.TextInput(attrs=SCAN), **kwargs)

    def clean(self, value: Any) -> StockRecord:
        """Raises ValidationError naming the unknown code."""
        code = super().clean(value)
        found = find_stockrecord(code)
        if found is None:
            raise ValidationError(_("No article has the number or barcode “%(code)s”.") % {"code": code})
        return found


class BinField(forms.CharField):
    """A bin's code; cleans to the bin."""

    default_error_messages = {"required": gettext_lazy("Please scan or type the bin.")}

    def __init__(self, **kwargs: Any) -> None:
        attrs = {key: value for key, value in SCAN.items() if key != "data-scan"} | {"list": "bins"}
        super().__init__(max_length=CODE_MAX_CHARS, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Bin:
        """Raises ValidationError naming the unknown bin."""
        code = super().clean(value)
        found = find_bin(code)
        if found is None:
            raise ValidationError(_("There is no bin “%(code)s”.") % {"code": code})
        return found


def why_field() -> forms.CharField:
    """Why it was done, in a person's words."""
    return forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)


def quantity_field(least: int = 1, label: Any = None) -> forms.IntegerField:
    """Pieces, from ``least`` to QUANTITY_MAX."""
    return forms.IntegerField(
        label=label or gettext_lazy("Quantity"), min_value=least, max_value=QUANTITY_MAX
    )


def form_key() -> str:
    """Names one showing of a form, so that sending it twice books once."""
    return secrets.token_hex(8)


def key_field() -> forms.CharField:
    """The hidden key of a form."""
    return forms.CharField(max_length=32, required=False, widget=forms.HiddenInput, initial=form_key)


class TransferForm(forms.Form):
    """From one bin to another."""

    source = BinField(label=gettext_lazy("From bin"))
    target = BinField(label=gettext_lazy("To bin"))
    quantity = quantity_field()
    lot = forms.CharField(
        label=gettext_lazy("Lot or serial number"), max_length=CODE_MAX_CHARS, required=False
    )
    why = why_field()
    key = key_field()


class CountForm(forms.Form):
    """What somebody counted in a bin."""

    bin = BinField(label=gettext_lazy("Bin"))
    counted = quantity_field(0, gettext_lazy("Counted"))
    why = why_field()
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)


class SkuSearch(Search):
    """Filter of the stock list."""

    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("free", gettext_lazy("free to sell")),
            ("none", gettext_lazy("nothing free")),
            ("reserved", gettext_lazy("reserved")),
        ],
    )

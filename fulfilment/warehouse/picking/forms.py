"""Forms of the picking pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.stock.forms import CODE_MAX_CHARS, quantity_field

from .states import PICK_LIST


class PickListSearch(Search):
    """Filter of the pick lists."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("in work")), ("all", _("all")), *PICK_LIST.choices]
    )


class ScanForm(forms.Form):
    """One scan: the line it is for, the code, how many pieces."""

    line = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=CODE_MAX_CHARS,
        error_messages={
            "required": _("Nothing was scanned."),
            "max_length": _("That is no barcode of ours: it is too long."),
        },
    )
    quantity = quantity_field()


class LineForm(forms.Form):
    """The line that something is said about."""

    line = forms.IntegerField(min_value=1)

"""Forms of the picking pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.stock.forms import CODE_MAX_CHARS, quantity_field

from .models import Batch
from .states import BATCH, PICK_LIST


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


class BatchSearch(Search):
    """Filter of the batches."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("in work")), ("all", _("all")), *BATCH.choices]
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Batch.KINDS])


class AddOrderForm(forms.Form):
    """The order that comes into a batch."""

    order = forms.CharField(
        max_length=40,
        error_messages={
            "required": _("Please scan or type the order number."),
            "max_length": _("That is no order number of ours: it is too long."),
        },
    )


class ReasonForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(
        label=_("Reason"), max_length=200, error_messages={"required": _("Please say why.")}
    )


class SettleForm(forms.Form):
    """What was done about a refused scan."""

    note = forms.CharField(
        label=_("What was done"), max_length=200, error_messages={"required": _("Please say what was done.")}
    )

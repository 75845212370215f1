"""Forms of the transfer pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.scan_forms import ArticleScan
from fulfilment.warehouse.stock.forms import BinField, SkuField
from fulfilment.warehouse.stock.models import Site

from .models import NOTE_MAX_CHARS, TransferLine
from .states import TRANSFER

BIN_FIRST = {"required": gettext_lazy("Please scan the bin first.")}


class TransferSearch(Search):
    """Filter of the list."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("all")), *TRANSFER.choices],
    )
    differences = forms.BooleanField(label=gettext_lazy("Only with differences"), required=False)


class TransferForm(forms.Form):
    """A new transfer."""

    source = forms.ModelChoiceField(label=gettext_lazy("From site"), queryset=Site.objects.none())
    target = forms.ModelChoiceField(label=gettext_lazy("To site"), queryset=Site.objects.none())
    note = forms.CharField(label=gettext_lazy("Note"), max_length=NOTE_MAX_CHARS, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "target"):
            self.fields[name].queryset = Site.objects.filter(is_active=True)  # type: ignore[attr-defined]


class AddForm(ArticleScan):
    """Put pieces of a bin on the list."""

    code = SkuField(label=gettext_lazy("Scan the bin, then the article"))
    bin = BinField(label=gettext_lazy("From bin"), error_messages=BIN_FIRST)


class ArriveForm(ArticleScan):
    """Pieces arrived."""

    code = SkuField(label=gettext_lazy("Scan the bin, then the article"))
    bin = BinField(label=gettext_lazy("Into bin"), error_messages=BIN_FIRST)
    surplus_why = forms.CharField(
        label=gettext_lazy("More than was sent, because"), max_length=NOTE_MAX_CHARS, required=False
    )


class WhyForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(label=gettext_lazy("Reason"), max_length=NOTE_MAX_CHARS)


class MissingForm(forms.Form):
    """One reason per line with missing pieces."""

    def __init__(self, *args: Any, lines: list[TransferLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"why_{line.pk}"] = forms.CharField(
                label=ngettext("Why is it missing?", "Why are they missing?", line.quantity_open),
                max_length=NOTE_MAX_CHARS,
            )

    def reason_fields(self) -> list[tuple[TransferLine, Any]]:
        """(line, bound field) for the table."""
        return [(line, self[f"why_{line.pk}"]) for line in self.lines]

    def reasons(self) -> dict[int, str]:
        """Line id -> reason."""
        return {line.pk: str(self.cleaned_data[f"why_{line.pk}"]) for line in self.lines}

"""Forms of the transfer pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.stock.forms import SCAN, BinField, SkuField, key_field, quantity_field
from fulfilment.warehouse.stock.models import Lot, Site

from .models import NOTE_MAX_CHARS, TransferLine
from .states import TRANSFER

LOT_MAX_CHARS = 60


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


class LotMixin(forms.Form):
    """The lot's code, as scanned; cleans to the lot of the article."""

    lot = forms.CharField(
        label=gettext_lazy("Lot or serial number"),
        max_length=LOT_MAX_CHARS,
        required=False,
        widget=forms.TextInput(attrs={key: value for key, value in SCAN.items() if key != "data-scan"}),
    )

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError naming a lot that this article does not have."""
        data = super().clean() or self.cleaned_data
        code, record = data.get("lot", ""), data.get("code")
        if code and record is not None:
            found = Lot.objects.filter(stockrecord=record, code__iexact=code.strip()).first()
            if found is None:
                raise ValidationError(
                    {"lot": _("%(sku)s has no lot “%(code)s”.") % {"sku": record.partner_sku, "code": code}}
                )
            data["lot"] = found
        elif not code:
            data["lot"] = None
        return data


class AddForm(LotMixin):
    """Put pieces of a bin on the list."""

    field_order = ["bin", "code", "quantity", "lot"]
    bin = BinField(label=gettext_lazy("From bin"))
    code = SkuField(label=gettext_lazy("Article"))
    quantity = quantity_field()
    key = key_field()


class ArriveForm(LotMixin):
    """Pieces arrived."""

    field_order = ["code", "bin", "quantity", "lot", "surplus_why"]
    code = SkuField(label=gettext_lazy("Article"))
    bin = BinField(label=gettext_lazy("Into bin"))
    quantity = quantity_field()
    surplus_why = forms.CharField(
        label=gettext_lazy("More than was sent, because"), max_length=NOTE_MAX_CHARS, required=False
    )
    key = key_field()


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
                label=_("Why are they missing?"), max_length=NOTE_MAX_CHARS
            )

    def reason_fields(self) -> list[tuple[TransferLine, Any]]:
        """(line, bound field) for the table."""
        return [(line, self[f"why_{line.pk}"]) for line in self.lines]

    def reasons(self) -> dict[int, str]:
        """Line id -> reason."""
        return {line.pk: str(self.cleaned_data[f"why_{line.pk}"]) for line in self.lines}

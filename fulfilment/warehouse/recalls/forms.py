"""Forms of the recall pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse.lists import Search

from .models import TEXT_MAX_CHARS, Recall
from .states import RECALL

ID_MAX = 2**62
LOTS_MAX = 500  #: lots of one recall


class RecallSearch(Search):
    """Filter of the recalls."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *RECALL.choices])


class TraceForm(forms.Form):
    """Which lots: by code, or all of an article with a best-before date in a range."""

    code = forms.CharField(label=_("Lot or serial number"), max_length=60, required=False)
    article = forms.CharField(
        label=_("Article"), max_length=100, required=False, help_text=_("number or barcode")
    )
    first = forms.DateField(
        label=_("Best before from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        label=_("Best before to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """Something to look for, and a range that runs forward."""
        said = super().clean() or {}
        if not (said.get("code") or said.get("article")) and not self.errors:
            raise forms.ValidationError(_("Please enter a lot, a serial number or an article."))
        first, last = said.get("first"), said.get("last")
        if first and last and first > last:
            self.add_error("last", _("The range ends before it begins."))
        return said


class RecallForm(forms.ModelForm):
    """A new recall: the lots that were found and chosen, and the texts in both languages."""

    lot = forms.TypedMultipleChoiceField(coerce=int, choices=[])

    class Meta:
        model = Recall
        fields = ("reason_de", "reason_en", "advice_de", "advice_en")
        widgets = {
            name: forms.Textarea(attrs={"rows": 3, "maxlength": TEXT_MAX_CHARS})
            for name in ("reason_de", "reason_en", "advice_de", "advice_en")
        }

    def __init__(self, *args: Any, lots: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lot"].choices = [(pk, pk) for pk in lots]  # type: ignore[attr-defined]
        self.fields["lot"].error_messages = {
            "required": _("Please choose at least one lot."),
            "invalid_choice": _("One of the lots was not found. Please search again."),
        }


class LiftForm(forms.Form):
    """Why the lots may be sold again."""

    why = forms.CharField(label=_("How is that known?"), max_length=400)


class CloseForm(forms.Form):
    """Why the recall is over."""

    why = forms.CharField(label=_("What was done"), max_length=400)

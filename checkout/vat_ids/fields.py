"""How a form reads the numbers of a firm; the form has the fields ``vat_id`` and ``buyer_reference``."""

from __future__ import annotations

from typing import Any

from django import forms

from .rules import NotAReference, NotAVatId, clean_reference, clean_vat_id


class FirmNumbers:
    """For forms beside ``forms.Form``: what is wrong is said beside its field; both may stay empty."""

    cleaned_data: dict[str, Any]

    def clean_vat_id(self) -> str:
        """Form and check digit; whether it is in force only the register knows."""
        try:
            return clean_vat_id(self.cleaned_data["vat_id"]) if self.cleaned_data["vat_id"] else ""
        except NotAVatId as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean_buyer_reference(self) -> str:
        """A Leitweg-ID must have the right check digits; any other reference is the buyer's own."""
        try:
            return clean_reference(self.cleaned_data["buyer_reference"])
        except NotAReference as wrong:
            raise forms.ValidationError(str(wrong)) from None

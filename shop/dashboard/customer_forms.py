"""Forms about a customer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from checkout.forms import AddressForm, Line
from shop.customers.forms import clean_phone
from shop.customers.models import NOTE_MAX


class NoteForm(forms.Form):
    """What colleagues should know."""

    text = forms.CharField(
        label=_("Note"),
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only staff read it; the customer may ask for a copy of what we keep about them."),
    )
    pinned = forms.BooleanField(label=_("Keep at the top"), required=False)


def why_field() -> Line:
    """The reason of a change."""
    return Line(label=_("Why"), max_length=300, help_text=_("Stands in the customer's history."))


class CustomerForm(forms.Form):
    """Who the customer is and how to reach them."""

    first_name = Line(label=_("First name"), required=False)
    last_name = Line(label=_("Last name"), required=False)
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=150,
        help_text=_("A new address is told to the old one, and the customer has to confirm it."),
    )
    phone = Line(label=_("Phone"), required=False, max_length=40)
    language = forms.ChoiceField(label=_("Language of mails"), choices=settings.LANGUAGES)
    why = why_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_phone(self) -> str:
        """Digits and the usual signs."""
        return clean_phone(self.cleaned_data["phone"])


class CustomerAddressForm(AddressForm):
    """An address of the customer's book, and why it changes."""

    why = why_field()

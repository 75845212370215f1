"""Forms about a person."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.kernel.text import clean_line

from .models import User

PHONE = re.compile(r"[+0-9 ()/.\-]{5,40}", re.ASCII)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, phone and the language of mails and letters."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "phone", "language")
        labels = {"first_name": _("First name"), "last_name": _("Last name"), "phone": _("Phone")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=settings.LANGUAGES, help_text=_("For this page, mails and invoices")
        )
        self.fields["phone"].help_text = _("Only for questions about a delivery")

    def clean_first_name(self) -> str:
        """Without control characters."""
        return clean_line(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        """Without control characters."""
        return clean_line(self.cleaned_data["last_name"])

    def clean_phone(self) -> str:
        """Digits and the usual signs."""
        return clean_phone(self.cleaned_data["phone"])


def clean_phone(text: str) -> str:
    """A phone number without control characters; ValidationError for anything but digits and the usual signs."""
    phone = clean_line(text)
    if phone and not PHONE.fullmatch(phone):
        raise forms.ValidationError(_("Please use digits, spaces, + and - only."))
    return phone

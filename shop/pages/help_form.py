"""The forms of the shopper's help pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.forms import Line as OneLine
from checkout.order.models import Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import BODY_MAX, EMAIL_MAX, NAME_MAX
from fulfilment.customer_service.cases.pictures import Drawn, WrongPicture, draw_all

from .withdrawal_form import Words

NUMBER_MAX = 32


class ManyFiles(forms.FileInput):
    """A field for several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        """Every file that was sent."""
        return list(files.getlist(name)) if hasattr(files, "getlist") else []


class Pictures(forms.FileField):
    """Pictures, told by their content and drawn anew; the cleaned value is a list of ``Drawn``."""

    widget = ManyFiles(attrs={"accept": "image/jpeg,image/png,image/webp", "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Drawn]:
        """Every picture; ValidationError in words when one is none."""
        try:
            return draw_all([file for file in data or [] if file])
        except WrongPicture as problem:
            raise forms.ValidationError(str(problem)) from None


class MessageForm(forms.Form):
    """A further message of the customer."""

    body = Words(label=_("Your message"), max_length=BODY_MAX, widget=forms.Textarea(attrs={"rows": 5}))
    pictures = Pictures(
        label=_("Pictures"), required=False, help_text=_("JPEG, PNG or WebP, at most 6 with one message.")
    )


class HelpForm(MessageForm):
    """What somebody wants from us. With ``order`` (one that the visitor may see) its number is not asked for."""

    reason = forms.ChoiceField(label=_("What is it about?"), choices=kinds.REASONS, widget=forms.RadioSelect)
    number = OneLine(
        label=_("Order number"),
        max_length=NUMBER_MAX,
        required=False,
        help_text=_("For example K10001; it is in your confirmation mail."),
    )
    name = OneLine(label=_("Your name"), max_length=NAME_MAX)
    email = forms.EmailField(label=_("Your e-mail address"), max_length=EMAIL_MAX)
    field_order = ["reason", "number", "body", "pictures", "name", "email"]

    def __init__(self, *args: Any, order: Order | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        if order is not None:
            del self.fields["number"]

"""Forms of the checkout. Errors are words beside the field; nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.kernel.text import clean_line

from .shipping.queries import countries
from .vat_ids.fields import FirmNumbers

#: Said of a country that is not in the list: we stopped delivering there, or nobody chose it from the list.
NOT_THERE = _("We do not deliver to this country. Please choose one from the list.")
#: Postal codes by country, as the national posts print them. Countries not named are only checked for length.
POSTCODES = {
    "DE": r"\d{5}",
    "AT": r"\d{4}",
    "BE": r"\d{4}",
    "DK": r"\d{4}",
    "ES": r"\d{5}",
    "FR": r"\d{5}",
    "HU": r"\d{4}",
    "IT": r"\d{5}",
    "LU": r"\d{4}",
    "NL": r"\d{4}\s?[A-Za-z]{2}",
    "PL": r"\d{2}-?\d{3}",
}
LINE_MAX = 80  #: characters that fit a label and an address window (DIN 5008)


class Line(forms.CharField):
    """One line of text: control and direction characters are taken out, and something readable must be left."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LINE_MAX)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        """The cleaned line."""
        return str(super().clean(clean_line(str(value or ""))))


def shipping_countries() -> list[tuple[str, str]]:
    """Countries we deliver to, home first."""
    return countries()


class AddressForm(forms.Form):
    """A postal address; ``prefix`` tells billing from delivery."""

    first_name = Line(label=_("First name"))
    last_name = Line(label=_("Last name"))
    line2 = Line(label=_("Company or addition"), required=False)
    line1 = Line(label=_("Street and number"))
    postcode = Line(label=_("Postcode"), max_length=12)
    line4 = Line(label=_("City"))
    country = forms.ChoiceField(label=_("Country"), error_messages={"invalid_choice": NOT_THERE})

    def __init__(self, *args: Any, countries: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("country", settings.KONTOR_HOME_COUNTRY)
        section = "billing" if self.prefix == "billing" else "shipping"
        self.fields["country"].choices = countries  # type: ignore[attr-defined]
        hints = {
            "first_name": "given-name",
            "last_name": "family-name",
            "line2": "organization",
            "line1": "address-line1",
            "postcode": "postal-code",
            "line4": "address-level2",
            "country": "country",
        }
        for name, hint in hints.items():
            self.fields[name].widget.attrs["autocomplete"] = f"{section} {hint}"

    def clean(self) -> dict[str, Any]:
        """The postcode must fit the country."""
        data = super().clean() or {}
        check_postcode(self, data)
        return data


def check_postcode(form: forms.Form, data: dict[str, Any]) -> None:
    """Put an error beside the postcode when it is none of the country."""
    pattern = POSTCODES.get(data.get("country", ""))
    code = data.get("postcode", "")
    if pattern and code and not re.fullmatch(pattern, code, re.ASCII):
        form.add_error("postcode", _("This is not a postcode of the chosen country."))


class EstimateForm(forms.Form):
    """Where the goods would go, before anybody gives an address."""

    country = forms.ChoiceField(label=_("Country"), error_messages={"invalid_choice": NOT_THERE})
    postcode = Line(label=_("Postcode"), max_length=12, required=False)

    def __init__(self, *args: Any, countries: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = countries  # type: ignore[attr-defined]
        self.fields["country"].widget.attrs["autocomplete"] = "shipping country"
        self.fields["postcode"].widget.attrs["autocomplete"] = "shipping postal-code"

    def clean(self) -> dict[str, Any]:
        """The postcode must fit the country."""
        data = super().clean() or {}
        check_postcode(self, data)
        return data


class ContactForm(forms.Form):
    """How to reach the shopper."""

    email = forms.EmailField(label=_("E-mail address"), max_length=150)
    phone = Line(
        label=_("Phone"), required=False, max_length=40, help_text=_("Only for questions about the delivery")
    )
    other_delivery = forms.BooleanField(label=_("Deliver to another address"), required=False)

    def clean_phone(self) -> str:
        """Digits and the usual signs."""
        phone = self.cleaned_data["phone"]
        if phone and not re.fullmatch(r"[+0-9 ()/.\-]{5,40}", phone, re.ASCII):
            raise forms.ValidationError(_("Please use digits, spaces, + and - only."))
        return phone


class FirmForm(FirmNumbers, forms.Form):
    """Who buys as a firm or public body; everything may stay empty."""

    company = Line(label=_("Company or public body"), required=False)
    vat_id = Line(
        label=_("VAT id"),
        required=False,
        max_length=30,
        help_text=_(
            "For example DE123456788. We check it. Firms in other EU countries whose VAT id the EU's register "
            "confirms buy without VAT when we send the goods abroad."
        ),
    )
    buyer_reference = Line(
        label=_("Leitweg-ID or your order reference"),
        required=False,
        max_length=80,
        help_text=_(
            "Printed on the invoice. With a Leitweg-ID you can also have the invoice as an XRechnung."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].widget.attrs["autocomplete"] = "organization"
        for name in ("vat_id", "buyer_reference"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean(self) -> dict[str, Any]:
        """A VAT id belongs to a firm with a name."""
        data = super().clean() or {}
        if data.get("vat_id") and not data.get("company") and "company" not in self.errors:
            self.add_error("company", _("Please name the company that the VAT id belongs to."))
        return data


class CarrierContactForm(forms.Form):
    """Whether the carrier may get e-mail address and phone number: off by default, free, for one purpose (Art. 6 (1) a
    and Art. 7 GDPR). Delivery does not depend on it."""

    carrier_contact = forms.BooleanField(
        label=_(
            "The carrier may get my e-mail address and phone number, to announce the parcel and to arrange its"
            " delivery with me."
        ),
        help_text=_(
            "Optional. Without it the parcel comes all the same, and we write to you when it leaves. Tell us at any"
            " time when you want to take this back."
        ),
        required=False,
    )


class LookupForm(forms.Form):
    """A guest looks for an order."""

    number = Line(label=_("Order number"), max_length=32)
    email = forms.EmailField(label=_("E-mail address"), max_length=150)

"""Forms of taking an order by phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from checkout.forms import ContactForm, Line
from fulfilment.warehouse.lists import Search
from shop.customers.forms import clean_phone
from shop.customers.models import User

OPEN, PLACED = "open", "placed"
KINDS = [
    ("account", _("With a customer account")),
    ("guest", _("As a guest, without an account")),
]


class PhoneSearch(Search):
    """Filters of the list."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), (OPEN, _("not placed yet")), (PLACED, _("placed"))],
    )
    mine = forms.ChoiceField(
        label=_("Taken by"), required=False, choices=[("", _("everybody")), ("yes", _("me"))]
    )


class NewCustomerForm(forms.Form):
    """Somebody who is on the phone for the first time."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=150,
        help_text=_("Read it back letter by letter: the confirmation goes there."),
    )
    first_name = Line(label=_("First name"))
    last_name = Line(label=_("Last name"))
    phone = Line(label=_("Phone"), required=False, max_length=40)
    language = forms.ChoiceField(label=_("Language of mails"), choices=settings.LANGUAGES)
    kind = forms.ChoiceField(
        label=_("Account"),
        choices=KINDS,
        help_text=_("The account opens when the customer sets a password by “Forgot your password?”."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        """In small letters, as accounts keep it."""
        return str(self.cleaned_data["email"]).lower()

    def clean_phone(self) -> str:
        """Digits and the usual signs."""
        return clean_phone(self.cleaned_data["phone"])


class PhoneContactForm(ContactForm):
    """How to reach the customer; the e-mail address of an account is changed in the customer's file, not here."""

    def __init__(self, *args: Any, has_account: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].disabled = has_account
        if has_account:
            self.fields["email"].help_text = _("That of the account; it is changed in the customer's file.")

    def clean_email(self) -> str:
        """A guest's address has no account: their order would else be missing there."""
        email = str(self.cleaned_data["email"])
        person = None if self.fields["email"].disabled else account_of(email)
        if person is not None:
            raise forms.ValidationError(
                gettext(
                    "There is an account with this e-mail address: %(name)s. Please begin the order anew for that "
                    "account; as a guest's it would be missing there."
                )
                % {"name": person.name}
            )
        return email


def account_of(email: str) -> User | None:
    """The customer's account that an e-mail address belongs to, also a closed one; of a merged one that which stays."""
    rows = User.objects.filter(is_staff=False).select_related("merged_into")
    found = rows.filter(Q(email__iexact=email) | Q(emailaddress__email__iexact=email))
    person = found.order_by(F("merged_into").asc(nulls_first=True), "pk").first()
    return (person.merged_into or person) if person is not None else None


class AgreedForm(forms.Form):
    """What a colleague vouches for before the order is placed."""

    agreed = forms.BooleanField(
        label=_("I have read this out, and the customer orders it with an obligation to pay."),
        error_messages={"required": _("Please read it out and tick this first.")},
    )

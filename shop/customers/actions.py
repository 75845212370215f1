"""Verbs about a person."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.utils.translation import gettext as _

from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from .models import User


class AddressTaken(ValueError):
    """Somebody has an account under this e-mail address already; the text says so."""

    def __init__(self, email: str) -> None:
        super().__init__(
            _("There is an account with the e-mail address %(email)s already.") % {"email": email}
        )
        self.email = email


def register(
    *, email: str, first_name: str, last_name: str, phone: str = "", language: str = "de", by: Any
) -> User:
    """Staff make an account for a customer, without a password: it opens when the person sets one by "forgot password",
    which proves that the address is theirs. Raises AddressTaken, also for another spelling of a known address."""
    address = clean_line(email).lower()

    def work() -> User:
        if User.objects.filter(email__iexact=address).exists():
            raise AddressTaken(address)
        person = User(
            email=address,
            first_name=clean_line(first_name),
            last_name=clean_line(last_name),
            phone=clean_line(phone),
            language=language,
        )
        person.set_unusable_password()
        person.save()
        EmailAddress.objects.create(user=person, email=address, primary=True, verified=False)
        return person

    try:
        return retrying(work)
    except IntegrityError:  # registered in this very moment
        raise AddressTaken(address) from None

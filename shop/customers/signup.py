"""Registering: an address that has an account already gets the same answer as a new one, and its owner a mail.

So nobody is signed in by registering: that would tell them apart. The mail confirms the address; who registered signs
in with the password just chosen, at once or after the mail.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    """An address and a password."""

    def validate_unique_email(self, value: str) -> str:
        """Any address; whether it is somebody's is kept to ourselves."""
        self.account_already_exists = bool(filter_users_by_email(value))
        return value

    def try_save(self, request: HttpRequest) -> tuple[None, Any]:
        """A new account, or a mail to the owner of the old one. The answer is one, and a password is computed once."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
            address = EmailAddress(email=self.cleaned_data["email"])
        else:
            person = self.save(request)
            address = EmailAddress.objects.get(user=person.pk, email__iexact=self.cleaned_data["email"])
        request.session["registered"] = (
            True  # allauth notes something for new ones: a cookie would tell them apart
        )
        send_verification_email_to_address(request, address, signup=True)
        return None, get_adapter().respond_email_verification_sent(request, None)

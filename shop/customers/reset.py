"""The form for who forgot the password. It looks nobody up: whether the address has an account is asked by the worker
(subscribers.py), or the time of the answer would tell."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import get_language

from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .events import PasswordResetWanted
from .limits import may_mail_reset


class ResetPasswordForm(forms.ResetPasswordForm):  # type: ignore[misc]
    """As allauth's, without a question about people."""

    def clean_email(self) -> str:
        """The address as it was typed."""
        return str(get_adapter().clean_email(self.cleaned_data["email"]))

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Note what is wanted, unless the mailbox got enough of it already; returns the address."""
        email = str(self.cleaned_data["email"])
        if may_mail_reset(email):
            wanted = PasswordResetWanted(email, (get_language() or "de").split("-")[0])
            retrying(lambda: record(wanted))
        return email

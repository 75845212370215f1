"""allauth's forms for a code of the second factor, with limits that somebody else's guesses do not reach."""

from __future__ import annotations

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.base import forms

from shop.kernel.tries import give_back, refusal, take

from .limits import of_second_factor


class _Counted(forms.BaseAuthenticateForm):
    def clean_code(self) -> str:
        """The code, where it is right. Only wrong ones count."""
        counted = of_second_factor(context.request, self.user)
        wait = take(counted)
        if wait:
            raise ImmediateHttpResponse(refusal(context.request, wait))
        code: str = super().clean_code()
        give_back(counted)
        return code


class AuthenticateForm(_Counted, forms.AuthenticateForm):
    """At signing in."""


class ReauthenticateForm(_Counted, forms.ReauthenticateForm):
    """Within a session."""

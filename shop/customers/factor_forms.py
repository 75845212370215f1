"""allauth's forms for a code of the second factor, with limits that somebody else's guesses do not reach."""

from __future__ import annotations

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms

from shop.kernel.tries import count_up, give_back, refusal, take

from .limits import of_second_factor

#: A code of an app opens once (RFC 6238, 5.2). allauth remembers it in the cache, which two processes need not share,
#: and for half a minute; it holds for three times that (MFA_TOTP_TOLERANCE).
CODE, CODE_LASTS_S = "used code of the second factor", 120


class _Counted(forms.BaseAuthenticateForm):
    def clean_code(self) -> str:
        """The code, where it is right. Only wrong ones count."""
        counted = of_second_factor(context.request, self.user)
        wait = take(counted)
        if wait:
            raise ImmediateHttpResponse(refusal(context.request, wait))
        code: str = super().clean_code()
        used = count_up(CODE, f"{self.user.pk}\n{code}", within_s=CODE_LASTS_S)
        if used > 1:
            raise get_adapter().validation_error("incorrect_code")
        give_back(counted)
        return code


class AuthenticateForm(_Counted, forms.AuthenticateForm):
    """At signing in."""


class ReauthenticateForm(_Counted, forms.ReauthenticateForm):
    """Within a session."""

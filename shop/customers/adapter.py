"""Seam of allauth: where people go after login, and mails through our own outbox."""

from __future__ import annotations

import time
import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from shop.kernel.outbox import record
from shop.kernel.transactions import retrying
from shop.kernel.tries import give_back, refusal, take
from shop.kernel.visitors import place_of

from . import limits
from .events import AccountMailRequested
from .second_factor import has_one

#: Seconds after signing in by password within which it is not asked for again to set up the first second factor.
FRESH_S = 300


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Staff start in their rooms, shoppers at their account."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The start page of the person's role."""
        return reverse("dashboard:index" if request.user.is_staff else "account:overview")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """New customers see their account."""
        return reverse("account:overview")

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Remember the language the person registered in."""
        user.language = (get_language() or "de").split("-")[0]
        return super().save_user(request, user, form, commit)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """As allauth does; but who signed in just now and has no second factor sets up the first one at once."""
        person = self.request.user
        if app == "allauth.mfa" and person.is_authenticated and not has_one(person):
            records = get_authentication_records(self.request, person)
            if any(time.time() - record["at"] < FRESH_S for record in records):
                return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Who it is, or None. Only what fails counts; who has to wait is answered before a password is computed."""
        counted = limits.of_sign_in(
            request, str(credentials.get("email") or credentials.get("username") or "")
        )
        wait = take(counted)
        if wait:
            raise ImmediateHttpResponse(refusal(request, wait))
        person = super().authenticate(request, **credentials)
        if person is not None:
            give_back(counted)
        return person

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Signed in completely: the device is known from now on."""
        response = super().post_login(request, user, **kwargs)
        limits.remember_device(request, response, user)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """What limits on signing in count by: the visitor behind our own servers, as everywhere else."""
        return place_of(request) or str(super().get_client_ip(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Instead of talking to the mail server within the request: tell it, notifications writes and sends it."""
        request = allauth_context.request
        everything = {
            "request": request,
            "email": email,
            "current_site": get_current_site(request),
            **context,
        }
        own_words = self.render_mail(template_prefix, email, everything)
        user = context.get("user")
        asked = AccountMailRequested(
            key=uuid.uuid4().hex,
            template=template_prefix,
            email=email,
            language=(get_language() or "de").split("-")[0],
            user_id=getattr(user, "pk", None),
            facts={name: value for name, value in context.items() if isinstance(value, str)},
            subject=own_words.subject,
            text=str(own_words.body),
        )
        retrying(lambda: record(asked))

"""Seam of allauth: where people go after login, and mails through our own outbox."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


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
        from django.utils.translation import get_language

        user.language = (get_language() or "de").split("-")[0]
        return super().save_user(request, user, form, commit)

"""Who may open a view. Every view says so; the architecture test asks each URL."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

PUBLIC = "public"  #: anybody, also without an account
SHOPPER = "shopper"  #: a signed-in customer, for what is theirs


def public(view: View) -> View:
    """Mark a view that anybody may open."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def shopper_view(view: View) -> View:
    """A view for signed-in customers; others are sent to the login and come back afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    guarded.access = SHOPPER  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def staff_view(permission: str, *, shows: str = "") -> Callable[[View], View]:
    """A view for staff with ``permission`` (``app_label.codename``).

    shows: what it shows of a person ("order", "customer", ... or "list"), for the access log (shop/audit); "" when it
    shows nobody's data. Nobody signed in is sent to the login; a person without the permission gets 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not (user.is_active and user.is_staff and user.has_perm(permission)):
                raise PermissionDenied(permission)
            return view(request, *args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        guarded.shows = shows  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate

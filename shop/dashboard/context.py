"""What every staff page shows: the rooms of one's role. Worked out only when a page asks: shop pages pay nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest

from shop.customers import second_factor

from .navigation import navigation
from .roles import role_of


def staff(request: HttpRequest) -> dict[str, Any]:
    """Context of the dashboard shell: ``staff_nav``, ``staff_role``; ``staff_let_off``: in by a password alone."""
    user = getattr(request, "user", None)

    @cache
    def nav() -> list[dict[str, Any]]:
        return navigation(user, request.path) if _is_staff(user) else []

    @cache
    def role() -> str:
        return role_of(user) if _is_staff(user) else ""

    def without() -> bool:
        return _is_staff(user) and second_factor.is_let_off(user)

    return {"staff_nav": nav, "staff_role": role, "staff_let_off": without}


def _is_staff(user: Any) -> bool:
    return bool(user is not None and user.is_authenticated and user.is_staff)

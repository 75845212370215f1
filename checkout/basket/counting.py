"""How many pieces the header shows: remembered in a cookie (guests) or the session (signed in), never asked anew.

The number is decoration: it decides nothing, so a forged cookie harms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse

from .models import Basket, Line  # type: ignore[attr-defined]

COUNT_KEY = "basket_count"  #: in the session
MOST_SHOWN = 999


def count_pieces(basket: Any) -> int:
    """Pieces in an open basket, 0 for one that became an order. One query, none for a basket never saved."""
    if basket.pk is None:
        return 0
    found = Line.objects.filter(basket_id=basket.pk, basket__status=Basket.OPEN).aggregate(n=Sum("quantity"))
    return found["n"] or 0


def note_count(request: HttpRequest, pieces: int) -> None:
    """Say how many pieces there are now; the middleware writes it at the end of the request."""
    request._basket_pieces = pieces  # type: ignore[attr-defined]


def is_noted(request: HttpRequest) -> bool:
    """Whether somebody has said already how many pieces there are."""
    return getattr(request, "_basket_pieces", None) is not None


def basket_count(request: HttpRequest) -> int:
    """Pieces to show in the header. No query for guests; for the signed-in one per session."""
    noted = getattr(request, "_basket_pieces", None)
    if noted is not None:
        return int(noted)
    if request.user.is_authenticated:
        return _of_session(request)
    return pieces_remembered(request.COOKIES)


def pieces_remembered(cookies: Mapping[str, str]) -> int:
    """What a guest's cookies say; 0 without a basket, and for what is no number."""
    if settings.OSCAR_BASKET_COOKIE_OPEN not in cookies:
        return 0
    text = cookies.get(settings.BASKET_COUNT_COOKIE_NAME, "")
    return min(int(text), MOST_SHOWN) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _of_session(request: HttpRequest) -> int:
    if COUNT_KEY not in request.session:
        open_lines = Line.objects.filter(basket__owner_id=request.user.pk, basket__status=Basket.OPEN)
        request.session[COUNT_KEY] = open_lines.aggregate(n=Sum("quantity"))["n"] or 0
    return int(request.session[COUNT_KEY])


def write_count(request: HttpRequest, response: HttpResponse) -> None:
    """Remember what ``note_count`` said, where it differs from what is remembered."""
    noted = getattr(request, "_basket_pieces", None)
    if noted is None:
        return
    if request.user.is_authenticated:
        if request.session.get(COUNT_KEY) != noted:
            request.session[COUNT_KEY] = noted
    elif noted:
        response.set_cookie(
            settings.BASKET_COUNT_COOKIE_NAME,
            str(noted),
            max_age=settings.OSCAR_BASKET_COOKIE_LIFETIME,
            secure=settings.OSCAR_BASKET_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    elif settings.BASKET_COUNT_COOKIE_NAME in request.COOKIES:
        response.delete_cookie(settings.BASKET_COUNT_COOKIE_NAME, samesite="Lax")

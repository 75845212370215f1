"""Who may see an order: its owner, the browser it was placed in, and whoever holds a signed link."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from .models import Order

SALT = "kontor.order.link"
LINK_VALID_S = 90 * 24 * 3600  #: links in order mails; a one-time link from the look-up page is shorter
LOOKUP_VALID_S = 3600
SESSION_KEY = "orders_seen"
SESSION_ORDERS_MAX = 20


def grant(request: HttpRequest, order: Order) -> None:
    """This browser may see the order until its session ends."""
    seen = [pk for pk in request.session.get(SESSION_KEY, []) if pk != order.pk]
    request.session[SESSION_KEY] = [*seen, order.pk][-SESSION_ORDERS_MAX:]


def may_see(request: HttpRequest, order: Order) -> bool:
    """Whether this visitor may see the order."""
    if request.user.is_authenticated and order.user_id == request.user.pk:
        return True
    return order.pk in request.session.get(SESSION_KEY, [])


def token(order: Order, *, nonce: str = "") -> str:
    """A signed, time-limited token for a link to the order. With a ``nonce`` it works once (see OrderLink)."""
    return signing.dumps({"o": order.pk, "n": nonce}, salt=SALT, compress=True)


def read_token(text: str, *, max_age_s: int = LINK_VALID_S) -> dict[str, Any] | None:
    """The content of a token, or None when it is forged or too old."""
    try:
        found = signing.loads(text, salt=SALT, max_age=max_age_s)
    except signing.BadSignature:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("o"), int) else None


def link(order: Order, *, base: str) -> str:
    """The address for mails: ``base`` (scheme and host) plus a signed path."""
    return f"{base}{reverse('orders:open', kwargs={'token': token(order)})}"

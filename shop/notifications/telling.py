"""How a letter about an order reaches its customer."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation

from checkout.order.models import Order

from . import actions
from .letter import Letter
from .models import OutgoingMail


def tell_customer(
    order: Order, *, kind: str, fact: object, make: Callable[[], Letter], confidential: bool = False
) -> OutgoingMail:
    """Write the customer of an order a letter in the order's language, once per ``kind:fact``."""
    with translation.override(order.language):
        return actions.write(
            make(),
            kind=kind,
            source=f"{kind}:{fact}",
            recipient=order.email or "",
            language=order.language,
            order=order,
            user_id=order.user_id,
            confidential=confidential,
        )

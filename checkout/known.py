"""What a known customer chose the last time, so that ordering again takes two steps: look over, order."""

from __future__ import annotations

from typing import Any

from checkout.order.models import Order
from shop.customers.models import User

from .placing import ADDRESS_FIELDS
from .session import Draft


def fill(draft: Draft, person: User) -> Order | None:
    """Put address, delivery and way to pay of the person's latest order into an empty draft. One query.

    Returns that order, None when there was none. The carrier's contact and a reference are asked for each order anew;
    a firm's VAT id is for the caller to check again.
    """
    orders = Order.objects.filter(user=person, kind=Order.SALE, billing_address__isnull=False)
    last = (
        orders.select_related("billing_address", "shipping_address").order_by("-date_placed", "-pk").first()
    )
    if last is None:
        return None
    draft.email = person.email
    draft.phone = draft.phone or last.phone or person.phone
    draft.billing = _parts(last.billing_address)
    goes_to = _parts(last.shipping_address) if last.shipping_address else draft.billing
    draft.other_delivery = goes_to != draft.billing
    draft.delivery_address = goes_to if draft.other_delivery else {}
    draft.delivery_code, draft.payment_method = last.shipping_code, last.payment_method
    draft.company = last.company
    return last


def _parts(address: Any) -> dict[str, str]:
    return {name: str(getattr(address, name) or "") for name in ADDRESS_FIELDS if name != "country"} | {
        "country": address.country_id
    }

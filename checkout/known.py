"""What a known customer chose the last time, so that ordering again takes two steps: look over, order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from oscar.apps.address.models import UserAddress

from checkout.order.models import Order
from shop.customers.models import User

from .placing import ADDRESS_FIELDS
from .session import Draft


@dataclass(frozen=True)
class Known:
    """What was put into the draft: of which order, whether an address too, and whether that is another one than the
    order's (the usual one of the address book)."""

    order: Order
    address: bool = False
    usual: bool = False


def fill(draft: Draft, person: User) -> Known | None:
    """Put what the draft lacks into it: delivery and way to pay of the person's latest order, and where no address was
    given, the usual one of the address book or else the order's. Two queries at most.

    Returns what was done, None when nothing is known. The carrier's contact and a reference are asked for each order
    anew; a firm's VAT id is for the caller to check again.
    """
    orders = Order.objects.filter(user=person, kind=Order.SALE, billing_address__isnull=False)
    last = (
        orders.select_related("billing_address", "shipping_address").order_by("-date_placed", "-pk").first()
    )
    if last is None:
        return None
    draft.delivery_code = draft.delivery_code or last.shipping_code
    draft.payment_method = draft.payment_method or last.payment_method
    if draft.has_contact:
        return Known(last)
    draft.email = person.email
    draft.phone = draft.phone or last.phone or person.phone
    draft.company = last.company
    return Known(last, address=True, usual=_address(draft, person, last))


def _address(draft: Draft, person: User, last: Order) -> bool:
    """Fill invoice and delivery address; whether one of them is not the order's. Who moved changes the address book,
    and the next parcel must not go to the old flat."""
    then = _parts(last.billing_address)
    sent_to = _parts(last.shipping_address) if last.shipping_address else then
    book = list(
        UserAddress.objects.filter(user=person)
        .filter(Q(is_default_for_billing=True) | Q(is_default_for_shipping=True))
        .order_by("pk")
    )
    billing = next((_parts(one) for one in book if one.is_default_for_billing), then)
    otherwise = billing if sent_to == then else sent_to
    goes_to = next((_parts(one) for one in book if one.is_default_for_shipping), otherwise)
    draft.billing, draft.other_delivery = billing, goes_to != billing
    draft.delivery_address = goes_to if draft.other_delivery else {}
    return (billing, goes_to) != (then, sent_to)


def _parts(address: Any) -> dict[str, str]:
    return {name: str(getattr(address, name) or "") for name in ADDRESS_FIELDS if name != "country"} | {
        "country": address.country_id
    }

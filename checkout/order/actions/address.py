"""Correct where an order goes, with a memory of what it said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from oscar.apps.address.models import Country

from checkout.order.events import AddressCorrected
from checkout.order.models import AddressCorrection, Order, ShippingAddress
from shop.audit.actions import note_change
from shop.kernel.outbox import record
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

#: Parts of an address that may be corrected; the country is its code.
PARTS = ("first_name", "last_name", "line1", "line2", "line3", "line4", "postcode", "country")
PART_MAX_CHARS = {"postcode": 64}
TEXT_MAX_CHARS = 255
COLLEAGUE = gettext_noop("A colleague corrected this address in the meantime. Please look again.")
CLOSED = ("cancelled", "completed")  #: nothing of these leaves any more


class AddressNotCorrected(ValueError):
    """The address stays as it was; the text says why, for the person who tried."""


def address_parts(address: ShippingAddress) -> dict[str, str]:
    """An address as plain values, as it is remembered."""
    parts = {name: str(getattr(address, name) or "") for name in PARTS if name != "country"}
    return parts | {"country": str(address.country_id)}


def correct_address(
    *, order: Order, by: Any, why: str, seen: int | None = None, **fields: str
) -> AddressCorrection:
    """Change parts of the address an order goes to; what it said before is kept, who changed it and why.

    ``fields``: first_name, last_name, line1 (street), line2 and line3 (additions), line4 (city), postcode, country
    (code). ``seen``: how many corrections the person had seen; a colleague's in between is refused. The invoice
    address is another row and is not touched; what has left stays where it went. Tells ``AddressCorrected``.
    Raises AddressNotCorrected in words, ValueError for an unknown field.
    """
    unknown = set(fields) - set(PARTS)
    if unknown:
        raise ValueError(f"no part of an address: {', '.join(sorted(unknown))}")
    reason = clean_line(why)
    if not reason:
        raise AddressNotCorrected(_("Please say why the address is corrected."))
    try:
        return retrying(lambda: _correct(order.pk, by, reason[:300], seen, fields))
    except IntegrityError:  # both were at the same correction; the database let one through
        raise AddressNotCorrected(_(COLLEAGUE)) from None


def _correct(
    order_id: int, by: Any, why: str, seen: int | None, fields: Mapping[str, str]
) -> AddressCorrection:
    order = Order.objects.get(pk=order_id)
    if order.status in CLOSED:
        raise AddressNotCorrected(
            _("Order %(number)s is %(status)s; nothing of it leaves any more.")
            % {"number": order.number, "status": order.get_status_display()}
        )
    address = ShippingAddress.objects.filter(order=order).first()
    if address is None:
        raise AddressNotCorrected(_("This order is fetched in the store; it goes to no address."))
    known = AddressCorrection.objects.filter(order=order).count()
    if seen is not None and seen != known:
        raise AddressNotCorrected(_(COLLEAGUE))
    old = address_parts(address)
    new = old | _cleaned(fields)
    if new == old:
        raise AddressNotCorrected(_("Nothing was changed."))
    ShippingAddress.objects.filter(pk=address.pk).update(
        **{("country_id" if name == "country" else name): value for name, value in new.items()}
    )
    made = AddressCorrection.objects.create(
        order=order, sequence=known + 1, old=old, new=new, why=why, by=by if getattr(by, "pk", None) else None
    )
    record(AddressCorrected(order.pk, order.number, made.pk))
    note_change(
        kind_name="order",
        key=order.number,
        changed={name: (old[name], new[name]) for name in new},
        by=by,
        why=why,
    )
    return made


def _cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    clean = {name: clean_line(str(value)) for name, value in fields.items()}
    for name in ("line1", "line4"):
        if name in clean and not clean[name]:
            raise AddressNotCorrected(_("Street and city must not be empty."))
    for name, value in clean.items():
        if len(value) > PART_MAX_CHARS.get(name, TEXT_MAX_CHARS):
            raise AddressNotCorrected(_("One part of the address is too long."))
    country = clean.get("country")
    if country is not None and not Country.objects.filter(pk=country, is_shipping_country=True).exists():
        raise AddressNotCorrected(_("We do not deliver to this country."))
    return clean


def take_back_carrier_contact(*, order: Order, by: Any) -> bool:
    """The shopper no longer agrees that the carrier gets e-mail address and phone number (Art. 7 (3) GDPR); ``by``
    noted it.

    Labels that are booked from now on do without. Returns False when they had not agreed.
    """
    agreed = Order.objects.filter(pk=order.pk, carrier_contact_agreed_at__isnull=False)

    def work() -> bool:
        if not agreed.update(carrier_contact_agreed_at=None):
            return False
        changed = {"carrier_contact": (True, False)}
        note_change(kind_name="order", key=order.number, changed=changed, by=by)
        return True

    return retrying(work)

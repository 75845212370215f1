"""What the shopper has told us so far: kept in the session, never lost by going back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from shop.customers.models import User

KEY = "checkout"
ESTIMATE = "estimate"  #: where the basket page was asked to reckon delivery to


@dataclass
class Draft:
    """An order in the making. Addresses are plain dicts of form fields.

    ``carrier_contact``: the shopper agreed that the carrier gets e-mail address and phone number, for this order only.
    ``vat_check``: the row of the register's answer about ``vat_id``, 0 when it was not asked.
    """

    email: str = ""
    phone: str = ""
    billing: dict[str, str] = field(default_factory=dict)
    other_delivery: bool = False
    delivery_address: dict[str, str] = field(default_factory=dict)
    delivery_code: str = ""
    payment_method: str = ""
    carrier_contact: bool = False
    company: str = ""
    vat_id: str = ""
    buyer_reference: str = ""
    vat_check: int = 0

    @property
    def destination(self) -> dict[str, str]:
        """Where the parcel goes."""
        return self.delivery_address if self.other_delivery and self.delivery_address else self.billing

    @property
    def country(self) -> str:
        """ISO code of the destination, the home country while unknown."""
        return self.destination.get("country") or settings.KONTOR_HOME_COUNTRY

    @property
    def has_contact(self) -> bool:
        """Whether the first step is done."""
        return bool(self.email and self.billing)


def load(request: HttpRequest) -> Draft:
    """The draft of this session; a signed-in shopper's e-mail address is filled in."""
    known = request.session.get(KEY) or {}
    names = set(Draft.__dataclass_fields__)
    draft = Draft(**{key: value for key, value in known.items() if key in names})
    user = request.user
    if isinstance(user, User):
        draft.email = user.email
        draft.phone = draft.phone or user.phone
    return draft


def save(request: HttpRequest, draft: Draft) -> None:
    """Remember the draft."""
    data: dict[str, Any] = asdict(draft)
    request.session[KEY] = data


def forget(request: HttpRequest) -> None:
    """The order is placed: the choices are gone, the contact stays for the next order of this session."""
    draft = load(request)
    draft.delivery_code = draft.payment_method = ""
    draft.carrier_contact = False
    save(request, draft)

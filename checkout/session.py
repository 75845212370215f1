"""What the shopper has told us so far: kept in the session, never lost by going back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from shop.customers.models import User

KEY = "checkout"
#: what the first step asks for
OF_CONTACT = (
    "email",
    "phone",
    "billing",
    "other_delivery",
    "delivery_address",
    "company",
    "vat_id",
    "buyer_reference",
)
TYPED = "checkout_typed"  #: a form that was sent when nobody was signed in any more
DRAFT_OF = "checkout_of"  #: whose the draft is, where a page of a signed-in person carried it
CARRIED_SALT = "checkout.session.carried"
TAKEN_SALT = "checkout.session.taken"
CARRIED_VALID_S = 24 * 3600  #: a page that stood open longer begins anew
TYPED_MAX = 200  #: characters of one field
ESTIMATE = "estimate"  #: where the basket page was asked to reckon delivery to
ESTIMATE_TYPED = (
    "estimate_typed"  #: what was typed there and is no place, until the page has shown it once more
)


@dataclass
class Draft:
    """An order in the making. Addresses are plain dicts of form fields.

    ``carrier_contact``: the shopper agreed that the carrier gets e-mail address and phone number, for this order only.
    ``use_credit``: store credit, if there is any, pays first.
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
    use_credit: bool = True

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
    """The draft of this session; a signed-in shopper's e-mail address is filled in. What a member's page carried is
    that member's alone: to others it is empty."""
    known = (request.session.get(KEY) or {}) if _may_read(request, request.session.get(DRAFT_OF)) else {}
    names = set(Draft.__dataclass_fields__)
    draft = Draft(**{key: value for key, value in known.items() if key in names})
    user = request.user
    if isinstance(user, User):
        draft.email = user.email
        draft.phone = draft.phone or user.phone
    return draft


def save(request: HttpRequest, draft: Draft) -> None:
    """Remember the draft. A new destination is also what the basket page now reckons delivery to."""
    data: dict[str, Any] = asdict(draft)
    if draft.has_contact and load(request).destination != draft.destination:
        request.session.pop(ESTIMATE, None)
    request.session[KEY] = data
    for name in (TYPED, DRAFT_OF):
        request.session.pop(name, None)


def forget(request: HttpRequest) -> None:
    """The order is placed: the choices are gone. A guest's contact stays for the next order of this session; a member's
    is read anew then (``known.fill``), so that a changed address book counts."""
    if request.user.is_authenticated:
        for name in (KEY, TYPED, DRAFT_OF):
            request.session.pop(name, None)
        return
    draft = load(request)
    draft.delivery_code = draft.payment_method = ""
    draft.carrier_contact = False
    save(request, draft)


def carried(request: HttpRequest, draft: Draft) -> str:
    """The draft, signed, for a hidden field of the page: it outlives the session (see ``take_up``)."""
    content = {"draft": asdict(draft), "member": getattr(request.user, "pk", None) or 0}
    return signing.dumps(content, salt=CARRIED_SALT, compress=True)


def taken(draft: Draft) -> str:
    """A mark of what the first step has told us: another one as soon as any of it is another. It says nothing of what
    it stands for. Browsers keep what was typed only as long as the mark stays (static/js/keep.js)."""
    told = {name: value for name, value in asdict(draft).items() if name in OF_CONTACT}
    return salted_hmac(TAKEN_SALT, json.dumps(told, sort_keys=True)).hexdigest()[:16]


def take_up(request: HttpRequest) -> bool:
    """The session ended while a page stood open: go on with what the page carried. Returns whether its person must
    sign in first; what they typed is then kept for when they come back."""
    try:
        found = signing.loads(request.POST.get("carried", ""), salt=CARRIED_SALT, max_age=CARRIED_VALID_S)
    except signing.BadSignature:
        return False
    if found["member"] not in (0, request.user.pk) and request.user.is_authenticated:
        return False
    if KEY not in request.session:
        request.session[KEY] = found["draft"]
        if found["member"]:
            request.session[DRAFT_OF] = found["member"]
    if not found["member"] or request.user.is_authenticated:
        return False
    left_out = {"carried", "csrfmiddlewaretoken"}
    fields = {name: text[:TYPED_MAX] for name, text in request.POST.items() if name not in left_out}
    request.session[TYPED] = {"member": found["member"], "fields": fields}
    return True


def _may_read(request: HttpRequest, member: int | None) -> bool:
    """Whether what was kept is shown: it is nobody's in particular, or that of who is signed in."""
    return not member or member == request.user.pk


def typed(request: HttpRequest, prefix: str = "") -> dict[str, str]:
    """What this member typed into a form of the first step when the session had ended; empty otherwise."""
    kept = request.session.get(TYPED) or {}
    found = kept.get("fields", {}) if _may_read(request, kept.get("member")) else {}
    start = f"{prefix}-" if prefix else ""
    return {name.removeprefix(start): text for name, text in found.items() if name.startswith(start)}

"""From what somebody has chosen to what ``place()`` takes: the same for the web shop and for orders by phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.apps.address.models import Country

from catalogue.partner.models import InsufficientStock
from checkout.order.actions import Contact, Placement
from checkout.order.models import BillingAddress, ShippingAddress
from checkout.order.texts import SeenText
from checkout.payment.rules import Offer
from shop.kernel.clock import now

from .basket.held import NOBODY, Reader, held_text
from .quote import Quote
from .session import Draft
from .shipping.models import PICKUP
from .shipping.pickup import store
from .shipping.queries import countries
from .vat_ids import vies
from .vat_ids.actions import check as check_vat_id
from .vat_ids.models import VatIdCheck
from .vat_ids.rules import country_of

ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line2", "line4", "postcode", "country")


def summary_html(found: Quote, offer: Offer, texts: Sequence[SeenText]) -> SafeString:
    """What the shopper agrees to, in the active language.

    It names the versions of the legal ``texts`` that apply: where one is published between looking and ordering, the
    summary is another one and is shown again.
    """
    context = {"quote": found, "draft": found.draft, "offer": offer, "texts": texts}
    if found.chosen is not None and found.chosen.kind == PICKUP:
        context["store"] = store()
    return render_to_string("storefront/checkout/facts.html", context)


def placement_of(
    found: Quote,
    *,
    user: Any,
    language: str,
    facts: str,
    seen_total_minor: int,
    seen_sha256: str,
    taken_by: Any = None,
    texts: Sequence[SeenText] = (),
    is_limited: bool = False,
) -> Placement:
    """Everything that makes an order, of a quote in which delivery and payment are chosen.

    ``user``: who buys, Django's AnonymousUser for a guest. ``facts``: the summary as it is now; ``seen_...``: its total
    (minor units) and hash as they were shown. ``taken_by``: the colleague who takes the order by phone. ``texts``: the
    legal texts that the summary names. ``is_limited``: see Placement.
    """
    draft, option = found.draft, found.chosen
    assert option is not None
    goes_by_parcel = option.kind == "home"
    return Placement(
        basket=found.basket,
        totals=found.totals,
        contact=Contact(
            draft.email,
            draft.phone,
            language,
            carrier_agreed_at=now() if draft.carrier_contact and goes_by_parcel else None,
            company=draft.company,
            vat_id=draft.vat_id,
            buyer_reference=draft.buyer_reference,
            vat_check_id=found.proof.pk if found.proof else None,
        ),
        billing_address=BillingAddress(**_columns(draft.billing)),
        shipping_address=ShippingAddress(**_columns(draft.destination), phone_number="")
        if goes_by_parcel
        else None,
        delivery_code=option.code,
        delivery_name=option.name,
        payment_method=draft.payment_method,
        user=user if user.is_authenticated else None,
        seen_total_minor=seen_total_minor,
        accepted_html=facts,
        seen_sha256=seen_sha256,
        taken_by=taken_by,
        texts=texts,
        credit_minor=found.credit_minor,
        is_limited=is_limited,
    )


def _columns(address: dict[str, str]) -> dict[str, Any]:
    """The columns of an address row. Its country comes along where we know it: the row's search text names it."""
    data: dict[str, Any] = {name: address.get(name, "") for name in ADDRESS_FIELDS if name != "country"}
    code = address.get("country", "")
    name = dict(countries()).get(code)
    if name is None:
        return data | {"country_id": code}
    return data | {"country": Country(pk=code, printable_name=name, name=name)}


def sold_out_text(found: Quote, gone: InsufficientStock, reader: Reader = NOBODY) -> str:
    """Which line of the basket cannot be had as it is, in words. Two queries at most.

    What stands in an unpaid order is not called sold: it is said until when, and of ``reader``'s own order its number.
    """
    line = next((line for line in found.lines if line.stockrecord.partner_sku == gone.sku), None)
    title = line.product.title_local if line else gone.sku
    waiting = held_text(line.stockrecord_id, reader) if line else ""
    if waiting:
        text = ngettext(
            "%(title)s: only %(left)d piece is free right now. %(waiting)s The rest of your basket is kept.",
            "%(title)s: only %(left)d pieces are free right now. %(waiting)s The rest of your basket is kept.",
            gone.left,
        )
        if not gone.left:
            text = _("%(title)s: no piece is free right now. %(waiting)s The rest of your basket is kept.")
    elif gone.left:
        text = ngettext(
            "%(title)s: only %(left)d piece is left. The rest of your basket is kept.",
            "%(title)s: only %(left)d pieces are left. The rest of your basket is kept.",
            gone.left,
        )
    else:
        text = _("%(title)s has just been sold to somebody else. The rest of your basket is kept.")
    return text % {"title": title, "left": gone.left, "waiting": waiting}


def remember_firm(request: HttpRequest, draft: Draft, data: dict[str, str]) -> None:
    """Note the firm, and ask the EU's register about its VAT id: for a short time, never as a condition to go on."""
    draft.company, draft.buyer_reference = data["company"], data["buyer_reference"]
    draft.vat_id, draft.vat_check = data["vat_id"], 0
    if not draft.vat_id or not vies.is_on():
        return
    answer = check_vat_id(vat_id=draft.vat_id)
    draft.vat_check = answer.pk
    if answer.outcome == VatIdCheck.INVALID:
        messages.warning(
            request,
            _("The EU's register does not know %(vat_id)s as a valid VAT id. The prices contain VAT.")
            % {"vat_id": draft.vat_id},
        )
    elif answer.outcome == VatIdCheck.UNANSWERED and country_of(draft.vat_id) != settings.KONTOR_HOME_COUNTRY:
        messages.info(
            request,
            _(
                "The EU's register of VAT ids does not answer right now. You can order all the same: the prices "
                "then contain VAT. We ask again later; once your VAT id is confirmed, write to us and we correct "
                "the invoice."
            ),
        )

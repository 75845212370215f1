"""The return slip: goes into the parcel, its barcode and its QR code open the return at the dock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from fulfilment.warehouse.barcodes import code128_svg, qr_svg
from fulfilment.warehouse.dispatch.documents import Address, ShippingLabel, label_pdf
from fulfilment.warehouse.dispatch.papers import recipient
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import Site
from shop.kernel import pdf
from shop.ui.times import long_date

from .models import Return, ReturnItem

NAME_MAX_CHARS = 240


def return_slip(returning: Return, *, notes: Sequence[str] = ()) -> bytes:
    """The slip on A4 in the order's language, for a return read with its items and the order's addresses.

    notes: further sentences for the customer, in that language.
    """
    language = returning.order.language
    with override(language):
        data = _data(returning, default_site())
    data["notes"] += notes
    return pdf.render(pdf.DOCUMENTS / "packing_slip.typ", data, lang=language)


def label_back(returning: Return) -> bytes:
    """Our own A6 label for pieces that go back to the customer, in the order's language."""
    site = default_site()
    label = ShippingLabel(
        carrier=site.company or site.name,
        tracking_number=returning.given_back_number,
        sender=_shop(site),
        recipient=recipient(returning.order),
        order_number=returning.order.number,
        date=timezone.localdate(returning.given_back_at),
        service=returning.number,
    )
    return label_pdf(label, returning.order.language)


def _shop(site: Site) -> Address:
    return Address(
        name=site.company or site.name,
        street=site.street,
        postcode=site.postcode,
        city=site.city,
        country=site.country,
    )


def _data(returning: Return, site: Site) -> dict[str, Any]:
    title = _("Return slip")
    items = [item for item in returning.items.all() if item.quantity_announced]
    sender = _customer(returning)
    shop = _shop(site)
    count = sum(item.quantity_announced for item in items)
    pieces = ngettext("%(count)s piece comes back", "%(count)s pieces come back", count) % {"count": count}
    return {
        "labels": {"page": _("Page {page} of {pages}")},
        "letter": {
            "brand": shop.name,
            "brand_line": "",
            "sender_line": " · ".join([*sender.lines(), sender.place]),
            "address": [*shop.lines(), shop.place],
            "title": title,
            "running": f"{title} {returning.number}",
            "info": [
                [_("Return number"), returning.number],
                [_("Order number"), returning.order.number],
                [_("Date"), long_date(timezone.localdate(returning.announced_at), returning.order.language)],
            ],
            "footer": [[*shop.lines(), shop.place], [row for row in (site.phone, site.email) if row]],
        },
        "opening": _("Please put this page into the parcel, so that we find your order at once."),
        "barcode_svg": code128_svg(returning.number),
        "qr_svg": qr_svg(returning.number),
        "barcode_text": returning.number,
        "columns": [_("Item no."), _("Article"), _("Quantity"), ""],
        "lines": [_line(item) for item in items],
        "count": pieces if items else "",
        "notes": [] if items else [_("Please write down what you send back.")],
    }


def _line(item: ReturnItem) -> dict[str, Any]:
    line = item.order_line
    return {
        "bin": line.partner_sku if line else "",
        "name": (line.title if line else item.code)[:NAME_MAX_CHARS],
        "details": [],
        "quantity": str(item.quantity_announced),
    }


def _customer(returning: Return) -> Address:
    address = returning.order.shipping_address or returning.order.billing_address
    if address is None:
        return Address(name=returning.order.email or "", street="", postcode="", city="")
    return Address(
        name=" ".join(part for part in (address.first_name, address.last_name) if part),
        street=address.line1,
        postcode=address.postcode,
        city=address.line4,
        country=address.country_id,
    )

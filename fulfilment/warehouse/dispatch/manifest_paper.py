"""The paper of a manifest: its parcels, their weight, and two lines to sign. Typeset when asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import numbers
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfilment.warehouse.barcodes import code128_svg
from fulfilment.warehouse.stock.models import Site
from shop.kernel import pdf
from shop.ui.times import long_date

from .models import Manifest


def manifest(found: Manifest, lang: str) -> bytes:
    """The manifest on A4 in ``lang``, with its number as Code 128 and lines for the signatures of both sides."""
    rows = list(found.parcels.select_related("order__shipping_address", "pick_list__site").order_by("number"))
    site = rows[0].pick_list.site if rows else Site.objects.first()
    with translation.override(lang):
        data = _data(found, rows, site, lang)
    return pdf.render(pdf.DOCUMENTS / "manifest.typ", data, lang=lang)


def _data(found: Manifest, rows: list[Any], site: Site | None, lang: str) -> dict[str, Any]:
    title = _("Manifest %(number)s") % {"number": found.number}
    sender = [site.company or site.name, site.street, f"{site.postcode} {site.city}".strip()] if site else []
    count = ngettext("%(n)s parcel, %(weight)s", "%(n)s parcels, %(weight)s", len(rows))
    return {
        "labels": {"page": _("Page {page} of {pages}")},
        "letter": {
            "brand": sender[0] if sender else "",
            "brand_line": "",
            "sender_line": " · ".join(part for part in sender if part),
            "address": [found.carrier],
            "title": title,
            "running": title,
            "info": [
                [_("Day"), long_date(found.day, lang)],
                [_("Carrier"), found.carrier],
                [_("Parcels"), str(len(rows))],
            ],
            "footer": [[part for part in sender if part]],
        },
        "barcode_svg": code128_svg(found.number),
        "barcode_text": found.number,
        "columns": ["", _("Parcel"), _("Tracking number"), _("To"), _("Weight")],
        "rows": [_row(place, parcel, lang) for place, parcel in enumerate(rows, start=1)],
        "sum": count % {"n": len(rows), "weight": _kilograms(sum(row.weight_g for row in rows), lang)},
        "signatures": [
            _("Handed over: name, signature, time"),
            _("Taken by the carrier: name, signature, time"),
        ],
    }


def _row(place: int, parcel: Any, lang: str) -> list[str]:
    address = parcel.order.shipping_address
    to = f"{address.country_id} {address.postcode}" if address else ""
    return [str(place), parcel.number, parcel.tracking_number, to, _kilograms(parcel.weight_g, lang)]


def _kilograms(grams: int, lang: str) -> str:
    return f"{numbers.format_decimal(Decimal(grams) / 1000, '0.0##', locale=lang)} kg"

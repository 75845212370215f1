"""The list that travels with a transfer: what is in the boxes, from which bin, and a barcode that opens it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from fulfilment.warehouse.barcodes import code128_svg
from fulfilment.warehouse.stock.models import Site
from shop.kernel import pdf
from shop.ui.times import long_date

from . import queries
from .models import Transfer, TransferLine


def transfer_list(transfer: Transfer) -> bytes:
    """The list on A4 in the reader's language, with the transfer's number as Code 128."""
    lang = (get_language() or "de")[:2]
    return pdf.render(pdf.DOCUMENTS / "transfer_list.typ", _data(transfer, lang), lang=lang)


def _data(transfer: Transfer, lang: str) -> dict[str, Any]:
    lines = list(queries.lines_of(transfer.pk))
    pieces = sum(line.quantity for line in lines)
    title = _("Transfer list")
    return {
        "labels": {"page": _("Page {page} of {pages}")},
        "letter": {
            "brand": transfer.source.company or transfer.source.name,
            "brand_line": "",
            "sender_line": " · ".join(_address(transfer.source)),
            "address": _address(transfer.target),
            "title": title,
            "running": f"{title} {transfer.number}",
            "info": _info(transfer, lang),
            "footer": [_address(transfer.source)],
        },
        "opening": transfer.note,
        "barcode_svg": code128_svg(transfer.number),
        "barcode_text": transfer.number,
        "columns": [_("Bin"), _("Article"), _("Quantity"), ""],
        "lines": [_line(line) for line in lines],
        "count": ngettext("%(count)s piece in all", "%(count)s pieces in all", pieces) % {"count": pieces},
    }


def _address(site: Site) -> list[str]:
    place = f"{site.postcode} {site.city}".strip()
    return [row for row in (site.company, site.name, site.street, place) if row]


def _info(transfer: Transfer, lang: str) -> list[list[str]]:
    day = timezone.localtime(transfer.dispatched_at or transfer.created_at).date()
    rows = [
        (_("Date"), long_date(day, lang)),
        (_("Transfer"), transfer.number),
        (_("From site"), transfer.source.name),
        (_("To site"), transfer.target.name),
        (_("State"), str(transfer.get_state_display())),
    ]
    return [[label, value[:40]] for label, value in rows]


def _line(line: TransferLine) -> dict[str, Any]:
    details = [_("Item no. %(sku)s") % {"sku": line.stockrecord.partner_sku}]
    if line.lot is not None:
        details.append(_("Lot %(lot)s") % {"lot": line.lot.code})
    return {
        "bin": line.bin.code,
        "name": line.stockrecord.product.title_local[:240],
        "details": details,
        "quantity": str(line.quantity),
    }

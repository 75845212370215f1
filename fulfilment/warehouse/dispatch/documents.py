"""Papers that travel with a parcel: the packing slip inside, the shipping label outside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale, dates, numbers
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfilment.warehouse.barcodes import code128_svg
from fulfilment.warehouse.zpl import Label
from shop.kernel import pdf
from shop.ui.times import long_date


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes or comes from."""

    name: str
    street: str
    postcode: str
    city: str
    country: str = "DE"  #: ISO 3166-1 alpha-2
    company: str = ""
    extra: str = ""

    def lines(self) -> list[str]:
        """Name and street, without the place."""
        return [line for line in (self.company, self.name, self.extra, self.street) if line.strip()]

    @property
    def place(self) -> str:
        """Postcode and city."""
        return f"{self.postcode} {self.city}".strip()


@dataclass(frozen=True, slots=True)
class PackedLine:
    """One article in the parcel and the bin it was taken from."""

    name: str
    sku: str
    quantity: int
    bin: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    ean: str = ""


@dataclass(frozen=True, slots=True)
class PackingSlip:
    """What one parcel holds."""

    order_number: str
    parcel_number: str  #: printed as barcode: scanning it opens the parcel
    date: dt.date
    shop_name: str
    sender: Address
    recipient: Address
    lines: tuple[PackedLine, ...]
    order_date: dt.date | None = None
    parcel: int = 1
    parcels: int = 1
    delivery_method: str = ""
    to_follow: int = 0  #: pieces of the order that come later
    notes: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ShippingLabel:
    """The A6 label of one parcel."""

    carrier: str
    tracking_number: str
    sender: Address
    recipient: Address
    order_number: str
    date: dt.date
    service: str = ""
    weight_grams: int = 0
    parcel: int = 1
    parcels: int = 1
    notice: str = ""  #: "Test label, not for dispatch"


def packing_slip_pdf(slip: PackingSlip, lang: str) -> bytes:
    """The slip on A4 in ``lang``, with the parcel's number as Code 128. Raises ValueError as ``code128_svg``
    does."""
    with translation.override(lang):
        data = _slip_data(slip, lang)
    return pdf.render(pdf.DOCUMENTS / "packing_slip.typ", data, lang=lang)


def label_pdf(label: ShippingLabel, lang: str) -> bytes:
    """The label on A6 with the tracking number as Code 128. Raises ValueError as ``code128_svg`` does."""
    with translation.override(lang):
        data = _label_data(label, lang)
    return pdf.render(pdf.DOCUMENTS / "shipping_label.typ", data, lang=lang)


def label_zpl(label: ShippingLabel, lang: str) -> str:
    """The same label for a label printer: 105 x 148 mm, 203 dpi. Raises ValueError as ``code128_svg`` does."""
    with translation.override(lang):
        data = _label_data(label, lang)
    paper = Label(width_mm=105, height_mm=148, dpi=203)
    paper.text(5, 5, data["carrier"], height_mm=6, width_mm=60)
    paper.text(62, 7, data["service"], height_mm=3.5, width_mm=38, align="right")
    paper.box(5, 13, 95, 0.3)
    paper.text(
        5, 15, " · ".join([data["labels"]["sender"], *data["sender"]]), height_mm=2.8, width_mm=95, lines=2
    )
    paper.box(5, 23, 95, 0.3)
    paper.text(5, 25, data["labels"]["recipient"], height_mm=2.5)
    for row, line in enumerate(data["recipient"][:5]):
        paper.text(5, 29 + 6 * row, line, height_mm=4.5, width_mm=95)
    paper.text(5, 60, data["place"], height_mm=6, width_mm=95)
    paper.text(5, 68, data["country"].upper(), height_mm=4.5, width_mm=95)
    paper.box(5, 75, 95, 0.3)
    for row, (words, value) in enumerate(data["facts"][:4]):
        paper.text(5 + 24 * row, 77, words, height_mm=2.3, width_mm=23)
        paper.text(5 + 24 * row, 80, value, height_mm=3.2, width_mm=23)
    paper.box(5, 86, 95, 0.3)
    paper.code128(5, 95, label.tracking_number, height_mm=30, width_mm=95, centred=True)
    paper.text(5, 128, label.tracking_number, height_mm=5, width_mm=95, align="centre")
    paper.text(5, 138, data["notice"], height_mm=2.5, width_mm=95, align="centre")
    return paper.zpl()


def _slip_data(slip: PackingSlip, lang: str) -> dict[str, Any]:
    pieces = sum(line.quantity for line in slip.lines)
    title = _("Packing slip")
    return {
        "labels": {"page": _("Page {page} of {pages}")},
        "letter": {
            "brand": slip.shop_name,
            "brand_line": "",
            "sender_line": " · ".join([*slip.sender.lines(), slip.sender.place]),
            "address": _address(slip.recipient, slip.sender.country, lang),
            "title": title,
            "running": f"{title} {slip.parcel_number}",
            "info": _slip_info(slip, lang),
            "footer": [
                [*slip.sender.lines(), slip.sender.place],
                [row for row in (slip.phone, slip.email) if row],
            ],
        },
        "opening": "",
        "barcode_svg": code128_svg(slip.parcel_number),
        "barcode_text": slip.parcel_number,
        "columns": [_("Bin"), _("Article"), _("Quantity"), ""],
        "lines": [_slip_line(line) for line in slip.lines],
        "count": ngettext("%(count)s piece in this parcel", "%(count)s pieces in this parcel", pieces)
        % {"count": pieces},
        "notes": [*_to_follow(slip), *slip.notes],
    }


def _slip_info(slip: PackingSlip, lang: str) -> list[list[str]]:
    rows = [
        (_("Date"), long_date(slip.date, lang)),
        (_("Order number"), slip.order_number),
        (_("Order date"), long_date(slip.order_date, lang) if slip.order_date else ""),
        (_("Parcel"), _of(slip.parcel, slip.parcels)),
        (_("Delivery"), slip.delivery_method),
    ]
    return [[label, _short(value, 40)] for label, value in rows if value]


def _slip_line(line: PackedLine) -> dict[str, Any]:
    details = [", ".join(f"{name}: {value}" for name, value in line.attributes)]
    details.append(_("Item no. %(sku)s") % {"sku": line.sku} if line.sku else "")
    return {
        "bin": line.bin or "–",
        "name": _short(line.name, 240),
        "details": [_short(detail, 160) for detail in details if detail],
        "quantity": str(line.quantity),
    }


def _to_follow(slip: PackingSlip) -> list[str]:
    if not slip.to_follow:
        return []
    words = ngettext(
        "%(count)s piece of your order follows in another parcel.",
        "%(count)s pieces of your order follow in another parcel.",
        slip.to_follow,
    )
    return [words % {"count": slip.to_follow}]


def _label_data(label: ShippingLabel, lang: str) -> dict[str, Any]:
    abroad = label.recipient.country != label.sender.country
    facts = [
        (_("Order number"), label.order_number),
        (_("Date"), dates.format_date(label.date, "dd.MM.yyyy", locale=lang)),
        (_("Weight"), _kilograms(label.weight_grams, lang) if label.weight_grams else ""),
        (_("Parcel"), _of(label.parcel, label.parcels)),
    ]
    return {
        "labels": {"sender": _("Sender"), "recipient": _("Recipient")},
        "letter": {"title": label.tracking_number, "brand": label.sender.name},
        "carrier": _short(label.carrier, 18),
        "service": _short(label.service, 24),
        "sender": [_short(line) for line in (*label.sender.lines(), label.sender.place)],
        "recipient": [_short(line) for line in label.recipient.lines()],
        "place": _short(label.recipient.place),
        "country": _country(label.recipient.country, lang) if abroad else "",
        "facts": [[words, _short(value, 24)] for words, value in facts if value],
        "barcode_svg": code128_svg(label.tracking_number),
        "tracking_number": label.tracking_number,
        "notice": _short(label.notice, 80),
    }


def _address(address: Address, home: str, lang: str) -> list[str]:
    country = [] if address.country == home else [_country(address.country, lang).upper()]
    return [_short(line) for line in (*address.lines(), address.place, *country)]


def _of(number: int, count: int) -> str:
    return _("%(number)s of %(count)s") % {"number": number, "count": count}


def _country(code: str, lang: str) -> str:
    return Locale.parse(lang).territories.get(code, code)


def _kilograms(grams: int, lang: str) -> str:
    return f"{numbers.format_decimal(Decimal(grams) / 1000, '0.0##', locale=lang)} kg"


def _short(line: str, width: int = 58) -> str:
    line = " ".join(line.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"

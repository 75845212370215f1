"""The papers of a parcel, filled from order and site; typesetting is in documents.py. Rendered when asked for:
every fact they show is fixed when the parcel is packed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock.models import Site

from .documents import (
    Address,
    PackedLine,
    PackingSlip,
    ShippingLabel,
    label_pdf,
    label_zpl,
    packing_slip_pdf,
)
from .label_models import PDF, ZPL
from .models import Label, LabelFile, Parcel
from .queries import to_pack


def packing_slip(parcel: Parcel) -> bytes:
    """The packing slip as PDF in the order's language."""
    order, site = parcel.order, _site(parcel)
    pick_list = parcel.pick_list
    bins = _bins(pick_list)
    rows = to_pack(pick_list)
    with override(order.language):
        notes = (_("Please bring your order number when you fetch it."),) if parcel.is_handover else ()
    slip = PackingSlip(
        order_number=order.number,
        parcel_number=parcel.number,
        date=timezone.localdate(parcel.packed_at),
        shop_name=site.company or site.name,
        sender=_sender_of(site),
        recipient=recipient(order),
        lines=tuple(
            PackedLine(
                name=line.order_line.title,
                sku=line.order_line.partner_sku,
                quantity=line.quantity,
                bin=", ".join(bins.get(line.order_line_id, ())),
                ean=line.order_line.upc or "",
            )
            for line in parcel.lines.all()
        ),
        order_date=timezone.localdate(order.date_placed),
        parcel=parcel.sequence,
        parcels=max(parcel.sequence, order.parcels.exclude(state="unpacked").count()),
        delivery_method=order.shipping_method,
        to_follow=sum(row.missing + row.quantity for row in rows),
        notes=notes,
        email=site.email,
        phone=site.phone,
    )
    return packing_slip_pdf(slip, order.language)


def label(parcel: Parcel) -> bytes:
    """The shipping label as PDF: the carrier's own, else ours. ValueError while there is none (or none is needed)."""
    made = _made_by_carrier(parcel, PDF)
    return made or label_pdf(_own_label(parcel), parcel.order.language)


def label_for_printer(parcel: Parcel) -> bytes:
    """The shipping label as ZPL. ValueError while there is none, or when the carrier made none in this form."""
    made = _made_by_carrier(parcel, ZPL)
    if not made and _made_by_carrier(parcel, PDF):
        raise ValueError(f"the carrier of parcel {parcel.number} gave no ZPL")
    return made or label_zpl(_own_label(parcel), parcel.order.language).encode()


def _booking(parcel: Parcel) -> Label | None:
    if parcel.is_handover or not parcel.tracking_number:
        raise ValueError(f"parcel {parcel.number} has no label")
    return Label.objects.filter(parcel=parcel, stage="booked").first()


def _made_by_carrier(parcel: Parcel, form: str) -> bytes:
    booking = _booking(parcel)
    found = LabelFile.objects.filter(label=booking, form=form).first() if booking else None
    return bytes(found.content) if found else b""


def _own_label(parcel: Parcel) -> ShippingLabel:
    """Our label, with the address as booked: a correction afterwards does not change what was sent."""
    booking, order, site = _booking(parcel), parcel.order, _site(parcel)
    return ShippingLabel(
        carrier=(site.company or site.name) if parcel.carrier == "own" else parcel.carrier,
        tracking_number=parcel.tracking_number,
        sender=_sender_of(site),
        recipient=Address(**booking.recipient) if booking and booking.recipient else recipient(order),
        order_number=order.number,
        date=timezone.localdate(parcel.packed_at),
        service=order.shipping_method,
        weight_grams=parcel.weight_g,
        parcel=parcel.sequence,
        parcels=max(parcel.sequence, order.parcels.exclude(state="unpacked").count()),
    )


def sender(parcel: Parcel) -> Address:
    """The site that sends a parcel."""
    return _sender_of(_site(parcel))


def _site(parcel: Parcel) -> Site:
    return Site.objects.get(pick_lists=parcel.pick_list_id)


def _sender_of(site: Site) -> Address:
    return Address(
        name=site.company or site.name,
        street=site.street,
        postcode=site.postcode,
        city=site.city,
        country=site.country,
    )


def recipient(order: Any) -> Address:
    """Where it goes; who fetches it in the store is known by the billing address."""
    address = order.shipping_address or order.billing_address
    if address is None:
        return Address(name=order.email, street="", postcode="", city="")
    return Address(
        name=" ".join(part for part in (address.first_name, address.last_name) if part),
        street=address.line1,
        extra=", ".join(part for part in (address.line2, address.line3) if part),
        postcode=address.postcode,
        city=address.line4,
        country=address.country_id,
    )


def _bins(pick_list: PickList) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = PickLine.objects.filter(pick_list=pick_list, quantity_picked__gt=0, bin__isnull=False)
    for line_id, code in rows.values_list("order_line_id", "bin__code"):
        if code not in found.setdefault(line_id, []):
            found[line_id].append(code)
    return found

"""The papers of a parcel, filled from order and site; typesetting is in documents.py. Rendered when asked for:
every fact they show is fixed when the parcel is packed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock.models import Site

from .carriers import carrier
from .documents import Address, PackedLine, PackingSlip, ShippingLabel, packing_slip_pdf
from .models import Parcel
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
        sender=_sender(site),
        recipient=_recipient(order),
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
    """The shipping label as PDF. ValueError for what is handed over in the store: it needs none."""
    if parcel.is_handover or not parcel.tracking_number:
        raise ValueError(f"parcel {parcel.number} has no label")
    order, site = parcel.order, _site(parcel)
    paper = ShippingLabel(
        carrier=(site.company or site.name) if parcel.carrier == "own" else parcel.carrier,
        tracking_number=parcel.tracking_number,
        sender=_sender(site),
        recipient=_recipient(order),
        order_number=order.number,
        date=timezone.localdate(parcel.packed_at),
        service=order.shipping_method,
        weight_grams=parcel.weight_g,
        parcel=parcel.sequence,
        parcels=max(parcel.sequence, order.parcels.exclude(state="unpacked").count()),
    )
    return carrier(parcel.carrier).label(paper, order.language)


def _site(parcel: Parcel) -> Site:
    return Site.objects.get(pick_lists=parcel.pick_list_id)


def _sender(site: Site) -> Address:
    return Address(
        name=site.company or site.name,
        street=site.street,
        postcode=site.postcode,
        city=site.city,
        country=site.country,
    )


def _recipient(order: Any) -> Address:
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

"""What is pushed: the whole fact as JSON, schema version 1 (docs/connect.md). Fields are only ever added.

Amounts are integers in minor units with their currency; times are ISO 8601 in UTC, days ISO dates.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from checkout.order.models import Line, Order
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import now
from shop.kernel.money import vat_from_gross

VERSION = 1


def body(*, delivery_id: uuid.UUID, event: str, data: dict[str, Any]) -> str:
    """The body as it is signed and sent."""
    whole = {
        "id": str(delivery_id),
        "type": event,
        "version": VERSION,
        "created_at": _moment(now()),
        "data": data,
    }
    return json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def order_facts(order: Order, lines: Iterable[Line]) -> dict[str, Any]:
    """An order as a warehouse needs it; ``order`` as read by ``order_for_fulfilment``."""
    rows = [_line(line) for line in lines]
    return {
        "number": order.number,
        "status": order.status,
        "placed_at": _moment(order.date_placed),
        "language": order.language,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "vat_country": order.vat_country,
        "payment_method": order.payment_method,
        "on_hold": order.on_hold,
        "customer": {
            "id": order.user_id,
            "email": order.email,
            "phone": order.phone,
            "company": order.company,
            "vat_id": order.vat_id,
            "reference": order.buyer_reference,
        },
        "shipping": {
            "method": order.shipping_code,
            "name": order.shipping_method,
            "gross_minor": order.shipping_minor,
            "vat_rate_bp": order.shipping_rate_bp,
            "vat_minor": vat_from_gross(order.shipping_minor, order.shipping_rate_bp),
        },
        "shipping_address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address),
        "lines": rows,
    }


def invoice_facts(invoice: Invoice) -> dict[str, Any]:
    """An invoice, credit note or cancellation as accounting needs it. Two queries."""
    corrects = invoice.corrects
    return {
        "number": invoice.number,
        "kind": invoice.kind,
        "corrects": corrects.number if corrects else None,
        "replaces": invoice.replaces.number if invoice.replaces else None,
        "buyer_reference": invoice.buyer_reference,
        "order_number": invoice.order_number,
        "issued_on": invoice.issued_on.isoformat(),
        "delivered_on": invoice.delivered_on.isoformat() if invoice.delivered_on else None,
        "due_on": invoice.due_on.isoformat(),
        "currency": invoice.currency,
        "net_minor": invoice.net_minor,
        "vat_minor": invoice.vat_minor,
        "gross_minor": invoice.gross_minor,
        "prepaid_minor": invoice.prepaid_minor,
        "open_minor": invoice.open_minor,
        "payment_method": invoice.payment_method,
        "vat_country": invoice.vat_country,
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "ship_to": invoice.ship_to,
        "taxes": invoice.taxes,
        "charges": invoice.charges,
        "lines": [
            {
                "position": line.position,
                "order_line_id": line.order_line_id,
                "sku": line.sku,
                "ean": line.ean,
                "name": line.name,
                "quantity": line.quantity,
                "gross_minor": line.gross_minor,
                "discount_minor": line.discount_minor,
                "vat_rate_bp": line.rate_bp,
                "vat_category": line.category,
                "vat_minor": line.vat_minor,
            }
            for line in invoice.lines.all()
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.pk,
        "sku": line.partner_sku,
        "ean": line.upc or "",
        "title": line.title,
        "quantity": line.quantity,
        "quantity_cancelled": line.quantity_cancelled,
        "gross_minor": line.gross_minor,
        "cancelled_minor": line.cancelled_minor,
        "gross_before_discount_minor": line.gross_before_discount_minor,
        "vat_class": line.vat_class,
        "vat_rate_bp": line.vat_rate_bp,
        "vat_category": line.vat_category,
        "vat_minor": vat_from_gross(line.gross_minor, line.vat_rate_bp),
        "weight_g": line.weight_g,
    }


def _address(address: Any) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.line2,
        "street": address.line1,
        "extra": address.line3,
        "postcode": address.postcode,
        "city": address.line4,
        "country": address.country_id,
    }


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")

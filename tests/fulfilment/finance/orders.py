"""Orders as finance meets them, made straight in the tables: what was ordered at which price, and how it is paid."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from oscar.core.loading import get_model

from checkout.order.models import Line, Order
from checkout.payment.events import PaymentCaptured
from checkout.payment.models import Payment
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from shop.kernel.clock import now
from shop.kernel.money import to_decimal
from shop.kernel.outbox import record

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Wish:
    """One order line: pieces and what they cost together (gross, minor units)."""

    quantity: int = 1
    gross_minor: int = 11_900
    rate_bp: int = 1900
    unit_cost_minor: int = 0
    discount_minor: int = 0
    title: str = "Sneaker Elbe"


def make_order(
    *wishes: Wish,
    method: str = "invoice",
    user: Any = None,
    shipping_minor: int = 0,
    shipping_rate_bp: int = 1900,
    country: str = "DE",
    status: str = "confirmed",
    language: str = "de",
) -> Order:
    """An order with its lines, addresses and payment row."""
    wishes = wishes or (Wish(),)
    at = next(_numbers)
    land = _country(country)
    address = {
        "first_name": "Hanna",
        "last_name": "Petersen",
        "line1": "Deichstraße 9",
        "line4": "Hamburg",
        "postcode": "20459",
        "country": land,
    }
    total = sum(wish.gross_minor for wish in wishes) + shipping_minor
    order = Order.objects.create(
        number=f"T{at:06d}",
        user=user,
        guest_email="" if user else "hanna@example.com",
        currency="EUR",
        total_incl_tax=to_decimal(total),
        total_excl_tax=to_decimal(total),
        shipping_incl_tax=to_decimal(shipping_minor),
        shipping_excl_tax=to_decimal(shipping_minor),
        shipping_rate_bp=shipping_rate_bp if shipping_minor else 0,
        status=status,
        language=language,
        vat_country=country,
        payment_method=method,
        date_placed=now(),
        shipping_address=get_model("order", "ShippingAddress").objects.create(**address),
        billing_address=get_model("order", "BillingAddress").objects.create(**address),
    )
    for at, wish in enumerate(wishes, start=1):
        Line.objects.create(
            order=order,
            title=wish.title,
            partner_sku=f"{order.number}-{at}",
            quantity=wish.quantity,
            line_price_incl_tax=to_decimal(wish.gross_minor),
            line_price_excl_tax=to_decimal(wish.gross_minor),
            line_price_before_discounts_incl_tax=to_decimal(wish.gross_minor + wish.discount_minor),
            line_price_before_discounts_excl_tax=to_decimal(wish.gross_minor + wish.discount_minor),
            gross_minor=wish.gross_minor,
            gross_before_discount_minor=wish.gross_minor + wish.discount_minor,
            vat_rate_bp=wish.rate_bp,
            unit_cost_minor=wish.unit_cost_minor,
            num_allocated=0,
        )
    Payment.objects.create(
        order=order,
        method=method,
        amount_minor=total,
        intent_id=f"pi_{order.number}" if method == "card" else None,
        card_label="Visa 4242" if method == "card" else "",
    )
    return order


def make_user(name: str = "hanna") -> Any:
    """A customer with an account."""
    return get_user_model().objects.create_user(
        email=f"{name}{next(_numbers)}@example.com", password="secret-enough-1"
    )


def make_staff(email: str) -> Any:
    """A member of staff without any permission yet."""
    user = get_user_model().objects.create_user(email=email, password="secret-enough-1")
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    return user


def dispatch(order: Order, quantities: dict[int, int] | None = None, *, day: dt.date | None = None) -> int:
    """Tell that a parcel with these pieces (default: everything) left; returns its id. Nobody has heard it yet."""
    pieces = quantities or {line.pk: line.quantity for line in order.lines.all()}
    moment = now() if day is None else dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    parcel_id = next(_numbers)
    with transaction.atomic():
        record(
            ParcelDispatched(
                parcel_id,
                order.pk,
                order.number,
                "TRACK1",
                "DHL",
                moment.isoformat(),
                [{"order_line_id": pk, "quantity": count} for pk, count in pieces.items()],
            )
        )
    return parcel_id


def capture(order: Order) -> Payment:
    """The card payment of an order came in, told as the payment room tells it."""
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(state="captured", captured_at=now())
    with transaction.atomic():
        record(
            PaymentCaptured(
                payment.pk,
                order.pk,
                order.number,
                payment.method,
                payment.amount_minor,
                payment.currency,
                payment.intent_id or "",
            )
        )
    payment.refresh_from_db()
    return payment


def order_lines(order: Order) -> Sequence[Line]:
    """Its lines in their order."""
    return list(order.lines.order_by("pk"))


def _country(code: str) -> Any:
    country, _new = get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2=code, defaults={"printable_name": code, "name": code, "is_shipping_country": True}
    )
    return country

"""Many orders for measuring: placed in bulk, as the checkout writes them; then the verbs of the house take over.

The rows are those of ``order.actions.place``: order, lines, reservations, payment, and the event. Their money then
comes as bank receipts that finance records and assigns, which captures the payment, confirms the order and makes pick
lists, postings and mails: so ``manage.py verify`` holds by itself. All orders are paid in advance: a card payment would
claim an intent that the payment provider has never seen.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import F
from django.utils.timezone import localtime
from oscar.apps.address.models import Country

from catalogue.partner.actions import Wish, reserve
from catalogue.partner.models import StockRecord
from catalogue.partner.vat import rate_bp
from checkout.basedata import BANDS_HOME, FREE_FROM_MINOR
from checkout.order.events import OrderPlaced
from checkout.order.models import BillingAddress, Line, Order, ShippingAddress
from checkout.order.numbers import new_order_number
from checkout.payment.models import PREPAYMENT, Payment
from fulfilment.finance.reconciliation.actions import assign, record
from shop.celery import app as celery_app
from shop.kernel.attempts import due
from shop.kernel.clock import now
from shop.kernel.models import Delivery, Message
from shop.kernel.money import net_from_gross, to_decimal
from shop.kernel.outbox import SUBSCRIBERS, deliver

BATCH = 250  #: orders per transaction
UNPAID_EVERY = 10  #: every tenth order still waits for its transfer
DAYS_TO_PAY = 7
DELIVERIES = 200  #: outbox rows read at once
COUNTRY = "DE"
FIRST_NAMES = ("Antje", "Bente", "Carsten", "Dörte", "Eike", "Fiete", "Gesa", "Hinnerk", "Inken", "Jörn")
LAST_NAMES = ("Musterholt", "Probehagen", "Beispielbeck", "Testedde", "Exempelsen", "Vorlagemann")
Bar = Callable[..., Any]


@dataclass
class Ware:
    """One SKU with what may still be sold of it."""

    record: StockRecord
    left: int


@dataclass(frozen=True)
class Drawn:
    """One order to be written: number, moment, wares with quantities, paid or not."""

    number: str
    at: dt.datetime
    picks: tuple[tuple[StockRecord, int], ...]
    paid: bool
    name: tuple[str, str]


def seed_orders(count: int, *, bar: Bar, drain: bool = True) -> int:
    """Add ``count`` orders of what is in stock; returns how many. ``drain`` lets the house react here and now,
    otherwise a worker does it. Raises CommandError when there is not enough stock.
    """
    with _at_once(drain):
        _place_and_pay(count, bar)
        if drain:
            _deliver(bar)
    return count


def _place_and_pay(count: int, bar: Bar) -> None:
    wares = _wares()
    dice = Random(count)
    with bar(total=count, desc="orders", unit="order") as progress:
        for start in range(0, count, BATCH):
            drawn = [_draw(dice, wares, start + n) for n in range(min(BATCH, count - start))]
            with transaction.atomic():
                orders = _write(drawn)
            for one, order in zip(drawn, orders, strict=True):
                if one.paid:
                    _pay(one, order)
                progress.update(1)


@contextmanager
def _at_once(wanted: bool) -> Iterator[None]:
    """Run tasks in this process instead of filling the queue of a worker that may not be there."""
    before = celery_app.conf.task_always_eager
    celery_app.conf.task_always_eager = wanted or before
    try:
        yield
    finally:
        celery_app.conf.task_always_eager = before


def _pay(one: Drawn, order: Order) -> None:
    """The transfer arrives and finance explains it by the order."""
    receipt = record(
        booked_on=localtime(one.at).date(),
        amount_minor=order.total_minor,
        reference=f"SEED-{order.number}",
        payer=" ".join(one.name),
        text=f"Bestellung {order.number}",
    )
    assign(receipt=receipt, order=order, amount_minor=order.total_minor)


def _wares() -> list[Ware]:
    rows = StockRecord.objects.filter(num_in_stock__gt=F("num_allocated")).select_related(
        "product__parent", "product__colour"
    )
    wares = [Ware(record, record.available) for record in rows[:20_000]]
    if not wares:
        raise CommandError("Nothing is in stock; run seed --demo or seed --products N first.")
    return wares


def _draw(dice: Random, wares: list[Ware], turn: int) -> Drawn:
    picks: dict[int, tuple[StockRecord, int]] = {}
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3))):
        if not wares:
            raise CommandError("The stock is used up; add products or ask for fewer orders.")
        place = dice.randrange(len(wares))
        ware = wares[place]
        before = picks.get(ware.record.pk, (ware.record, 0))[1]
        picks[ware.record.pk] = (ware.record, before + 1)
        ware.left -= 1
        if not ware.left:
            wares[place] = wares[-1]
            wares.pop()
    paid = turn % UNPAID_EVERY != 0
    hours = dice.uniform(1, 30 * 24 if paid else 3 * 24)
    return Drawn(
        number=new_order_number(),
        at=now() - dt.timedelta(hours=hours),
        picks=tuple(picks.values()),
        paid=paid,
        name=(dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)),
    )


def _write(drawn: list[Drawn]) -> list[Order]:
    """Place one batch, in the caller's transaction."""
    orders = _orders(drawn)
    lines = [_line(order, ware, n) for one, order in zip(drawn, orders, strict=True) for ware, n in one.picks]
    Line.objects.bulk_create(lines)
    wishes = [Wish(line.stockrecord_id, line.pk, line.order_id, line.quantity) for line in lines]
    expires_at = now() + dt.timedelta(days=DAYS_TO_PAY)
    reserve(wishes, expires_at=expires_at)
    Payment.objects.bulk_create(
        Payment(
            order=order,
            method=PREPAYMENT,
            state="created",
            amount_minor=order.total_minor,
            currency="EUR",
            created_at=one.at,
            expires_at=expires_at,
        )
        for one, order in zip(drawn, orders, strict=True)
    )
    _tell(
        (OrderPlaced(order.pk, order.number, PREPAYMENT, order.total_minor, "EUR"), one.at)
        for one, order in zip(drawn, orders, strict=True)
    )
    return orders


def _orders(drawn: list[Drawn]) -> list[Order]:
    country = Country.objects.get(iso_3166_1_a2=COUNTRY)
    billing = BillingAddress.objects.bulk_create(
        BillingAddress(country=country, **_address(one)) for one in drawn
    )
    shipping = ShippingAddress.objects.bulk_create(
        ShippingAddress(country=country, **_address(one)) for one in drawn
    )
    return Order.objects.bulk_create(
        _order(one, bill, ship) for one, bill, ship in zip(drawn, billing, shipping, strict=True)
    )


def _address(one: Drawn) -> dict[str, str]:
    first, last = one.name
    return {
        "first_name": first,
        "last_name": last,
        "line1": f"Erfundener Weg {int(one.number[1:]) % 98 + 1}",
        "line4": "Hamburg",
        "postcode": "20999",
    }


def _order(one: Drawn, billing: BillingAddress, shipping: ShippingAddress) -> Order:
    goods = sum(record.price_minor * n for record, n in one.picks)
    net = sum(net_from_gross(record.price_minor * n, _rate(record)) for record, n in one.picks)
    charge, rate = _shipping_minor(goods), rate_bp("standard", COUNTRY)
    return Order(
        number=one.number,
        guest_email=f"{one.name[0]}.{one.name[1]}.{one.number}@kundschaft.example".lower().replace("ö", "oe"),
        language="de",
        status="awaiting_payment",
        billing_address=billing,
        shipping_address=shipping,
        currency="EUR",
        total_incl_tax=to_decimal(goods + charge, "EUR"),
        total_excl_tax=to_decimal(net + net_from_gross(charge, rate), "EUR"),
        shipping_incl_tax=to_decimal(charge, "EUR"),
        shipping_excl_tax=to_decimal(net_from_gross(charge, rate), "EUR"),
        shipping_rate_bp=rate,
        shipping_method="Lieferung nach Hause",
        shipping_code="home",
        vat_country=COUNTRY,
        payment_method=PREPAYMENT,
        site_id=settings.SITE_ID,
        date_placed=one.at,
    )


def _shipping_minor(goods_minor: int) -> int:
    return 0 if goods_minor >= FREE_FROM_MINOR else BANDS_HOME[0][1]


def _rate(record: StockRecord) -> int:
    return rate_bp(record.product.vat_class, COUNTRY)


def _line(order: Order, record: StockRecord, quantity: int) -> Line:
    rate = _rate(record)
    gross = record.price_minor * quantity
    incl, excl = to_decimal(gross, "EUR"), to_decimal(net_from_gross(gross, rate), "EUR")
    return Line(
        order=order,
        partner_id=record.partner_id,
        partner_sku=record.partner_sku,
        stockrecord=record,
        product=record.product,
        title=record.product.title_local[:255],
        upc=record.product.upc,
        quantity=quantity,
        line_price_incl_tax=incl,
        line_price_excl_tax=excl,
        line_price_before_discounts_incl_tax=incl,
        line_price_before_discounts_excl_tax=excl,
        unit_price_incl_tax=record.price,
        unit_price_excl_tax=to_decimal(net_from_gross(record.price_minor, rate), "EUR"),
        tax_code=record.product.vat_class,
        num_allocated=quantity,
        vat_class=record.product.vat_class,
        vat_rate_bp=rate,
        gross_minor=gross,
        gross_before_discount_minor=gross,
        weight_g=record.product.weight_g,
        unit_cost_minor=record.unit_cost_minor,
    )


def _tell(events: Iterator[tuple[Any, dt.datetime]]) -> None:
    """What ``outbox.record`` writes, for many events at once; whoever delivers finds the rows by themselves."""
    messages = [
        Message(name=type(happened).__name__, payload=dataclasses.asdict(happened), recorded_at=at)
        for happened, at in events
    ]
    Message.objects.bulk_create(messages)
    Delivery.objects.bulk_create(
        Delivery(message=message, subscriber=subscriber)
        for message in messages
        for subscriber in SUBSCRIBERS[message.name]
    )


def _deliver(bar: Bar) -> None:
    """Deliver what is due, with its consequences, until nothing is."""
    with bar(desc="pick lists, postings, mails", unit="delivery") as progress:
        while waiting := list(due(Delivery, DELIVERIES).values_list("pk", flat=True)):
            progress.update(sum(deliver(pk) for pk in waiting))

"""Whatever is changed before picking: what was paid less what went back is what is invoiced, and the books say so."""

from __future__ import annotations

import random
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from catalogue.partner.prices import set_price
from checkout.order.models import Line, Order
from checkout.payment.actions import capture
from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Payment, Refund
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from fulfilment.customer_service.changes.actions import ChangeRefused
from fulfilment.customer_service.changes.models import CANCEL, DELIVERY, OrderChange
from fulfilment.customer_service.changes.paying import drop
from fulfilment.customer_service.changes.states import WAITING
from fulfilment.customer_service.changes.wishes import open_lines, other_sizes
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.warehouse.picking.models import PickList
from shop.kernel.invariants import verify
from shop.kernel.money import to_decimal
from tests.factories.changes import changed, ordered, sibling
from tests.factories.people import make_staff
from tests.factories.shortages import in_stock
from tests.factories.warehouse import send_everything

pytestmark = pytest.mark.django_db


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches if f.room != "notifications"]


def discounted(order: Order, dice: random.Random) -> None:
    """As if a voucher had taken something off each line, before anything was paid or booked."""
    for line in order.lines.all():
        off = dice.randint(0, line.gross_minor // 3)
        Line.objects.filter(pk=line.pk).update(gross_minor=line.gross_minor - off)
    gross = sum(line.gross_minor for line in order.lines.all()) + order.shipping_minor
    vat = sum(line.owed_vat_minor for line in order.lines.all())
    order.total_incl_tax = to_decimal(gross, order.currency)
    order.total_excl_tax = to_decimal(
        gross - vat - order.shipping_minor + int(order.shipping_excl_tax * 100), order.currency
    )
    order.save(update_fields=["total_incl_tax", "total_excl_tax"])
    Payment.objects.filter(order=order).update(amount_minor=gross)


def wish_at_random(order: Order, dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.2:
        return {"kind": DELIVERY, "delivery": dice.choice(["express", "home", "pickup"])}
    lines = open_lines(order)
    sizes = other_sizes(lines)
    chosen = {
        line.pk: dice.choice(sizes[line.pk]).pk for line in lines if sizes[line.pk] and dice.random() < 0.3
    }
    pieces = {line.pk: max(0, line.quantity_open + dice.randint(-2, 2)) for line in lines}
    return {"pieces": pieces, "sizes": chosen}


def pay_or_drop(order: Order, dice: random.Random) -> None:
    """What waits for the difference gets it, or is given up."""
    row = OrderChange.objects.filter(order=order, state=WAITING).select_related("payment").first()
    if row is None or row.payment is None:
        return
    if dice.random() < 0.3:
        assert drop(change=row, why="no more")
        return
    Payment.objects.filter(pk=row.payment.pk).update(intent_id=f"pi_{row.payment.pk}")
    row.payment.refresh_from_db()
    capture(payment=row.payment, reference=f"pi_{row.payment.pk}", why="paid by card")


def range_at_random(dice: random.Random) -> list[StockRecord]:
    records = []
    for number in range(3):
        own = in_stock(12, price_minor=dice.randint(500, 9_999), bin=f"A-{number:02d}")
        sibling(own, pieces=6, price_minor=own.price_minor + dice.randint(-300, 300), bin=f"B-{number:02d}")
        records.append(own)
    return records


@pytest.mark.parametrize("method", ["card", "prepayment", "invoice"])
@pytest.mark.parametrize("seed", range(4))
def test_paid_less_what_went_back_is_what_is_invoiced(outbox: Any, seed: int, method: str) -> None:
    dice = random.Random(f"{seed}:{method}")
    express = DeliveryMethod.objects.create(code="express", kind="home", name="Express", carrier="Kurier")
    DeliveryCharge.objects.create(method=express, country="DE", weight_to_g=31_500, gross_minor=1_290)
    records = range_at_random(dice)
    goods = [(record, dice.randint(1, 3)) for record in records]
    order = ordered(outbox, *goods, method=method, before_paying=lambda placed: discounted(placed, dice))
    for step in range(8):
        if dice.random() < 0.3:
            record = dice.choice(records)
            set_price(stockrecord=record, gross_minor=max(100, record.price_minor + dice.randint(-400, 400)))
        order = Order.objects.get(pk=order.pk)
        try:
            changed(order, key=f"k{step}", **wish_at_random(order, dice))
        except ChangeRefused:
            continue
        pay_or_drop(order, dice)
        outbox.drain()
        assert outbox.failures() == []
        assert breaches() == [], f"seed {seed}, step {step}"
    pay_or_drop(order, dice)
    if dice.random() < 0.15:
        changed(order, kind=CANCEL, key="end")
    for pick_list in PickList.objects.filter(order=order).exclude(state="cancelled"):
        if Order.objects.get(pk=order.pk).status != "cancelled":
            send_everything(pick_list, by=make_staff(f"p{pick_list.pk}@example.org"))
    outbox.drain()
    for refund in Refund.objects.filter(state="requested").select_related("payment__order"):
        succeed(refund=refund, reference=f"re_{refund.pk}")
    outbox.drain()
    order = Order.objects.get(pk=order.pk)
    invoiced = sum(Invoice.objects.filter(order=order).values_list("gross_minor", flat=True))
    assert invoiced == (0 if order.status == "cancelled" else order.total_minor)
    if method != "invoice":
        came = sum(
            Payment.objects.filter(order=order, state="captured").values_list("amount_minor", flat=True)
        )
        assert came - sum(Refund.objects.values_list("amount_minor", flat=True)) == invoiced
        lines = EntryLine.objects.filter(account__role="receivable")
        assert sum(line.debit_minor - line.credit_minor for line in lines) == 0
    assert outbox.failures() == []
    assert breaches() == []

"""An order of which pieces could not be found, as the warehouse leaves it behind, and the question about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from checkout.payment.actions import capture
from checkout.payment.models import CARD, PREPAYMENT, Payment
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.stock import make_bin


@dataclass
class Missing:
    """Three shoes and one boot were ordered; the boot and one shoe were found, two shoes are missing."""

    order: Order
    shoe: StockRecord
    boot: StockRecord
    line: Line
    pick_list: PickList
    question: ShortageQuestion
    picker: Any

    def refresh(self) -> Missing:
        """Everything as it is now."""
        for thing in (self.order, self.shoe, self.boot, self.line, self.pick_list, self.question):
            thing.refresh_from_db()
        return self


def in_stock(pieces: int, *, bin: str = "A-01", **options: Any) -> StockRecord:
    """An article whose pieces lie in a bin."""
    record = make_variant(stock=0, **options)
    stock.receive(stockrecord=record, bin=make_bin(bin), quantity=pieces)
    record.refresh_from_db()
    return record


def pay(order: Order) -> None:
    """The money of a prepaid order is in."""
    payment = Payment.objects.get(order=order)
    if payment.method == CARD:
        Payment.objects.filter(pk=payment.pk).update(intent_id=f"pi_{payment.pk}")
        capture(payment=payment, reference=f"pi_{payment.pk}", why="paid by card")
    elif payment.method == PREPAYMENT:
        from fulfilment.finance.reconciliation import actions as bank
        from shop.kernel.clock import today

        receipt = bank.record(
            booked_on=today(), amount_minor=order.total_minor, reference=order.number, text=order.number
        )
        bank.assign(receipt=receipt, order=order, amount_minor=order.total_minor)
    order.refresh_from_db()


def order_with_missing_pieces(
    outbox: Any,
    *,
    method: str = "card",
    shoes: int = 3,
    missing: int = 2,
    boots: int = 1,
    price_minor: int = 3_333,
    **options: Any,
) -> Missing:
    """Ordered, paid, picked as far as possible, the rest reported short and asked about."""
    picker = make_user(is_staff=True)
    shoe, boot = in_stock(shoes, price_minor=price_minor), in_stock(10, bin="B-01", price_minor=5_000)
    wanted = [(shoe, shoes), *([(boot, boots)] if boots else [])]
    order = place_order(*wanted, method=method, user=make_user(), **options)
    pay(order)
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=picker)
    line = order.lines.get(stockrecord=shoe)
    for stop in pick_list.lines.select_related("pick_list__order", "order_line", "bin", "batch"):
        found = stop.quantity - (missing if stop.order_line_id == line.pk else 0)
        if found:
            picking.scan(line=stop, code=stop.order_line.partner_sku, quantity=found, by=picker)
        stop.refresh_from_db()
        if stop.state == "open":
            picking.report_short(line=stop, by=picker)
    pick_list.refresh_from_db()
    picking.finish(pick_list=pick_list, by=picker)
    outbox.drain()
    question = ShortageQuestion.objects.get(order=order)
    return Missing(order, shoe, boot, line, pick_list, question, picker).refresh()


def send_rest(case: Missing) -> Any:
    """Everything that waits at the packing place leaves in one parcel."""
    from fulfilment.warehouse.dispatch import actions as dispatch
    from fulfilment.warehouse.dispatch.queries import to_pack

    case.pick_list.refresh_from_db()
    waiting = {row.order_line.pk: row.quantity for row in to_pack(case.pick_list)}
    parcel = dispatch.pack(pick_list=case.pick_list, quantities=waiting, by=case.picker)
    dispatch.dispatch(parcel=parcel, by=case.picker)
    return parcel

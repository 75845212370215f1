"""What the ledger hears for itself; what touches an order's receivable is posted by invoicing, in one transaction with
the order's account."""

from __future__ import annotations

from typing import Any

from checkout.order.models import Line, Order
from checkout.payment.events import MoneyUnmatched
from fulfilment.warehouse.counting.events import StockDifference
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from fulfilment.warehouse.receiving.events import ReturnSettled
from fulfilment.warehouse.stock.events import GoodsReceived, ReceiptUndone
from fulfilment.warehouse.transfers.events import TransferDifference
from shop.kernel.outbox import subscribe

from . import rules
from .actions import post


@subscribe(ParcelDispatched, "finance.book_cost_of_goods")
def book_cost_of_goods(happened: ParcelDispatched) -> None:
    """What the goods of a parcel cost us, as far as their cost is known; of a replacement it is warranty."""
    costs = dict(Line.objects.filter(order_id=happened.order_id).values_list("pk", "unit_cost_minor"))
    cost = sum(costs.get(int(line["order_line_id"]), 0) * int(line["quantity"]) for line in happened.lines)
    if not cost:
        return
    order = Order.objects.only("currency", "kind").get(pk=happened.order_id)
    rule = rules.goods_replaced if order.is_replacement else rules.goods_dispatched
    post(
        source=f"cost:parcel:{happened.parcel_id}",
        kind="goods_dispatched",
        lines=rule(order_number=happened.order_number, cost_minor=cost, currency=order.currency),
        text=f"{happened.order_number} {happened.tracking_number}".strip(),
        document=happened.order_number,
    )


@subscribe(MoneyUnmatched, "finance.book_unmatched")
def book_unmatched(happened: MoneyUnmatched) -> None:
    """Money that belongs to nothing we know becomes visible as unexplained."""
    if happened.amount_minor <= 0:
        return
    post(
        source=f"unmatched:{happened.source}:{happened.reference}"[:120],
        kind="money_unmatched",
        lines=rules.money_unmatched(
            reference=happened.reference, amount_minor=happened.amount_minor, currency=happened.currency
        ),
        text=happened.note,
        document=happened.reference[:60],
    )


@subscribe(GoodsReceived, "finance.book_goods_received")
def book_goods_received(happened: GoodsReceived) -> None:
    """What goods that came are worth, as far as their cost is known: against the supplier's invoice that will follow,
    or against the opening balance for what was there when the books began."""
    if not happened.total_cost_minor:
        return
    subject = (happened.cause or f"movement:{happened.movement_id}")[:60]
    facts: dict[str, Any] = {
        "subject": subject, "cost_minor": happened.total_cost_minor, "currency": happened.currency
    }  # fmt: skip
    opening = happened.kind == "opening"
    own = happened.movement_id or f"{happened.cause}:{happened.currency}"
    post(
        source=f"goods:{own}"[:120],
        kind="stock_opened" if opening else "goods_received",
        lines=rules.stock_opened(**facts) if opening else rules.goods_received(**facts),
        text=f"{happened.quantity} {happened.sku}".strip(),
        document=subject,
    )


@subscribe(StockDifference, "finance.book_count_difference")
def book_count_difference(happened: StockDifference) -> None:
    """What a count found or did not find changes the value of the stock; articles without a known cost do not."""
    if not happened.value_minor:
        return
    post(
        source=count_source(happened.number, happened.line_id),
        kind="stock_difference",
        lines=rules.stock_difference(
            subject=f"count:{happened.number}",
            value_minor=happened.value_minor,
            currency=happened.currency,
        ),
        text=f"{happened.sku} {happened.quantity:+d} ({happened.bin}) {happened.why}".strip(),
        document=happened.number,
    )


@subscribe(TransferDifference, "finance.book_transfer_difference")
def book_transfer_difference(happened: TransferDifference) -> None:
    """What was lost or found on the way between two sites changes the value of the stock."""
    if not happened.value_minor:
        return
    post(
        source=transfer_source(happened.number, happened.step_id),
        kind="transfer_difference",
        lines=rules.stock_difference(
            subject=f"transfer:{happened.number}",
            value_minor=happened.value_minor,
            currency=happened.currency,
        ),
        text=f"{happened.sku} {happened.quantity:+d} {happened.why}".strip(),
        document=happened.number,
    )


def count_source(number: str, line_id: int) -> str:
    """The fact behind the entry of one line of a count."""
    return f"count:{number}:{line_id}"


def transfer_source(number: str, step_id: int) -> str:
    """The fact behind the entry of one difference of a transfer."""
    return f"transfer:{number}:{step_id}"


@subscribe(ReturnSettled, "finance.book_returned_goods")
def book_returned_goods(happened: ReturnSettled) -> None:
    """What a return brought back is stock again, as far as its cost is known; what was thrown away of it is lost."""
    came = sum(int(line["cost_minor"]) for line in happened.lines)
    lost = sum(int(line["cost_minor"]) for line in happened.lines if line["disposition"] == "disposal")
    text = f"{happened.order_number} {happened.number}"
    if came:
        post(
            source=f"returned:{happened.return_id}",
            kind="goods_returned",
            lines=rules.goods_returned(
                order_number=happened.order_number,
                cost_minor=came,
                replaced=Order.objects.only("kind").get(number=happened.order_number).is_replacement,
                currency=happened.currency,
            ),
            text=text,
            document=happened.number,
        )
    if lost:
        post(
            source=f"scrapped:return:{happened.return_id}",
            kind="goods_scrapped",
            lines=rules.goods_scrapped(
                subject=f"return:{happened.number}", cost_minor=lost, currency=happened.currency
            ),
            text=text,
            document=happened.number,
        )


@subscribe(ReceiptUndone, "finance.book_receipt_undone")
def book_receipt_undone(happened: ReceiptUndone) -> None:
    """A receipt that was taken back: what it was worth leaves the stock, and no supplier will send an invoice."""
    if not happened.total_cost_minor:
        return
    subject = (happened.cause or f"movement:{happened.received_id}")[:60]
    lines = rules.goods_received(
        subject=subject, cost_minor=happened.total_cost_minor, currency=happened.currency
    )
    post(
        source=f"goods:{happened.movement_id}",
        kind="goods_received",
        lines=rules.swapped(lines),
        text=f"-{happened.quantity} {happened.sku}",
        document=subject,
    )

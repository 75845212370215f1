"""Orders that were sent, and what comes back of them."""

from __future__ import annotations

from typing import Any

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.stock.codes import find_bin
from shop.kernel import outbox
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin
from tests.factories.warehouse import send_everything


def sent_order(*wanted: tuple[StockRecord, int], by: Any = None, **fields: Any) -> Order:
    """An order for ``(stock record, pieces)`` of which everything has left the house."""
    order = make_order(*wanted, **fields)
    outbox.drain()
    person = by or make_staff()
    for pick_list in PickList.objects.filter(order=order):
        send_everything(pick_list, by=person)
    outbox.drain()
    order.refresh_from_db()
    return order


def dock_bins() -> None:
    """A bin of each kind that the dock needs, with codes that tests can scan."""
    for code, kind in (("RET-01", "returns"), ("QUAR-01", "quarantine"), ("B-STOCK-01", "b_stock")):
        make_bin(code, kind=kind, sequence=950)


def line_of(order: Order, sku: str = "SKU-1") -> Line:
    """The line of an order by its article number."""
    return Line.objects.get(order=order, partner_sku=sku)


def book(
    returning: Return,
    sku: str,
    quantity: int,
    grade: str,
    to: str,
    bin: str = "",
    *,
    by: Any = None,
    **more: Any,
) -> ReturnItem:
    """Book pieces at the dock, the bin by its code."""
    return actions.book(
        returning=returning,
        order_line=line_of(returning.order, sku),
        quantity=quantity,
        grade=grade,
        disposition=to,
        bin=find_bin(bin) if bin else None,
        by=by or make_staff(),
        **more,
    )

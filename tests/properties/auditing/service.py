"""Exchanges, what comes back for them, and what the desk does for customers; documents are the shop's business."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalogue.models import Product
from catalogue.partner.models import PricePeriod, StockRecord
from checkout.order.models import Line, Order
from fulfilment.customer_service.remedies import actions as remedies
from fulfilment.customer_service.remedies.acts import ACTS, Wish
from fulfilment.customer_service.returns import actions as settlements
from fulfilment.customer_service.returns import exchange, exchange_end
from fulfilment.customer_service.returns.left import left_of
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.finance.invoicing.models import Invoice, InvoiceLine
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.receiving.states import AT_THE_DOCK
from shop.approvals import actions as approvals
from shop.kernel.clock import today
from tests.factories.stock import make_bin

#: Of some articles of the range by what other sizes differ, in cents.
SIZES = {0: (0, -1_000, 1_001), 1: (0, 667), 4: (-99, 250)}


class Service:
    """What happens after the doorstep."""

    def begin_service(self: Any) -> None:
        """Other sizes of the same articles."""
        for at, differences in SIZES.items():
            record = self.range[at]
            for number, difference in enumerate(differences):
                sibling = _sibling(record, f"S{number}", record.price_minor + difference)
                self.range.append(sibling)

    def exchange_size(self: Any) -> bool:
        """Another size for what was sent: the same price, cheaper, or dearer (which waits for its money)."""
        sizes = StockRecord.objects.filter(pk__in=[one.pk for one in self.range]).values("product__parent")
        lines = Line.objects.filter(
            quantity_dispatched__gt=0,
            order__replaces=None,
            product__parent__in=sizes,
            stockrecord__isnull=False,
        )
        line = self.pick(lines.select_related("order").order_by("pk"))
        option = self.pick(exchange.options(line.order)) if line else None
        if option is None:
            return False
        size = self.pick(size for size in option.sizes if not size.refused)
        pieces = self.dice.randint(1, option.pieces)
        made = exchange.exchange(
            order=line.order,
            wanted={option.line.pk: (size.record.pk, pieces)},
            key=f"{self.next():024d}",
            by=self.clerk,
            by_staff=self.chance(50),
        )
        self.outbox.drain()
        kind = "dearer" if made.more_minor else "cheaper" if made.back_minor else "same"
        self.done[f"exchange_{kind}"] += 1
        return True

    def announced_goods_come(self: Any) -> bool:
        """What was announced is at the dock, late or not: like new, or with traces that are thrown away."""
        waiting = Return.objects.filter(state__in=AT_THE_DOCK, items__reception="awaiting").distinct()
        returning = self.pick(waiting.order_by("pk"))
        if returning is None:
            return False
        broken, cost = self.chance(15), 0
        kept = returning.order
        items = returning.items.filter(reception="awaiting", order_line__isnull=False).select_related(
            "order_line"
        )
        if any(item.quantity > item.order_line.quantity_returnable for item in items):
            return False  # it came with another parcel
        for item in items.order_by("pk"):
            dock.book(
                returning=Return.objects.get(pk=returning.pk),
                order_line=item.order_line,
                quantity=item.quantity,
                grade="scrap" if broken else "a",
                disposition="disposal" if broken else "shelf",
                bin=None if broken else make_bin(),
                by=self.clerk,
            )
            cost += item.quantity * item.order_line.unit_cost_minor
        dock.finish(returning=Return.objects.get(pk=returning.pk), by=self.clerk)
        self.auditor.put("stock", cost_account(kept), cost)
        if broken:
            self.auditor.put("stock_write_off", "stock", cost)
        return True

    def let_exchange_go(self: Any) -> bool:
        """Before the old piece is here, or where it came with traces."""
        found = self.pick(Exchange.objects.filter(state="waiting").select_related("made").order_by("pk"))
        return found is not None and exchange_end.release(
            order=found.made, by=self.boss, why="a good customer"
        )

    def waits_end(self: Any) -> bool:
        """The nightly tasks about what never came."""
        self.clock.advance(days=self.pick((1, 8)))
        return bool(dock.expire_late() + exchange_end.call_off_late() + exchange_end.ask_about_missing())

    def decide_return(self: Any) -> bool:
        """A person decides what a return is worth, all of it, less a loss, or nothing; above the limit two do."""
        found = self.pick(Settlement.objects.filter(state="proposed").select_related("order").order_by("pk"))
        if found is None:
            return False
        plan = settlements.plan_of(found)
        if not plan.credit_minor or self.chance(25):
            settlements.nothing_due(settlement=found, why="agreed", by=self.clerk)
            return True
        kept = {}
        if self.chance(30):
            line_id = self.pick(sorted(settlements.quantities_of(found)))
            kept = {line_id: self.dice.randint(0, plan.credit_minor)}
            plan = settlements.plan_of(found, kept=kept)
        done = settlements.carry_out(
            settlement=found,
            kept=kept,
            kept_why="traces",
            with_shipping=found.with_shipping,
            seen_minor=(plan.credit_minor, plan.refund_minor),
            by=self.clerk,
        )
        if done.approval is not None:
            approvals.approve(approval=done.approval, by=self.boss)
        self.outbox.drain()
        self.send_refunds()
        return True

    def _remedy(self: Any, code: str, order: Order, **data: Any) -> bool:
        wish = Wish(order, {"reason": "", "words": "as they wished", **data}, self.clerk)
        act = ACTS[code]
        seen = remedies.seal(order, remedies.effects_of(act, wish))
        done = remedies.carry_out(act=act, wish=wish, key=f"{self.next():024d}", seen=seen)
        if done.approval is not None:
            approvals.approve(approval=done.approval, by=self.boss)
        self.outbox.drain()
        self.send_refunds()
        return True

    def goodwill(self: Any) -> bool:
        """Money as a gesture."""
        claim = self.pick(Invoice.objects.claims().exclude(state="cancelled").order_by("pk"))
        if claim is None:
            return False
        return bool(self._remedy("goodwill", claim.order, amount=self.dice.randint(1, 3_000)))

    def reduce_price(self: Any) -> bool:
        """One article is not as it should be."""
        claims = Invoice.objects.claims().exclude(state="cancelled")
        lines = InvoiceLine.objects.filter(invoice__in=claims, order_line_id__isnull=False)
        line = self.pick(lines.select_related("invoice__order").order_by("pk"))
        if line is None:
            return False
        amount = self.dice.randint(1, max(1, line.gross_minor))
        return bool(self._remedy("price_reduction", line.invoice.order, line=str(line.pk), amount=amount))

    def send_anew(self: Any) -> bool:
        """New goods, free of charge; the faulty ones come back or not."""
        order = self.pick(Order.objects.filter(lines__quantity_dispatched__gt=0).distinct().order_by("pk"))
        left = [(pk, count) for pk, count in sorted(left_of(order).items()) if count] if order else []
        chosen = self.pick(left)
        if chosen is None:
            return False
        pieces = {str(chosen[0]): self.dice.randint(1, chosen[1])}
        return bool(self._remedy("replacement", order, pieces=pieces, back=self.chance(70)))

    def give_voucher(self: Any) -> bool:
        """For the next order."""
        order = self.pick(Order.objects.exclude(status="cancelled").order_by("pk"))
        if order is None:
            return False
        until = (today() + dt.timedelta(days=90)).isoformat()
        return bool(self._remedy("voucher", order, amount=self.dice.randint(100, 4_000), until=until))


def cost_account(order: Order) -> str:
    """Where the cost of goods of this order is: what was given free of charge is no cost of a sale."""
    return "warranty" if order.kind == "replacement" else "cost_of_goods"


def _sibling(record: StockRecord, size: str, price_minor: int) -> StockRecord:
    old = record.product
    child = Product.objects.create(
        structure="child", parent=old.parent, colour=old.colour, size=size, weight_g=900, vat_class=old.vat_class
    )  # fmt: skip
    made = StockRecord.objects.create(
        product=child,
        partner=record.partner,
        partner_sku=f"{record.partner_sku}-{size}",
        price_currency="EUR",
        price=price_minor / 100,
        num_in_stock=0,
        unit_cost_minor=record.unit_cost_minor + 7,
    )
    PricePeriod.objects.create(stockrecord=made, gross_minor=price_minor)
    made.refresh_from_db()
    return made

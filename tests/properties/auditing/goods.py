"""Ordering, sending, taking back; what documents follow is the shop's business."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import AnonymousUser

from catalogue.partner import vat
from catalogue.partner.models import VatRate
from checkout.basket.offers import apply_offers
from checkout.order.actions import cancel, place
from checkout.order.actions.amend import cancel_pieces
from checkout.order.models import Line, Order
from checkout.payment.models import INVOICE
from fulfilment.customer_service.changes.actions import change
from fulfilment.customer_service.changes.altering import ChangeRefused
from fulfilment.customer_service.changes.wishes import Wish, open_lines
from fulfilment.finance.invoicing.actions import cancel_invoice, credit_note, replace_invoice
from fulfilment.finance.invoicing.actions.replace import Correction
from fulfilment.finance.invoicing.actions.rests import credited_minor
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch import actions as parcels
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.stock import actions as stock
from tests.factories.offers import make_voucher
from tests.factories.people import make_staff
from tests.factories.returns import dock_bins
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant
from tests.factories.stock import make_bin
from tests.factories.warehouse import pick_everything
from tests.properties.auditing.service import cost_account

#: Gross prices in cents, what a piece costs us, and the VAT class.
RANGE = (
    (9_990, 4_000, "standard"), (3_333, 1_111, "standard"), (101, 37, "standard"), (25_049, 12_001, "standard"),
    (1_999, 900, "reduced"), (707, 300, "reduced"), (49_900, 21_000, "standard"), (1, 1, "reduced"),
)  # fmt: skip
MANY = 400
FIRM = "DE136695976"
SMALLEST_CHARGE = 50  #: cents; the card provider takes no less


class Goods:
    """What happens between basket and doorstep."""

    def begin_goods(self: Any) -> None:
        """A range in stock, customers, vouchers, staff."""
        self.clerk = make_staff("clerk@example.org")
        self.boss = make_staff("boss@example.org", is_superuser=True)
        self.users = [make_user(f"customer{n}@example.org") for n in range(6)]
        austria = {"rate_bp": 2000, "source": "§ 10 UStG 1994"}
        VatRate.objects.get_or_create(
            country="AT", vat_class="standard", valid_from="2000-01-01", defaults=austria
        )
        reduced = {**austria, "rate_bp": 1000}
        VatRate.objects.get_or_create(
            country="AT", vat_class="reduced", valid_from="2000-01-01", defaults=reduced
        )
        vat.forget()
        self.range = [
            make_variant(price_minor=price, cost_minor=cost, vat_class=kind, stock=0)
            for price, cost, kind in RANGE
        ]
        self.begin_service()
        for record in self.range:
            self._receive(record, MANY)
        self.vouchers = [
            make_voucher("SEVEN", percent=7, days_ago=(1, -9_000)),
            make_voucher("THREE", minor=333, days_ago=(1, -9_000)),
        ]
        dock_bins()

    def _receive(self: Any, record: Any, pieces: int) -> None:
        stock.receive(stockrecord=record, bin=make_bin(), quantity=pieces)
        self.auditor.put("stock", "received_not_invoiced", pieces * record.unit_cost_minor)

    def receive_goods(self: Any) -> bool:
        """What sold most is bought again."""
        for record in self.range:
            record.refresh_from_db()
        self._receive(min(self.range, key=lambda one: one.num_in_stock - (one.num_allocated or 0)), MANY)
        return True

    def order(self: Any) -> bool:
        """A basket with or without a voucher becomes an order, of a customer, a guest or a firm."""
        wanted = [
            (record, self.dice.randint(1, 4))
            for record in self.dice.sample(self.range, self.dice.randint(1, 3))
        ]
        user = self.pick(self.users) if self.chance(80) else None
        basket = make_basket(*wanted, owner=user)
        if self.chance(40):
            basket.vouchers.add(self.pick(self.vouchers))
        apply_offers(basket, user or AnonymousUser())
        at, country = self.dice.randint(1, 4), "AT" if self.chance(15) else "DE"
        placement = make_placement(
            basket,
            method=self.pick(("invoice", "invoice", "invoice", "card", "card", "prepayment")),
            user=user,
            country=country,
            shipping_minor=self.pick((0, 490, 799)),
            email=user.email if user else f"guest{at}@example.org",
        )
        if country == "AT":
            placement.billing_address.postcode = placement.shipping_address.postcode = "1010"
        if placement.totals.total_minor < SMALLEST_CHARGE:
            placement = replace(placement, payment_method="invoice")
        if self.chance(15):
            contact = replace(placement.contact, company="Elbe GmbH", vat_id=FIRM)
            placement = replace(placement, contact=contact)
        place(placement)
        return True

    def dispatch(self: Any) -> bool:
        """Pick, then pack some of what waits and send it: an order leaves in one parcel or in several."""
        rows = PickList.objects.exclude(state__in=("packed", "cancelled")).exclude(order__on_hold=True)
        pick_list = self.pick(rows.order_by("pk"))
        if pick_list is None:
            return False
        if pick_list.state == "open":
            pick_everything(pick_list, by=self.clerk)
            pick_list.refresh_from_db()
        waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list) if row.quantity}
        if self.chance(40):
            waiting = {pk: self.dice.randint(0, pieces) for pk, pieces in waiting.items()}
        chosen = {pk: pieces for pk, pieces in waiting.items() if pieces}
        if not chosen:
            return False
        parcel = parcels.pack(pick_list=pick_list, quantities=chosen, by=self.clerk)
        parcels.dispatch(parcel=parcel, by=self.clerk)
        costs = dict(Line.objects.filter(pk__in=chosen).values_list("pk", "unit_cost_minor"))
        cost = sum(costs[pk] * pieces for pk, pieces in chosen.items())
        self.auditor.put(cost_account(pick_list.order), "stock", cost)
        return True

    def cancel_order(self: Any) -> bool:
        """Before anything has left."""
        order = self.pick(
            Order.objects.filter(status__in=("awaiting_payment", "confirmed", "in_fulfilment")).order_by("pk")
        )
        return order is not None and cancel(order=order, why="ordered by mistake", by=self.clerk)

    def cancel_pieces(self: Any) -> bool:
        """A piece that nobody has picked yet is not wanted any more."""
        lists = PickList.objects.exclude(state="open").values("order_id")
        orders = Order.objects.filter(status__in=("awaiting_payment", "confirmed")).exclude(pk__in=lists)
        order = self.pick(orders.order_by("pk"))
        line = self.pick(order.lines.order_by("pk")) if order else None
        if line is None or PickList.objects.filter(order=order).exists():
            return False
        source = f"wish:{self.next()}"
        return bool(
            cancel_pieces(order=order, lines={line.pk: 1}, source=source, why="one less", by=self.clerk)
        )

    def change_order(self: Any) -> bool:
        """The shopper takes pieces out, or adds some to an order that may still grow, before anybody picks it."""
        orders = Order.objects.filter(status__in=("awaiting_payment", "confirmed"), on_hold=False)
        order = self.pick(orders.order_by("pk"))
        lines = open_lines(order) if order else []
        line = self.pick(Line.objects.filter(pk__in=[line.pk for line in lines]).order_by("pk"))
        if order is None or line is None:
            return False
        grows = order.payment_method == INVOICE and self.chance(40)
        pieces = {line.pk: max(0, line.quantity_open + (1 if grows else -1))}
        try:
            change(order=order, wish=Wish(pieces=pieces), key=f"wish:{self.next()}")
        except ChangeRefused:
            return False
        return True

    def goods_come_back(self: Any) -> bool:
        """A parcel at the dock: good pieces go on the shelf, broken ones away."""
        line = self.pick(Line.objects.filter(quantity_dispatched__gt=0, quantity_returned=0).order_by("pk"))
        if line is None:
            return False
        pieces, broken = self.dice.randint(1, line.quantity_dispatched), self.chance(30)
        returning = dock.open_at_dock(order=line.order, by=self.clerk)
        dock.book(
            returning=returning,
            order_line=line,
            quantity=pieces,
            grade="scrap" if broken else "a",
            disposition="disposal" if broken else "shelf",
            bin=None if broken else make_bin(),
            by=self.clerk,
        )
        dock.finish(returning=returning, by=self.clerk)
        cost = pieces * line.unit_cost_minor
        self.auditor.put("stock", cost_account(line.order), cost)
        if broken:
            self.auditor.put("stock_write_off", "stock", cost)
        return True

    def _claim(self: Any) -> Any:
        return self.pick(Invoice.objects.claims().exclude(state="cancelled").order_by("pk"))

    def credit(self: Any) -> bool:
        """Pieces, shipping or goodwill are credited."""
        claim = self._claim()
        if claim is None:
            return False
        how: dict[str, Any] = {}
        if self.chance(60):
            line = self.pick(claim.lines.order_by("pk"))
            how["quantities"] = {line.pk: self.dice.randint(1, line.quantity)}
            how["with_shipping"] = self.chance(20)
        else:
            left = claim.gross_minor - credited_minor(claim)
            how["amount_minor"] = self.pick((left, self.dice.randint(1, max(1, left))))
        credit_note(invoice=claim, source=f"service:{self.next()}", reason="goodwill", by=self.clerk, **how)
        return True

    def cancel_invoice(self: Any) -> bool:
        """A whole invoice is taken back."""
        claim = self._claim()
        if claim is None or credited_minor(claim):
            return False
        cancel_invoice(invoice=claim, reason="wrong", by=self.clerk)
        return True

    def replace_invoice(self: Any) -> bool:
        """A wrong address: cancelled and issued anew."""
        claim = self._claim()
        if claim is None:
            return False
        correction = Correction(buyer={"street": f"Neuer Weg {self.next()}"})
        replace_invoice(invoice=claim, correction=correction, reason="address", by=self.clerk)
        return True

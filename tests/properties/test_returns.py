"""Random orders that come back: vouchers, two rates and two countries, delivery, parcels, goodwill and loss of value.

Whatever the sequence: never more goes back than was paid, credit notes never exceed their invoice at any rate, and once
everything is back they are the invoice, VAT included, less what was kept. ``RETURNS_SEED`` repeats a run,
``RETURNS_ORDERS`` makes it longer.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Sum

from catalogue.partner import vat
from catalogue.partner.models import VatRate
from checkout.basket.offers import apply_offers
from checkout.order.actions import place
from checkout.order.actions.amend import cancel_pieces
from checkout.order.models import Line, Order
from checkout.payment.actions import request_refund
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.returns import actions
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.customer_service.withdrawals.actions import receive
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.actions.rests import (
    SHIPPING_SKU,
    credited_minor,
    rest_of_line,
    rests_per_rate,
)
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine, OrderAccount
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.dispatch import actions as parcels
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import ApprovalLimit
from shop.kernel.clock import today
from shop.kernel.invariants import verify
from tests.factories.offers import make_voucher
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import make_basket, make_placement
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import pick_everything
from tests.support.chance import seed as seed_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
#: On PostgreSQL each statement costs more than the arithmetic that is proved here.
ORDERS = int(os.environ.get("RETURNS_ORDERS") or ("25" if connection.vendor == "sqlite" else "5"))
#: Gross prices in cents and VAT class.
RANGE = (
    (9_990, "standard"),
    (3_333, "standard"),
    (101, "standard"),
    (1_999, "reduced"),
    (707, "reduced"),
    (7, "reduced"),
)
SMALLEST_MINOR = 50  #: cents; the card provider takes no less
STEPS_MAX = 60
#: Chance may withhold a verb from a few orders: more follow until each was seen, at most so many times as many.
PATIENCE = 8
VERBS = {"by itself", "by a person", "goodwill", "reduction", "send", "pays"}


class Shop:
    """One random order after the other, each from the basket until everything is back."""

    def __init__(self, seed: int, outbox: Any) -> None:
        self.dice, self.outbox, self.at, self.orders = random.Random(seed), outbox, 0, 0
        self.seen: Counter[str] = Counter()
        self.clerk = make_staff("clerk@example.org")
        ApprovalLimit.objects.update_or_create(kind="refund", role="", defaults={"limit_minor": 10**9})
        make_country("AT", "Österreich")
        for kind, rate in (("standard", 2000), ("reduced", 1000)):
            known = {"rate_bp": rate, "source": "§ 10 UStG 1994"}
            VatRate.objects.get_or_create(
                country="AT", vat_class=kind, valid_from="2000-01-01", defaults=known
            )
        vat.forget()
        self.range = [
            in_stock(900, bin=f"A-{n:02}", price_minor=price, vat_class=kind)
            for n, (price, kind) in enumerate(RANGE)
        ]
        self.vouchers = [make_voucher("SEVEN", percent=7), make_voucher("THREE", minor=333)]

    def chance(self, percent: int) -> bool:
        return self.dice.randrange(100) < percent

    def missing(self) -> set[str]:
        """Verbs that chance has not brought yet."""
        return {verb for verb in VERBS if not self.seen[verb]}

    def next(self) -> int:
        self.at += 1
        return self.at

    def order(self) -> Order:
        """A basket with or without a voucher, placed and (mostly) paid."""
        chosen = self.dice.sample(self.range, self.dice.randint(1, 3))
        basket = make_basket(*((record, self.dice.randint(1, 4)) for record in chosen))
        if self.chance(50):
            basket.vouchers.add(self.dice.choice(self.vouchers))
        apply_offers(basket, AnonymousUser())
        country = "AT" if self.chance(20) else "DE"
        options: dict[str, Any] = {
            "country": country, "shipping_minor": self.dice.choice((0, 490, 799)),
            "email": f"guest{self.next()}@example.org",
        }  # fmt: skip
        placement = make_placement(basket, method="invoice", **options)
        if placement.totals.total_minor >= SMALLEST_MINOR:
            placement = make_placement(
                basket, method=self.dice.choice(("card", "card", "prepayment", "invoice")), **options
            )
        if country == "AT":
            placement.billing_address.postcode = placement.shipping_address.postcode = "1010"
        order = place(placement)
        if order.payment_method == "prepayment" and self.chance(40):
            self._cancel_one(order)
        if order.payment_method not in ("invoice", "nothing"):
            pay(order)
        self.outbox.drain()
        return order

    def _cancel_one(self, order: Order) -> None:
        """A piece is not wanted any more; the order stays."""
        line = self.dice.choice(list(order.lines.order_by("pk")))
        if line.quantity > 1:
            source = f"wish:{self.next()}"
            cancel_pieces(order=order, lines={line.pk: 1}, source=source, why="one less", by=self.clerk)
            self.seen["cancel"] += 1

    # ---- what may happen until everything is back; each returns whether it did ---------------------------------------

    def send(self, order: Order) -> bool:
        """Some of what waits leaves in a parcel."""
        for pick_list in PickList.objects.filter(order=order).exclude(state__in=("packed", "cancelled")):
            if pick_list.state == "open":
                pick_everything(pick_list, by=self.clerk)
            waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list) if row.quantity}
            some = {pk: self.dice.randint(0, pieces) for pk, pieces in waiting.items()}
            chosen = {pk: n for pk, n in (some if self.chance(50) else waiting).items() if n}
            if chosen:
                parcel = parcels.pack(pick_list=pick_list, quantities=chosen, by=self.clerk)
                parcels.dispatch(parcel=parcel, by=self.clerk)
                return True
        return False

    def pays(self, order: Order) -> bool:
        """Some or all of what is open on account comes by bank."""
        open_minor = Invoice.objects.open().filter(order=order).aggregate(n=Sum("open_minor"))["n"] or 0
        if not open_minor:
            return False
        amount = open_minor if self.chance(60) else self.dice.randint(1, open_minor)
        receipt = bank.record(
            booked_on=today(),
            amount_minor=amount,
            reference=f"{order.number} {self.next()}",
            text=order.number,
        )
        bank.assign(receipt=receipt, order=order, amount_minor=amount)
        return True

    def goodwill(self, order: Order) -> bool:
        """Something is given without pieces; its money goes back, or stays with the customer's account."""
        claims = list(Invoice.objects.claims().filter(order=order).order_by("pk"))
        claim = self.dice.choice(claims) if claims else None
        left = claim.gross_minor - credited_minor(claim) if claim else 0
        if claim is None or not left:
            return False
        of_line = self.dice.choice(list(claim.lines.all())) if self.chance(50) else None
        if of_line is not None:
            left = min(left_at_rate(claim, of_line), rest_of_line(of_line)[1])
            if left <= 0:
                return False
            self.seen["reduction"] += 1
        amount = self.dice.randint(1, left if self.chance(20) else max(1, left // 4))
        if of_line is not None:
            pieces, rest, _vat, _discount = rest_of_line(of_line)
            if 0 < rest - amount < pieces:
                return False  # refused: less than a cent a piece would be left
        source = f"goodwill:{self.next()}"
        credit_note(
            invoice=claim, source=source, reason="late", amount_minor=amount, of_line=of_line, by=self.clerk
        )
        if self.chance(70):
            self._send_back(order, amount, source)
        return True

    def _send_back(self, order: Order, amount_minor: int, source: str) -> None:
        account = OrderAccount.objects.get(order=order)
        pending = Refund.objects.filter(payment__order=order, state__in=("requested", "sent"))
        free = account.available_minor - int(pending.aggregate(n=Sum("amount_minor"))["n"] or 0)
        for payment in Payment.objects.filter(order=order, state="captured"):
            amount = min(amount_minor, free, refundable_minor(payment))
            if amount > 0:
                request_refund(
                    payment=payment, amount_minor=amount, source=source, reason="late", by=self.clerk
                )

    def comes_back(self, order: Order, *, everything: bool = False) -> bool:
        """A return with some of what the customer has: withdrawn or not, like new or with traces."""
        here = {line.pk: line.quantity_returnable for line in order.lines.order_by("pk")}
        some = here if everything else {pk: self.dice.randint(0, pieces) for pk, pieces in here.items()}
        chosen = {pk: pieces for pk, pieces in some.items() if pieces}
        if not chosen:
            return False
        returning = self._announced(order, chosen)
        self.outbox.drain()
        for line in Line.objects.filter(pk__in=chosen):
            grade = self.dice.choice("aaab")
            place = ("shelf", "A-00") if grade == "a" else ("b_stock", "B-STOCK-01")
            book(returning, line.partner_sku, chosen[line.pk], grade, *place, by=self.clerk)
        dock.finish(returning=Return.objects.get(pk=returning.pk), by=self.clerk)
        self.outbox.drain()
        assert self.outbox.failures() == []
        self._decide(order, Settlement.objects.get(returning=returning))
        return True

    def _announced(self, order: Order, chosen: dict[int, int]) -> Return:
        if self.chance(30):
            found = dock.announce(order_id=order.pk, lines=chosen, cause=f"case:C{self.next()}")
            assert found is not None
            return found
        said = receive(
            key=f"form{self.next()}", name="Erika", contract=order.number, email=order.email or "",
            language="de", order=order, quantities=chosen,
        )  # fmt: skip
        self.outbox.drain()
        return Return.objects.get(cause=f"withdrawal:{said.number}")

    def _decide(self, order: Order, found: Settlement) -> None:
        """What was not carried out by itself: a person keeps something or nothing."""
        if not found.is_open:
            self.seen["by itself"] += 1
            return
        shipping = found.with_shipping or self.is_over(order)
        plan = actions.plan_of(found, with_shipping=shipping)
        kept: dict[int, int] = {}
        if self.loses_value and plan.credits:
            worth: dict[int, int] = defaultdict(int)
            for one in (piece for credit in plan.credits for piece in credit.pieces):
                worth[one.line.order_line_id or 0] += one.value_minor
            if worth:  # it may be the delivery alone
                line_id = self.dice.choice(sorted(worth))
                kept = {line_id: self.dice.randint(0, max(0, worth[line_id] - 1))}
                plan = actions.plan_of(found, kept=kept, with_shipping=shipping)
        if not plan.credit_minor:
            actions.nothing_due(settlement=found, why="nothing left", by=self.clerk)
            self.seen["nothing due"] += 1
            return
        done = actions.carry_out(
            settlement=found, kept=kept, kept_why="worn", with_shipping=shipping,
            seen_minor=(plan.credit_minor, plan.refund_minor), by=self.clerk,
        ).settlement  # fmt: skip
        assert done is not None, "the clerk may send everything back alone"
        assert (done.credited_minor, done.refunded_minor) == (plan.credit_minor, plan.refund_minor)
        self.seen["by a person"] += 1

    def is_over(self, order: Order) -> bool:
        """Nothing is to be sent and nothing with the customer any more."""
        lines = Line.objects.filter(order=order)
        return all(not line.quantity_open and not line.quantity_returnable for line in lines)

    def whole_life(self) -> Order:
        """One order until everything of it is back."""
        self.orders += 1
        order = self.order()
        self.loses_value = self.chance(40)
        verbs = {"send": 6, "comes_back": 5, "goodwill": 2, "pays": 3}
        for _step in range(STEPS_MAX):
            if self.is_over(order):
                break
            name = self.dice.choices(list(verbs), list(verbs.values()))[0]
            happened = getattr(self, name)(order)
            self.seen[name] += happened
            self.outbox.drain()
            assert self.outbox.failures() == []
            never_too_much(order)
        while self.send(order):
            self.outbox.drain()
        if not self.is_over(order):
            self.comes_back(order, everything=True)
        self.outbox.drain()
        never_too_much(order)
        return order


def left_at_rate(claim: Invoice, line: InvoiceLine) -> int:
    """What no credit note has taken at the rate of a line, gross minor units."""
    key = (line.category, line.rate_bp)
    return sum(one.gross_minor for one in rests_per_rate(claim) if (one.category, one.rate_bp) == key)


def never_too_much(order: Order) -> None:
    """No payment sends back more than came, and no rate of an invoice is credited beyond itself."""
    for payment in Payment.objects.filter(order=order):
        back = payment.refunds.exclude(state="failed").aggregate(n=Sum("amount_minor"))["n"] or 0
        came = payment.amount_minor if payment.state == "captured" else 0
        assert back <= came, f"{order.number}: {back} back of {came}"
    for rate, (gross, tax) in rests(order).items():
        assert gross >= 0 and tax >= 0, f"{order.number}: {gross} with VAT {tax} left at {rate}"


def rests(order: Order) -> dict[tuple[int, str, int], tuple[int, int]]:
    """Gross and VAT per invoice, category and rate: what was asked for less every credit note, from the documents."""
    sums: dict[tuple[int, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for document in Invoice.objects.filter(order=order):
        sign = 1 if document.is_claim else -1
        for row in document.taxes:
            rest = sums[document.corrects_id or document.pk, row["category"], row["rate_bp"]]
            rest[0] += sign * (row["net_minor"] + row["vat_minor"])
            rest[1] += sign * row["vat_minor"]
    return {rate: (gross, tax) for rate, (gross, tax) in sums.items()}


def kept(order: Order) -> dict[tuple[int, str, int], tuple[int, int]]:
    """Gross and VAT that credit notes kept for lost value, by the same keys."""
    sums: dict[tuple[int, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for line in InvoiceLine.objects.filter(invoice__order=order, invoice__kind=CREDIT_NOTE):
        rest = sums[line.invoice.corrects_id or 0, line.category, line.rate_bp]
        rest[0] += line.kept_minor - line.reduced_minor
        rest[1] += line.kept_vat_minor - line.reduced_vat_minor
    return {rate: (gross, tax) for rate, (gross, tax) in sums.items()}


def goodwill_on_kept(order: Order) -> set[tuple[int, str, int]]:
    """Rates of which goodwill gave back a part of what had been kept: it found no pieces to share it."""
    sums: dict[tuple[int, str, int], int] = defaultdict(int)
    for line in InvoiceLine.objects.filter(invoice__order=order, invoice__kind=CREDIT_NOTE):
        key = (line.invoice.corrects_id or 0, line.category, line.rate_bp)
        if line.credits_id is None and line.reduces_id is None and line.sku != SHIPPING_SKU:
            sums[key] += line.gross_minor
        sums[key] -= line.reduced_minor
    return {key for key, amount in sums.items() if amount}


def everything_is_credited(order: Order) -> None:
    """All is back: credit notes are the invoices, to the cent of VAT, less what was kept for lost value (of which
    goodwill may have given a part back)."""
    withheld, given = kept(order), goodwill_on_kept(order)
    for rate, left in rests(order).items():
        most = withheld.get(rate, (0, 0))
        said = f"{order.number} at {rate}: {left} left, {most} kept"
        if rate in given:
            assert 0 <= left[0] <= most[0] and 0 <= left[1] <= most[1], said
        else:
            assert left == most, said


def test_whatever_comes_back_adds_up(outbox: Any) -> None:
    seed = seed_of("RETURNS_SEED")
    make_country()
    ensure_vat()
    dock_bins()
    shop = Shop(seed, outbox)
    order = None
    try:
        while shop.orders < ORDERS or (shop.missing() and shop.orders < PATIENCE * ORDERS):
            order = shop.whole_life()
            everything_is_credited(order)
        broken = [
            f"{one.room}: {words}"
            for one in verify()
            if one.room != "notifications"  # nobody sends mails here
            for words in one.breaches
        ]
        assert not broken, "\n".join(broken)
    except BaseException:
        print(f"RETURNS_SEED={seed} repeats it; order {order and order.number}; {dict(shop.seen)}")
        raise
    print(f"seed {seed}: {dict(shop.seen)}")
    assert not shop.missing(), f"seed {seed} never had {shop.missing()}"

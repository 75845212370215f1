"""What a return is worth: which pieces of which invoices, and which money may go back. Reads only.

The cents are those of the credit notes themselves (``invoicing``): a part of a line's rest, the last part takes what is
left, so that all returns of an order add up to its invoices with their VAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db.models import Sum

from checkout.order.models import Line, Order
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import CREDIT, Payment
from fulfilment.finance.invoicing.actions.rests import SHIPPING_SKU, Reductions, next_of_line, rest_of_line
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine


@dataclass(frozen=True)
class Pieces:
    """Pieces of one invoice line that are credited: gross before what is kept, and what is kept (minor units).

    ``reduced_minor``: what an earlier goodwill credited of them already; it is not in the value any more.
    """

    line: InvoiceLine
    quantity: int
    value_minor: int
    kept_minor: int = 0
    reduced_minor: int = 0


@dataclass
class CreditPlan:
    """What one invoice is credited."""

    invoice: Invoice
    pieces: list[Pieces] = field(default_factory=list)
    shipping_minor: int = 0

    @property
    def credit_minor(self) -> int:
        """Gross of the credit note, minor units."""
        return sum(one.value_minor - one.kept_minor for one in self.pieces) + self.shipping_minor


@dataclass(frozen=True)
class Plan:
    """All of it. ``missing``: pieces by order line id that no standing invoice has any more; ``payments``: what goes
    back (payment, minor units); ``open_minor``: what the credit takes off unpaid invoices; ``left_minor``: credit for
    which no payment can be sent back; ``is_free``: all of it stands on invoices and cost 0.00."""

    credits: list[CreditPlan]
    missing: dict[int, int]
    payments: list[tuple[Payment, int]]
    open_minor: int
    left_minor: int
    is_free: bool = False

    @property
    def credit_minor(self) -> int:
        """Gross of all credit notes, minor units."""
        return sum(one.credit_minor for one in self.credits)

    @property
    def refund_minor(self) -> int:
        """What goes back, minor units."""
        return sum(amount for _payment, amount in self.payments)


class TooMuchKept(ValueError):
    """More would be kept of a line than its pieces are worth; carries the order line id and its value (minor units)."""

    def __init__(self, line_id: int, value_minor: int) -> None:
        super().__init__(f"line {line_id} is worth {value_minor}")
        self.line_id, self.value_minor = line_id, value_minor


def first_order(order: Order) -> Order:
    """The order that was paid for: of a replacement or an exchange the one it stands for. One query per step."""
    while order.replaces is not None:
        order = order.replaces
    return order


@dataclass(frozen=True)
class Step:
    """An order that asked for money for goods that came back: own line id -> the line of this order it stands for."""

    order: Order
    lines: dict[int, int]


def paid_steps(order: Order, line_ids: Iterable[int]) -> list[Step]:
    """Where goods of ``order`` were paid for: the first order, and after it each exchange that asked for a difference.
    Two queries per order in between."""
    lines = {line_id: line_id for line_id in line_ids}
    steps = []
    while order.replaces is not None:
        if order.is_dearer_exchange:
            steps.append(Step(order, dict(lines)))
        own = Line.objects.filter(order=order, replacement_for__isnull=False)
        earlier = dict(own.values_list("pk", "replacement_for"))
        lines = {line_id: earlier.get(at, at) for line_id, at in lines.items()}
        order = order.replaces
    return [Step(order, lines), *reversed(steps)]


def together(plans: Iterable[Plan]) -> Plan:
    """Plans of several orders as one."""
    found = list(plans)
    if len(found) == 1:
        return found[0]
    return Plan(
        credits=[credit for one in found for credit in one.credits],
        missing={pk: count for one in found for pk, count in one.missing.items()},
        payments=[part for one in found for part in one.payments],
        open_minor=sum(one.open_minor for one in found),
        left_minor=sum(one.left_minor for one in found),
        is_free=all(one.is_free for one in found),
    )


def plan(
    order: Order, quantities: Mapping[int, int], *, kept: Mapping[int, int], with_shipping: bool
) -> Plan:
    """Plan the money for ``quantities`` (order line id -> pieces). ``kept``: order line id -> gross minor units.

    Raises TooMuchKept.
    """
    invoices = list(
        Invoice.objects.claims()
        .filter(order=order)
        .exclude(state="cancelled")
        .order_by("pk")
        .prefetch_related("lines")
    )
    plans = {invoice.pk: CreditPlan(invoice) for invoice in invoices}
    reductions = {invoice.pk: Reductions(invoice) for invoice in invoices}
    missing = _take_pieces(invoices, plans, quantities, reductions)
    _keep(plans, kept)
    if with_shipping:
        _add_shipping(plans, reductions)
    credit = sum(one.credit_minor for one in plans.values())
    # Beside others also an invoice whose pieces come to 0.00: its note remembers that they are back.
    credits = [one for one in plans.values() if credit and (one.credit_minor or one.pieces)]
    free = free_after(order, credit)
    payments = payments_back(order, min(free, credit))
    sent = sum(amount for _payment, amount in payments)
    return Plan(
        credits=credits,
        missing=missing,
        payments=payments,
        open_minor=credit - min(free, credit),
        left_minor=min(free, credit) - sent,
        is_free=not missing and not any(one.value_minor for each in plans.values() for one in each.pieces),
    )


def _take_pieces(
    invoices: list[Invoice],
    plans: dict[int, CreditPlan],
    quantities: Mapping[int, int],
    reductions: Mapping[int, Reductions],
) -> dict[int, int]:
    """Lay the pieces on invoice lines, the newest invoice last; returns pieces no invoice line has.

    Lines of which nothing is left come last of all: a piece that is worth nothing gets no credit note that would keep
    it, so the next one of its kind would be laid on the same line again, and what another invoice has of it be lost.
    """
    missing = {}
    lines = [(invoice.pk, line) for invoice in invoices for line in invoice.lines.all()]
    lines.sort(key=lambda one: reductions[one[0]].bears_all(one[1]))
    for line_id, wanted in sorted(quantities.items()):
        left = wanted
        for pk, line in lines:
            if left and line.order_line_id == line_id:
                left -= _choose(plans[pk], line, left)
        if left:
            missing[line_id] = left
    for invoice in invoices:
        _value(plans[invoice.pk], reductions[invoice.pk])
    return missing


def _choose(credit: CreditPlan, line: InvoiceLine, wanted: int) -> int:
    taken = min(wanted, rest_of_line(line)[0])
    if taken:
        credit.pieces.append(Pieces(line, taken, 0))
    return taken


def _value(credit: CreditPlan, earlier: Reductions) -> None:
    """What the chosen pieces are worth, line by line in the sequence in which the credit note will take them."""
    credit.pieces.sort(key=lambda one: one.line.pk)
    for at, one in enumerate(credit.pieces):
        _left, part = next_of_line(one.line, one.quantity)
        if part is not None:
            reduced, _vat = earlier.take(one.line, part)
            credit.pieces[at] = Pieces(
                one.line, one.quantity, part.gross_minor - reduced, reduced_minor=reduced
            )


def _keep(plans: dict[int, CreditPlan], kept: Mapping[int, int]) -> None:
    """Share what is kept of an order line over its pieces in the plan, one invoice after the other."""
    for line_id, amount in kept.items():
        rest = amount
        for credit in plans.values():
            for at, one in enumerate(credit.pieces):
                if one.line.order_line_id == line_id and rest:
                    part = min(rest, one.value_minor)
                    credit.pieces[at] = replace(one, kept_minor=part)
                    rest -= part
        if rest or amount < 0:
            raise TooMuchKept(line_id, amount - rest)


def _add_shipping(plans: dict[int, CreditPlan], reductions: Mapping[int, Reductions]) -> None:
    """The shipping charge of each invoice that has one and has not given it back."""
    for pk, credit in plans.items():
        notes = Invoice.objects.filter(corrects=credit.invoice, kind=CREDIT_NOTE)
        if any(note.charges or note.lines.filter(credits=None, sku=SHIPPING_SKU).exists() for note in notes):
            continue
        charges = [charge for charge in credit.invoice.charges if charge["is_charge"]]
        credit.shipping_minor = sum(reductions[pk].of_charge(charge)[0] for charge in charges)


def free_after(order: Order, credit_minor: int) -> int:
    """How much of a credit no open invoice of the order takes (minor units). Credit is laid on its own invoice first,
    then on the order's others, as invoicing does; money that lies free already is not ours to send back."""
    still_open = Invoice.objects.open().filter(order=order).aggregate(sum=Sum("open_minor"))["sum"] or 0
    return max(0, credit_minor - still_open)


def payments_back(order: Order, amount_minor: int) -> list[tuple[Payment, int]]:
    """Which payments of the order send the amount back: the one with most left first, store credit last
    (docs/decisions/0078)."""
    rows = [
        (payment, refundable_minor(payment))
        for payment in Payment.objects.filter(order=order, state="captured")
    ]
    found = []
    for payment, left in sorted(rows, key=lambda row: (row[0].method == CREDIT, -row[1], row[0].pk)):
        part = min(left, amount_minor)
        if part > 0:
            found.append((payment, part))
            amount_minor -= part
    return found


def whole_order_is_back(order: Order) -> bool:
    """Whether every piece that was not cancelled was sent and has come back: then the withdrawal covers the whole, and
    standard delivery goes back too (§ 357 (2) BGB).

    Goods that were sent for others belong to the order that was paid for: who keeps them has not given the whole back.
    One query per step of replacements, and one.
    """
    family = step = {first_order(order).pk}
    while step:
        step = set(Order.objects.filter(replaces__in=step).values_list("pk", flat=True)) - family
        family = family | step
    lines = Line.objects.filter(order__in=family)
    return all(line.quantity_open == 0 and line.quantity_returnable == 0 for line in lines)

"""Interest, costs and lump sum are paid: in the order of § 367 BGB where the payer named nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.finance.dunning.models import ClaimPayment, DunningClaim, DunningPolicy
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import assign, assign_dunning_costs
from fulfilment.finance.reconciliation.models import Receipt
from shop.kernel import clock
from shop.kernel.transactions import retrying

#: § 367 (1) BGB: costs first (the lump sum is damage like them), then interest, then the claim itself.
BY_LAW = (DunningClaim.FEE, DunningClaim.LUMP_SUM, DunningClaim.INTEREST)


class CannotPay(ValueError):
    """The amount does not fit; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Split:
    """What of a payment pays costs (with the lump sum), interest, and the invoice itself. Minor units."""

    costs_minor: int
    interest_minor: int
    principal_minor: int

    @property
    def claims_minor(self) -> int:
        """Costs and interest together."""
        return self.costs_minor + self.interest_minor


def open_claims(invoice: Invoice) -> QuerySet[DunningClaim]:
    """Claims of an invoice that are neither paid nor waived, in the order in which money pays them."""
    rank = Case(
        *[When(kind=kind, then=Value(place)) for place, kind in enumerate(BY_LAW)],
        output_field=IntegerField(),
    )
    rows = DunningClaim.objects.filter(invoice=invoice, waived_at=None, paid_minor__lt=F("amount_minor"))
    return rows.annotate(rank=rank).order_by("rank", "pk")


def open_parts(invoice: Invoice) -> Split:
    """All that is open of an invoice: costs (with the lump sum), interest, and the invoice itself. One query."""
    left = {True: 0, False: 0}
    for claim in open_claims(invoice):
        left[claim.kind == DunningClaim.INTEREST] += claim.left_minor
    return Split(left[False], left[True], invoice.open_minor)


def split_payment(*, invoice: Invoice, amount_minor: int, named_invoice: bool = False) -> Split:
    """How ``amount_minor`` that came for ``invoice`` is divided. Two queries.

    Who names the invoice (or pays exactly its open amount) pays it first, and what is over pays costs and interest. Who
    names nothing pays in the order of § 367 (1) BGB, unless the policy says otherwise.
    """
    owed = open_parts(invoice)
    policy = DunningPolicy.objects.order_by("pk").first() or DunningPolicy()
    principal_first = named_invoice or amount_minor == invoice.open_minor or not policy.costs_first
    principal = min(amount_minor, invoice.open_minor) if principal_first else 0
    costs = min(amount_minor - principal, owed.costs_minor)
    interest = min(amount_minor - principal - costs, owed.interest_minor)
    return Split(costs, interest, amount_minor - costs - interest)


def pay_claims(
    *,
    receipt: Receipt,
    invoice: Invoice,
    costs_minor: int,
    interest_minor: int,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> list[ClaimPayment]:
    """A part of ``receipt`` pays the costs and the interest of ``invoice`` (minor units): income from now on.

    why, by_itself: how matching came to it.

    Raises CannotPay for more than is open, NotEnoughLeft for more than is left of the receipt.
    """
    if costs_minor < 0 or interest_minor < 0 or not costs_minor + interest_minor:
        raise CannotPay(_("Please enter what was paid of costs or interest."))

    def work() -> list[ClaimPayment]:
        order = Order.objects.get(pk=invoice.order_id)
        assignment = assign_dunning_costs(
            receipt=receipt,
            order=order,
            fee_minor=costs_minor,
            interest_minor=interest_minor,
            why=why,
            by_itself=by_itself,
            by=by,
        )
        done, left = lay_on_claims(
            invoice=invoice,
            costs_minor=costs_minor,
            interest_minor=interest_minor,
            paid_on=receipt.booked_on,
            assignment=assignment,
        )
        if left.claims_minor:
            raise CannotPay(_("More was entered than is open of costs or interest."))
        return done

    return retrying(work)


def lay_on_claims(
    *, invoice: Invoice, costs_minor: int, interest_minor: int, paid_on: dt.date, **by_what: Any
) -> tuple[list[ClaimPayment], Split]:
    """Within the caller's transaction: pay open costs and interest of ``invoice`` with so much money (minor units), the
    oldest first. by_what: the assignment or the card payment. Returns the payments, and what nothing was open for."""
    left = {True: interest_minor, False: costs_minor}
    done = []
    for claim in open_claims(invoice):
        is_interest = claim.kind == DunningClaim.INTEREST
        part = min(left[is_interest], claim.left_minor)
        if part <= 0:
            continue
        rows = DunningClaim.objects.filter(
            pk=claim.pk, waived_at=None, paid_minor__lte=F("amount_minor") - part
        ).update(paid_minor=F("paid_minor") + part)
        if rows:
            left[is_interest] -= part
            done.append(
                ClaimPayment.objects.create(claim=claim, amount_minor=part, paid_on=paid_on, **by_what)
            )
    return done, Split(left[False], left[True], 0)


def pay_invoice_and_claims(
    *, receipt: Receipt, invoice: Invoice, amount_minor: int, named_invoice: bool = False, by: Any = None
) -> Split:
    """A part of ``receipt`` pays an invoice with its costs and interest, divided by ``split_payment``; one transaction.

    Raises as ``pay_claims`` and ``reconciliation.assign`` do.
    """

    def work() -> Split:
        claim = Invoice.objects.get(pk=invoice.pk)
        parts = split_payment(invoice=claim, amount_minor=amount_minor, named_invoice=named_invoice)
        if parts.claims_minor:
            pay_claims(
                receipt=receipt,
                invoice=claim,
                costs_minor=parts.costs_minor,
                interest_minor=parts.interest_minor,
                by=by,
            )
        if parts.principal_minor:
            assign(
                receipt=receipt,
                order=Order.objects.get(pk=claim.order_id),
                invoice=claim,
                amount_minor=parts.principal_minor,
                by=by,
            )
        return parts

    return retrying(work)


def unpay_claims(**by_what: Any) -> int:
    """The assignment (or card payment) behind payments of claims was undone: the claims are open again. Returns how
    many; repeating changes nothing."""

    def work() -> int:
        done = 0
        for one in ClaimPayment.objects.filter(undone_at=None, **by_what):
            if ClaimPayment.objects.filter(pk=one.pk, undone_at=None).update(undone_at=clock.now()):
                DunningClaim.objects.filter(pk=one.claim_id).update(
                    paid_minor=F("paid_minor") - one.amount_minor
                )
                done += 1
        return done

    return retrying(work)


def open_claims_minor(invoice_id: int) -> int:
    """Interest, costs and lump sum of an invoice that are neither paid nor waived, in minor units."""
    rows = DunningClaim.objects.filter(invoice_id=invoice_id, waived_at=None)
    total = rows.aggregate(sum=Sum(F("amount_minor") - F("paid_minor")))["sum"]
    return int(total or 0)

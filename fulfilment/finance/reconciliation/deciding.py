"""One verb for every proposal: book what was chosen, or tell that it is not so any more."""

from __future__ import annotations

from typing import Any

from checkout.order.models import Order
from checkout.payment.models import PREPAYMENT, Payment, Refund
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.models import Invoice, OrderAccount
from fulfilment.finance.ledger.models import Account
from shop.kernel.states import StateError
from shop.kernel.transactions import retrying

from . import actions, claims
from .actions.learn import fire, learn_payer
from .matching import items
from .matching.items import Part, Proposal
from .matching.load import customer_of
from .matching.words import reasons_text
from .models import Assignment, Disbursement, LearnedRule, PayBack, Receipt


class Changed(Exception):
    """The money or what it would pay is no longer what was shown: somebody was faster."""


def decide(
    *,
    money: Receipt | Disbursement,
    proposal: Proposal,
    seen_left_minor: int,
    by_itself: bool = False,
    charge_to_customer: bool = False,
    by: Any = None,
) -> list[Assignment]:
    """Book a proposal in one transaction, learn from it, and return the assignments made (for undo).

    seen_left_minor: what was left of the money when the proposal was made. Raises Changed when that or an open
    amount is
    different now; of two clerks with one line one gets it.
    """

    def work() -> list[Assignment]:
        present = type(money).objects.select_for_update(of=("self",)).select_related("line").get(pk=money.pk)
        if present.left_minor != seen_left_minor or not present.left_minor:
            raise Changed("somebody booked this money in the meantime")
        before = set(present.assignments.values_list("pk", flat=True))
        try:
            VERBS[proposal.kind](present, proposal, by, by_itself, charge_to_customer)
        except (
            StateError,
            ValueError,
        ) as error:  # the verbs' refusals: not enough left, wrong amount, arrived before
            raise Changed(str(error)) from error
        return list(present.assignments.exclude(pk__in=before).order_by("pk"))

    return retrying(work)


def _pay(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    why = reasons_text(proposal)
    for part in proposal.parts:
        if part.target:
            _pay_part(money, part, why, by_itself, by)


def _pay_part(money: Receipt, part: Part, why: str, by_itself: bool, by: Any) -> None:
    kind, _, pk = part.target.partition(":")
    invoice = Invoice.objects.select_related("order").filter(pk=pk).first() if kind == "invoice" else None
    order = invoice.order if invoice else Order.objects.filter(pk=pk).first() if kind == "order" else None
    if order is None:
        raise Changed("what it would pay is not there any more")
    account = accounts.locked(
        order
    )  # of two lines for one item the second waits here, and then sees what the first did
    if _asked_minor(order, invoice, account) != part.open_minor:
        raise Changed(f"{invoice.number if invoice else order.number} asks for another amount by now")
    if invoice is not None and part.costs_minor + part.interest_minor:
        claims.pay(
            receipt=money, invoice=invoice, costs_minor=part.costs_minor, interest_minor=part.interest_minor, why=why,
            by_itself=by_itself, by=by,
        )  # fmt: skip
    if part.principal_minor:
        actions.assign(
            receipt=money,
            order=order,
            invoice=invoice,
            amount_minor=part.principal_minor,
            accept_difference=part.rounding_minor > 0,
            charges_minor=part.charges_minor,
            exchange_minor=part.exchange_minor,
            why=why,
            by_itself=by_itself,
            by=by,
        )
    mail = str(invoice.buyer.get("email", "")) if invoice else str(order.guest_email or "")
    name = str(invoice.buyer.get("name", "")) if invoice else ""
    customer = customer_of(invoice.user_id if invoice else order.user_id, mail)
    rule = learn_payer(iban=money.payer_iban, customer=customer, name=name or money.payer, by=by)
    if rule is not None:
        fire(rule)


def _asked_minor(order: Order, invoice: Invoice | None, account: OrderAccount) -> int:
    """What an invoice, or an order by prepayment, asks for at this moment, in minor units."""
    if invoice is not None:
        return Invoice.objects.values_list("open_minor", flat=True).get(pk=invoice.pk)
    payment = Payment.objects.filter(order=order, method=PREPAYMENT).order_by("-pk").first()
    return max(0, payment.amount_minor - account.in_money_minor) if payment else 0


def _back(money: Any, proposal: Proposal, by: Any, by_itself: bool, charge: bool) -> None:
    """What has a target is paid, the rest goes back."""
    _pay(money, proposal, by, by_itself, charge)
    rest = sum(part.amount_minor for part in proposal.parts if not part.target)
    money.refresh_from_db()
    why = reasons_text(proposal)
    actions.give_back(receipt=money, amount_minor=rest, reason=why, why=why, by=by)


def _payout(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    part = proposal.parts[0]
    actions.explain_payout(
        money=money,
        payout=part.target.partition(":")[2],
        amount_minor=part.amount_minor,
        why=reasons_text(proposal),
        by_itself=by_itself,
        by=by,
    )


def _account(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    named = Account.objects.filter(pk=proposal.account_id) if proposal.account_id else None
    account = (named or Account.objects.filter(role=proposal.account)).first()
    if account is None:
        raise Changed("this account is not there any more")
    rule = LearnedRule.objects.filter(pk=proposal.rule_id).first()
    actions.explain(
        money=money,
        account=account,
        amount_minor=money.left_minor,
        vat_rate_bp=proposal.vat_rate_bp or 0,
        rule=rule,
        why=reasons_text(proposal),
        by_itself=by_itself,
        by=by,
    )
    if rule is not None:
        fire(rule)


def _refund(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    kind, _, pk = proposal.parts[0].target.partition(":")
    refund = (
        Refund.objects.select_related("payment__order").filter(pk=pk).first() if kind == "refund" else None
    )
    payback = PayBack.objects.filter(pk=pk).first() if kind == "payback" else None
    if refund is None and payback is None:
        raise Changed("this refund is not there any more")
    why = reasons_text(proposal)
    actions.explain_refund(
        disbursement=money, refund=refund, payback=payback, why=why, by_itself=by_itself, by=by
    )


def _together(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    """Each transfer of the sum by itself, so that one of them can come back."""
    for part in proposal.parts:
        kind, _, pk = part.target.partition(":")
        refund = Refund.objects.select_related("payment__order").filter(pk=pk).first()
        payback = PayBack.objects.filter(pk=pk).first() if kind == "payback" else None
        thing = payback or (refund if kind == "refund" else None)
        if thing is None or thing.amount_minor != part.amount_minor:
            raise Changed("one of these transfers is not there any more")
        actions.explain_refund(
            disbursement=money,
            refund=refund if kind == "refund" else None,
            payback=payback,
            why=reasons_text(proposal),
            by_itself=by_itself,
            by=by,
        )


def _came_back(money: Any, proposal: Proposal, by: Any, by_itself: bool, _charge: bool) -> None:
    part = proposal.parts[0]
    pk = part.target.partition(":")[2]
    left = Assignment.objects.select_related("refund__payment__order", "payback", "disbursement").filter(
        pk=pk
    )
    gone = left.first()
    if gone is None:
        raise Changed("this transfer is not there any more")
    actions.transfer_came_back(
        receipt=money,
        left=gone,
        charges_minor=part.charges_minor,
        why=reasons_text(proposal),
        by_itself=by_itself,
        by=by,
    )


def _returned(money: Any, proposal: Proposal, by: Any, _by_itself: bool, charge: bool) -> None:
    receipt = Receipt.objects.filter(pk=proposal.parts[0].target.partition(":")[2]).first()
    if receipt is None:
        raise Changed("this receipt is not there any more")
    actions.return_payment(
        disbursement=money,
        receipt=receipt,
        charge_minor=sum(part.amount_minor for part in proposal.parts[1:]),
        charge_to_customer=charge,
        why=reasons_text(proposal),
        by=by,
    )


def _same(money: Any, proposal: Proposal, by: Any, _by_itself: bool, _charge: bool) -> None:
    known = type(money).objects.filter(pk=proposal.parts[0].target.partition(":")[2]).first()
    if known is None:
        raise Changed("what was recorded by hand is not there any more")
    try:
        actions.link(money=money, known=known, by=by)
    except ValueError as error:
        raise Changed(str(error)) from error


VERBS = {
    items.PAY: _pay,
    items.BACK: _back,
    items.PAYOUT: _payout,
    items.ACCOUNT: _account,
    items.REFUND: _refund,
    items.PAYBACK: _refund,
    items.RETURNED: _returned,
    items.SAME: _same,
    items.TOGETHER: _together,
    items.CAME_BACK: _came_back,
}

"""An invoice is paid by card behind the letter's link: with its interest and costs, whole."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.actions import NoCardNow, card_for_invoice, close_account_payment
from checkout.payment.events import DisputeWon, PaymentCaptured, PaymentDisputed
from checkout.payment.models import Payment
from fulfilment.finance.dunning.models import ClaimPayment, DunningClaim
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import Invoice, OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post, reverse
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.reconciliation.actions import capture_when_complete
from shop.kernel import clock
from shop.kernel.money import split
from shop.kernel.transactions import retrying

from .claims import Split, lay_on_claims, open_parts, unpay_claims


def card_payment(*, invoice: Invoice, by: Any = None) -> Payment:
    """The card payment of all that is open of ``invoice`` now: itself, interest and costs.

    Network: call it outside a transaction. Raises NoCardNow (also while an earlier one is not booked yet: it would be
    paid twice), ProviderDown, ProviderRefused.
    """
    if _is_being_booked(invoice):
        raise NoCardNow(_("A payment of this invoice has just arrived. Please look again in a moment."))
    owed = open_parts(invoice)
    return card_for_invoice(
        order=Order.objects.get(pk=invoice.order_id),
        invoice_number=invoice.number,
        amount_minor=owed.claims_minor + owed.principal_minor,
        costs_minor=owed.costs_minor,
        interest_minor=owed.interest_minor,
        by=by,
    )


def _is_being_booked(invoice: Invoice) -> bool:
    """Whether money of a card has come that the invoice, or its interest and costs, do not show yet."""
    for card in Payment.objects.filter(invoice_number=invoice.number, state="captured"):
        if not Entry.objects.filter(source=f"capture:payment:{card.pk}").exists():
            return True
        laid = ClaimPayment.objects.filter(card=card).exists()
        if card.amount_minor > card.goods_minor and not laid:
            return not OrderMoney.objects.filter(source=_over(card.pk)).exists()
    return False


def pay_claims_by_card(*, captured: PaymentCaptured) -> list[ClaimPayment]:
    """The part of a card payment for interest and costs pays them; the rest was booked on the invoice. What is not owed
    any more (waived, or paid by transfer meanwhile) becomes the order's credit. A retry changes nothing."""
    if not captured.costs_minor + captured.interest_minor:
        return []

    def work() -> list[ClaimPayment]:
        invoice = Invoice.objects.get(number=captured.invoice_number)
        accounts.locked(Order.objects.get(pk=captured.order_id))
        if ClaimPayment.objects.filter(card=captured.payment_id, undone_at=None).exists():
            return []
        done, left = lay_on_claims(
            invoice=invoice,
            costs_minor=captured.costs_minor,
            interest_minor=captured.interest_minor,
            paid_on=clock.today(),
            card_id=captured.payment_id,
        )
        if left.claims_minor:
            _give_back(invoice, left, _over(captured.payment_id), captured.reference)
        return done

    return retrying(work)


def reopen_claims(*, dispute: PaymentDisputed) -> int:
    """The customer's bank took a card payment back, whole or in part: the interest and costs it paid are open again by
    their share, and that money is the order's, from whose account it was taken. Returns how many payments of claims
    were taken back; repeating changes nothing."""

    def work() -> int:
        payment = Payment.objects.get(pk=dispute.payment_id)
        source = _source(dispute.reference)
        if not payment.invoice_number or Entry.objects.filter(source=source).exists():
            return 0
        accounts.locked(Order.objects.get(pk=payment.order_id))
        paid = _paid_by(payment)
        weights = [payment.amount_minor - paid.claims_minor, paid.costs_minor, paid.interest_minor]
        _goods, costs, interest = split(min(dispute.amount_minor, payment.amount_minor), weights)
        if not costs + interest:
            return 0
        invoice = Invoice.objects.get(number=payment.invoice_number)
        undone, left = _lay_anew(payment, invoice, paid.costs_minor - costs, paid.interest_minor - interest)
        gone = Split(costs + left.costs_minor, interest + left.interest_minor, 0)
        _give_back(invoice, gone, source, dispute.reference)
        return undone

    return retrying(work)


def pay_claims_again(*, won: DisputeWon) -> int:
    """The bank gave the money back: it pays the interest and costs as before. Returns how many payments of claims."""

    def work() -> int:
        source = _source(won.reference)
        entry = Entry.objects.filter(source=source).first()
        known = OrderMoney.objects.filter(source=source, undone_at=None).exists()
        if entry is None or not known:
            return 0
        payment = Payment.objects.get(pk=won.payment_id)
        account = accounts.locked(Order.objects.get(pk=won.order_id))
        reverse(entry=entry, why=f"dispute {won.reference} won")
        accounts.undo_money(account=account, source=source, why="the dispute was won")
        invoice = Invoice.objects.get(number=payment.invoice_number)
        paid, back = _paid_by(payment), _given_by(entry)
        _undone, left = _lay_anew(
            payment,
            invoice,
            paid.costs_minor + back.costs_minor,
            paid.interest_minor + back.interest_minor,
        )
        if left.claims_minor:
            _give_back(invoice, left, f"{source}:over", won.reference)
        return ClaimPayment.objects.filter(card=payment, undone_at=None).count()

    return retrying(work)


def _paid_by(payment: Payment) -> Split:
    """What of a card payment pays costs and interest now."""
    sums = {True: 0, False: 0}
    for one in ClaimPayment.objects.filter(card=payment, undone_at=None).select_related("claim"):
        sums[one.claim.kind == DunningClaim.INTEREST] += one.amount_minor
    return Split(sums[False], sums[True], 0)


def _given_by(entry: Entry) -> Split:
    """What an entry took off the income of costs and of interest."""
    sums = dict(entry.lines.values_list("account__role").annotate(Sum("debit_minor")))
    return Split(sums.get("dunning_income", 0), sums.get("interest_income", 0), 0)


def _lay_anew(payment: Payment, invoice: Invoice, costs_minor: int, interest_minor: int) -> tuple[int, Split]:
    """A card payment pays so much of costs and interest instead of what it paid so far. Returns how many payments of
    claims were taken back, and what nothing was open for."""
    before = ClaimPayment.objects.filter(card=payment).order_by("pk").first()
    undone = unpay_claims(card=payment)
    _done, left = lay_on_claims(
        invoice=invoice,
        costs_minor=costs_minor,
        interest_minor=interest_minor,
        paid_on=before.paid_on if before else clock.today(),
        card_id=payment.pk,
    )
    return undone, left


def close_when_paid(*, invoice: Invoice) -> None:
    """An invoice was paid, and a card paid one of its order: when nothing of the order is open any more, the purchase
    on account is over. Transfers among its money count it as paid; else the cards did it all."""
    if not Payment.objects.of_invoices(invoice.order_id).filter(state="captured").exists():
        return
    order = Order.objects.get(pk=invoice.order_id)
    if capture_when_complete(order=order, reference=invoice.number):
        return
    if order.status == "completed" and not Invoice.objects.open().filter(order=order).exists():
        close_account_payment(order=order, why="its invoices were paid by card")


def _give_back(invoice: Invoice, parts: Split, source: str, reference: str) -> None:
    """Costs and interest that are income without being owed become money of the order."""
    order = Order.objects.get(pk=invoice.order_id)
    account = accounts.locked(order)
    post(
        source=source,
        kind="dunning_costs_paid",
        lines=rules.claims_given_back(
            order_number=order.number,
            costs_minor=parts.costs_minor,
            interest_minor=parts.interest_minor,
            currency=invoice.currency,
        ),
        text=f"{order.number} {reference}",
        document=invoice.number,
    )
    accounts.note_money(
        account=account,
        kind=OrderMoney.CARD,
        source=source,
        amount_minor=parts.claims_minor,
        reference=reference,
    )
    accounts.settle(account=account, first=invoice)
    push_credit(user_id=order.user_id)


def _over(payment_id: int) -> str:
    return f"claims-over:{payment_id}"


def _source(dispute: str) -> str:
    return f"claims-disputed:{dispute}"

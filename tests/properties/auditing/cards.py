"""Money at the card provider: charges, refunds, disputes, fees, payouts, and money of nobody."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment import approval as refunds
from checkout.payment import stripe_client
from checkout.payment import tasks as payment_tasks
from checkout.payment.actions import note_dispute, settle, settle_refund, start_card_payment
from checkout.payment.actions.refunds import refundable_minor, send_again
from checkout.payment.models import OPEN_STATES, Payment, Refund
from checkout.payment.stripe_client import client
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.psp import unmatched
from fulfilment.finance.psp.models import Explanation, UnmatchedMoney
from shop.approvals import actions as approvals
from tests.checkout.payment.shopper import pay


class Cards:
    """What happens at the provider, and what staff do about it."""

    def provider_rows(self: Any) -> list[Any]:
        """The provider's own list of movements, all pages."""
        found: list[Any] = []
        more, after = True, ""
        while more:
            rows, more = stripe_client.list_transactions(after=after)
            found += rows
            after = rows[-1].id if rows else ""
        return found

    def _pay(self: Any, payment: Payment) -> None:
        intent = start_card_payment(payment=payment).id
        self.auditor.orders_by_intent[intent] = payment.order.number
        pay(intent)
        settle(payment_id=payment.pk)

    def _open(self: Any) -> Any:
        return self.pick(
            Payment.objects.filter(method="card", state__in=OPEN_STATES)
            .select_related("order")
            .order_by("pk")
        )

    def pay_by_card(self: Any) -> bool:
        """The shopper's card is charged."""
        payment = self._open()
        if payment is None:
            return False
        self._pay(payment)
        return True

    def pay_too_late(self: Any) -> bool:
        """The order was cancelled while the shopper stood at the card's page: the money goes back by itself."""
        payment = self._open()
        if payment is None:
            return False
        cancel(order=payment.order, why="changed their mind", by=self.clerk)
        self._pay(payment)
        return True

    def send_refunds(self: Any) -> None:
        """The sweep sends what is asked for."""
        payment_tasks.send_refunds()
        self.outbox.drain()

    def refund(self: Any) -> bool:
        """Staff give money of a payment back; above the limit a second person says yes or no."""
        paid = [
            (row, left)
            for row in Payment.objects.filter(state="captured").select_related("order").order_by("pk")
            if (left := refundable_minor(row)) > 0
        ]
        if not paid:
            return False
        by_card = [one for one in paid if one[0].method == "card"]
        payment, left = self.pick(by_card if by_card and self.chance(50) else paid)
        asked = refunds.give_back(
            payment=payment,
            amount_minor=self.pick((left, self.dice.randint(1, left))),
            seen_minor=left,
            token=str(self.next()),
            reason_code="goodwill",
            reason="service",
            by=self.clerk,
        )
        if asked.approval is not None:
            if self.chance(20):
                approvals.decline(approval=asked.approval, by=self.boss, words="no")
                return False
            approvals.approve(approval=asked.approval, by=self.boss)
        self.outbox.drain()
        self.send_refunds()
        return True

    def refund_comes_back(self: Any) -> bool:
        """The customer's bank did not take it after all."""
        sent = Refund.objects.filter(state="succeeded", by_transfer=False, psp_id__isnull=False)
        refund = self.pick(sent.order_by("pk"))
        if refund is None:
            return False
        self.standin.control("refunds/fail", refund=refund.psp_id)
        settle_refund(psp_id=refund.psp_id)
        return True

    def refund_again(self: Any) -> bool:
        """By card anew, or by transfer."""
        failed = Refund.objects.filter(state="failed").select_related("payment").order_by("pk")
        refund = self.pick(row for row in failed if refundable_minor(row.payment) >= row.amount_minor)
        if refund is None:
            return False
        send_again(refund=refund, by=self.clerk, by_transfer=self.chance(50))
        self.outbox.drain()
        self.send_refunds()
        return True

    def send_failed_refunds(self: Any) -> None:
        """The money of an order that is gone goes back by transfer in the end."""
        for refund in Refund.objects.filter(state="failed").select_related("payment").order_by("pk"):
            if refundable_minor(refund.payment) >= refund.amount_minor:
                send_again(refund=refund, by=self.clerk, by_transfer=True)
                self.outbox.drain()

    def dispute(self: Any) -> bool:
        """The customer's bank takes the money back."""
        payment = self.pick(Payment.objects.filter(state="captured", method="card").order_by("pk"))
        if payment is None:
            return False
        charge = client().v1.payment_intents.retrieve(payment.intent_id).latest_charge
        if client().v1.charges.retrieve(charge).disputed:
            return False
        made = self.standin.control("disputes", charge=charge)["dispute"]["id"]
        note_dispute(dispute_id=made)
        self.disputes = [*getattr(self, "disputes", []), made]
        return True

    def dispute_ends(self: Any) -> bool:
        """Won or lost."""
        if not getattr(self, "disputes", []):
            return False
        dispute = self.disputes.pop(self.dice.randrange(len(self.disputes)))
        if self.chance(50):
            client().v1.disputes.close(dispute)
        else:
            evidence = {"uncategorized_text": "winning_evidence"}
            client().v1.disputes.update(dispute, params={"evidence": evidence})
            self.standin.control("clock", advance=5)
        note_dispute(dispute_id=dispute)
        return True

    def fee_alone(self: Any) -> bool:
        """The provider takes a fee for the month, or gives one back."""
        self.standin.control("balance", amount=self.pick((-1_200, -35, 50)), type="stripe_fee")
        return True

    def money_of_nobody(self: Any) -> bool:
        """A charge that no order of ours asked for, or a correction of the provider."""
        if self.chance(50):
            self.standin.control(
                "balance", amount=self.dice.randint(1, 900), type="adjustment", description="x"
            )
            return True
        params = {
            "amount": self.dice.randint(100, 9_000),
            "currency": "eur",
            "automatic_payment_methods": {"enabled": True},
        }
        pay(client().v1.payment_intents.create(params).id)
        return True

    def explain_money_of_nobody(self: Any) -> bool:
        """Somebody says whose it is: an order's, an account's, or it goes back."""
        money = self.pick(UnmatchedMoney.objects.filter(is_open=True).order_by("pk"))
        if money is None:
            self.settle()
            return False
        kind = self.pick((Explanation.ORDER, Explanation.ACCOUNT, Explanation.GIVE_BACK))
        order = self.pick(Order.objects.filter(~Q(status="cancelled")).order_by("pk"))
        account = Account.objects.get(role="interest_income").number
        what = {"order": order} if kind == Explanation.ORDER else {"account_number": account}
        unmatched.explain(money=money, kind=kind, why="found out", by=self.clerk, **what)
        if kind == Explanation.ORDER:
            self.auditor.told["unexplained"] += money.amount_minor
            self.auditor.told_owed[order.number] -= money.amount_minor
        elif kind == Explanation.ACCOUNT:
            self.auditor.put("unexplained", "interest_income", money.amount_minor)
        return True

    def payout(self: Any) -> bool:
        """The provider's daily payout; its line stands on a later statement. A debt is taken from our account."""
        told = self.standin.control("payouts", include_pending=True, paid=True, negative=self.chance(50))[
            "payout"
        ]
        if told is None:
            return False
        if self.chance(10):
            self.standin.control("payouts/fail", payout=told["id"])
        else:
            self.line(
                told["amount"], f"STRIPE {told['id'][-12:].upper()} SVWZ", name="Stripe Technology Europe"
            )
        self.settle()
        return True

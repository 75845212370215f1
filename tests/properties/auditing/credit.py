"""Store credit: money that goes back stays with us at the customer's wish, and pays the next order or a part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checkout.order.actions import place
from checkout.payment import approval as refunds
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import Payment
from checkout.store_credit.models import CreditAccount
from shop.approvals import actions as approvals
from tests.factories.shopping import make_basket, make_placement


class Credit:
    """What customers with an account do instead of taking their money back."""

    def refund_as_credit(self: Any) -> bool:
        """Staff give money back as store credit, at the customer's word."""
        rows = Payment.objects.filter(state="captured", order__user__isnull=False).select_related("order")
        payment = self.pick(row for row in rows.order_by("pk") if refundable_minor(row))
        if payment is None:
            return False
        left = refundable_minor(payment)
        asked = refunds.give_back(
            payment=payment,
            amount_minor=self.pick((left, self.dice.randint(1, left))),
            seen_minor=left,
            token=str(self.next()),
            reason_code="goodwill",
            reason="service",
            as_credit=True,
            by=self.clerk,
        )
        if asked.approval is not None:
            approvals.approve(approval=asked.approval, by=self.boss)
        return True

    def order_with_credit(self: Any) -> bool:
        """Whoever has credit orders with it: it pays the whole, or a part and another way the rest."""
        account = self.pick(
            CreditAccount.objects.filter(balance_minor__gt=0).select_related("user").order_by("pk")
        )
        if account is None:
            return False
        basket = make_basket((self.pick(self.range), self.dice.randint(1, 3)), owner=account.user)
        method = self.pick(("invoice", "card", "prepayment"))
        placement = make_placement(
            basket, method=method, user=account.user, shipping_minor=self.pick((0, 490))
        )
        total = placement.totals.total_minor
        credit = min(account.balance_minor, total)
        if 0 < total - credit < self.smallest_charge:
            placement = replace(placement, payment_method="invoice")
        place(replace(placement, credit_minor=credit))
        return True

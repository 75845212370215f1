"""What matching asks this room: open costs and interest beside invoices, letters by their number, and paying them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import F, Q, Sum

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.claims import Asked
from fulfilment.finance.reconciliation.models import Receipt

from .actions.claims import pay_claims
from .models import DunningClaim, DunningItem, DunningPolicy

LEFT = F("amount_minor") - F("paid_minor")


class DunningCollector:
    """Registered with ``reconciliation.claims``."""

    def asked(self, invoice_ids: Collection[int] | None) -> dict[int, Asked]:
        """What is neither paid nor waived beside these invoices (None: beside any open one). Two queries."""
        wanted: Any = (
            Invoice.objects.open().order_by().values("pk") if invoice_ids is None else list(invoice_ids)
        )
        letters: dict[int, list[str]] = defaultdict(list)
        named = DunningItem.objects.filter(invoice__in=wanted).order_by("pk")
        for invoice, number in named.values_list("invoice_id", "notice__number"):
            letters[invoice].append(number)
        claims = DunningClaim.objects.filter(
            invoice__in=wanted, waived_at=None, paid_minor__lt=F("amount_minor")
        )
        is_interest = Q(kind=DunningClaim.INTEREST)
        sums = (
            claims.order_by()
            .values_list("invoice_id")
            .annotate(interest=Sum(LEFT, filter=is_interest), costs=Sum(LEFT, filter=~is_interest))
        )
        left = {invoice: (int(costs or 0), int(interest or 0)) for invoice, interest, costs in sums}
        return {
            invoice: Asked(*left.get(invoice, (0, 0)), letters=tuple(letters.get(invoice, ())))
            for invoice in {*left, *letters}
        }

    def invoices_of(self, letters: Iterable[str]) -> list[int]:
        """Invoices that letters name, by their numbers without a hyphen (D2026000123). One query."""
        numbers = [f"{one[:5]}-{one[5:]}" for one in letters if len(one) > 5]
        found = DunningItem.objects.filter(notice__number__in=numbers).order_by("invoice_id")
        return list(found.values_list("invoice_id", flat=True).distinct()) if numbers else []

    def costs_first(self) -> bool:
        """What the policy says of § 367 (1) BGB."""
        return (DunningPolicy.objects.order_by("pk").first() or DunningPolicy()).costs_first

    def pay(
        self,
        *,
        receipt: Receipt,
        invoice: Invoice,
        costs_minor: int,
        interest_minor: int,
        why: str,
        by_itself: bool,
        by: Any,
    ) -> None:
        """A part of the receipt pays costs and interest, in the caller's transaction. Raises CannotPay."""
        pay_claims(
            receipt=receipt, invoice=invoice, costs_minor=costs_minor, interest_minor=interest_minor, why=why,
            by_itself=by_itself, by=by,
        )  # fmt: skip

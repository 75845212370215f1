"""Reads of the room, each with a constant number of queries. Amounts in minor units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet, Sum

from checkout.payment.models import Refund
from fulfilment.finance.ledger.queries import balance_minor

from .models import GONE_WRONG, BalanceTransaction, Payout, UnmatchedMoney

MOST_SHOWN = 500  #: movements on the page of a payout; the CSV has them all


def open_payouts(currency: str = "EUR") -> QuerySet[Payout]:
    """Payouts whose line on the bank statement is still to be found, oldest first."""
    rows = Payout.objects.filter(arrived_on__isnull=True, currency=currency).exclude(
        provider_status__in=GONE_WRONG
    )
    return rows.order_by("arrival_date", "pk")


def payout_named(text: str) -> Payout | None:
    """The open payout whose id stands in a text of the bank (also its last twelve characters, as banks show it)."""
    words = re.findall(r"[A-Za-z0-9_]{12,80}", text)[:40]
    wanted = Q(psp_id__in=words)
    for word in words:
        if len(word) == 12:
            wanted |= Q(psp_id__iendswith=word)
    return (
        Payout.objects.filter(wanted, arrived_on__isnull=True).exclude(provider_status__in=GONE_WRONG).first()
    )


@dataclass
class Explained:
    """A payout with everything it consists of."""

    payout: Payout
    movements: list[BalanceTransaction] = field(default_factory=list)
    count: int = 0
    gross_minor: int = 0
    fees_minor: int = 0
    net_minor: int = 0
    waiting: int = 0
    arrived_minor: int = 0

    @property
    def unexplained_minor(self) -> int:
        """What of the payout no movement explains."""
        return self.payout.amount_minor - self.net_minor

    @property
    def difference_minor(self) -> int:
        """What the bank got beyond (or short of) the payout; only once its line was found."""
        return self.arrived_minor - self.payout.amount_minor if self.payout.arrived_on else 0


def explained(payout: Payout) -> Explained:
    """A payout, its movements, and what arrived on the bank account by the books. Four queries."""
    rows = payout.transactions.exclude(kind="payout").select_related("entry", "fee_entry", "rest_entry")
    sums = rows.aggregate(gross=Sum("amount_minor"), fees=Sum("fee_minor"), net=Sum("net_minor"))
    waiting = rows.filter(booking=BalanceTransaction.WAITING).count()
    shown = list(rows.order_by("created_at", "pk")[:MOST_SHOWN])
    return Explained(
        payout=payout,
        movements=shown,
        count=len(shown) if len(shown) < MOST_SHOWN else rows.count(),
        gross_minor=int(sums["gross"] or 0),
        fees_minor=int(sums["fees"] or 0),
        net_minor=int(sums["net"] or 0),
        waiting=waiting,
        arrived_minor=-balance_minor(
            "psp_clearing", subject=f"psp:{payout.psp_id}"[:60], currency=payout.currency
        ),
    )


def open_money() -> QuerySet[UnmatchedMoney]:
    """Money that nobody has explained yet."""
    return UnmatchedMoney.objects.filter(is_open=True)


def failed_refunds() -> QuerySet[Refund]:
    """Refunds that failed, also after they had succeeded, and that nobody has sent again."""
    return Refund.objects.filter(state="failed")

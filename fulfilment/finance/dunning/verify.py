"""Invariants of dunning."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Count, F, Q, Sum

from fulfilment.finance.invoicing.models import OrderMoney

from .models import ClaimPayment, DunningClaim, DunningItem, DunningNotice, WriteOff

SHOWN = 20


def once_per_invoice_and_level() -> list[str]:
    """No invoice was asked twice at one level."""
    rows = (
        DunningItem.objects.values("invoice__number", "level").annotate(times=Count("pk")).filter(times__gt=1)
    )
    return [
        f"{row['invoice__number']} was asked {row['times']} times at level {row['level']}" for row in rows
    ]


def notices_are_the_sum_of_their_items() -> list[str]:
    """Each letter's open amount, interest and costs are those of its items."""
    rows = DunningNotice.objects.annotate(
        open_sum=Sum("items__open_minor"),
        interest_sum=Sum("items__interest_minor"),
        fee_sum=Sum("items__fee_minor"),
        earlier_sum=Sum("items__earlier_minor"),
    ).exclude(
        open_minor=F("open_sum"),
        interest_minor=F("interest_sum"),
        fee_minor=F("fee_sum"),
        earlier_minor=F("earlier_sum"),
    )
    return [f"{notice.number} does not equal its items" for notice in rows]


def claims_are_paid_by_their_payments() -> list[str]:
    """What a claim shows as paid is the sum of its payments that stand, and their assignments stand too."""
    paid = Sum("payments__amount_minor", filter=Q(payments__undone_at=None), default=0)
    wrong = DunningClaim.objects.annotate(sum=paid).exclude(sum=F("paid_minor")).select_related("notice")
    found = [f"{claim.notice.number} {claim.kind}: {claim.paid_minor} paid" for claim in wrong[:SHOWN]]
    gone = ClaimPayment.objects.filter(undone_at=None, assignment__undone_at__isnull=False)
    return found + [f"claim {row.claim_id} is paid by an assignment that was undone" for row in gone[:SHOWN]]


def write_offs_are_on_their_account() -> list[str]:
    """Per order, what is written off and did not come after all lies as such on its account."""
    lost: dict[int, int] = defaultdict(int)
    for write_off in WriteOff.objects.filter(reversed_at=None).select_related("invoice"):
        lost[write_off.invoice.account_id] += write_off.left_minor
    laid = dict(
        OrderMoney.objects.filter(kind=OrderMoney.WRITE_OFF, undone_at=None)
        .order_by()
        .values_list("account_id")
        .annotate(Sum("amount_minor"))
    )
    return [
        f"account {pk}: {lost.get(pk, 0)} written off, {laid.get(pk, 0)} on the account"
        for pk in sorted({*lost, *laid})
        if lost.get(pk, 0) != laid.get(pk, 0)
    ][:SHOWN]


def recoveries_add_up() -> list[str]:
    """What came for a write-off after all is the sum of its recoveries."""
    came = Sum("recoveries__amount_minor", filter=Q(recoveries__undone_at=None), default=0)
    wrong = WriteOff.objects.annotate(came=came).exclude(came=F("recovered_minor"))
    return [f"write-off {row.pk}: {row.recovered_minor} recovered" for row in wrong[:SHOWN]]


CHECKS = [
    ("each invoice is asked once per dunning level", once_per_invoice_and_level),
    ("dunning notices are the sum of their items", notices_are_the_sum_of_their_items),
    ("dunning claims are paid by their payments", claims_are_paid_by_their_payments),
    ("write-offs lie on their accounts", write_offs_are_on_their_account),
    ("recovered write-offs add up", recoveries_add_up),
]

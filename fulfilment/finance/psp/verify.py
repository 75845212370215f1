"""Invariants of the room. Each check returns sentences; none means that it holds."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import F, Q, Sum

from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.queries import balances_by_subject
from shop.kernel.clock import now

from .models import PAYOUT_KINDS, BalanceTransaction, Explanation, Payout, UnmatchedMoney

SHOWN = 20
CHUNK = 2000
WAITS_TOO_LONG = dt.timedelta(days=1)


def movements_are_booked_in_full() -> list[str]:
    """Every booked movement changed the clearing account by exactly what the provider says."""
    found: list[str] = []
    rows = BalanceTransaction.objects.exclude(booking=BalanceTransaction.WAITING)
    for chunk in _chunks(rows.exclude(kind__in=PAYOUT_KINDS)):
        effects = _effects(chunk)
        found += [
            f"movement {row.psp_id}: {row.net_minor} at the provider, {_sum(row, effects)} in the books"
            for row in chunk
            if _sum(row, effects) != row.net_minor
        ]
    return found[:SHOWN]


def payouts_are_what_they_consist_of() -> list[str]:
    """A payout that counts as explained is the sum of its movements."""
    parts = Sum("transactions__net_minor", filter=~Q(transactions__kind="payout"), default=0)
    wrong = Payout.objects.filter(is_explained=True).annotate(parts=parts).exclude(parts=F("amount_minor"))
    return [f"payout {row.psp_id}: {row.amount_minor}, its movements {row.parts}" for row in wrong[:SHOWN]]  # type: ignore[attr-defined]


def payouts_end_at_zero() -> list[str]:
    """Of a payout that arrived, the clearing account keeps nothing: what its movements put there, it took."""
    arrived = {
        payout.psp_id: payout for payout in Payout.objects.filter(arrived_on__isnull=False, is_explained=True)
    }
    taken = {
        subject: amount
        for subject, amount in balances_by_subject("psp_clearing").items()
        if subject.startswith("psp:po_")
    }
    put: dict[str, int] = defaultdict(int)
    rows = BalanceTransaction.objects.filter(payout__arrived_on__isnull=False).exclude(kind="payout")
    for chunk in _chunks(rows.select_related("payout")):
        effects = _effects(chunk)
        for row in chunk:
            moved = row.net_minor if row.kind in PAYOUT_KINDS else _sum(row, effects)
            put[row.payout.psp_id] += moved  # type: ignore[union-attr]
    return [
        f"payout {psp_id}: {put[psp_id]} in the clearing account, {taken.get(f'psp:{psp_id}'[:60], 0)} taken by it"
        for psp_id in sorted(arrived)
        if put[psp_id] + taken.get(f"psp:{psp_id}"[:60], 0)
    ][:SHOWN]


def nothing_waits_for_ever() -> list[str]:
    """A movement is booked within a day."""
    late = BalanceTransaction.objects.filter(
        booking=BalanceTransaction.WAITING, fetched_at__lte=now() - WAITS_TOO_LONG
    )
    return [f"movement {row.psp_id} ({row.kind}) waits to be booked" for row in late.order_by("pk")[:SHOWN]]


def open_money_is_unexplained_in_the_books() -> list[str]:
    """Per reference: what the ledger holds as unexplained is what the list shows as open."""
    booked = {
        subject: -amount
        for subject, amount in balances_by_subject("unexplained").items()
        if subject.startswith("psp:")
    }
    listed: dict[str, int] = defaultdict(int)
    unsent = Explanation.objects.filter(kind=Explanation.GIVE_BACK, done_at=None, undone_at=None)
    for row in UnmatchedMoney.objects.filter(Q(is_open=True) | Q(explanations__in=unsent)).distinct():
        listed[row.subject] += row.amount_minor
    return [
        f"{subject}: {booked.get(subject, 0)} unexplained in the ledger, {listed.get(subject, 0)} on the list"
        for subject in sorted(set(booked) | set(listed))
        if booked.get(subject, 0) != listed.get(subject, 0)
    ][:SHOWN]


def _chunks(rows):  # type: ignore[no-untyped-def]
    chunk: list[BalanceTransaction] = []
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _entry_ids(row: BalanceTransaction) -> list[int]:
    return [pk for pk in (row.entry_id, row.fee_entry_id, row.rest_entry_id) if pk]


def _effects(chunk: list[BalanceTransaction]) -> dict[int, int]:
    """By how much each entry behind these movements moves the clearing account. One query."""
    ids = {pk for row in chunk for pk in _entry_ids(row)}
    lines = EntryLine.objects.filter(entry_id__in=ids, account__role="psp_clearing").order_by()
    sums = lines.values("entry_id").annotate(moved=Sum(F("debit_minor") - F("credit_minor")))
    return dict(sums.values_list("entry_id", "moved"))


def _sum(row: BalanceTransaction, effects: dict[int, int]) -> int:
    return sum(effects.get(pk, 0) for pk in _entry_ids(row))


CHECKS = [
    ("movements at the card provider are booked in full", movements_are_booked_in_full),
    ("payouts are what they consist of", payouts_are_what_they_consist_of),
    ("the clearing account of each payout ends at 0", payouts_end_at_zero),
    ("no movement at the card provider waits for ever", nothing_waits_for_ever),
    ("money without an order is unexplained in the books", open_money_is_unexplained_in_the_books),
]

"""Reads of the room, each with a constant number of queries."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from fulfilment.finance.amounts import parse
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.reconciliation.collective import Together

from .models import Transfer, TransferBatch

ON_ITS_WAY = ("made", "handed")


def batches(*, search: str = "", state: str = "") -> QuerySet[TransferBatch]:
    """Files without their bytes. search: number, name or end-to-end id of a transfer in it, or the sum."""
    found = TransferBatch.objects.defer("content").select_related("account", "made_by", "approved_by")
    if state:
        found = found.filter(state=state)
    if not search:
        return found
    inside = Transfer.objects.filter(
        Q(name__icontains=search)
        | Q(end_to_end_id__iexact=search)
        | Q(refund__payment__order__number__iexact=search)
    )
    wanted = Q(message_id__icontains=search) | Q(pk__in=inside.values("batch_id"))
    with contextlib.suppress(ValueError):  # it is no amount
        wanted |= Q(amount_minor=parse(search))
    return found.filter(wanted)


def own_accounts() -> QuerySet[BankAccount]:
    """Accounts of ours that can pay, the main account first."""
    found = BankAccount.objects.filter(is_active=True, currency="EUR").exclude(iban="")
    return found.order_by("-is_default", "name", "pk")


def on_their_way(amounts: set[int] | None) -> Iterable[Together]:
    """Files that the bank may book in one sum: what is left of each and no line has told yet. One query."""
    rows = Transfer.objects.filter(is_live=True, seen_at=None, batch__state__in=ON_ITS_WAY)
    files: dict[tuple[int, str], list[tuple[str, int, str]]] = {}
    for transfer in rows.select_related("batch").defer("batch__content").order_by("batch_id", "position"):
        parts = files.setdefault((transfer.batch_id, transfer.batch.message_id or ""), [])
        parts.append((transfer.target, transfer.amount_minor, transfer.end_to_end_id))
    for (pk, number), parts in files.items():
        total = sum(amount for _target, amount, _label in parts)
        if len(parts) > 1 and (amounts is None or total in amounts):  # a single one is found by itself
            yield Together(str(pk), number, total, "EUR", tuple(parts))

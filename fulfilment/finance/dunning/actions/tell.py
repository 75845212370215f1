"""Telling of each letter, after the transaction that wrote it with many others."""

from __future__ import annotations

from collections.abc import Sequence

from fulfilment.finance.dunning.events import DunningNoticeIssued
from fulfilment.finance.dunning.models import DunningNotice
from shop.kernel.outbox import record_many


def tell(*, notice_ids: Sequence[int]) -> int:
    """One DunningNoticeIssued for each of these letters, within the caller's transaction; returns how many. Two queries
    for reading, whatever their number. One letter whose mail fails keeps no other from its mail."""
    found = DunningNotice.objects.filter(pk__in=notice_ids).defer("facts").order_by("pk")
    letters = list(found.prefetch_related("items__invoice"))
    record_many([_issued(letter) for letter in letters])
    return len(letters)


def _issued(letter: DunningNotice) -> DunningNoticeIssued:
    invoices = [item.invoice for item in letter.items.all()]
    return DunningNoticeIssued(
        notice_id=letter.pk,
        number=letter.number,
        level=letter.level,
        user_id=letter.user_id,
        email=letter.email,
        language=letter.language,
        total_minor=letter.total_minor,
        currency=letter.currency,
        invoice_numbers=[invoice.number for invoice in invoices],
        order_ids=sorted({invoice.order_id for invoice in invoices}),
    )

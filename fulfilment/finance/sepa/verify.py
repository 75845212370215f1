"""Invariants of transfers. Each check returns sentences; none means that it holds."""

from __future__ import annotations

import hashlib

from django.db.models import Count, F, Q, Sum

from .models import Transfer, TransferBatch
from .pain import sums

SHOWN = 20
CHUNK = 20  #: files held in memory at once


def files_are_the_sum_of_their_transfers() -> list[str]:
    """Number and sum of a file are those of the transfers in it."""
    rows = TransferBatch.objects.defer("content").annotate(
        rows=Count("transfers"), total=Sum("transfers__amount_minor", default=0)
    )
    wrong = rows.exclude(rows=F("count"), total=F("amount_minor")).order_by("pk")
    return [
        f"file {row}: {row.count} transfers of {row.amount_minor}, rows {row.rows} of {row.total}"
        for row in wrong[:SHOWN]
    ]


def files_are_as_they_were_made() -> list[str]:
    """The bytes have their hash, and say of each transfer what its row says."""
    found: list[str] = []
    batches = TransferBatch.objects.order_by("pk").prefetch_related("transfers")
    for batch in batches.iterator(chunk_size=CHUNK):
        content = bytes(batch.content)
        if hashlib.sha256(content).hexdigest() != batch.sha256:
            found.append(f"file {batch}: its bytes were changed")
            continue
        rows = [(row.end_to_end_id, row.amount_minor, row.iban) for row in batch.transfers.all()]
        if sums(content) != (batch.message_id, rows):
            found.append(f"file {batch}: its bytes are not its rows")
    return found[:SHOWN]


def nothing_is_sent_twice() -> list[str]:
    """A refund or payback is in one live file at most."""
    found = []
    for name in ("refund", "payback"):
        rows = Transfer.objects.filter(is_live=True).exclude(**{name: None}).order_by()
        twice = rows.values(f"{name}_id").annotate(times=Count("pk")).filter(times__gt=1)
        found += [f"{name} {row[f'{name}_id']} is in {row['times']} files" for row in twice[:SHOWN]]
    return found[:SHOWN]


def what_is_in_files_is_on_its_way() -> list[str]:
    """What is in a live file waits nowhere else, and counts as sent once the bank has the file."""
    live = Transfer.objects.filter(is_live=True).order_by("pk")
    made, handed = Q(batch__state="made"), Q(batch__state__in=("handed", "booked"))
    wrong = live.filter(
        (made & Q(refund__state__in=("requested", "failed")))
        | (handed & ~Q(refund__state="succeeded") & Q(refund__isnull=False))
        | Q(payback__state__in=("requested", "cancelled"))
        | Q(batch__state="cancelled")
    )
    return [f"transfer {row} is in a file, and what it sends is not on its way" for row in wrong[:SHOWN]]


CHECKS = [
    ("files of transfers are the sum of their transfers", files_are_the_sum_of_their_transfers),
    ("files of transfers are as they were made", files_are_as_they_were_made),
    ("no refund is in two live files of transfers", nothing_is_sent_twice),
    ("what is in a file of transfers is on its way", what_is_in_files_is_on_its_way),
]

"""The journal as JSON lines: one object per posted entry, by day and number. The schema is in docs/journal-json.md."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from fulfilment.finance.ledger.models import EntryLine

CHUNK_LINES = 5_000
ENTRY = ("entry_id", "entry__booked_on", "entry__posted_at", "entry__source", "entry__kind", "entry__text",
         "entry__document", "entry__reverses_id", "entry__by_id")  # fmt: skip
LINE = ("account__number", "account__role", "debit_minor", "credit_minor", "currency", "subject", "vat_country",
        "vat_rate_bp", "tax_base_minor")  # fmt: skip
_LINE_NAMES = ("account", "role", *LINE[2:])


def lines(first: dt.date, last: dt.date) -> Iterator[tuple[int, bytes]]:
    """Number of the entry and its line of JSON, for every entry posted on a day from ``first`` to ``last``."""
    found = (
        EntryLine.objects.filter(entry__posted_at__isnull=False, entry__booked_on__range=(first, last))
        .order_by("entry__booked_on", "entry_id", "pk")
        .values_list(*ENTRY, *LINE)
    )
    for pk, group in groupby(found.iterator(chunk_size=CHUNK_LINES), key=itemgetter(0)):
        rows = list(group)
        yield pk, (json.dumps(_entry(rows), ensure_ascii=False) + "\n").encode()


def _entry(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    pk, day, posted, source, kind, text, document, reverses, by = rows[0][: len(ENTRY)]
    return {
        "entry": pk,
        "day": day.isoformat(),
        "posted_at": posted.isoformat(),
        "source": source,
        "kind": kind,
        "text": text,
        "document": document,
        "reverses": reverses,
        "by": by,
        "lines": [dict(zip(_LINE_NAMES, row[len(ENTRY) :], strict=True)) for row in rows],
    }

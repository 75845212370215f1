"""The chain of seals: what of an entry is hashed and how, and finding the first link that does not hold.

The hash of a link is SHA-256 over the hash of the link before it, a line feed, and the entry in its canonical form: a
JSON list of its columns, its lines in their order, and the hashes of its attachments.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone

from .models import Attachment, Entry, EntryLine, Seal, SealLink

CHUNK = 2_000  #: entries read at once
SHOWN = 20
ENTRY_FIELDS = (
    "pk", "source", "kind", "booked_on", "text", "document", "into_closed", "reverses_id", "by_id", "created_at",
    "posted_at",
)  # fmt: skip
LINE_FIELDS = (
    "entry_id", "account__number", "debit_minor", "credit_minor", "currency", "subject", "vat_country", "vat_rate_bp",
    "tax_base_minor",
)  # fmt: skip


def digests(before: str, ids: Sequence[int]) -> list[str]:
    """Hashes of the links of these entries, in this order, the first standing on ``before``."""
    found = []
    for at in range(0, len(ids), CHUNK):
        part = ids[at : at + CHUNK]
        known = canonical(part)
        for pk in part:
            before = link_digest(before, known[pk])
            found.append(before)
    return found


def link_digest(before: str, entry: str) -> str:
    """The hash of one link."""
    return hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest()


def seal_digest(before: str, number: int, day: dt.date, entries: int, newest: str) -> str:
    """The hash of a seal: the seal before it, what it is of, and the newest link of all."""
    return hashlib.sha256(f"{before}\n{number}\n{day.isoformat()}\n{entries}\n{newest}".encode()).hexdigest()


def canonical(ids: Sequence[int]) -> dict[int, str]:
    """Entries in the form that is hashed, by id; missing ones are left out. Three queries."""
    lines: dict[int, list[Any]] = defaultdict(list)
    rows = EntryLine.objects.filter(entry_id__in=ids).order_by("entry_id", "pk").values_list(*LINE_FIELDS)
    for entry_id, *values in rows:
        lines[entry_id].append(values)
    papers: dict[int, list[str]] = defaultdict(list)
    attached = Attachment.objects.filter(entry_id__in=ids).order_by("pk").values_list("entry_id", "sha256")
    for entry_id, sha256 in attached:
        papers[entry_id].append(sha256)
    return {
        row[0]: json.dumps(
            [*map(_plain, row), lines[row[0]], papers[row[0]]], ensure_ascii=False, separators=(",", ":")
        )
        for row in Entry.objects.filter(pk__in=ids).values_list(*ENTRY_FIELDS)
    }


def first_breach() -> str:
    """What is wrong with the first link or seal that does not hold, in words; "" when all do."""
    seals = {seal.pk: seal for seal in Seal.objects.all()}
    newest: dict[int, tuple[int, str]] = {}  #: per seal: how many links, and the hash of the last
    before, expected = "", 1
    for part in _parts():
        known = canonical([entry_id for _position, entry_id, _seal, _sha256 in part])
        for position, entry_id, seal_id, sha256 in part:
            if position != expected:
                return f"link {expected} of the chain is missing"
            if entry_id not in known:
                return f"entry {entry_id} is sealed and no longer there"
            if link_digest(before, known[entry_id]) != sha256:
                return f"{_named(entry_id)} was changed after it was sealed"
            before, expected = sha256, expected + 1
            newest[seal_id] = (newest.get(seal_id, (0, ""))[0] + 1, sha256)
    return _first_broken_seal(sorted(seals.values(), key=lambda seal: seal.number), newest)


def _parts() -> Iterator[list[tuple[int, int, int, str]]]:
    at = 0
    while True:
        links = SealLink.objects.filter(position__gt=at).order_by("position")
        part = list(links.values_list("position", "entry_id", "seal_id", "sha256")[:CHUNK])
        if not part:
            return
        yield part
        at = part[-1][0]


def _first_broken_seal(seals: list[Seal], links: dict[int, tuple[int, str]]) -> str:
    before, newest = "", ""
    for number, seal in enumerate(seals, start=1):
        if seal.number != number:
            return f"seal {number} is missing"
        count, sha256 = links.get(seal.pk, (0, newest))
        if count != seal.entries:
            return f"the seal of {seal.day} is over {seal.entries} entries, {count} of them are linked"
        if seal_digest(before, seal.number, seal.day, seal.entries, sha256) != seal.sha256:
            return f"the seal of {seal.day} was changed"
        before, newest = seal.sha256, sha256
    return ""


def late_entries() -> list[str]:
    """Entries posted before the day of the newest seal that still have no link: somebody took it away, or put the
    entry in with an old moment. One query."""
    newest = Seal.objects.order_by("-number").first()
    if newest is None:
        return []
    morning = timezone.make_aware(dt.datetime.combine(newest.day, dt.time()))
    late = Entry.objects.filter(posted_at__lt=morning, seal_link__isnull=True).order_by("pk")
    ids = late.values_list("pk", flat=True)[:SHOWN]
    return [f"entry {pk} is older than the newest seal and not sealed" for pk in ids]


def _named(entry_id: int) -> str:
    entry = Entry.objects.get(pk=entry_id)
    return f"entry {entry.pk} ({entry.booked_on.isoformat()}, {entry.source}, {entry.text})"


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, dt.date) else value

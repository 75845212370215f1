"""The nightly seal: every entry posted until the end of a day gets its link in one chain of hashes.

Order is that of posting, not of the day an entry is booked on: what is posted late into a day long sealed is a link of
the day it was posted. An entry whose transaction ended after its day was sealed gets its link the next night.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError
from django.utils import timezone

from fulfilment.finance.ledger import chain
from fulfilment.finance.ledger.models import Entry, Seal, SealLink
from shop.kernel import clock
from shop.kernel.transactions import retrying

CHUNK = 2_000


class TooEarly(ValueError):
    """A day is sealed when it is over."""


def seal(*, day: dt.date) -> Seal:
    """Seal what was posted until the end of ``day`` and is not sealed yet. A retry changes nothing and returns the seal
    that is there; a day without entries has its seal too, so nobody can take one away unseen.

    Raises TooEarly for a day that is not over, or one before the newest seal.
    """
    if day >= clock.today():
        raise TooEarly(f"{day.isoformat()} is not over yet")
    try:
        return retrying(lambda: _seal(day))
    except IntegrityError:  # another one sealed in this moment, this day or the one before
        return retrying(lambda: _seal(day))


def _seal(day: dt.date) -> Seal:
    known = Seal.objects.filter(day=day).first()
    if known is not None:
        return known
    before = Seal.objects.order_by("-number").first()
    if before is not None and before.day > day:
        raise TooEarly(f"{before.day.isoformat()} is sealed already; {day.isoformat()} lies before it")
    last = SealLink.objects.order_by("-position").values_list("position", "sha256").first() or (0, "")
    ids = _unsealed(day)
    sha256 = chain.digests(last[1], ids)
    links = list(zip(ids, sha256, strict=True))
    newest = links[-1][1] if links else last[1]
    number = before.number + 1 if before else 1
    made = Seal.objects.create(
        number=number,
        day=day,
        entries=len(ids),
        sha256=chain.seal_digest(before.sha256 if before else "", number, day, len(ids), newest),
    )
    for at in range(0, len(links), CHUNK):
        SealLink.objects.bulk_create(
            SealLink(position=last[0] + 1 + at + step, entry_id=pk, seal=made, sha256=digest)
            for step, (pk, digest) in enumerate(links[at : at + CHUNK])
        )
    return made


def _unsealed(day: dt.date) -> list[int]:
    """Ids of the entries posted until the end of ``day`` that have no link, in the order of posting. One query."""
    morning = timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()))
    entries = Entry.objects.filter(posted_at__lt=morning, seal_link__isnull=True)
    return list(entries.order_by("posted_at", "pk").values_list("pk", flat=True))

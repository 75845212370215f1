"""Looking at everything that is not explained: certain ones book by themselves, of the others it is kept how sure
the best
proposal is. Resumable: what is booked is no longer open, and every booking is a transaction of its own."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fulfilment.finance.reconciliation.models import UNEXPLAINED, Disbursement, MatchPolicy, Receipt

from .engine import is_clear, proposals
from .index import Index
from .items import BACK, SAME, Money, Proposal
from .load import complete, index_for, index_of_all, money_of

log = logging.getLogger(__name__)
CHUNK = 5_000  #: lines that are held in memory at once
UPDATE_CHUNK = 1_000  #: rows per UPDATE of what was found


@dataclass
class Outcome:
    """What a run came to: lines looked at, booked by themselves, with a proposal, without one."""

    looked_at: int = 0
    booked: int = 0
    proposed: int = 0
    unknown: int = 0


def match_open(*, limit: int | None = None) -> Outcome:
    """Look at all money that is not explained (at most ``limit`` lines of each side) and book what is certain."""
    policy = MatchPolicy.objects.get_or_create(pk=1)[0]
    outcome = Outcome()
    for model in (Receipt, Disbursement):
        index: Index | None = None
        for rows in _chunks(model, limit):
            moneys = [money_of(row) for row in rows]
            index = index or index_of_all()
            complete(index, moneys)
            _match(rows, moneys, index, policy, outcome)
    return outcome


def match_these(rows: Sequence[Receipt | Disbursement]) -> dict[str, list[Proposal]]:
    """Proposals for a few lines, by key ("receipt:5"). A constant number of queries, nothing is booked."""
    moneys = [money_of(row) for row in rows if row.left_minor]
    if not moneys:
        return {}
    index = index_for(moneys)
    return {money.key: proposals(money, index) for money in moneys}


def _match(
    rows: Sequence[Receipt | Disbursement],
    moneys: Sequence[Money],
    index: Index,
    policy: MatchPolicy,
    outcome: Outcome,
) -> None:
    """One chunk: find, book what is certain, keep how sure the rest is."""
    sure: dict[int, list[int]] = defaultdict(list)
    for row, money in zip(rows, moneys, strict=True):
        found = proposals(money, index)
        outcome.looked_at += 1
        if policy.books_by_itself and _by_itself(found, policy) and _book(row, found[0], index):
            outcome.booked += 1
            continue
        sure[found[0].confidence if found else 0].append(row.pk)
        outcome.proposed += bool(found)
        outcome.unknown += not found
    for confidence, keys in sure.items():
        keep(type(rows[0]), keys, confidence)


def keep(model: Any, keys: Sequence[int], confidence: int) -> None:
    """Write down how sure the best proposal is, for the counters of the workbench."""
    for at in range(0, len(keys), UPDATE_CHUNK):
        model.objects.filter(pk__in=keys[at : at + UPDATE_CHUNK]).update(confidence=confidence)


def _by_itself(found: list[Proposal], policy: MatchPolicy) -> bool:
    """Certain and alone; what sends money away or joins two records is always asked for."""
    return is_clear(found, policy.certain_from) and found[0].kind not in (BACK, SAME)


def _book(row: Receipt | Disbursement, proposal: Proposal, index: Index) -> bool:
    from fulfilment.finance.reconciliation.deciding import Changed, decide

    try:
        decide(money=row, proposal=proposal, seen_left_minor=row.left_minor, by_itself=True)
    except Changed:
        return False
    except Exception:  # one odd line must not keep the others waiting; it stays open and a person sees it
        log.exception("money %s could not be booked by itself", row.pk)
        return False
    for part in proposal.parts:
        index.take(part)
    return True


def _chunks(model: Any, limit: int | None) -> Iterator[list[Any]]:
    """Open rows of a model, oldest first, in pieces."""
    last, seen = 0, 0
    while limit is None or seen < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - seen)
        rows = list(
            model.objects.filter(state__in=UNEXPLAINED, pk__gt=last)
            .select_related("line")
            .order_by("pk")[:size]
        )
        if not rows:
            return
        yield rows
        last, seen = rows[-1].pk, seen + len(rows)

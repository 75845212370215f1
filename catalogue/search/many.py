"""Many products told in one row (``ChangedMany``) become rows of their own, some at a time.

An offer for 100,000 articles writes one row where it is made. The worker takes a few hundred of its products each time,
what changed by itself goes before them, and a small range does not wait for a large one. Until it is through, the index
is told with each question which products the database knows to be on offer (on_their_way()).
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet

from catalogue import ranges
from catalogue.filters import OnTheirWay
from catalogue.models import Category, Product  # type: ignore[attr-defined]
from shop.kernel.memory import Memory
from shop.kernel.parts import Parts
from shop.kernel.sharing import OFFER, RULES, WORDS
from shop.kernel.transactions import retrying

from .documents import BATCH
from .models import Changed, ChangedMany
from .port import Ids

Waiting = frozenset[tuple[str, int, int]]  #: kind, of what, and the range that holds others since then
Read = tuple[tuple[int, ...], Ids]  #: ranges, and the products with a page that hold articles of them
KEPT_S = 1  #: seconds, where nobody hears of changes
#: What is being written out; a row comes with a change of offers or their ranges, and flush() tells that it went.
_waiting = Parts(most=1, names=(OFFER, RULES))
_waiting_memory: Memory[Waiting] = Memory(KEPT_S)
#: Read once in each process, however often flush() tells: what is put into one of the ranges is RULES, and what comes
#: into the range of the shop WORDS.
_pages = Parts(most=1, names=(WORDS, RULES))
_pages_memory: Memory[Read] = Memory(KEPT_S)


def forget(**_signal: object) -> None:
    """Ask anew at the next question."""
    for store in (_waiting, _waiting_memory, _pages, _pages_memory):
        store.forget()


def _read_waiting() -> Waiting:
    return frozenset(ChangedMany.objects.values_list("kind", "of_id", "range_id"))


def on_their_way(range_ids: frozenset[int]) -> OnTheirWay | None:
    """What the index does not know yet of campaigns with these ranges: thousands of articles take the worker a while.

    None where it knows all. One query, none while it is remembered or without ranges; where something is on its way
    four more, once, which take half a second for 100,000 products.
    """
    if not range_ids:
        return None
    is_kept = bool(settings.PARTS_KEPT_S)
    waiting = _waiting.kept("", _read_waiting) if is_kept else _waiting_memory.get(_read_waiting)
    new = {of_id for kind, of_id, _range in waiting if kind == ChangedMany.RANGE}
    unsure = range_ids.intersection(of_range for _kind, _of_id, of_range in waiting)
    wanted = tuple(sorted(range_ids.intersection(new) | unsure))
    if not wanted:
        return None

    def read() -> Read:
        return wanted, Ids(ranges.pages_holding(wanted))

    store = _pages.kept if is_kept else lambda _key, make: _pages_memory.get(make)
    found = store("", read)
    if found[0] != wanted:  # it was read for others
        (_pages if is_kept else _pages_memory).forget()
        found = store("", read)
    return OnTheirWay(unsure, found[1]) if unsure or found[1].value else None


def write_out() -> bool:
    """Write out the next BATCH products of the row that had the fewest turns. False: there is none.

    Called by one process at a time (alone.taking_in). Where it stands is noted in the same transaction, so what a
    crash interrupts goes on there.
    """
    first = ChangedMany.objects.order_by(
        "turns", "pk"
    ).first()  # mostly there is none: no transaction for that
    if first is None:
        return False
    retrying(lambda: _write_some(first))
    return True


def _write_some(first: ChangedMany) -> None:
    same = ChangedMany.objects.filter(kind=first.kind, of_id=first.of_id, range_id=first.range_id)
    told = dict(same.values_list("pk", "after"))
    after = min(told.values())  # what was told again meanwhile begins from the start
    row = ChangedMany.objects.filter(pk=first.pk)
    ChangedMany.objects.filter(pk__in=told.keys() - {first.pk}).delete()
    ids = list(_pages_of(first).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
    Changed.objects.bulk_create(Changed(product_id=pk) for pk in ids)
    # It goes on a turn of its own, when what was written out before is in the index: until then readers are told.
    if ids:
        row.update(after=ids[-1], turns=first.turns + 1)
    else:
        row.delete()


def _pages_of(row: ChangedMany) -> QuerySet[Product]:
    """The products with a page that the row speaks of; none where the range or category is gone: then each was told
    when it left."""
    pages = Product.objects.filter(parent=None, is_public=True)
    if row.kind == ChangedMany.RANGE:
        one = ranges.Range.objects.filter(pk=row.of_id).first()
        return pages.filter(pk__in=ranges.pages_of([one]).values("pk")) if one else pages.none()
    if row.kind == ChangedMany.CATEGORY:
        paths = list(Category.objects.filter(pk=row.of_id).values_list("path", flat=True))
        return pages.filter(pk__in=ranges.standing_below(paths))
    if row.kind == ChangedMany.CLASS:
        return pages.filter(product_class_id=row.of_id)
    return pages

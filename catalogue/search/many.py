"""Many products told in one row (``ChangedMany``) become rows of their own, some at a time.

An offer for 100,000 articles writes one row where it is made. The worker takes a few hundred of its products each time,
what changed by itself goes before them, and a small range does not wait for a large one.
"""

from __future__ import annotations

from django.db.models import QuerySet

from catalogue import ranges
from catalogue.models import Category, Product  # type: ignore[attr-defined]
from shop.kernel.transactions import retrying

from .documents import BATCH
from .models import Changed, ChangedMany


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
    same = ChangedMany.objects.filter(kind=first.kind, of_id=first.of_id)
    told = dict(same.values_list("pk", "after"))
    after = min(told.values())  # what was told again meanwhile begins from the start
    row = ChangedMany.objects.filter(pk=first.pk)
    ChangedMany.objects.filter(pk__in=told.keys() - {first.pk}).delete()
    ids = list(_pages(first).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
    Changed.objects.bulk_create(Changed(product_id=pk) for pk in ids)
    if len(ids) < BATCH:
        row.delete()
    else:
        row.update(after=ids[-1], turns=first.turns + 1)


def _pages(row: ChangedMany) -> QuerySet[Product]:
    """The products with a page that the row speaks of; none where the range or category is gone: then each was told
    when it left."""
    pages = Product.objects.filter(parent=None, is_public=True)
    if row.kind == ChangedMany.RANGE:
        one = ranges.Range.objects.filter(pk=row.of_id).first()
        return pages.filter(pk__in=ranges.pages_of(one).values("pk")) if one else pages.none()
    if row.kind == ChangedMany.CATEGORY:
        paths = list(Category.objects.filter(pk=row.of_id).values_list("path", flat=True))
        return pages.filter(pk__in=ranges.standing_below(paths))
    if row.kind == ChangedMany.CLASS:
        return pages.filter(product_class_id=row.of_id)
    return pages

"""Which pictures still need their sizes, and making them: outside of any transaction, each once.

Pictures of products have rows of their own, which go with them. That of a category is a column that is written in more
ways than one, so its row follows from it: at each turn files that are new get a row, and those that no category shows
any more lose theirs, with their sizes. The original stays where it is.
"""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Value

from shop.kernel.clock import now

from . import tree
from .models import Category, CategoryPicture, ProductImage
from .picture_faults import TRIES_MAX, WAITS_SHOWN, is_readable, rest_until
from .pictures import TooLarge, make_renditions, rendition_names

log = logging.getLogger(__name__)
BATCH = 3  #: pictures in one run: others wait for the worker too

Kind = type[ProductImage] | type[CategoryPicture]
Row = TypeVar("Row", ProductImage, CategoryPicture)
KINDS: tuple[Kind, ...] = (CategoryPicture, ProductImage)


def make_due(limit: int = BATCH) -> bool:
    """Make the sizes of up to ``limit`` pictures that have none; whether more are waiting.

    Two workers at the same picture write the same files. Rows that share one original are served together. What failed
    waits behind the rest, and what is made once more behind what has no sizes: that is shown in full size meanwhile.
    """
    follow_categories()
    found: list[tuple[bool, int, str, Kind]] = []
    for kind in KINDS:
        due = kind._default_manager.filter(_rested(), made_at=None, tries__lt=TRIES_MAX)
        due = due.annotate(again=~Q(widths=[]), failures=F("tries") + F("waits"))
        due = due.order_by("again", "failures", "original")
        rows = due.values_list("again", "failures", "original")[: limit + 1]
        found += [(again, failures, name, kind) for again, failures, name in rows]
    found.sort(key=lambda one: one[:2])
    wanted = list(dict.fromkeys((kind, name) for _again, _failures, name, kind in found))
    for kind, name in wanted[:limit]:
        make(name, kind)
    return len(wanted) > limit


def make(original: str, kind: Kind = ProductImage) -> bool:
    """Make the sizes of one original, for every row that shows it. False when that failed; the rows say why.

    The try is written down, with the pause after it, before it begins. It counts for good when the picture cannot be
    read or the worker ends over it (also by its time: SoftTimeLimitExceeded is raised on). Where something else failed
    (the storage is away, the database) the picture waits and is tried again for as long as it takes.
    """
    rows = kind._default_manager.filter(original=original)
    known = rows.exclude(made_at=None).first()
    if known is not None:
        rows.filter(made_at=None).update(widths=known.widths, made_at=known.made_at, trouble="")
        return True
    image = rows.first()
    if image is None:
        return False
    rows.update(tries=F("tries") + 1, next_at=rest_until(image.tries + image.waits + 1))
    storage = image.original.storage
    try:
        widths = make_renditions(image)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # Pillow raises anything for files that are no pictures, or blow up
        # what is too large is not read again to find that out
        waits = not isinstance(error, TooLarge) and is_readable(storage, original)
        # where the picture is fine, the fault may be one of this house: the log then says where
        log.warning("no sizes of %s: %s", original, error, exc_info=waits)
        words = {"trouble": _words(error)}
        if waits:
            rows.filter(tries__gt=0).update(tries=F("tries") - 1, waits=F("waits") + 1, **words)
        else:
            rows.update(**words)
        return False
    if not rows.update(widths=widths, made_at=now(), trouble="", next_at=None) and not _is_shown(original):
        _delete(storage, rendition_names(original, widths))  # its row went meanwhile, and did not see them
    tree.forget()
    return True


def follow_categories() -> None:
    """A row for each picture that a category shows, and none for others. Two queries where nothing has changed."""
    shown = set(Category.objects.exclude(image=None).exclude(image="").values_list("image", flat=True))
    rows = list(CategoryPicture.objects.all())
    new = shown.difference(row.original.name for row in rows)
    CategoryPicture.objects.bulk_create(
        (CategoryPicture(original=name) for name in new), ignore_conflicts=True
    )
    for row in rows:
        if row.original.name not in shown and (row.next_at is None or row.next_at <= now()):
            _let_go(row)


def is_followed(category: Category) -> bool:
    """Whether nothing is to do for the picture of this category. One query at most."""
    name = category.image.name if category.image else ""
    return not name or CategoryPicture.objects.filter(original=name).exists()


def stuck(kind: type[Row]) -> QuerySet[Row]:
    """Pictures whose sizes somebody should look after: given up, or failing for long."""
    rows = kind._default_manager.filter(Q(tries__gte=TRIES_MAX) | Q(waits__gte=WAITS_SHOWN), made_at=None)
    counted = rows.annotate(given_up=Q(tries__gte=TRIES_MAX), attempts=F("tries") + F("waits"))
    return counted.order_by("-tries", "pk")


def all_stuck() -> QuerySet[Any]:
    """Those of both kinds as dicts, with ``title`` of what shows them; of a category ``product_id`` is None. One
    query."""
    named = Category.objects.filter(image=OuterRef("original")).order_by("pk").values("name")[:1]
    nobody = Value(None, output_field=BigIntegerField())
    of_products = stuck(ProductImage).annotate(title=F("product__title"))
    of_categories = stuck(CategoryPicture).annotate(title=Subquery(named), product_id=nobody)
    columns = ("pk", "product_id", "title", "original", "trouble", "given_up", "attempts", "next_at")
    found = of_products.order_by().values(*columns).union(of_categories.order_by().values(*columns), all=True)
    return found.order_by("-given_up", "original")


def try_again(pk: int, kind: Kind = ProductImage) -> bool:
    """Forget what failed with the original of this picture: it is due now. False when it is made or gone."""
    names = kind._default_manager.filter(pk=pk).values("original")
    rows = kind._default_manager.filter(original__in=names, made_at=None)
    return bool(rows.update(tries=0, waits=0, next_at=None, trouble=""))


def forget(image: ProductImage) -> None:
    """Delete the sizes of a picture that is deleted, once that is certain and no other row shows it."""
    if _is_shown(image.original.name or ""):
        return
    storage, names = image.original.storage, rendition_names(image.original.name or "", image.widths)
    transaction.on_commit(lambda: _delete(storage, names), robust=True)


def _let_go(row: CategoryPicture) -> None:
    """Delete the sizes of a picture that no category shows any more, and then its row: where the storage is away, the
    row waits and is seen again. Raises SoftTimeLimitExceeded."""
    name = row.original.name or ""
    if not ProductImage.objects.filter(original=name).exists():
        try:
            _delete(row.original.storage, rendition_names(name, row.widths))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:  # each storage has its own errors
            log.warning("sizes of %s cannot be deleted: %s", name, error)
            failures = row.tries + row.waits + 1
            rows = CategoryPicture.objects.filter(pk=row.pk)
            rows.update(waits=F("waits") + 1, next_at=rest_until(failures), trouble=_words(error))
            return
    row.delete()


def _rested() -> Q:
    return Q(next_at=None) | Q(next_at__lte=now())


def _is_shown(name: str) -> bool:
    """Whether any row shows this original. Two queries at most."""
    return any(kind._default_manager.filter(original=name).exists() for kind in KINDS)


def _delete(storage: Storage, names: list[str]) -> None:
    for name in names:
        storage.delete(name)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]

"""Which pictures still need their sizes, and making them: outside of any transaction, each once."""

from __future__ import annotations

import logging

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Q, QuerySet

from shop.kernel.clock import now

from .models import ProductImage
from .picture_faults import TRIES_MAX, WAITS_SHOWN, is_readable, rest_until
from .pictures import TooLarge, make_renditions, rendition_names

log = logging.getLogger(__name__)
BATCH = 3  #: pictures in one run: others wait for the worker too


def make_due(limit: int = BATCH) -> bool:
    """Make the sizes of up to ``limit`` pictures that have none; whether more are waiting.

    Two workers at the same picture write the same files. Rows that share one original are served together. What failed
    waits behind the rest.
    """
    rested = Q(next_at=None) | Q(next_at__lte=now())
    due = ProductImage.objects.filter(rested, made_at=None, tries__lt=TRIES_MAX)
    due = due.order_by(F("tries") + F("waits"), "original")
    names = list(dict.fromkeys(due.values_list("original", flat=True)[: limit + 1]))
    for name in names[:limit]:
        make(name)
    return len(names) > limit


def make(original: str) -> bool:
    """Make the sizes of one original, for every row that shows it. False when that failed; the rows say why.

    The try is written down, with the pause after it, before it begins. It counts for good when the picture cannot be
    read or the worker ends over it (also by its time: SoftTimeLimitExceeded is raised on). Where something else failed
    (the storage is away, the database) the picture waits and is tried again for as long as it takes.
    """
    rows = ProductImage.objects.filter(original=original)
    known = rows.exclude(made_at=None).first()
    if known is not None:
        rows.filter(made_at=None).update(widths=known.widths, made_at=known.made_at, trouble="")
        return True
    image = rows.first()
    if image is None:
        return False
    rows.update(tries=F("tries") + 1, next_at=rest_until(image.tries + image.waits + 1))
    try:
        widths = make_renditions(image)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # Pillow raises anything for files that are no pictures, or blow up
        # what is too large is not read again to find that out
        waits = not isinstance(error, TooLarge) and is_readable(image.original.storage, original)
        # where the picture is fine, the fault may be one of this house: the log then says where
        log.warning("no sizes of %s: %s", original, error, exc_info=waits)
        words = {"trouble": f"{type(error).__name__}: {error}"[:200]}
        if waits:
            rows.filter(tries__gt=0).update(tries=F("tries") - 1, waits=F("waits") + 1, **words)
        else:
            rows.update(**words)
        return False
    rows.update(widths=widths, made_at=now(), trouble="", next_at=None)
    return True


def stuck() -> QuerySet[ProductImage]:
    """Pictures whose sizes somebody should look after: given up, or failing for long."""
    rows = ProductImage.objects.filter(Q(tries__gte=TRIES_MAX) | Q(waits__gte=WAITS_SHOWN), made_at=None)
    counted = rows.annotate(given_up=Q(tries__gte=TRIES_MAX), attempts=F("tries") + F("waits"))
    return counted.select_related("product").order_by("-tries", "pk")


def try_again(pk: int) -> bool:
    """Forget what failed with the original of this picture: it is due now. False when it is made or gone."""
    names = ProductImage.objects.filter(pk=pk).values("original")
    rows = ProductImage.objects.filter(original__in=names, made_at=None)
    return bool(rows.update(tries=0, waits=0, next_at=None, trouble=""))


def forget(image: ProductImage) -> None:
    """Delete the sizes of a picture that is deleted, once that is certain and no other row shows it."""
    if ProductImage.objects.filter(original=image.original.name).exists():
        return
    storage, names = image.original.storage, rendition_names(image.original.name or "", image.widths)

    def delete() -> None:
        for name in names:
            storage.delete(name)

    transaction.on_commit(delete, robust=True)

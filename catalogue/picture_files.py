"""Which pictures still need their sizes, and making them: outside of any transaction, each once."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F

from shop.kernel.clock import now

from .models import ProductImage
from .pictures import make_renditions, rendition_names

log = logging.getLogger(__name__)
BATCH = 3  #: pictures in one run: others wait for the worker too
TRIES_MAX = 3  #: a picture that cannot be read, or whose worker died over it, is not begun for ever


def make_due(limit: int = BATCH) -> bool:
    """Make the sizes of up to ``limit`` pictures that have none; whether more are waiting.

    A try is written down before it begins. Two workers at the same picture write the same files. Rows that share one
    original are served together.
    """
    due = ProductImage.objects.filter(made_at=None, tries__lt=TRIES_MAX).order_by("tries", "original")
    names = list(dict.fromkeys(due.values_list("original", flat=True)[: limit + 1]))
    for name in names[:limit]:
        make(name)
    return len(names) > limit


def make(original: str) -> bool:
    """Make the sizes of one original, for every row that shows it. False when it cannot be read; the rows say why."""
    rows = ProductImage.objects.filter(original=original)
    known = rows.exclude(made_at=None).first()
    if known is not None:
        rows.filter(made_at=None).update(widths=known.widths, made_at=known.made_at, trouble="")
        return True
    rows.update(tries=F("tries") + 1)
    image = rows.first()
    if image is None:
        return False
    try:
        widths = make_renditions(image)
    except Exception as error:  # Pillow raises anything for files that are no pictures, or blow up
        log.warning("no sizes of %s: %s", original, error)
        rows.update(trouble=f"{type(error).__name__}: {error}"[:200])
        return False
    rows.update(widths=widths, made_at=now(), trouble="")
    return True


def forget(image: ProductImage) -> None:
    """Delete the sizes of a picture that is deleted, once that is certain and no other row shows it."""
    if ProductImage.objects.filter(original=image.original.name).exists():
        return
    storage, names = image.original.storage, rendition_names(image.original.name or "", image.widths)

    def delete() -> None:
        for name in names:
            storage.delete(name)

    transaction.on_commit(delete, robust=True)

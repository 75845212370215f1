"""Which pictures of written pages still need their sizes, and making them: by a task, outside of any transaction.

What is wanted follows from the published pages; what was made is Wagtail's own table of renditions. So a task that was
lost or killed costs nothing but a minute: the clock asks again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q, QuerySet
from wagtail.images import get_image_model

from catalogue.picture_faults import TRIES_MAX, WAITS_SHOWN, is_readable, rest_until
from shop.kernel import sharing
from shop.kernel.clock import now

from .models import HomePage, LandingPage, PictureTrouble
from .sections import BLOCK, HERO, Sizes, images_of

log = logging.getLogger(__name__)
BATCH = 3  #: pictures in one run: others wait for the worker too


def wanted() -> dict[int, set[Sizes]]:
    """The pictures on published pages by id, each with where it is shown. Three queries."""
    found: dict[int, set[Sizes]] = defaultdict(set)
    for page in HomePage.objects.live().only("hero_picture", "body"):
        if page.hero_picture_id:
            found[page.hero_picture_id].add(HERO)
        for pk in images_of(page.body):
            found[pk].add(BLOCK)
    for landing in LandingPage.objects.live().only("body"):
        for pk in images_of(landing.body):
            found[pk].add(BLOCK)
    return found


def make_due(limit: int | None = BATCH) -> bool:
    """Make the missing sizes of up to ``limit`` pictures (None: all of them); whether more are waiting.

    Two workers at the same picture end with the same sizes: Wagtail keeps one row of each.
    """
    wishes = wanted()
    troubles = PictureTrouble.objects.filter(image__in=list(wishes)).in_bulk(field_name="image_id")
    moment = now()
    resting = [
        pk for pk, row in troubles.items() if row.tries >= TRIES_MAX or (row.next_at or moment) > moment
    ]
    images = get_image_model().objects.filter(pk__in=list(wishes)).exclude(pk__in=resting)
    due = []
    for image in images.prefetch_renditions(*BLOCK.specs, *HERO.specs):
        if missing := [spec for sizes in wishes[image.pk] for spec in sizes.missing(image)]:
            due.append((image, missing))
    due.sort(
        key=lambda one: (_failures(troubles.get(one[0].pk)), one[0].pk)
    )  # what failed waits behind the rest
    batch = due[:limit]
    made = 0
    try:
        for image, missing in batch:
            made += make(image, missing)
    finally:
        if made:
            sharing.touch(sharing.WORDS)  # pages that show the originals are made anew
    return len(due) > len(batch)


def _failures(row: PictureTrouble | None) -> int:
    return row.tries + row.waits if row else 0


def make(image: Any, specs: list[str]) -> bool:
    """Make these sizes of a picture, one after the other. False when that failed; ``PictureTrouble`` says why.

    The try is written down, with the pause after it, before it begins. It counts for good when the picture cannot be
    read or the worker ends over it (also by its time: SoftTimeLimitExceeded is raised on). Where something else failed
    (the storage is away, the database) the picture waits and is tried again for as long as it takes.
    """
    rows = PictureTrouble.objects.filter(image=image)
    try:
        row, _new = PictureTrouble.objects.get_or_create(image=image)
        rows.update(tries=F("tries") + 1, next_at=rest_until(row.tries + row.waits + 1))
        for spec in specs:
            image.get_rendition(spec)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # Pillow raises anything for files that are no pictures, or blow up
        waits = is_readable(image.file.storage, image.file.name)
        # where the picture is fine, the fault may be one of this house: the log then says where
        log.warning("no sizes of picture %s: %s", image.pk, error, exc_info=waits)
        words = {"trouble": f"{type(error).__name__}: {error}"[:200]}
        if waits:
            rows.filter(tries__gt=0).update(tries=F("tries") - 1, waits=F("waits") + 1, **words)
        else:
            rows.update(**words)
        return False
    rows.delete()
    return True


def stuck() -> QuerySet[PictureTrouble]:
    """Pictures whose sizes somebody should look after: given up, or failing for long. Staff give them another file or
    save them again in the editor, which lets them be tried anew (``try_again``)."""
    rows = PictureTrouble.objects.filter(Q(tries__gte=TRIES_MAX) | Q(waits__gte=WAITS_SHOWN))
    counted = rows.annotate(given_up=Q(tries__gte=TRIES_MAX), attempts=F("tries") + F("waits"))
    return counted.select_related("image").order_by("-tries", "pk")


def try_again(ids: list[int]) -> None:
    """Forget what failed with these pictures: somebody published them or gave them another file."""
    PictureTrouble.objects.filter(image__in=ids).delete()

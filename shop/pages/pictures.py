"""Which pictures of written pages still need their sizes, and making them: by a task, outside of any transaction.

What is wanted follows from the published pages; what was made is Wagtail's own table of renditions. So a task that was
lost or killed costs nothing but a minute: the clock asks again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from django.db.models import F
from wagtail.images import get_image_model

from shop.kernel import sharing

from .models import HomePage, LandingPage, PictureTrouble
from .sections import BLOCK, HERO, Sizes, images_of

log = logging.getLogger(__name__)
BATCH = 3  #: pictures in one run: others wait for the worker too
TRIES_MAX = 3  #: a picture that cannot be read, or whose worker died over it, is not begun for ever


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
    given_up = PictureTrouble.objects.filter(tries__gte=TRIES_MAX).values("image")
    images = get_image_model().objects.filter(pk__in=list(wishes)).exclude(pk__in=given_up).order_by("pk")
    due = []
    for image in images.prefetch_renditions(*BLOCK.specs, *HERO.specs):
        if missing := [spec for sizes in wishes[image.pk] for spec in sizes.missing(image)]:
            due.append((image, missing))
    batch = due[:limit]
    made = sum(make(image, missing) for image, missing in batch)
    if made:
        sharing.touch(sharing.WORDS)  # pages that show the originals are made anew
    return len(due) > len(batch)


def make(image: Any, specs: list[str]) -> bool:
    """Make these sizes of a picture, one after the other. False when it cannot be read; ``PictureTrouble`` says why.

    The try is written down before it begins.
    """
    row, _new = PictureTrouble.objects.get_or_create(image=image)
    rows = PictureTrouble.objects.filter(pk=row.pk)
    rows.update(tries=F("tries") + 1)
    try:
        for spec in specs:
            image.get_rendition(spec)
    except Exception as error:  # Pillow raises anything for files that are no pictures, or blow up
        log.warning("no sizes of picture %s: %s", image.pk, error)
        rows.update(trouble=f"{type(error).__name__}: {error}"[:200])
        return False
    rows.delete()
    return True


def try_again(ids: list[int]) -> None:
    """Forget what failed with these pictures: somebody published them or gave them another file."""
    PictureTrouble.objects.filter(image__in=ids).delete()

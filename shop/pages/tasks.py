"""What runs by itself: deleting accounts whose time to think it over is past, sizes of pictures of written pages."""

from __future__ import annotations

import logging

from celery import shared_task

from shop.customers import deletion

from .deletion import carry_out, hindrances
from .pictures import make_due

log = logging.getLogger(__name__)

TURN_S = 60.0  #: a turn that has not come by then is dropped: the clock asked for another


@shared_task(name="pages.delete_accounts", ignore_result=True)
def delete_accounts() -> int:
    """Delete the accounts that are due. One with something unfinished (ordered since then) waits until that is settled.
    Returns how many were deleted."""
    done = 0
    for wish in deletion.due():
        if hindrances(wish.user):
            log.info("deletion of account %s waits: something is not finished", wish.user_id)
            continue
        done += carry_out(wish)
    return done


@shared_task(name="pages.make_pictures", ignore_result=True)
def make_pictures() -> None:
    """Make the sizes of pictures on published pages that have none yet. Asked for when a page is published or a picture
    gets another file, and by the clock."""
    if make_due():
        # One more turn, after what others want of this worker. The clock begins one each minute as well: without an
        # end they would be hundreds when many pictures wait, and others behind all of them.
        make_pictures.apply_async(expires=TURN_S)

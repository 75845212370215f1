"""The catalogue's side of the worker: sizes of pictures, each made once."""

from celery import shared_task

from .picture_files import make_due

TURN_S = 60.0  #: a turn that has not come by then is dropped: the clock asked for another


@shared_task(name="catalogue.make_pictures", ignore_result=True)
def make_pictures() -> None:
    """Make the sizes of pictures that have none yet. Asked for when a picture is added, and by the clock."""
    if make_due():
        # One more turn, after what others want of this worker. The clock begins one each minute as well: without an
        # end they would be hundreds when thousands of pictures wait, and others behind all of them.
        make_pictures.apply_async(expires=TURN_S)

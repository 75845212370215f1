"""The catalogue's side of the worker: sizes of pictures, each made once."""

from celery import shared_task

from .picture_files import make_due


@shared_task(name="catalogue.make_pictures", ignore_result=True)
def make_pictures() -> None:
    """Make the sizes of pictures that have none yet. Asked for when a picture is added, and by the clock."""
    if make_due():
        make_pictures.delay()  # one more turn, after what others want of this worker

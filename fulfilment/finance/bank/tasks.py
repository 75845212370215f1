"""Celery's side: one task per file, the sweep that finds what a crash left, the look into the folder."""

from celery import shared_task

from . import actions, folder


@shared_task(name="bank.read_file", ignore_result=True)
def read_file(file_id: int) -> None:
    """Read one file."""
    actions.read(file_id)


@shared_task(name="bank.read_waiting", ignore_result=True)
def read_waiting() -> int:
    """Read what waits and what a dead worker left; returns how many files. Runs by beat."""
    return actions.read_waiting()


@shared_task(name="bank.watch_folder", ignore_result=True)
def watch_folder() -> int:
    """Take the files that lie in the folder; returns how many. Runs by beat, does nothing where no folder is set."""
    return folder.take_all()

"""The backup of each night, and once a week its restore test, where BACKUP_NIGHTLY is set."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from . import work
from .backups import (
    MANIFEST,
    OF_ITSELF,
    OPEN_COPY,
    OPEN_FILE,
    PART,
    POSTGRES,
    SQLITE,
    STORAGES,
    backup,
    folder_of_now,
    keep_newest,
)
from .clock import now
from .models import Upkeep
from .restore_tests import clear_databases, try_restore

log = logging.getLogger(__name__)

TASK = "kernel.backup"
TESTED_EVERY = dt.timedelta(days=6, hours=12)  #: a week, whatever the minute of the night
#: A night that failed is tried again for so long with the backup that it made; not quite a day, so that the next night
#: makes one of its own.
AGAIN_WITHIN = dt.timedelta(hours=20)
#: What somebody began by hand and nothing was written into for so long was killed: nothing in a backup is silent longer
#: than PATIENCE_S of backups.py.
BY_HAND_AFTER = dt.timedelta(days=2)
OURS = {MANIFEST, SQLITE, POSTGRES, *STORAGES}  #: what a backup consists of


def make() -> None:
    """Make one, try it when none was tried for a week, and only then remove old ones. Raises Refused; what failed is
    noted for the operations page, and the old ones stay.

    After a failure the task comes again and again (work.py): what was made is not made anew then, or the disk would
    be full of whole backups before anybody looks.
    """
    if not settings.BACKUP_NIGHTLY:
        return
    home = Path(settings.BACKUP_DIR)
    clear_leftovers(home)
    folder = _made_before(home)
    if folder is None:
        folder = folder_of_now()
        backup(folder)
    tried = Upkeep.objects.filter(kind=Upkeep.RESTORE_TEST, ok=True, ended_at__gt=now() - TESTED_EVERY)
    if not tried.exists():
        try_restore(folder)
    keep_newest(home, max(1, settings.BACKUP_KEEP), folder)


def _made_before(home: Path) -> Path | None:
    """The good backup of a night that did not end well; None when there is none, or it is too old."""
    if not work.troubles().filter(task=TASK).exists():
        return None
    young = Upkeep.objects.filter(kind=Upkeep.BACKUP, ok=True, begun_at__gt=now() - AGAIN_WITHIN)
    for where in young.order_by("-begun_at").values_list("where", flat=True):
        folder = Path(where)
        of_a_night = folder.parent == home.absolute() and OF_ITSELF.fullmatch(folder.name)
        if of_a_night and (folder / MANIFEST).is_file():
            return folder
    return None


def clear_leftovers(home: Path) -> None:
    """Remove what backups and restore tests left that were killed: nothing was written into it for longer than the
    task may take, or for BY_HAND_AFTER where somebody began it by hand. What cannot be removed is said in the log and
    stops nothing."""
    before = now() - dt.timedelta(seconds=settings.TASK_TABLE[TASK].limit_s + work.GRACE_S)
    by_hand = now() - BY_HAND_AFTER
    found = [(path, before) for path in _leftovers(home)] + [(path, by_hand) for path in _begun_by_hand(home)]
    for path, old in found:
        try:
            if _last_written(path) < old.timestamp():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                log.warning("%s was left by a backup or restore test that was killed; it is removed", path)
        except OSError as error:
            log.warning("%s was left behind and cannot be removed: %s", path, error)
    clear_databases(before)


def _leftovers(home: Path) -> Iterator[Path]:
    if home.is_dir():
        for path in home.iterdir():
            if path.name.endswith(PART) and OF_ITSELF.fullmatch(path.name.removesuffix(PART)):
                yield path
    data = Path(settings.DATA_DIR)
    for beginning in (OPEN_FILE, OPEN_COPY):  # PLACE of restore tests begins so as well
        yield from data.glob(f"{beginning}*")


def _begun_by_hand(home: Path) -> Iterator[Path]:
    """Unfinished backups under a name that somebody chose; a folder with anything else in it is not ours to remove."""
    if home.is_dir():
        for path in home.iterdir():
            name = path.name.removesuffix(PART)
            if (
                name != path.name
                and not OF_ITSELF.fullmatch(name)
                and path.is_dir()
                and not path.is_symlink()
            ):
                if {one.name for one in path.iterdir()} <= OURS:
                    yield path


def _last_written(path: Path) -> float:
    inside = (Path(folder, name) for folder, _folders, names in os.walk(path) for name in names)
    return max(one.stat().st_mtime for one in (path, *inside))

"""The backup of each night, and once a week its restore test, where BACKUP_NIGHTLY is set."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django.conf import settings

from .backups import backup, keep_newest
from .clock import now
from .models import Upkeep
from .restore_tests import try_restore

TESTED_EVERY = dt.timedelta(days=6, hours=12)  #: a week, whatever the minute of the night


def make() -> None:
    """Make one, try it when none was tried for a week, and only then remove old ones. Raises Refused; what failed is
    noted for the operations page, and the old ones stay."""
    if not settings.BACKUP_NIGHTLY:
        return
    home = Path(settings.BACKUP_DIR)
    folder = (home / f"{now():%Y-%m-%dT%H%M%S}").absolute()
    backup(folder)
    tried = Upkeep.objects.filter(kind=Upkeep.RESTORE_TEST, ok=True, ended_at__gt=now() - TESTED_EVERY)
    if not tried.exists():
        try_restore(folder)
    keep_newest(home, max(1, settings.BACKUP_KEEP))

"""Kontor's settings for processes that are killed: files without fingerprints, and a clock that can be set wrong.

``clock-shift`` in the data folder holds the seconds by which every process of ours is wrong.
"""

from __future__ import annotations

import datetime as dt
import time

from django.utils import timezone

from shop.settings import *  # noqa: F403
from shop.settings import DATA_DIR, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = False
SHIFT = DATA_DIR / "clock-shift"
LOOK_EVERY_S = 0.5
_right = timezone.now
_known = [0.0, 0.0]  #: until when it holds, seconds


def _wrong() -> dt.datetime:
    if time.monotonic() > _known[0]:
        try:
            seconds = float(SHIFT.read_text() or 0)
        except (OSError, ValueError):
            seconds = 0.0
        _known[:] = [time.monotonic() + LOOK_EVERY_S, seconds]
    return _right() + dt.timedelta(seconds=_known[1])


timezone.now = _wrong

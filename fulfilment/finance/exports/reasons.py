"""Why an export could not be made, in words for those who asked for it."""

from __future__ import annotations

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TIME, STORAGE, DATABASE, LOST, OTHER = "time", "storage", "database", "lost", "other"
_WORDS = {
    TIME: gettext_noop("It took too long. Fewer months at once are quicker."),
    STORAGE: gettext_noop(
        "The file could not be written: the disk is full or the storage cannot be reached."
    ),
    DATABASE: gettext_noop("The database did not answer."),
    LOST: gettext_noop("Whoever was making it stopped without a word."),
    OTHER: gettext_noop("Something is in the books that this export does not understand; the log says more."),
}


def of(error: Exception) -> str:
    """The code of what went wrong."""
    if isinstance(error, SoftTimeLimitExceeded):
        return TIME
    if isinstance(error, DatabaseError):
        return DATABASE
    return STORAGE if isinstance(error, OSError) else OTHER


def words(code: str) -> str:
    """What a code means, in the reader's language; "" for none."""
    return _(_WORDS[code]) if code in _WORDS else ""

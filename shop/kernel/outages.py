"""Whether an error means that something we lean on is away: then a page says so (503) instead of blaming itself."""

from __future__ import annotations

import sys

from django.db import InterfaceError, InternalError, OperationalError

DATABASE = "database"
FILES = "files"
READ_ONLY = "25006"  #: SQLSTATE: the server is a standby that only reads


def cause_of(error: BaseException | None) -> str:
    """``database`` or ``files`` where an error came from an outage of theirs, "" for every other error."""
    seen = 0
    while error is not None and seen < 10:  # an error may be the cause of another, and so on
        if _is_database(error):
            return DATABASE
        if _is_files(error):
            return FILES
        error, seen = error.__cause__ or error.__context__, seen + 1
    return ""


def _is_database(error: BaseException) -> bool:
    if isinstance(error, OperationalError | InterfaceError):
        return not str(error).startswith("no such ")  # SQLite: a mistake of ours, not an outage
    return isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", "") == READ_ONLY


def _is_files(error: BaseException) -> bool:
    library = sys.modules.get("botocore.exceptions")
    return library is not None and isinstance(error, library.BotoCoreError | library.ClientError)

"""Whether an error means that something we lean on is away: then a page says so (503) instead of blaming itself."""

from __future__ import annotations

import sys

from django.db import InterfaceError, InternalError, OperationalError

DATABASE = "database"
FILES = "files"
#: SQLSTATE (PostgreSQL, appendix A): connection, out of resources, shut down or starting, a standby that only reads,
#: and a server that took longer than we wait. A deadlock (40P01) is an error of ours and stays one.
AWAY = ("08", "53", "57P0", "25006", "57014")
LOST_CODES = {"NoSuchKey", "404"}  #: what S3 says of one file that is not there


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
    if not isinstance(error, OperationalError | InterfaceError | InternalError):
        return False
    if getattr(error.__cause__, "sqlite_errorname", "") == "SQLITE_ERROR":
        return False  # a statement that cannot be run: a mistake of ours, not an outage
    code = getattr(error.__cause__, "sqlstate", None)
    if code is None:  # there was no server to give one
        return not isinstance(error, InternalError)
    return code.startswith(AWAY)


def _is_files(error: BaseException) -> bool:
    library = sys.modules.get("botocore.exceptions")
    if library is None:
        return False
    if isinstance(error, library.ClientError):  # one file that is lost is no outage
        return error.response.get("Error", {}).get("Code") not in LOST_CODES
    return isinstance(error, library.BotoCoreError)

"""The watched folder: what the bank's program puts there is imported, then moved to ``done`` or ``refused``."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from django.conf import settings
from django.utils import translation

from . import actions, reasons
from .models import StatementFile
from .parsers import Refused

log = logging.getLogger(__name__)

DONE, REFUSED = "done", "refused"
#: A file that was written to just now may not be whole yet.
QUIET_SECONDS = 5.0
MOST_FILES = 100  #: in one look


def take_all(folder: Path | None = None) -> int:
    """Import every file of the folder (default: ``settings.BANK_FOLDER``); returns how many were taken or refused.

    Names that begin with a dot and files that still grow are left. Links are not followed.
    """
    root = folder or (Path(settings.BANK_FOLDER) if settings.BANK_FOLDER else None)
    if root is None or not root.is_dir():
        return 0
    waiting = [path for path in sorted(root.iterdir()) if _is_ready(path)]  # others must not keep these out
    for path in waiting[:MOST_FILES]:
        take_one(path)
    return len(waiting[:MOST_FILES])


def take_one(path: Path) -> StatementFile | None:
    """Import one file and move it away; beside a refused one lies its reason. None when it was too large or empty."""
    try:
        actions.refuse_size(path.stat().st_size)
        file, _new = actions.take_file(name=path.name, content=path.read_bytes())
        file = actions.read(file.pk)
    except Refused as refused:
        _move(path, REFUSED, reasons.words(refused.code, refused.facts, refused.line))
        return None
    if file.state == "refused":
        _move(path, REFUSED, file.reason)
    else:  # imported, or another worker is at it: the bytes are kept and will be read
        _move(path, DONE, "")
    return file


def _is_ready(path: Path) -> bool:
    try:
        return not (path.name.startswith(".") or path.is_symlink() or not path.is_file() or _is_young(path))
    except FileNotFoundError:  # the bank's program took it away again
        return False


def _is_young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < QUIET_SECONDS


def _move(path: Path, to: str, why: str) -> None:
    """Move into ``to``, never over a file that lies there; the reason goes into a text file of the same name."""
    target = path.parent / to
    target.mkdir(exist_ok=True)
    place, number = target / path.name, 1
    while place.exists():
        place, number = target / f"{path.stem}-{number}{path.suffix}", number + 1
    path.replace(place)
    if why:
        with translation.override(settings.LANGUAGE_CODE):
            (target / f"{place.name}.txt").write_text(f"{why}\n", encoding="utf-8")
        log.warning("bank folder: %s refused: %s", path.name, why)

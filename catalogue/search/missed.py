"""What people look for and do not find, counted without a page writing to the database.

A page hands the words over like a line of a log: to a file beside the index, or to the shared cache where there is one
(``CACHE_URL``: several hosts). The worker counts them into ``MissedSearch`` each minute. Nothing says who searched;
words that may be somebody's own (addresses, long numbers) are left out.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db.models import F

from shop.kernel.clock import today
from shop.kernel.transactions import retrying

from .models import MissedSearch

BYTES_MAX = 1_000_000  #: of lines not yet counted; more are dropped
WORDS_MAX = 100
KEPT_DAYS = 180
DISTINCT_A_RUN = (
    500  #: different words counted at once, the most frequent; a script that invents words is not counted
)
DISTINCT_A_DAY = 5_000  #: rows of one day; words that have one go on being counted
BATCH = 100  #: rows per transaction
SLOTS = 5_000  #: of the shared cache
SLOT_KEPT_S = 3600
PERSONAL = re.compile(r"@|\d{6}")
Row = tuple[str, str, str, str]  #: day, language, words, corrected
Key = tuple[str, str, str]  #: day, language, words


def note(words: str, language: str, corrected: str = "") -> None:
    """Hand over a search that found nothing. Never raises, never touches the database."""
    text = " ".join(words.lower().split())[:WORDS_MAX]
    if not text or PERSONAL.search(text):
        return
    row: Row = (today().isoformat(), language, text, corrected[:WORDS_MAX])
    if _shares_cache():
        _to_cache(row)
    else:
        _to_file(row)


def _shares_cache() -> bool:
    return "locmem" not in settings.CACHES["default"]["BACKEND"]


def _file() -> Path:
    return Path(settings.SEARCH_DIR) / "missed.log"


def _to_file(row: Row) -> None:
    path = _file()
    try:
        if path.exists() and path.stat().st_size > BYTES_MAX:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
    except OSError:
        return


def _to_cache(row: Row) -> None:
    cache.add("missed:last", 0, None)
    try:
        number = cache.incr("missed:last")
    except ValueError:  # the cache is away
        return
    cache.set(f"missed:{number % SLOTS}:{number}", row, SLOT_KEPT_S)


def collect() -> int:
    """Count what was handed over, within bounds. Returns how many searches came; called by the worker."""
    counted = Counter(_from_cache() if _shares_cache() else _from_file())
    if counted:
        _store(counted)
    MissedSearch.objects.filter(day__lt=today() - timedelta(days=KEPT_DAYS)).delete()
    return counted.total()


def _from_file() -> list[Row]:
    path, taken = _file(), _file().with_suffix(f".{os.getpid()}")
    try:
        path.replace(taken)
        text = taken.read_text(encoding="utf-8")
        taken.unlink()
    except OSError:
        return []
    return [row for line in text.splitlines() if (row := _row(line))]


def _row(line: str) -> Row | None:
    try:
        day, language, words, corrected = json.loads(line)
    except ValueError:  # a line cut off by a full disk
        return None
    return (day, language, words, corrected)


def _from_cache() -> list[Row]:
    last, done = cache.get("missed:last", 0), cache.get("missed:done", 0)
    keys = [f"missed:{n % SLOTS}:{n}" for n in range(max(done, last - SLOTS) + 1, last + 1)]
    found = list(cache.get_many(keys).values()) if keys else []
    cache.set("missed:done", last, None)
    return [tuple(row) for row in found]


def _store(counted: Counter[Row]) -> None:
    """The most frequent first, a part at a time: whoever orders something does not wait for a whole minute's words."""
    merged: dict[Key, tuple[int, str]] = {}
    for (day, language, words, corrected), times in counted.items():
        before, _shown = merged.get((day, language, words), (0, ""))
        merged[day, language, words] = (before + times, corrected)
    first = sorted(merged.items(), key=lambda one: -one[1][0])[:DISTINCT_A_RUN]
    for start in range(0, len(first), BATCH):
        retrying(lambda part=dict(first[start : start + BATCH]): _store_part(part))  # type: ignore[misc]


def _store_part(part: dict[Key, tuple[int, str]]) -> None:
    """Add to the rows that are there; make new ones while the day has room for them."""
    found = MissedSearch.objects.filter(
        day__in={day for day, _language, _words in part}, words__in={words for _day, _language, words in part}
    )
    here = {key: row for row in found if (key := (row.day.isoformat(), row.language, row.words)) in part}
    for key, row in here.items():
        times, row.corrected = part[key]
        row.times = F("times") + times
    MissedSearch.objects.bulk_update(here.values(), ["times", "corrected"])
    new: dict[str, list[MissedSearch]] = {}
    for (day, language, words), (times, corrected) in part.items():
        if (day, language, words) not in here:
            row = MissedSearch(day=day, language=language, words=words, corrected=corrected, times=times)
            new.setdefault(day, []).append(row)
    for day, rows in new.items():
        room = DISTINCT_A_DAY - MissedSearch.objects.filter(day=day).count()
        MissedSearch.objects.bulk_create(rows[: max(0, room)], ignore_conflicts=True)

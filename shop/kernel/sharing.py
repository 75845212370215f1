"""Pages that all readers share: which views may be, and whether what they show was changed since.

A change is a row of ``Change``, written by a trigger in the transaction of the change itself: whoever changes it, by
whatever way, and whether one process serves the shop or ten on three hosts. Each process looks at the rows several
times a second at most; that is why a shared page is never older than a second, without a server of its own for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max
from django.http import HttpResponseBase

from .guards import Guard
from .models import Change

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Versions = tuple[tuple[str, int, int], ...]

WORDS = "words"  #: texts, pictures, categories, written pages: every page shows some
PLACES = "places"  #: at which sites something lies: the page of a product says it
WAYS = "ways"  #: which sites and stores there are, and when carriers come to them
RULES = "rules"  #: what the checkout reckons with, and pages name: charges of delivery, ways to pay, offers of the shop
OFFER = "offer"  #: prices, and what can be had at all: lists are chosen and sorted by it
OF_LISTS = (WORDS, OFFER, RULES)  #: what a page depends on that shows articles as cards

_read: tuple[float, Versions | None] = (0.0, None)
_forgetters: list[tuple[Callable[[], object], tuple[str, ...]]] = []
_lock = threading.RLock()


def shared(*names: str) -> Callable[[View], View]:
    """Mark a view whose page is the same for every reader who is not signed in.

    It is made without the reader's cookies and without a token for forms, kept, and shown to all until something
    named in ``names`` changes (default: anything) or a product on it has another price or stock.
    """

    def decorate(view: View) -> View:
        view.shared = names or OF_LISTS  # type: ignore[attr-defined]
        return view

    return decorate


def versions() -> Versions:
    """How often each kind of thing was changed, as rows (name, last, how many); equal means: nothing has changed.

    The number beside the last row catches a transaction that took its row early and committed late. One query, none
    when this process has asked within settings.SHARED_CHECKED_S.
    """
    until, known = _read
    if known is not None and time.monotonic() < until:
        return known
    with _lock:
        return _look()


def versions_now() -> Versions:
    """As versions(), asked of the database in this moment: for who is about to decide by what is remembered. One
    query."""
    global _read
    with _lock:
        _read = (0.0, _read[1])
        return _look()


def _look() -> Versions:
    """Ask the database. What is kept in memory is forgotten before anybody hears of the new version: a page made
    under it is never made of the former state."""
    global _read
    until, known = _read
    if known is not None and time.monotonic() < until:  # another thread has just asked
        return known
    began = time.monotonic()  # what is read is as old as the question, however long the answer takes
    rows = Change.objects.order_by("name").values_list("name").annotate(last=Max("pk"), n=Count("pk"))
    found: Versions = tuple(rows)
    if known is not None:
        for forget_one, names in _forgetters:
            if of(found, names) != of(known, names):
                forget_one()
    _read = (began + settings.SHARED_CHECKED_S, found)
    return found


def of(found: Versions, names: tuple[str, ...]) -> Versions:
    """The part of ``versions()`` that a page depends on."""
    return tuple(row for row in found if row[0] in names)


def touch(name: str) -> None:
    """Say that something was changed which no trigger sees: an index has caught up, a file was replaced."""
    Change.objects.create(name=name)


def when_changed(forget_one: Callable[[], object], *names: str) -> None:
    """Call ``forget_one`` in each process once something of ``names`` (default: words) was changed: what it keeps in
    memory is read anew."""
    if (forget_one, names or (WORDS,)) not in _forgetters:
        _forgetters.append((forget_one, names or (WORDS,)))


def forget() -> None:
    """Ask the database at the next question."""
    global _read
    _read = (0.0, None)


def clear() -> int:
    """Leave one new row of each name; the pages are made anew once. Returns how many rows went.

    A new one: with the former last row and one that commits late, a mark that was there before would come again.
    """
    several = Change.objects.order_by().values("name").annotate(n=Count("pk")).filter(n__gt=1)
    with transaction.atomic():
        left = [Change.objects.create(name=row["name"]) for row in several]
        return sum(Change.objects.filter(name=one.name, pk__lt=one.pk).delete()[0] for one in left)


def watch(table: str, name: str, when: str = "", row: str = "") -> list[Guard]:
    """Triggers that note a change of ``name`` at every change of ``table``.

    ``when``: an SQL condition on OLD and NEW, in words of both databases, for updates that matter; ``row``: one on
    ``{row}`` for rows that come or go. Without it every change counts. Without condition PostgreSQL notes one row per
    statement; SQLite has writers one after the other and keeps one row per name.
    """
    conditions = {"INSERT": row.format(row="NEW"), "UPDATE": when, "DELETE": row.format(row="OLD")}
    return [_guard(table, name, on, condition) for on, condition in conditions.items()]


def _guard(table: str, name: str, on: str, when: str) -> Guard:
    trigger = f"shown_{table}_{on.lower()}"
    noted = Change._meta.db_table
    each, condition = ("ROW", f"WHEN ({when}) ") if when else ("STATEMENT", "")
    # PostgreSQL says of a trigger what its function is, not when it is called: so the function says that, too.
    said = f"-- {condition}\n" if when else ""
    return Guard(
        trigger,
        table,
        f"CREATE TRIGGER {trigger} AFTER {on} ON {table} FOR EACH ROW {condition}"
        f"BEGIN DELETE FROM {noted} WHERE name = '{name}'; INSERT INTO {noted} (name) VALUES ('{name}'); END",
        f"CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $guard$\n"
        f"BEGIN\n{said}INSERT INTO {noted} (name) VALUES ('{name}'); RETURN NULL;\nEND $guard$;\n"
        f"DROP TRIGGER IF EXISTS {trigger} ON {table};\n"
        f"CREATE TRIGGER {trigger} AFTER {on} ON {table} FOR EACH {each} {condition}EXECUTE FUNCTION {trigger}()",
        (f"{noted}.name",),
    )

"""The backup of each night: one a night whatever fails, old ones go when it went well, and no leftovers stay."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection

from shop.kernel import backups, nightly_backups, restore_tests, work
from shop.kernel.clock import now
from shop.kernel.models import TaskTrouble, Upkeep
from shop.kernel.tasks import make_backup

from .test_backups import names_of_our_own as names_of_our_own
from .test_backups import shop as shop

pytestmark = pytest.mark.both_databases


def test_each_night_one_is_made_and_each_week_one_is_tried(
    shop: None, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.stop()
    make_backup()
    assert not Upkeep.objects.exists(), "not where it is not wanted"
    settings.BACKUP_NIGHTLY, settings.BACKUP_KEEP = True, 3
    monkeypatch.setattr(nightly_backups, "try_restore", lambda folder: Upkeep.objects.create(
        kind=Upkeep.RESTORE_TEST, begun_at=now(), ended_at=now(), where=str(folder)))  # fmt: skip
    for _night in range(9):
        make_backup()
        clock.advance(days=1)
    assert Upkeep.objects.filter(kind=Upkeep.BACKUP, ok=True).count() == 9
    assert Upkeep.objects.filter(kind=Upkeep.RESTORE_TEST).count() == 2
    assert len(list(Path(settings.BACKUP_DIR).iterdir())) == 3


def test_a_night_that_fails_removes_no_older_one(
    shop: None, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> None:
        raise backups.Refused("verify: FAIL")

    clock.stop()
    settings.BACKUP_NIGHTLY, settings.BACKUP_KEEP = True, 1
    monkeypatch.setattr(nightly_backups, "try_restore", broken)
    for _night in range(2):
        with pytest.raises(backups.Refused):
            make_backup()
        clock.advance(days=1)
    assert len(list(Path(settings.BACKUP_DIR).iterdir())) == 2


def made(settings: Any) -> int:
    return len(list(Path(settings.BACKUP_DIR).iterdir()))


def test_a_restore_test_that_fails_is_tried_again_with_the_same_backup(
    shop: None, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with a new one each time, until the disk is full."""
    places: list[Path] = []

    def may_not(command: list[str], place: Path, address: str) -> None:
        places.append(place)
        raise ProgrammingError("permission denied to create database")

    def night() -> None:
        with suppress(backups.Refused):
            work.by_the_clock(nightly_backups.TASK, nightly_backups.make)

    clock.stop()
    settings.BACKUP_NIGHTLY, settings.BACKUP_KEEP = True, 1
    monkeypatch.setattr(restore_tests, "_manage", may_not)
    for _try in range(9):
        night()
        clock.advance(hours=2)
    assert made(settings) == 1
    rows = Upkeep.objects.filter(kind=Upkeep.RESTORE_TEST)
    assert rows.count() == 9 and not rows.filter(ok=True).exists()
    assert {row.cause for row in rows} == {"ProgrammingError: permission denied to create database"}
    assert TaskTrouble.objects.get().last_error.startswith("Refused: ProgrammingError: permission denied")
    assert {place.parent for place in places} == {Path(settings.DATA_DIR)}, (
        "not where all of the machine write"
    )
    assert not any(place.exists() for place in places)
    clock.advance(hours=6)
    night()
    assert made(settings) == 2, "the next night has one of its own"
    monkeypatch.setattr(restore_tests, "_manage", lambda *said: None)
    clock.advance(hours=2)
    night()
    assert made(settings) == 1 and not TaskTrouble.objects.exists()
    clock.advance(hours=2)
    night()
    assert Upkeep.objects.filter(kind=Upkeep.BACKUP).count() == 3, "after a good one there is a new one"


def test_what_was_killed_in_the_middle_is_removed_by_a_later_night(
    shop: None, settings: Any, tmp_path: Path
) -> None:
    settings.BACKUP_NIGHTLY = True
    settings.DATA_DIR = tmp_path / "data"
    home = Path(settings.BACKUP_DIR)
    old = [home / "2026-10-01T023000.part", settings.DATA_DIR / "kontor-backup-abc",
           settings.DATA_DIR / "kontor-restore-test-abc"]  # fmt: skip
    stays = [home / "2026-10-02T023000.part", home / "by-hand.part", settings.DATA_DIR / "media"]
    for folder in (*old, *stays):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"open")
    opened = settings.DATA_DIR / "kontor-restore-abc"
    opened.write_bytes(b"open")
    then = now().timestamp() - settings.TASK_TABLE[nightly_backups.TASK].limit_s - 60
    for folder in (*old, *stays):
        os.utime(folder, (then, then))
        if folder != stays[0]:
            os.utime(folder / "file", (then, then))
    os.utime(opened, (then, then))
    nightly_backups.clear_leftovers(home)
    assert [path.name for path in (*old, opened) if path.exists()] == []
    assert [path.name for path in stays if not path.exists()] == []


def test_what_somebody_began_by_hand_and_was_killed_is_removed_after_two_days(
    shop: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly_backups, "try_restore", lambda folder: None)
    settings.BACKUP_NIGHTLY = True
    settings.DATA_DIR = tmp_path / "data"
    home = Path(settings.BACKUP_DIR)
    whole = home / "before-the-move"
    backups.backup(whole)
    old = home / "killed.part"
    yesterdays, running, not_ours = home / "yesterday.part", home / "running.part", home / "letters.part"
    for folder in (old, yesterdays, running, not_ours):
        (folder / "media" / "pictures").mkdir(parents=True)
        (folder / backups.SQLITE).write_bytes(b"open")
        (folder / "media" / "pictures" / "a.jpg").write_bytes(b"open")
    (not_ours / "letter.odt").write_bytes(b"mine")
    day = 24 * 3600
    for folder, days in ((whole, 9), (old, 2.1), (yesterdays, 1.9), (running, 9), (not_ours, 9)):
        for path in (folder, *folder.rglob("*")):
            then = now().timestamp() - days * day
            os.utime(path, (then, then))
    os.utime(running / "media" / "pictures" / "a.jpg")  # a file is being written, far inside
    make_backup()
    assert not old.exists()
    assert [path.name for path in (whole, yesterdays, running, not_ours) if not path.exists()] == []


def test_databases_of_restore_tests_that_were_killed_are_removed(shop: None, settings: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has none")
    ours = [f"{restore_tests.DATABASE}{int(now().timestamp()) - ago}_7" for ago in (9000, 60)]
    with connection.cursor() as cursor:
        for name in ours:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            nightly_backups.clear_leftovers(Path(settings.BACKUP_DIR))
            cursor.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [ours])
            assert cursor.fetchall() == [(ours[1],)]
        finally:
            for name in ours:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')

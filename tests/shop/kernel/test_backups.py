"""Backup and restore: whole, checked, never over what is there; and the drill that ends with `manage.py verify`."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection

from checkout.order.models import Order
from fulfilment.finance.invoicing.files import make as make_papers
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from shop.kernel import backups, restore_tests
from shop.kernel.backup_keys import CHUNK, TAG, Seal, WrongKey
from shop.kernel.models import Upkeep
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.factories.warehouse import send_everything
from tests.support.helpers import Outbox
from tests.support.needs import program
from tests.walks.test_basket_to_books import shoe_in_stock


@pytest.fixture(autouse=True)
def names_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nights of these tests lie ahead: by their clock the database that another process of this run tries a backup
    in right now is an old one, and they removed it."""
    monkeypatch.setattr(restore_tests, "DATABASE", f"kontor_nights_{os.getpid()}_")


@pytest.fixture
def shop(fresh_database: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop with real commits, files of its own, and processes that read the shop's settings."""
    if connection.vendor == "postgresql":
        program("pg_dump", "postgresql-client")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    settings.BACKUP_DIR = str(tmp_path / "backups")
    for alias, name in (("default", "media"), ("documents", "documents")):
        place = tmp_path / "files" / name
        place.mkdir(parents=True)
        settings.STORAGES = settings.STORAGES | {
            alias: {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(place)},
            }
        }
    storages["default"].save("pictures/schuh größe 42.jpg", ContentFile(b"\xff\xd8 a picture"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "one"


@pytest.mark.both_databases
def test_the_drill_an_order_with_its_papers_comes_back_whole_and_verify_finds_nothing(
    shop: None, folder: Path, outbox: Outbox
) -> None:
    order = place_order((shoe_in_stock(5), 2), method="invoice", shipping_minor=490)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
    outbox.drain()
    make_papers(Invoice.objects.get().pk)
    call_command("backup", str(folder), "--test", verbosity=0)
    made, tried = Upkeep.objects.order_by("pk")
    assert (made.kind, made.ok, tried.kind, tried.ok) == (Upkeep.BACKUP, True, Upkeep.RESTORE_TEST, True)
    manifest = backups.check(folder)
    paths = [part["path"] for part in manifest["parts"]]
    assert made.files == len(paths) >= 4 and "media/pictures/schuh größe 42.jpg" in paths
    assert [path for path in paths if path.startswith("documents/") and path.endswith(".pdf")]
    assert folder.stat().st_mode & 0o077 == 0, "personal data is for its owner only"
    assert Order.objects.count() == 1, "the shop itself was not touched"


def test_the_drill_finds_a_shop_that_does_not_add_up(shop: None, folder: Path) -> None:
    record = shoe_in_stock(5)
    type(record).objects.filter(pk=record.pk).update(num_in_stock=4)
    backups.backup(folder)
    with pytest.raises(CommandError, match="verify: "):
        call_command("restore", str(folder), "--test")
    row = Upkeep.objects.get(kind=Upkeep.RESTORE_TEST)
    assert not row.ok and "FAIL" in row.cause


def spoil(folder: Path, how: str) -> None:
    manifest = json.loads((folder / backups.MANIFEST).read_text())
    picture = next(part for part in manifest["parts"] if part["path"].startswith("media/"))
    path = folder / picture["path"]
    if how == "changed":
        path.write_bytes(b"\xff\xd8 a Picture")
    elif how == "missing":
        path.unlink()
    elif how == "no manifest":
        (folder / backups.MANIFEST).unlink()
    elif how == "outside":
        picture["path"] = "../../elsewhere"
    elif how == "newer":
        manifest["format"] = 99
    if how in ("outside", "newer"):
        (folder / backups.MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("how", "words"),
    [("changed", "is not what it was"), ("missing", "is missing"), ("no manifest", "is no backup"),
     ("outside", "outside of the backup"), ("newer", "format 99")],
)  # fmt: skip
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(
    db: None, shop: None, folder: Path, how: str, words: str
) -> None:
    backups.backup(folder)
    spoil(folder, how)
    with pytest.raises(backups.Refused, match=words):
        backups.restore(folder)


def test_nothing_is_ever_written_over(shop: None, folder: Path, tmp_path: Path) -> None:
    backups.backup(folder)
    with pytest.raises(backups.Refused, match="is there already"):
        backups.backup(folder)
    with pytest.raises(CommandError, match="is not empty"):
        call_command("restore", str(folder))


def test_a_backup_that_breaks_off_leaves_nothing_that_looks_like_one_and_is_noted(
    shop: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", str(folder))
    assert not list(folder.parent.iterdir())
    row = Upkeep.objects.get()
    assert not row.ok and "No space left" in row.cause


@pytest.mark.both_databases
@pytest.mark.parametrize("what", [SoftTimeLimitExceeded, KeyboardInterrupt, subprocess.TimeoutExpired])
def test_whatever_breaks_it_off_nothing_is_left_and_it_is_noted(
    shop: None, folder: Path, monkeypatch: pytest.MonkeyPatch, what: type[BaseException]
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise what("pg_dump", 7) if what is subprocess.TimeoutExpired else what()

    monkeypatch.setattr(shutil, "copyfileobj", broken)
    with pytest.raises(what):
        backups.backup(folder)
    assert not list(folder.parent.iterdir())
    row = Upkeep.objects.get()
    assert not row.ok and row.cause.startswith(what.__name__) and row.where == str(folder)


def test_old_ones_go_when_so_many_are_kept(shop: None, settings: Any, clock: Any) -> None:
    clock.stop()
    for _ in range(3):
        call_command("backup", "--keep", "2", verbosity=0)
        clock.advance(days=1)
    kept = sorted(path.name for path in Path(settings.BACKUP_DIR).iterdir())
    assert len(kept) == 2 and kept == sorted(kept)
    assert Upkeep.objects.filter(ok=True).count() == 3


def test_what_somebody_named_stays_and_what_was_just_made_too(tmp_path: Path) -> None:
    names = ("2026-10-01T023000", "2026-10-02T023000", "2026-10-03T023000", "2026-10-04T023000.part",
             "2099-before-the-move", "zuvor")  # fmt: skip
    for name in (*names, "2026-10-05T023000"):
        (tmp_path / name).mkdir()
        if name != "2026-10-05T023000":
            (tmp_path / name / backups.MANIFEST).write_text("{}")
    made = tmp_path / "2026-10-01T023000"  # the clock of the machine was set back
    assert backups.keep_newest(tmp_path, 2, made) == [tmp_path / "2026-10-02T023000"]
    assert backups.keep_newest(tmp_path, 1, made) == [tmp_path / "2026-10-03T023000"]
    assert backups.keep_newest(tmp_path, 1, tmp_path / "zuvor") == []
    assert backups.keep_newest(tmp_path / "nowhere", 1, made) == []
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*names, "2026-10-05T023000"} - {"2026-10-02T023000", "2026-10-03T023000"}


KEY = "kanarienvogel-0123456789-abcdefghij"


@pytest.mark.both_databases
def test_a_sealed_backup_shows_nothing_and_comes_back_with_its_key_alone(
    shop: None, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKUP_KEY = KEY
    monkeypatch.setenv("BACKUP_KEY", KEY)
    storages["documents"].save("empty.pdf", ContentFile(b""))
    storages["documents"].save("large.bin", ContentFile(b"gleich" * 400_000))
    make_staff("geheime.anna@example.org")
    call_command("backup", str(folder), "--test", verbosity=0)
    assert [row.ok for row in Upkeep.objects.order_by("pk")] == [True, True]
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for open_text in (b"geheime.anna", b" a picture", b"gleich", b"SQLite format", b"PGDMP", KEY.encode()):
        assert open_text not in everything
    assert not list(Path(settings.DATA_DIR).glob("kontor-backup-*")), "no open copy is left"
    for wrong in ("", "another-key-0123456789-abcdefghijklm", "short"):
        settings.BACKUP_KEY = wrong
        with pytest.raises(backups.Refused, match="BACKUP_KEY"):
            backups.restore(folder)


def test_an_open_backup_does_not_come_into_a_shop_with_a_key_unless_that_is_wanted(
    shop: None, folder: Path, settings: Any
) -> None:
    backups.backup(folder)
    settings.BACKUP_KEY = KEY
    with pytest.raises(CommandError, match=r"is not sealed.*--unsealed"):
        call_command("restore", str(folder))
    with pytest.raises(CommandError, match="is not empty"):
        call_command("restore", str(folder), "--unsealed")


@pytest.mark.both_databases
def test_a_restore_test_reads_no_secret_of_the_shop_from_a_file(
    shop: None, folder: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the address of the database (another one is said) nor those that are not to be reached."""
    nowhere = tmp_path / "database_url"
    nowhere.write_text("postgres://shop:geheim@127.0.0.1:1/shop\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(nowhere))
    for name in restore_tests.UNSET:
        if name != "DATABASE_URL":
            monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "missing"))
    key = tmp_path / "backup_key"
    key.write_text(KEY)
    monkeypatch.setenv("BACKUP_KEY_FILE", str(key))
    call_command("backup", str(folder), verbosity=0)
    settings.BACKUP_KEY = KEY
    with pytest.raises(CommandError, match=r"restore: .*is not sealed"):
        call_command("restore", str(folder), "--test")
    call_command("restore", str(folder), "--test", "--unsealed", stdout=io.StringIO())
    assert Upkeep.objects.filter(kind=Upkeep.RESTORE_TEST, ok=True).count() == 1


def test_sealed_files_that_were_cut_swapped_or_mixed_do_not_open(tmp_path: Path) -> None:
    seal, other = Seal(KEY), Seal(KEY)
    paths = {name: tmp_path / name for name in ("a", "b")}
    for name, path in paths.items():
        with path.open("wb") as target:
            seal.copy(io.BytesIO(name.encode() * (2 * CHUNK + 5)), target, name)
    opened = io.BytesIO()
    seal.open(paths["a"], opened, "a")
    assert opened.getvalue() == b"a" * (2 * CHUNK + 5)
    whole = paths["a"].read_bytes()
    one, two = whole[7 : 7 + CHUNK + TAG], whole[7 + CHUNK + TAG : 7 + 2 * (CHUNK + TAG)]
    for wrong in (whole[: 7 + CHUNK + TAG], whole[:-1], whole[:7] + two + one, whole[:7], b"",
                  whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):  # fmt: skip
        paths["a"].write_bytes(wrong)
        with pytest.raises(WrongKey):
            seal.open(paths["a"], io.BytesIO(), "a")
    for path, name, key in ((paths["b"], "a", seal), (paths["b"], "b", other)):
        with pytest.raises(WrongKey):
            key.open(path, io.BytesIO(), name)


def test_a_manifest_that_was_changed_is_refused(shop: None, folder: Path, settings: Any) -> None:
    settings.BACKUP_KEY = KEY
    backups.backup(folder)
    manifest = json.loads((folder / backups.MANIFEST).read_text())
    manifest["parts"] = manifest["parts"][:1]
    (folder / backups.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(backups.Refused, match="manifest was changed"):
        backups.restore(folder)


def test_postgresql_without_its_programs_says_what_to_install(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(backups.Refused, match="apt-get install postgresql-client"):
        backups._run("pg_dump")


@pytest.mark.both_databases
def test_a_pg_dump_that_is_older_than_the_server_is_named_with_both_versions(
    shop: None, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite is copied without a program")
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(
        backups.Refused, match=r"pg_dump here is of version 9, the server of \d+.*postgresql-client"
    ):
        backups.backup(folder)
    assert not list(folder.parent.iterdir()) and not Upkeep.objects.get().ok


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (
            {"USER": "k", "PASSWORD": "a/b@c", "HOST": "db.example", "PORT": 5433},
            "postgres://k:a%2Fb%40c@db.example:5433/x",
        ),
        ({"USER": "k", "HOST": "", "OPTIONS": {"host": "/run/pg"}}, "postgres://k@/x?host=/run/pg"),
        ({"USER": "k", "HOST": "/run/pg"}, "postgres://k@/x?host=/run/pg"),
    ],
)
def test_the_address_beside_the_shop(said: dict[str, Any], address: str) -> None:
    assert restore_tests.address_of(said, "x") == address

"""The folder and the command."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from fulfilment.finance.bank import folder
from fulfilment.finance.bank.models import CsvMapping, StatementFile, StatementLine
from fulfilment.finance.bank.parsers import MAX_BYTES
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account

pytestmark = pytest.mark.django_db


def put(path: Path, data: bytes, age_s: float = 60) -> Path:
    path.write_bytes(data)
    moment = path.stat().st_mtime - age_s
    os.utime(path, (moment, moment))
    return path


def test_files_of_the_folder_are_imported_and_moved_away(tmp_path: Path, settings: Any) -> None:
    make_account()
    settings.BANK_FOLDER = str(tmp_path)
    put(tmp_path / "good.xml", camt(Entry("5.00")))
    put(tmp_path / "bad.xml", camt(Entry("x")))
    put(tmp_path / "empty.sta", b"")
    assert folder.take_all() == 3
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["good.xml"]
    assert sorted(path.name for path in (tmp_path / "refused").iterdir()) == [
        "bad.xml", "bad.xml.txt", "empty.sta", "empty.sta.txt",
    ]  # fmt: skip
    assert "4" in (tmp_path / "refused" / "bad.xml.txt").read_text()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    assert StatementLine.objects.count() == 1


def test_files_that_still_grow_hidden_ones_and_links_are_left(tmp_path: Path) -> None:
    make_account()
    put(tmp_path / "young.xml", camt(Entry("5.00")), age_s=0)
    put(tmp_path / ".hidden.xml", camt(Entry("6.00")))
    outside = put(tmp_path.parent / f"{tmp_path.name}-outside.xml", camt(Entry("7.00")))
    (tmp_path / "link.xml").symlink_to(outside)
    assert folder.take_all(tmp_path) == 0
    assert not StatementFile.objects.exists()
    outside.unlink()


def test_a_file_of_the_same_name_does_not_overwrite_the_one_before(tmp_path: Path) -> None:
    make_account()
    for amount in ("5.00", "6.00"):
        put(tmp_path / "day.xml", camt(Entry(amount)))
        folder.take_all(tmp_path)
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["day-1.xml", "day.xml"]


def test_a_file_too_large_is_moved_without_being_read(tmp_path: Path) -> None:
    path = put(tmp_path / "large.xml", b"")
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.utime(path, (1, 1))
    assert folder.take_all(tmp_path) == 1
    assert (tmp_path / "refused" / "large.xml.txt").exists()
    assert not StatementFile.objects.exists()


def test_no_folder_is_no_error(settings: Any, tmp_path: Path) -> None:
    settings.BANK_FOLDER = ""
    assert folder.take_all() == 0
    assert folder.take_all(tmp_path / "missing") == 0


def run(*files: Path, **options: Any) -> str:
    said = StringIO()
    call_command("import_statements", *[str(path) for path in files], stdout=said, **options)
    return said.getvalue()


def test_the_command_imports_and_says_what_was_new(tmp_path: Path) -> None:
    make_account()
    path = put(tmp_path / "a.xml", camt(Entry("5.00"), Entry("6.00")))
    assert run(path) == "a.xml: 2 new lines, 0 known\n"
    assert run(path) == "a.xml: was imported before, nothing changed\n"


def test_a_dry_run_reads_and_keeps_nothing(tmp_path: Path) -> None:
    make_account()
    path = put(tmp_path / "a.xml", camt(Entry("5.00"), opening="0.00", closing="9.00"))
    assert run(path, dry_run=True) == "a.xml: camt053, 1 lines for Giro, 1 statements do not add up\n"
    assert not StatementFile.objects.exists()


def test_refused_files_are_named_and_the_command_fails(tmp_path: Path) -> None:
    make_account()
    good, bad = put(tmp_path / "good.xml", camt(Entry("5.00"))), put(tmp_path / "bad.xml", camt(Entry("x")))
    said = StringIO()
    with pytest.raises(CommandError, match="2 of 3 files refused"):
        call_command("import_statements", str(bad), str(good), str(tmp_path / "none"), stdout=said)
    assert "bad.xml: " in said.getvalue() and "good.xml: 1 new lines" in said.getvalue()
    with pytest.raises(CommandError, match="1 of 1"):
        run(bad, dry_run=True)


def test_the_command_reads_a_csv_with_the_mapping_named(tmp_path: Path) -> None:
    columns = {"booked_on": "1", "amount": "2"}
    CsvMapping.objects.create(
        name="Bank", account=make_account(), settings={"columns": columns, "header_row": 0}
    )
    path = put(tmp_path / "a.csv", b"20.11.2026;5,00\n")
    assert run(path, mapping="Bank") == "a.csv: 1 new lines, 0 known\n"
    with pytest.raises(CommandError, match="no CSV mapping"):
        run(path, mapping="Other")


def test_what_is_never_taken_does_not_keep_the_rest_waiting(tmp_path: Path, monkeypatch: Any) -> None:
    make_account()
    monkeypatch.setattr(folder, "MOST_FILES", 2)
    for name in (".a", ".b", ".c"):
        (tmp_path / name).mkdir()
    put(tmp_path / "good.xml", camt(Entry("5.00")))
    assert folder.take_all(tmp_path) == 1
    assert StatementLine.objects.count() == 1


def test_lines_that_are_possible_one_by_one_and_not_together_are_refused(tmp_path: Path) -> None:
    """Their sum would not fit into the database: the file would be tried again for ever."""
    make_account()
    put(tmp_path / "much.xml", camt(*[Entry("9999999999999.99", ref=f"R{at}") for at in range(2)]))
    file = folder.take_one(tmp_path / "much.xml")
    assert file is not None
    assert (file.state, file.refused_code) == ("refused", "amount_too_large")

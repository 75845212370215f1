"""The schema is what the models say, and only we write its history."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from tests.architecture.source import ROOMS


def test_models_and_migrations_agree(db: None) -> None:
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said, verbosity=1)
    except SystemExit:
        pytest.fail(
            f"models changed without a migration; run `manage.py makemigrations`:\n{said.getvalue()}",
            pytrace=False,
        )


def test_no_history_of_oscars_is_used() -> None:
    loader = MigrationLoader(None)
    theirs = [
        key for key, migration in loader.disk_migrations.items() if migration.__module__.startswith("oscar.")
    ]
    assert not theirs, f"{theirs}: set MIGRATION_MODULES for the label and make a history of our own"


def test_every_app_has_one_end_of_its_history() -> None:
    loader = MigrationLoader(None)
    ours = {key[0] for key, one in loader.disk_migrations.items() if one.__module__.split(".")[0] in ROOMS}
    forked = {label: names for label, names in loader.detect_conflicts().items() if label in ours}
    assert not forked, f"{forked}: two migrations follow the same one; remake yours after the other"


def test_system_checks_are_clean() -> None:
    said = StringIO()
    call_command("check", stderr=said, stdout=said, fail_level="WARNING")

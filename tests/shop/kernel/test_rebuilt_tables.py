"""SQLite makes a table anew to alter it: whatever triggers name it, it can, and they are there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations import AlterField, RemoveField
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from oscar.apps.offer.models import Benefit, ConditionalOffer, Range

from shop.kernel import guards
from shop.pages import triggers
from tests.factories.offers import make_offer

pytestmark = pytest.mark.usefixtures("fresh_database")


@pytest.fixture(autouse=True)
def _makes_tables_anew(fresh_database: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL alters a table in its place")


def all_triggers() -> dict[str, str]:
    """Name of each -> what made it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def naming(word: str) -> set[str]:
    return {name for name, sql in all_triggers().items() if word in sql}


def altered(model: type[models.Model], name: str, **changes: Any) -> AlterField:
    """The step of a migration that changes a column."""
    field: Any = model._meta.get_field(name).clone()
    for key, value in changes.items():
        setattr(field, key, value)
    return AlterField(model._meta.model_name or "", name, field)


@contextmanager
def migrated(step: Operation) -> Iterator[None]:
    """As a migration of Oscar's offers does it; what is inside happens before it ends."""
    before = ProjectState.from_apps(apps)
    after = before.clone()
    step.state_forwards("offer", after)
    with connection.schema_editor() as editor:
        step.database_forwards("offer", editor, before, after)
        yield


@pytest.mark.parametrize(
    ("model", "name", "changes"),
    [
        (ConditionalOffer, "name", {"max_length": 200}),
        (Benefit, "type", {"max_length": 200}),
        (Range, "name", {"max_length": 200}),
    ],
)
def test_a_table_of_oscar_that_triggers_of_others_name_is_rebuilt_and_all_triggers_stay(
    model: type[models.Model], name: str, changes: dict[str, Any]
) -> None:
    make_offer("Herbst", percent=10)
    before, rows = all_triggers(), list(model._default_manager.values_list("pk", flat=True))
    assert len(naming(model._meta.db_table)) > len(guards.missing(triggers.GUARDS)) == 0
    with migrated(altered(model, name, **changes)):
        pass
    assert all_triggers() == before
    assert rows and list(model._default_manager.values_list("pk", flat=True)) == rows
    assert model._default_manager.update(**{name: "Winter"}) == 1


def test_what_is_broken_off_leaves_table_and_triggers_as_they_were() -> None:
    make_offer("Herbst", percent=10)
    before = all_triggers()
    step = altered(ConditionalOffer, "name", max_length=200)
    with pytest.raises(ZeroDivisionError), migrated(step):
        raise ZeroDivisionError
    assert all_triggers() == before
    assert ConditionalOffer.objects.get().name == "Herbst"


@pytest.mark.parametrize("name", ["max_discount", "priority"])  # the second by making the table anew
def test_triggers_that_name_a_column_that_goes_wait_for_the_end_of_the_migrations(name: str) -> None:
    """The new release says what they listen to from now on; all others stay."""
    make_offer("Herbst", percent=10)
    before, theirs = set(all_triggers()), naming("offer_conditionaloffer") & naming(name)
    assert theirs
    with migrated(RemoveField("conditionaloffer", name)):
        pass
    assert before - set(all_triggers()) == theirs
    with connection.cursor() as cursor:
        cursor.execute("UPDATE offer_conditionaloffer SET name = 'Winter'")
        assert cursor.rowcount == 1

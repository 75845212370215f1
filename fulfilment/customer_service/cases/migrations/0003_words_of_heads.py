"""Words in the heads of cases (name, subject, address): a GIN index on PostgreSQL; SQLite looks through the table."""

from django.db import migrations

MAKE = (
    "CREATE INDEX cases_case_words ON cases_case"
    " USING gin (to_tsvector('simple', name || ' ' || subject || ' ' || email))"
)


def make(apps, schema_editor):
    """Where the database has such an index."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MAKE)


def drop(apps, schema_editor):
    """Without it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX cases_case_words")


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_words")]

    operations = [migrations.RunPython(make, drop)]

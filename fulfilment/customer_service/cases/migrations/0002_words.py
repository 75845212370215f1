"""Words in messages: GIN over tsvector on PostgreSQL, FTS5 kept by triggers on SQLite (messages never change)."""

from django.db import migrations

POSTGRES = [
    "CREATE INDEX cases_message_words ON cases_message USING gin (to_tsvector('simple', body))",
]
SQLITE = [
    "CREATE VIRTUAL TABLE cases_message_words USING fts5(body, content='cases_message', content_rowid='id')",
    "INSERT INTO cases_message_words (rowid, body) SELECT id, body FROM cases_message",
    """
    CREATE TRIGGER cases_message_words_in AFTER INSERT ON cases_message BEGIN
        INSERT INTO cases_message_words (rowid, body) VALUES (new.id, new.body);
    END
    """,
    """
    CREATE TRIGGER cases_message_words_out AFTER DELETE ON cases_message BEGIN
        INSERT INTO cases_message_words (cases_message_words, rowid, body) VALUES ('delete', old.id, old.body);
    END
    """,
    """
    CREATE TRIGGER cases_message_words_anew AFTER UPDATE OF body ON cases_message BEGIN
        INSERT INTO cases_message_words (cases_message_words, rowid, body) VALUES ('delete', old.id, old.body);
        INSERT INTO cases_message_words (rowid, body) VALUES (new.id, new.body);
    END
    """,
]
NOT_ANY_MORE = {
    "postgresql": ["DROP INDEX cases_message_words"],
    "sqlite": [
        "DROP TRIGGER cases_message_words_in",
        "DROP TRIGGER cases_message_words_out",
        "DROP TRIGGER cases_message_words_anew",
        "DROP TABLE cases_message_words",
    ],
}


def make(apps, schema_editor):
    """The index of the database at hand."""
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    """Without it."""
    for statement in NOT_ANY_MORE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_cases_and_messages")]

    operations = [migrations.RunPython(make, drop)]

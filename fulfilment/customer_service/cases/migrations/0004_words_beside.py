"""Words are kept beside messages and heads, folded by us: what a database takes for a letter depends on its locale."""

from django.db import migrations, models

from fulfilment.customer_service.cases.words import folded

SQLITE_TRIGGERS = ("in", "out", "anew")
POSTGRES = [
    "CREATE INDEX cases_message_words ON cases_message USING gin (to_tsvector('simple', words))",
    "CREATE INDEX cases_case_words ON cases_case USING gin (to_tsvector('simple', words))",
]
SQLITE = [
    "CREATE VIRTUAL TABLE cases_message_words USING fts5(words, content='cases_message', content_rowid='id')",
    "INSERT INTO cases_message_words (rowid, words) SELECT id, words FROM cases_message",
    """
    CREATE TRIGGER cases_message_words_in AFTER INSERT ON cases_message BEGIN
        INSERT INTO cases_message_words (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER cases_message_words_out AFTER DELETE ON cases_message BEGIN
        INSERT INTO cases_message_words (cases_message_words, rowid, words) VALUES ('delete', old.id, old.words);
    END
    """,
    """
    CREATE TRIGGER cases_message_words_anew AFTER UPDATE OF words ON cases_message BEGIN
        INSERT INTO cases_message_words (cases_message_words, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO cases_message_words (rowid, words) VALUES (new.id, new.words);
    END
    """,
]


def drop(apps, schema_editor):
    """The indexes that stand; SQLite may have lost its triggers with a table that was made anew."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS cases_message_words")
        schema_editor.execute("DROP INDEX IF EXISTS cases_case_words")
        return
    for name in SQLITE_TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS cases_message_words_{name}")
    schema_editor.execute("DROP TABLE IF EXISTS cases_message_words")


def fill(apps, schema_editor):
    """The words of what is there."""
    case, message = apps.get_model("cases", "Case"), apps.get_model("cases", "Message")
    for row in case.objects.order_by("pk").iterator(1000):
        case.objects.filter(pk=row.pk).update(words=folded(f"{row.name} {row.subject} {row.email}"))
    for row in message.objects.order_by("pk").iterator(1000):
        message.objects.filter(pk=row.pk).update(words=folded(row.body))


def make(apps, schema_editor):
    """The indexes of the database at hand."""
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_words_of_heads")]

    operations = [
        migrations.RunPython(drop, migrations.RunPython.noop),
        migrations.AddField(
            model_name="case",
            name="words",
            field=models.TextField(
                default="", editable=False, help_text="name, subject and address as the search knows them"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="words",
            field=models.TextField(default="", editable=False, help_text="of the body, as the search knows them"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(make, drop),
    ]

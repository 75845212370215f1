"""What Django loads by the name of the engine."""

from django.db.backends.sqlite3 import base

from .schema import SchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite that alters tables in our way."""

    SchemaEditorClass = SchemaEditor

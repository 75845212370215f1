"""New columns for tables that triggers speak of.

On SQLite Django makes a table anew to add a column to it, and SQLite refuses to rename a table while a trigger speaks
of one that is not there in that moment. A plain ALTER TABLE does neither, and the table keeps its triggers.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class AddGuardedColumn(migrations.AddField):
    """AddField without making the table anew; the field needs a ``db_default``."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """ALTER TABLE ... ADD COLUMN, on SQLite too."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            BaseDatabaseSchemaEditor.add_field(schema_editor, model, model._meta.get_field(self.name))

"""Secrets that pushes are signed with are sealed in their rows (shop/kernel/sealed.py)."""

from django.db import migrations

import shop.kernel.sealed
from shop.kernel import sealed

PURPOSE = "push"


def close(apps, schema_editor):
    """The new field opens what is not sealed as it is, and seals what it writes."""
    rows = apps.get_model("connect", "Endpoint").objects.using(schema_editor.connection.alias)
    for row in rows.iterator():
        row.save(update_fields=["secret", "previous_secret"])


def open_again(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, secret, previous_secret FROM connect_endpoint")
        for pk, *kept in cursor.fetchall():
            plain = [sealed.unseal(one, purpose=PURPOSE) for one in kept]
            cursor.execute(
                "UPDATE connect_endpoint SET secret = %s, previous_secret = %s WHERE id = %s", [*plain, pk]
            )


class Migration(migrations.Migration):
    dependencies = [("connect", "0002_threads")]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="secret",
            field=shop.kernel.sealed.SealedField(purpose=PURPOSE),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="previous_secret",
            field=shop.kernel.sealed.SealedField(blank=True, purpose=PURPOSE),
        ),
        migrations.RunPython(close, open_again),
    ]

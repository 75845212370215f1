"""Mails that were sent and open an account or an order forget the keys in their addresses (keys.py)."""

from django.db import migrations

from shop.notifications.keys import without_keys


def forget(apps, schema_editor):
    rows = apps.get_model("notifications", "OutgoingMail").objects.using(schema_editor.connection.alias)
    for row in rows.filter(state="done", confidential=True).only("html", "text").iterator(chunk_size=200):
        row.html, row.text = without_keys(row.html), without_keys(row.text)
        row.save(update_fields=["html", "text"])


class Migration(migrations.Migration):
    dependencies = [("notifications", "0014_newsletters")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]

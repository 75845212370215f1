"""The largest size of a picture is made as JPEG too (catalogue/picture_sizes.py). Pictures that have a larger size than
pages show are made once more; what is there is shown meanwhile."""

from django.db import migrations

PAGE = 800
BATCH = 500


def due_again(apps, schema_editor):
    rows = apps.get_model("catalogue", "ProductImage").objects.using(schema_editor.connection.alias)
    made = rows.exclude(made_at=None).values_list("pk", "widths")
    ids = [pk for pk, widths in made.iterator() if max(widths, default=0) > PAGE]
    for start in range(0, len(ids), BATCH):
        rows.filter(pk__in=ids[start : start + BATCH]).update(made_at=None, tries=0, waits=0, next_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ("catalogue", "0007_pictures_of_categories"),
    ]

    operations = [
        migrations.RunPython(due_again, migrations.RunPython.noop),
    ]

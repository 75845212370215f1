from django.db import migrations, models

KEY = "withdrawal-form"
SLUGS = ("widerrufsformular", "withdrawal-form")  # where the default text of the form was written


def name_them(apps, schema_editor):
    """Pages of the form that were written before it had a key: they are linked at the foot of every page from now on.

    The latest draft is what an editor opens next: without the key in it, publishing it would take the link away again.
    """
    pages = apps.get_model("pages", "ContentPage").objects.filter(key="", slug__in=SLUGS)
    ids = list(pages.values_list("pk", flat=True))
    latest = pages.exclude(latest_revision=None).values_list("latest_revision_id", flat=True)
    for revision in apps.get_model("wagtailcore", "Revision").objects.filter(pk__in=list(latest)):
        revision.content["key"] = KEY
        revision.save(update_fields=["content"])
    apps.get_model("pages", "ContentPage").objects.filter(pk__in=ids).update(key=KEY)


class Migration(migrations.Migration):

    dependencies = [
        ('pages', '0006_pictures_that_wait'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [
        migrations.AlterField(
            model_name='contentpage',
            name='key',
            field=models.CharField(blank=True, choices=[('shipping', 'Shipping and payment'), ('withdrawal', 'Right of withdrawal'), ('withdrawal-form', 'Model withdrawal form'), ('terms', 'Terms and conditions'), ('privacy', 'Privacy'), ('environment', 'Batteries and packaging'), ('accessibility', 'Accessibility'), ('imprint', 'Imprint')], db_index=True, max_length=20, verbose_name='Which legal text'),
        ),
        migrations.RunPython(name_them, migrations.RunPython.noop),
    ]

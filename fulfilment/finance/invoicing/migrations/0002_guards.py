"""The database's own guards. Later ones come by post_migrate, which installs what is missing after every migrate."""

from django.db import migrations

from fulfilment.finance.invoicing.triggers import GUARDS
from fulfilment.finance.ledger import guards


def install(apps, schema_editor):
    guards.install(GUARDS, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

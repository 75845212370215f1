"""The database's own guards. Later ones come by post_migrate, which installs what is missing after every migrate."""

from django.db import migrations

from fulfilment.finance.ledger.triggers import GUARDS
from fulfilment.finance.ledger import guards


def install(apps, schema_editor):
    guards.install(GUARDS, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

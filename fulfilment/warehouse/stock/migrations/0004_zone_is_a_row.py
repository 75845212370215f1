from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("stock", "0003_zones_from_names")]
    operations = [
        migrations.RemoveField(model_name="bin", name="zone"),
        migrations.RenameField(model_name="bin", old_name="zone_row", new_name="zone"),
    ]

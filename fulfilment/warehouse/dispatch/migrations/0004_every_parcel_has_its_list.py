import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0003_pick_list_of_old_parcels")]
    operations = [
        migrations.AlterField(
            model_name="parcel",
            name="pick_list",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="parcels", to="picking.picklist"),
        ),
    ]

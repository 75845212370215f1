import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("picking", "0003_site_of_lists")]
    operations = [
        migrations.AlterField(
            model_name="picklist",
            name="site",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pick_lists", to="stock.site"),
        ),
    ]

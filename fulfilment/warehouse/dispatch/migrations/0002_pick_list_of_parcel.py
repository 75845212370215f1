import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dispatch', '0001_initial'),
        ('picking', '0004_every_list_has_a_site'),
    ]

    operations = [
        migrations.AddField(
            model_name='parcel',
            name='pick_list',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='picking.picklist'),
        ),
    ]

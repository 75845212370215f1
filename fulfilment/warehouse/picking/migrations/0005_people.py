
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('picking', '0004_every_list_has_a_site'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='picklist',
            options={'ordering': ['created_at', 'pk'], 'permissions': [('pick_orders', 'May pick orders'), ('plan_picking', 'May plan walks and cut-off times'), ('see_people', 'May see who picks how much')]},
        ),
    ]

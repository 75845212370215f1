
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partner', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='stockrecord',
            name='num_quarantine',
            field=models.PositiveIntegerField(default=0, help_text='in the house, but not for sale', verbose_name='Number in quarantine'),
        ),
    ]

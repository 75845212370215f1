from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('returns', '0003_exchanges'),
    ]

    operations = [
        migrations.AlterField(
            model_name='exchange',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waits for the old piece'), ('sent', 'New size may go'), ('called_off', 'Called off'), ('cancelled', 'Cancelled after the old piece came')], default='waiting', max_length=12, verbose_name='State'),
        ),
    ]

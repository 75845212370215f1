import django.db.models.deletion
import shop.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('order', '0002_orderlink'),
        ('picking', '0001_initial'),
        ('stock', '0004_zone_is_a_row'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('single', 'one order'), ('batch', 'several orders'), ('zone', 'one zone')], default='batch', max_length=10)),
                ('carrier', models.CharField(blank=True, max_length=40)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('open', 'to pick'), ('picking', 'being picked'), ('picked', 'picked'), ('cancelled', 'cancelled')], db_index=True, default='open', max_length=10)),
                ('created_at', models.DateTimeField(default=shop.kernel.clock.now)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('picked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['due_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='BatchBox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('box', models.PositiveSmallIntegerField()),
            ],
            options={
                'ordering': ['box'],
            },
        ),
        migrations.CreateModel(
            name='CutOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('carrier', models.CharField(blank=True, help_text='code; empty: every carrier', max_length=40)),
                ('weekdays', models.CharField(default='12345', help_text='1 is Monday', max_length=7)),
                ('time', models.TimeField()),
            ],
            options={
                'ordering': ['site', 'time'],
            },
        ),
        migrations.CreateModel(
            name='PickedLot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='ScanRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scan_id', models.UUIDField(unique=True)),
                ('kind', models.CharField(choices=[('pick', 'picked'), ('short', 'short')], max_length=10)),
                ('code', models.CharField(blank=True, max_length=60)),
                ('lot_code', models.CharField(blank=True, max_length=60)),
                ('quantity', models.PositiveIntegerField(default=0)),
                ('accepted', models.BooleanField(default=False)),
                ('answer', models.CharField(blank=True, max_length=300)),
                ('at_client', models.DateTimeField(blank=True, help_text="by the phone's clock, which may be wrong", null=True)),
                ('received_at', models.DateTimeField(default=shop.kernel.clock.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='picklist',
            options={'ordering': ['created_at', 'pk'], 'permissions': [('pick_orders', 'May pick orders'), ('plan_picking', 'May plan walks and cut-off times')]},
        ),
        migrations.AddField(
            model_name='pickline',
            name='lot',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pick_lines', to='stock.lot'),
        ),
        migrations.AddField(
            model_name='picklist',
            name='carrier',
            field=models.CharField(blank=True, help_text='code; empty: fetched in the store', max_length=40),
        ),
        migrations.AddField(
            model_name='picklist',
            name='due_at',
            field=models.DateTimeField(blank=True, help_text='when the carrier comes that shall take it', null=True),
        ),
        migrations.AddField(
            model_name='picklist',
            name='priority',
            field=models.SmallIntegerField(choices=[(0, 'normal'), (10, 'urgent')], default=0),
        ),
        migrations.AddField(
            model_name='picklist',
            name='site',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pick_lists', to='stock.site'),
        ),
        migrations.AddField(
            model_name='picklist',
            name='waits_for_answer',
            field=models.BooleanField(default=False, help_text='the shopper is asked about missing pieces; not packed meanwhile'),
        ),
        migrations.AlterField(
            model_name='picklist',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pick_lists', to='order.order'),
        ),
        migrations.AddConstraint(
            model_name='picklist',
            constraint=models.UniqueConstraint(fields=('order', 'site'), name='picking_list_once_per_site'),
        ),
        migrations.AddField(
            model_name='batch',
            name='picker',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='batch',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='stock.site'),
        ),
        migrations.AddField(
            model_name='batch',
            name='zone',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='stock.zone'),
        ),
        migrations.AddField(
            model_name='pickline',
            name='batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='picking.batch'),
        ),
        migrations.AddField(
            model_name='batchbox',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='boxes', to='picking.batch'),
        ),
        migrations.AddField(
            model_name='batchbox',
            name='pick_list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='boxes', to='picking.picklist'),
        ),
        migrations.AddField(
            model_name='cutoff',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cut_offs', to='stock.site'),
        ),
        migrations.AddField(
            model_name='pickedlot',
            name='lot',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='picked_lots', to='stock.lot'),
        ),
        migrations.AddField(
            model_name='pickedlot',
            name='pick_line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='picked_lots', to='picking.pickline'),
        ),
        migrations.AddField(
            model_name='scanrecord',
            name='batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='picking.batch'),
        ),
        migrations.AddField(
            model_name='scanrecord',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scanrecord',
            name='line',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='picking.pickline'),
        ),
        migrations.AddConstraint(
            model_name='batchbox',
            constraint=models.UniqueConstraint(fields=('batch', 'box'), name='picking_box_once'),
        ),
        migrations.AddConstraint(
            model_name='batchbox',
            constraint=models.UniqueConstraint(fields=('batch', 'pick_list'), name='picking_list_once_per_batch'),
        ),
        migrations.AddConstraint(
            model_name='cutoff',
            constraint=models.UniqueConstraint(fields=('site', 'carrier', 'time'), name='picking_cut_off_once'),
        ),
        migrations.AddConstraint(
            model_name='pickedlot',
            constraint=models.UniqueConstraint(fields=('pick_line', 'lot'), name='picking_lot_once_per_line'),
        ),
        migrations.AddIndex(
            model_name='scanrecord',
            index=models.Index(fields=['by', 'received_at'], name='picking_scans_by_person'),
        ),
    ]

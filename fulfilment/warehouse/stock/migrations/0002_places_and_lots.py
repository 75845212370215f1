import django.db.models.deletion
import shop.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partner', '0002_quarantine'),
        ('stock', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='site',
            options={'ordering': ['position', 'code']},
        ),
        migrations.AddField(
            model_name='bin',
            name='is_active',
            field=models.BooleanField(default=True, help_text='closed bins are kept for history'),
        ),
        migrations.AddField(
            model_name='binstock',
            name='is_doubtful',
            field=models.BooleanField(default=False, help_text='found empty by a picker; nobody is sent here until it is counted or filled'),
        ),
        migrations.AddField(
            model_name='binstock',
            name='since',
            field=models.DateTimeField(default=shop.kernel.clock.now, help_text='when the first of these pieces came: first in, first out'),
        ),
        migrations.AddField(
            model_name='site',
            name='is_active',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='site',
            name='position',
            field=models.PositiveSmallIntegerField(default=0, help_text='turn in lists; the first is the default'),
        ),
        migrations.AddField(
            model_name='site',
            name='ships',
            field=models.BooleanField(default=True, help_text='may send parcels to customers'),
        ),
        migrations.AlterField(
            model_name='bin',
            name='kind',
            field=models.CharField(choices=[('pick', 'picking bin'), ('reserve', 'reserve'), ('receiving', 'goods received'), ('packing', 'packing place'), ('shop_floor', 'shop floor'), ('quarantine', 'quarantine'), ('returns', 'returns'), ('b_stock', 'B stock'), ('transit', 'on its way')], default='pick', max_length=12),
        ),
        migrations.CreateModel(
            name='Handling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tracking', models.CharField(choices=[('none', 'pieces only'), ('lot', 'lots'), ('serial', 'serial numbers')], default='none', max_length=10)),
                ('has_best_before', models.BooleanField(default=False)),
                ('min_days_left', models.PositiveSmallIntegerField(default=0, help_text='not sent to customers when fewer days are left')),
                ('length_mm', models.PositiveIntegerField(default=0)),
                ('width_mm', models.PositiveIntegerField(default=0)),
                ('height_mm', models.PositiveIntegerField(default=0)),
                ('stockrecord', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='handling', to='partner.stockrecord')),
            ],
        ),
        migrations.CreateModel(
            name='Lot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=60)),
                ('is_serial', models.BooleanField(default=False)),
                ('best_before', models.DateField(blank=True, null=True)),
                ('received_at', models.DateTimeField(default=shop.kernel.clock.now)),
                ('stockrecord', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='partner.stockrecord')),
            ],
            options={
                'ordering': ['best_before', 'received_at', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='movement',
            name='lot',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='stock.lot'),
        ),
        migrations.CreateModel(
            name='LotStock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField(default=0)),
                ('bin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lot_contents', to='stock.bin')),
                ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lot_stock', to='stock.lot')),
            ],
        ),
        migrations.CreateModel(
            name='Zone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('sequence', models.PositiveIntegerField(default=0, help_text='turn on the walk')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='zones', to='stock.site')),
            ],
            options={
                'ordering': ['site', 'sequence', 'code'],
            },
        ),
        migrations.AddField(
            model_name='bin',
            name='zone_row',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bins', to='stock.zone'),
        ),
        migrations.CreateModel(
            name='Barcode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=60, unique=True)),
                ('kind', models.CharField(choices=[('gtin', 'GTIN'), ('own', 'own code')], default='own', max_length=5)),
                ('pieces', models.PositiveIntegerField(default=1, help_text='how many pieces one scan means')),
                ('name', models.CharField(blank=True, help_text='of the pack, as people say it', max_length=40)),
                ('stockrecord', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='barcodes', to='partner.stockrecord')),
            ],
            options={
                'ordering': ['pieces', 'code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('pieces__gte', 1)), name='stock_barcode_means_something')],
            },
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(fields=['code'], name='stock_lot_code'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(fields=('stockrecord', 'code'), name='stock_lot_once'),
        ),
        migrations.AddConstraint(
            model_name='lotstock',
            constraint=models.UniqueConstraint(fields=('lot', 'bin'), name='stock_lot_once_per_bin'),
        ),
        migrations.AddConstraint(
            model_name='lotstock',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 0)), name='stock_lot_never_negative'),
        ),
        migrations.AddConstraint(
            model_name='zone',
            constraint=models.UniqueConstraint(fields=('site', 'code'), name='stock_zone_once_per_site'),
        ),
    ]

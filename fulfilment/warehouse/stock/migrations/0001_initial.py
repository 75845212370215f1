
import django.db.models.deletion
import shop.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("partner", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "company",
                    models.CharField(
                        blank=True, help_text="sender on packing slip and label", max_length=120
                    ),
                ),
                ("street", models.CharField(blank=True, max_length=120)),
                ("postcode", models.CharField(blank=True, max_length=12)),
                ("city", models.CharField(blank=True, max_length=80)),
                ("country", models.CharField(default="DE", max_length=2)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Bin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(help_text="as printed on the shelf and scanned", max_length=30)),
                ("zone", models.CharField(blank=True, max_length=20)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pick", "picking bin"),
                            ("reserve", "reserve"),
                            ("receiving", "goods received"),
                            ("packing", "packing place"),
                            ("shop_floor", "shop floor"),
                        ],
                        default="pick",
                        max_length=12,
                    ),
                ),
                ("sequence", models.PositiveIntegerField(default=0, help_text="turn on the walk")),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bins", to="stock.site"
                    ),
                ),
            ],
            options={
                "ordering": ["sequence", "code"],
            },
        ),
        migrations.CreateModel(
            name="BinStock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("quantity", models.PositiveIntegerField(default=0)),
                (
                    "bin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contents", to="stock.bin"
                    ),
                ),
                (
                    "stockrecord",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bin_stock",
                        to="partner.stockrecord",
                    ),
                ),
            ],
            options={
                "ordering": ["bin__sequence", "bin__code"],
                "constraints": [
                    models.UniqueConstraint(fields=("stockrecord", "bin"), name="stock_once_per_bin"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 0)), name="stock_never_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "received"),
                            ("pick", "picked"),
                            ("dispatch", "dispatched"),
                            ("return", "returned"),
                            ("count", "counted"),
                            ("transfer", "moved"),
                        ],
                        max_length=10,
                    ),
                ),
                ("quantity", models.IntegerField(help_text="pieces; negative: taken out of the bin")),
                ("cause", models.CharField(blank=True, max_length=80)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField(default=shop.kernel.clock.now)),
                (
                    "bin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="stock.bin"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stockrecord",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="partner.stockrecord",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "permissions": [
                    ("view_stock", "May see stock, bins and movements"),
                    ("receive_goods", "May receive goods into a bin"),
                    ("adjust_stock", "May move goods between bins and correct counts"),
                ],
                "indexes": [models.Index(fields=["stockrecord", "id"], name="stock_movement_history")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity", 0), _negated=True),
                        name="stock_movement_moves_something",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="bin",
            index=models.Index(fields=["kind", "sequence"], name="stock_bin_walk"),
        ),
        migrations.AddConstraint(
            model_name="bin",
            constraint=models.UniqueConstraint(fields=("code",), name="stock_bin_code_once"),
        ),
    ]

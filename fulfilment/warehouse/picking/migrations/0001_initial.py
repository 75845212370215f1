
import django.db.models.deletion
import shop.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("order", "0002_orderlink"),
        ("partner", "0001_initial"),
        ("stock", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PickList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to pick"),
                            ("picking", "being picked"),
                            ("picked", "to pack"),
                            ("packed", "packed"),
                            ("cancelled", "cancelled"),
                        ],
                        db_index=True,
                        default="open",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                (
                    "revision",
                    models.PositiveIntegerField(
                        default=0, help_text="raised with each packing: compare-and-set"
                    ),
                ),
                ("created_at", models.DateTimeField(default=shop.kernel.clock.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("picked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "put_back_at",
                    models.DateTimeField(
                        blank=True, help_text="cancelled: goods are in their bins again", null=True
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pick_list",
                        to="order.order",
                    ),
                ),
                (
                    "packing_place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="stock.bin"
                    ),
                ),
                (
                    "picker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
                "permissions": [("pick_orders", "May pick orders")],
            },
        ),
        migrations.CreateModel(
            name="PickLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("quantity", models.PositiveIntegerField(help_text="pieces to take here")),
                ("quantity_picked", models.PositiveIntegerField(default=0)),
                ("position", models.PositiveIntegerField(default=0, help_text="turn on the walk")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "to pick"), ("picked", "picked"), ("short", "short")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "put_back",
                    models.BooleanField(
                        default=False, help_text="the order was cancelled, the pieces are in the bin again"
                    ),
                ),
                (
                    "bin",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pick_lines",
                        to="stock.bin",
                    ),
                ),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pick_lines",
                        to="order.line",
                    ),
                ),
                (
                    "stockrecord",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pick_lines",
                        to="partner.stockrecord",
                    ),
                ),
                (
                    "pick_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="picking.picklist",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.AddIndex(
            model_name="picklist",
            index=models.Index(fields=["state", "created_at"], name="picking_by_state"),
        ),
        migrations.AddIndex(
            model_name="pickline",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["bin", "stockrecord"], name="picking_planned"
            ),
        ),
        migrations.AddConstraint(
            model_name="pickline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="picking_line_wants_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="pickline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity_picked__lte", models.F("quantity"))),
                name="picking_never_more_than_wanted",
            ),
        ),
    ]


import django.db.models.deletion
import shop.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("order", "0002_orderlink"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Parcel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=140, unique=True)),
                ("sequence", models.PositiveIntegerField(help_text="1 for the order's first parcel")),
                (
                    "kind",
                    models.CharField(
                        choices=[("parcel", "parcel"), ("handover", "pick-up in the store")],
                        default="parcel",
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("packed", "packed"),
                            ("dispatched", "dispatched"),
                            ("delivered", "delivered"),
                            ("lost", "lost"),
                            ("returned", "returned"),
                            ("unpacked", "unpacked again"),
                        ],
                        default="packed",
                        max_length=12,
                    ),
                ),
                ("carrier", models.CharField(blank=True, max_length=40)),
                ("tracking_number", models.CharField(blank=True, max_length=40)),
                ("weight_g", models.PositiveIntegerField(default=0)),
                ("packed_at", models.DateTimeField(default=shop.kernel.clock.now)),
                ("dispatched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dispatched_by",
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
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parcels", to="order.order"
                    ),
                ),
                (
                    "packed_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-packed_at", "-pk"],
                "permissions": [("dispatch_parcels", "May pack and dispatch parcels")],
            },
        ),
        migrations.CreateModel(
            name="ParcelLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parcel_lines",
                        to="order.line",
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="dispatch.parcel",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddIndex(
            model_name="parcel",
            index=models.Index(fields=["state", "-packed_at"], name="dispatch_by_state"),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(fields=("order", "sequence"), name="dispatch_parcel_sequence"),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("tracking_number", ""), _negated=True),
                fields=("carrier", "tracking_number"),
                name="dispatch_tracking_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="parcelline",
            constraint=models.UniqueConstraint(fields=("parcel", "order_line"), name="dispatch_line_once"),
        ),
        migrations.AddConstraint(
            model_name="parcelline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="dispatch_line_holds_something"
            ),
        ),
    ]

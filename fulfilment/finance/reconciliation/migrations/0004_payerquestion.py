"""Questions to whoever may have sent money that nobody can explain."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import shop.kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0003_transfers_that_come_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PayerQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.PositiveSmallIntegerField(help_text="which one about this receipt, from 1"),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="E-mail")),
                ("name", models.CharField(blank=True, max_length=140, verbose_name="Name")),
                ("language", models.CharField(default="de", max_length=8, verbose_name="Language")),
                ("words", models.CharField(blank=True, max_length=500, verbose_name="Sentence of your own")),
                ("asked_at", models.DateTimeField(default=shop.kernel.clock.now)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="reconciliation.receipt",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("receipt", "number"), name="reconciliation_asked_one_by_one"
                    )
                ],
            },
        ),
    ]

"""A payout may be negative: then its line of the bank is money that left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("psp", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="disbursement_id",
            field=models.BigIntegerField(
                blank=True,
                db_index=True,
                help_text="of a negative payout: the money that left the bank account; reconciliation says so",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="payout",
            name="arrived_on",
            field=models.DateField(
                blank=True, help_text="of the line of the bank; empty: still to come", null=True
            ),
        ),
        migrations.RemoveIndex(model_name="payout", name="psp_payout_open"),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("arrived_on__isnull", True)),
                fields=["amount_minor"],
                name="psp_payout_awaited",
            ),
        ),
    ]

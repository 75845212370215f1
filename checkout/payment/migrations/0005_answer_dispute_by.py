"""Until when the provider takes evidence about a dispute."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payment", "0004_refunds_that_come_back")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="answer_dispute_by",
            field=models.DateTimeField(
                blank=True, help_text="the provider takes evidence about the dispute until then", null=True
            ),
        ),
    ]

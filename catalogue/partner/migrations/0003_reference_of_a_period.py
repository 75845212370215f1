from django.db import migrations, models


def note_references(apps, schema_editor):
    """The reductions that run: their intervals get the reference that stands beside the price today."""
    StockRecord = apps.get_model("partner", "StockRecord")
    PricePeriod = apps.get_model("partner", "PricePeriod")
    running = StockRecord.objects.exclude(reference_price_minor=None)
    for pk, reference in running.values_list("pk", "reference_price_minor").iterator(2000):
        for period in PricePeriod.objects.filter(stockrecord_id=pk).order_by("-valid_from"):
            if period.gross_minor >= reference:
                break
            PricePeriod.objects.filter(pk=period.pk).update(reference_minor=reference)


class Migration(migrations.Migration):
    dependencies = [
        ("partner", "0002_quarantine"),
    ]

    operations = [
        migrations.AddField(
            model_name="priceperiod",
            name="reference_minor",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="the 30-day price shown beside it; empty: no reduction was announced",
                null=True,
            ),
        ),
        migrations.RunPython(note_references, migrations.RunPython.noop),
    ]

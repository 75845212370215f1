"""Lots of recalls that were started before lots knew of them are kept off sale as well."""

from django.db import migrations


def tell_lots(apps, schema_editor):
    RecalledLot = apps.get_model("recalls", "RecalledLot")
    rows = RecalledLot.objects.filter(recall__state__in=("started", "closed")).exclude(recall__started_at=None)
    for row in rows.select_related("recall").order_by("recall__started_at", "pk"):
        apps.get_model("stock", "Lot").objects.filter(pk=row.lot_id).update(recall_number=row.recall.number)


class Migration(migrations.Migration):

    dependencies = [
        ('recalls', '0002_lifted'),
        ('stock', '0007_recall_of_a_lot'),
    ]

    operations = [migrations.RunPython(tell_lots, migrations.RunPython.noop)]

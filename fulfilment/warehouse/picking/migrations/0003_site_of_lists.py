from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """A list belongs to the site of its packing place."""
    PickList, Bin = apps.get_model("picking", "PickList"), apps.get_model("stock", "Bin")
    site = Bin.objects.filter(pk=OuterRef("packing_place")).values("site")
    PickList.objects.filter(site=None).update(site=Subquery(site))


class Migration(migrations.Migration):
    dependencies = [("picking", "0002_walks_and_scans")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

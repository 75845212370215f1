from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Until now each order had one list: its parcels came from that."""
    Parcel, PickList = apps.get_model("dispatch", "Parcel"), apps.get_model("picking", "PickList")
    of_order = PickList.objects.filter(order=OuterRef("order")).order_by("pk").values("pk")[:1]
    Parcel.objects.filter(pick_list=None).update(pick_list=Subquery(of_order))


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_pick_list_of_parcel")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

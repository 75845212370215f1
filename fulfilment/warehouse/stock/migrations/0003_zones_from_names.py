from django.db import migrations


def make_zones(apps, schema_editor):
    """A zone was a word on the bin; it becomes a row of its own, once per site and word."""
    Bin, Zone = apps.get_model("stock", "Bin"), apps.get_model("stock", "Zone")
    for site_id, word in Bin.objects.exclude(zone="").values_list("site_id", "zone").distinct().order_by():
        first = Bin.objects.filter(site_id=site_id, zone=word).order_by("sequence").first()
        zone, _made = Zone.objects.get_or_create(site_id=site_id, code=word, defaults={"sequence": first.sequence})
        Bin.objects.filter(site_id=site_id, zone=word).update(zone_row=zone)


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_places_and_lots")]
    operations = [migrations.RunPython(make_zones, migrations.RunPython.noop)]

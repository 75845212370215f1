from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def as_it_is_now(apps, schema_editor):
    """What waits keeps the words of its hold as they are."""
    Order = apps.get_model("order", "Order")
    Exchange = apps.get_model("returns", "Exchange")
    words = Order.objects.filter(pk=OuterRef("made_id")).values("hold_reason")[:1]
    Exchange.objects.filter(state="waiting").update(held_as=Subquery(words))


class Migration(migrations.Migration):

    dependencies = [
        ('order', '0011_replacements'),
        ('returns', '0004_exchanges_whose_new_goods_are_cancelled'),
    ]

    operations = [
        migrations.AddField(
            model_name='exchange',
            name='held_as',
            field=models.CharField(blank=True, default='', help_text="the hold's reason: one that somebody set for another is not lifted", max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(as_it_is_now, migrations.RunPython.noop),
    ]

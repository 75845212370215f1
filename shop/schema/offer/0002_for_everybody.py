"""Offers to everybody among any number of personal ones: asked for once a second (catalogue/campaigns.py), and at each
look at a basket. All its rows are of one type; that the type leads lets SQLite join it with others by OR.

The model is Oscar's and knows of no index, so Django does not either. Where a later migration lets SQLite rebuild the
table, it goes with the former one and is to be made once more; tests/catalogue/test_campaigns.py sees it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("offer", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX offer_for_everybody ON offer_conditionaloffer (offer_type, priority DESC, id) "
            "WHERE offer_type = 'Site'",
            "DROP INDEX offer_for_everybody",
        )
    ]

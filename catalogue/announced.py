"""What campaigns announce: an amount in the name or the description is a reduction that is announced (§ 11 PAngV).

The name stands on cards, name and description on the page of the product. Who reads "10 % off" there is promised a
tenth of the lowest price of the 30 days before (CJEU C-330/23), and the basket takes a tenth of the price of today: the
two are the same only where the price of today is not above that lowest one. Cards show that lowest price with the
name, or do not name it (``cards.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F

from .campaigns import Campaign, running
from .partner.models import StockRecord
from .partner.prices import lowest_before_each
from .queries import offered
from .ranges import holding

HALF_MINOR = Decimal("0.5")  #: prices are whole minor units; SQLite reckons with fractions of them


def not_from_the_lowest() -> Iterator[str]:
    """Of each running campaign that announces an amount and takes it off any one piece: that an article in it costs
    more than at the lowest in the 30 days before the campaign began, in words, with one such article. One query per
    campaign that announces something."""
    for campaign in running():
        if campaign.announces:
            record = _dearer_than_before(campaign)
            if record is not None:
                before = f"{record.lowest / 100:.2f}"  # type: ignore[attr-defined]
                yield (
                    f"“{campaign.name}”: {record.partner_sku} costs {record.price:.2f} {record.price_currency}, "
                    f"its lowest price of the 30 days before was {before}"
                )


def _dearer_than_before(campaign: Campaign) -> StockRecord | None:
    """The first article on which it gives something and that cost less in the 30 days before it began."""
    given = offered().filter(holding([campaign.range.pk]), product__is_discountable=True, price__gt=0)
    cheaper_before = given.annotate(lowest=lowest_before_each(campaign.since)).filter(
        lowest__lt=F("price") * 100 - HALF_MINOR
    )
    return cheaper_before.order_by("pk").first()

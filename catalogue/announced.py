"""What campaigns announce: an amount in the name or the description is a reduction that is announced (§ 11 PAngV).

The name stands on cards, name and description on the page of the product. Who reads "10 % off" there is promised a
tenth of the lowest price of the 30 days before (CJEU C-330/23), and the basket takes a tenth of the price of today: the
two are the same only where the price of today is not above that lowest one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F

from shop.kernel.text import without_marks

from .campaigns import Campaign, running
from .partner.models import StockRecord
from .partner.prices import lowest_before_each
from .queries import offered
from .ranges import holding

_AMOUNT = re.compile(
    r"\d\s*(%|prozent\b|per ?cent\b|€|euros?\b|eur\b)|(€|\beur)\s*\d|\bhalbe[nrm]? preis|\bhalf[ -]price",
    re.IGNORECASE,
)
HALF_MINOR = Decimal("0.5")  #: prices are whole minor units; SQLite reckons with fractions of them


def announces_an_amount(said: str) -> bool:
    """Whether words promise an amount or a share off: a figure beside a sign of money or percent, or half the price."""
    return bool(_AMOUNT.search(said))


def not_from_the_lowest() -> Iterator[str]:
    """Of each running campaign that announces an amount and takes it off any one piece: that an article in it costs
    more than at the lowest in the 30 days before the campaign began, in words, with one such article. One query per
    campaign that announces something."""
    for campaign in running():
        said = f"{campaign.name} {without_marks(campaign.description)}"
        if campaign.takes_off and announces_an_amount(said):
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

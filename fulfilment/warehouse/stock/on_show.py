"""At which sites pieces of an article lie that somebody may buy, for pages of the shop: one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F, Q, Sum

from shop.kernel.clock import today

from .models import PICKABLE, BinStock, LotStock


def pieces_by_site(stockrecord_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """``{stock record: {site: pieces}}`` without what is not for sale, doubtful, recalled or past its date. One query.

    What others have reserved is not taken off: a promise is made of an article, not of a place. Ask the stock record.
    """
    ids = set(stockrecord_ids)
    lying = BinStock.objects.filter(
        stockrecord__in=ids,
        quantity__gt=0,
        is_doubtful=False,
        bin__kind__in=PICKABLE,
        bin__is_active=True,
        bin__site__is_active=True,
    )
    spoilt = LotStock.objects.filter(
        ~Q(lot__recall_number="") | Q(lot__best_before__lt=today()),
        lot__stockrecord__in=ids,
        quantity__gt=0,
        bin__kind__in=PICKABLE,
    )
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        lying.order_by()
        .values_list("stockrecord_id", "bin__site_id")
        .annotate(pieces=Sum("quantity"))
        .union(
            spoilt.order_by()
            .values_list("lot__stockrecord_id", "bin__site_id")
            .annotate(pieces=-Sum(F("quantity"))),
            all=True,
        )
    )
    for record, site, pieces in rows:
        found[record][site] += pieces
    return {record: {site: n for site, n in sites.items() if n > 0} for record, sites in found.items()}

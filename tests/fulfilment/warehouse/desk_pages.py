"""Pages of the warehouse as tests open and read them."""

from __future__ import annotations

import re
from html import unescape

from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.picking.models import PickList
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

NAUGHTY = [
    "%00",
    "' OR 1=1 --",
    "\u202e",
    "9" * 5000,
    "<script>alert(1)</script>",
    "-1",
    "‮💥",
    "%",
    "_",
    "\\",
]


def page(response) -> str:
    """The visible text of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def a_pick_list(outbox: Outbox, pieces: int = 3, sku: str = "SKU-1") -> PickList:
    order = make_order((make_stockrecord(sku, bins={"A-01": 9}), pieces))
    outbox.drain()
    return PickList.objects.get(order=order)


def url(name: str, *args: object) -> str:
    """The page's address in English."""
    with override("en"):
        return reverse(f"warehouse:{name}", args=args)

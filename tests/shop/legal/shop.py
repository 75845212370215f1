"""Builds the shop that the rules of law are run on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.translation import override
from wagtail.images.models import Image

from catalogue.partner.models import PricePeriod
from catalogue.partner.prices import set_price
from checkout.basedata import ensure as ensure_checkout
from shop.demo.seeding.basics import seed_basics
from shop.demo.seeding.pages import seed_pages
from shop.kernel.clock import now
from shop.pages.models import GuaranteeNotice
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import place_order


def build(outbox: Any) -> None:
    """Everything the rules look at."""
    ensure_checkout()
    seed_basics()
    seed_pages(pictures=False)
    shoes = make_category("Schuhe", en="Shoes")
    shoe = make_product("Elbschuh", en="Elbe shoe", category=shoes)
    make_product("Wachs", category=shoes, price_minor=895, content_amount=75, content_unit="ml", sizes=("",))
    make_product("Priel", category=shoes, producer_guarantee_months=36)
    reduced = make_product("Deichschuh", category=shoes, price_minor=10_000, sizes=("42",))
    for record in variants(reduced):
        PricePeriod.objects.create(
            stockrecord=record, gross_minor=10_000, valid_from=now() - dt.timedelta(days=40)
        )
        set_price(stockrecord=record, gross_minor=8_000, reduced=True)
    graphic = Image.objects.create(title="Gewährleistung", file="notice.png", width=900, height=1400)
    for language, _name in settings.LANGUAGES:
        GuaranteeNotice.objects.create(language=language, picture=graphic)
    with override("de"):
        order = place_order((variants(shoe)[0], 1), method="invoice", accepted_html="<p>200,00 €</p>")
    outbox.drain()
    assert order.number

"""Campaigns are asked for every second: of many personal vouchers nothing is read for that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer

from catalogue import campaigns
from catalogue.models import Product
from catalogue.partner.models import PricePeriod
from catalogue.product_page import product_page
from checkout.basket import kept_offers, offers
from shop.kernel import parts, sharing
from shop.kernel.clock import now
from shop.legal.reading import read
from tests.factories.offers import make_offer, make_range
from tests.factories.range import make_product, variants

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
INDEX = "offer_for_everybody"
PERSONAL = 3_000


def of_baskets() -> None:
    """What a basket asks for whose offers are not remembered."""
    offers._offers_of_shop(None)


@pytest.mark.parametrize(
    "ask", [campaigns.planned, campaigns.known, campaigns.last_turns, of_baskets, kept_offers._read]
)
def test_offers_to_everybody_are_found_without_reading_personal_ones(ask: Callable[[], Any]) -> None:
    with_vouchers()
    campaigns.forget()
    sql, values = asked(ask)[-1]
    told = plan(sql, values)
    assert INDEX in told, told
    assert "SCAN offer_conditionaloffer\n" not in told and "Seq Scan on offer_conditionaloffer" not in told


def with_vouchers() -> None:
    """One campaign among many offers of vouchers."""
    campaign = make_offer("Herbst", percent=10)
    personal = [
        ConditionalOffer(
            name=f"Gutschein {number}",
            slug=f"gutschein-{number}",
            offer_type=ConditionalOffer.VOUCHER,
            condition=campaign.condition,
            benefit=campaign.benefit,
        )
        for number in range(PERSONAL)
    ]
    ConditionalOffer.objects.bulk_create(personal)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "ANALYZE offer_conditionaloffer")


def asked(ask: Callable[[], Any]) -> list[tuple[str, Any]]:
    """The statements, with the values apart as the database gets them."""
    seen: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        seen.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(note):
        ask()
    return seen


def plan(sql: str, values: Any) -> str:
    """How the database goes about it."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", values)
        return "".join(f"{row[-1]}\n" for row in cursor.fetchall())


BEFORE = "niedrigster preis der 30 tage davor: 80,00 €"


def days_ago(days: int) -> datetime:
    return now() - timedelta(days=days)


def priced(product: Product) -> None:
    """80,00 € until three weeks ago, then 95,00 €, and 70,00 € since yesterday."""
    times = ((8_000, 60, 21), (9_500, 21, 1), (7_000, 1, None))
    for record in variants(product):
        for gross_minor, since, until in times:
            PricePeriod.objects.create(
                stockrecord=record,
                gross_minor=gross_minor,
                valid_from=days_ago(since),
                valid_to=days_ago(until) if until else None,
            )


def test_the_page_of_a_product_names_the_lowest_price_before_a_campaign(client: Client) -> None:
    shoe = make_product("Elbschuh", price_minor=7_000)
    priced(shoe)
    offer = make_offer("Herbst: 10 %", percent=10, start_datetime=days_ago(5))

    def said() -> str:
        campaigns.forget()
        words = read(client.get(shoe.get_absolute_url()).content.decode()).words
        assert "herbst: 10 %" in words
        return words.partition("herbst: 10 %")[2][:120]

    assert BEFORE in said()
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.FIXED)
    assert BEFORE in said()
    Condition.objects.filter(pk=offer.condition_id).update(value=2)
    assert "davor" not in said(), "for the second piece it is no lower price of one"
    Condition.objects.filter(pk=offer.condition_id).update(value=1)
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.MULTIBUY)
    assert "davor" not in said()
    new = make_product("Neuschuh")
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.PERCENTAGE)
    campaigns.forget()
    words = read(client.get(new.get_absolute_url()).content.decode()).words
    assert "herbst: 10 %" in words and "davor" not in words, "it had no price before"


def test_the_price_before_a_campaign_is_asked_with_the_rest_and_follows_its_first_day(settings: Any) -> None:
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 60
    shoe = make_product("Elbschuh", price_minor=7_000)
    priced(shoe)
    others = make_range("Anderes", includes_all_products=False)
    offer = make_offer("Herbst: 10 %", percent=10, start_datetime=days_ago(5))
    make_offer("Winter: 5 %", percent=5, of=others, start_datetime=days_ago(3))

    def before() -> list[tuple[str, int | None]]:
        shown = product_page(shoe.pk)
        assert shown is not None
        return [(campaign.name, minor) for campaign, minor in shown["campaigns"]]

    product_page(shoe.pk)
    parts.forget()
    campaigns.forget()
    with CaptureQueriesContext(connection) as cold:
        assert before() == [("Herbst: 10 %", 8_000)]
    with CaptureQueriesContext(connection) as warm:
        assert before() == [("Herbst: 10 %", 8_000)]
    assert len(cold) <= 6 and ["stockrecord" in one["sql"] for one in warm.captured_queries] == [True]
    ConditionalOffer.objects.filter(pk=offer.pk).update(start_datetime=days_ago(0))
    sharing.forget()  # time passes
    assert before() == [("Herbst: 10 %", 7_000)], "it begins anew, and 70,00 € came before"

"""Campaigns are asked for every second: of many personal vouchers nothing is read for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from oscar.apps.offer.models import ConditionalOffer

from catalogue import campaigns
from checkout.basket import kept_offers, offers
from tests.factories.offers import make_offer

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

"""Cards that name a campaign which announces a reduction show the lowest price of the 30 days before (§ 11 PAngV)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.offer.models import Benefit, ConditionalOffer

from catalogue import campaigns
from catalogue.cards import ProductCard, cards
from catalogue.models import Product
from catalogue.partner.models import PricePeriod, StockRecord
from catalogue.partner.prices import set_price
from shop.kernel import parts
from shop.kernel.clock import now
from shop.legal.reading import read
from tests.factories.offers import make_offer, make_range
from tests.factories.range import make_category, make_product, variants

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SAID = "niedrigster 30-tage-preis vor der aktion:"


def days_ago(days: int) -> datetime:
    return now() - timedelta(days=days)


def cost(record: StockRecord, *history: tuple[int, int, int | None]) -> None:
    """``history``: minor units, from and until how many days ago."""
    for gross_minor, since, until in history:
        PricePeriod.objects.create(
            stockrecord=record,
            gross_minor=gross_minor,
            valid_from=days_ago(since),
            valid_to=days_ago(until) if until else None,
        )


@pytest.fixture
def shoe() -> Product:
    """80,00 € until three weeks ago, then 95,00 €, and 70,00 € since yesterday."""
    made = make_product("Elbschuh", category=make_category("Schuhe"), price_minor=7_000)
    for record in variants(made):
        cost(record, (8_000, 60, 21), (9_500, 21, 1), (7_000, 1, None))
    return made


def the_card(product: Product, **how: Any) -> ProductCard:
    campaigns.forget()
    [made] = cards([product.pk], **how)
    return made


def autumn(**fields: Any) -> ConditionalOffer:
    return make_offer("Herbst: 10 % auf alles", **{"percent": 10, "start_datetime": days_ago(5), **fields})


def test_the_price_before_stands_on_cards_wherever_there_are_some(shoe: Product, client: Client) -> None:
    autumn()
    other = make_product("Deichschuh", category=shoe.categories.get())  # beside which it stands
    category = shoe.categories.get()
    for url in (
        "/",
        "/catalogue/",
        f"/catalogue/category/{category.slug}_{category.pk}/",
        "/catalogue/search/?q=elbschuh",
        "/catalogue/search/?q=gibtesnicht",
        other.get_absolute_url(),
    ):
        page = read(client.get(url).content.decode())
        [card] = [one for one in page.cards if one.href == shoe.get_absolute_url()]
        assert "aktion: herbst: 10 % auf alles" in card.words, url
        assert f"{SAID} 80,00 €" in card.words, url
    page = read(client.get("/en/catalogue/").content.decode())
    assert "lowest 30-day price before the offer: €80.00" in page.words


def test_only_what_is_announced_needs_it(shoe: Product) -> None:
    offer = autumn()
    assert the_card(shoe).before_offer_minor == 8_000
    ConditionalOffer.objects.filter(pk=offer.pk).update(name="Herbst")
    assert (the_card(shoe).campaign, the_card(shoe).before_offer_minor) == ("Herbst", None)
    ConditionalOffer.objects.filter(pk=offer.pk).update(description="10 % auf <b>alles</b>")
    assert (the_card(shoe).campaign, the_card(shoe).before_offer_minor) == ("Herbst", 8_000)
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.MULTIBUY)
    assert (the_card(shoe).campaign, the_card(shoe).before_offer_minor) == ("Herbst", None)


def test_what_cannot_show_it_names_no_figure() -> None:
    new = make_product("Neuschuh")
    offer = autumn(priority=9)
    assert the_card(new).campaign == "", "it had no price before"
    three = make_offer("3 für 2", percent=10, at_least=3)
    assert the_card(new).campaign == "3 für 2"
    three.delete()
    ConditionalOffer.objects.filter(pk=offer.pk).update(name="Herbst", description="10 %")
    assert (the_card(new).campaign, the_card(new).before_offer_minor) == ("Herbst", None)


def test_it_is_the_price_before_of_the_article_whose_price_the_card_shows() -> None:
    shoe = make_product("Elbschuh", colours=("navy", "sand"), sizes=("41",), price_minor=9_000)
    navy, sand = variants(shoe)
    cost(navy, (8_500, 60, 10), (9_000, 10, None))
    cost(sand, (7_000, 60, 10), (7_500, 10, None))
    StockRecord.objects.filter(pk=sand.pk).update(price="75.00")
    offer = autumn()
    assert (the_card(shoe).price_minor, the_card(shoe).before_offer_minor) == (7_500, 7_000)
    of_navy = the_card(shoe, colours=frozenset(["navy"]))
    assert (of_navy.price_minor, of_navy.before_offer_minor) == (9_000, 8_500)
    offer.benefit.range.excluded_products.add(sand.product)
    parts.forget()
    assert the_card(shoe).campaign == "", "75,00 € stands there, of which nothing is taken off"
    assert the_card(shoe, colours=frozenset(["navy"])).campaign == "Herbst: 10 % auf alles"


@pytest.mark.parametrize("kept", [0, 60])
def test_it_costs_no_statement_and_follows_when_campaigns_begin(
    shoe: Product, settings: Any, clock: Any, kept: int
) -> None:
    settings.PARTS_KEPT_S = settings.SHARED_CHECKED_S = kept
    clock.stop(now())
    make_offer("3 für 2", percent=10, at_least=3, start_datetime=days_ago(2))
    make_offer("Winter: 5 %", percent=5, of=make_range("Anderes", includes_all_products=False))
    later = autumn(start_datetime=now() + timedelta(hours=1), priority=9)

    def asked() -> tuple[str, int | None, int]:
        campaigns.running()
        with CaptureQueriesContext(connection) as seen:
            [made] = cards([shoe.pk])
        return made.campaign, made.before_offer_minor, len(seen)

    parts.forget()
    campaigns.forget()
    assert asked() == ("3 für 2", None, 3)
    assert asked()[2] == (1 if kept else 3)
    clock.advance(hours=2)
    assert asked() == ("Herbst: 10 % auf alles", 7_000, 3), "remembered are the prices before other moments"
    for record in variants(shoe):
        set_price(stockrecord=record, gross_minor=6_000)
    assert asked() == ("Herbst: 10 % auf alles", 7_000, 1 if kept else 3)
    ConditionalOffer.objects.filter(pk=later.pk).update(start_datetime=days_ago(2))
    parts.forget()
    campaigns.forget()
    assert asked() == ("Herbst: 10 % auf alles", 8_000, 3)

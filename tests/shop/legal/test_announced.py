"""What a campaign announces is computed from the lowest price of the 30 days before it began (§ 11 PAngV)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer

from catalogue import campaigns
from catalogue.amounts import announces_an_amount
from catalogue.models import Product
from catalogue.partner.models import PricePeriod, StockRecord
from shop.kernel.clock import now
from tests.factories.offers import make_offer, make_range
from tests.factories.range import variants

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
RULE = "campaigns announce what they take off"


def days_ago(days: int) -> dt.datetime:
    return now() - dt.timedelta(days=days)


def reduced_shoe() -> Product:
    """The one that the lawful shop reduces."""
    return Product.objects.get(title="Deichschuh")


@pytest.fixture
def dearer(lawful_shop: None) -> StockRecord:
    """8,00 € until ten days ago, and 8,95 € since."""
    record = variants(Product.objects.get(title="Wachs"))[0]
    for gross_minor, since, until in ((800, days_ago(40), days_ago(10)), (895, days_ago(10), None)):
        PricePeriod.objects.create(
            stockrecord=record, gross_minor=gross_minor, valid_from=since, valid_to=until
        )
    return record


def test_a_campaign_that_is_not_computed_from_the_lowest_price_is_named_with_an_article(
    dearer: StockRecord, faults: Callable[..., Any]
) -> None:
    def found(**fields: Any) -> list[str]:
        ConditionalOffer.objects.filter(pk=offer.pk).update(**fields)
        campaigns.forget()
        return list(faults(RULE).get(RULE, []))

    offer = make_offer("Herbst: 10 % auf alles", percent=10, start_datetime=days_ago(5))
    assert found() == [
        f"“Herbst: 10 % auf alles”: {dearer.partner_sku} costs 8.95 EUR, "
        "its lowest price of the 30 days before was 8.00"
    ]
    assert found(name="Herbst") == [], "announces no amount"
    assert found(description="<p>ein <b>Zehntel</b>, also 10&nbsp;Prozent</p>"), "the description does"
    assert found(name="Herbst: 10 %", start_datetime=days_ago(45)) == [], "8,95 € came while it ran"
    assert found(start_datetime=days_ago(-1)) == [], "does not run yet"
    assert found(start_datetime=None, date_created=days_ago(5)), "without a first day: since it was made"
    assert found(status=ConditionalOffer.SUSPENDED) == []
    assert found(status=ConditionalOffer.OPEN, offer_type=ConditionalOffer.VOUCHER) == []
    assert found(offer_type=ConditionalOffer.SITE)
    Condition.objects.filter(pk=offer.condition_id).update(value=3)
    assert found() == [], "from three pieces on is no lower price of one"
    Condition.objects.filter(pk=offer.condition_id).update(type=Condition.VALUE, value=50)
    assert found() == []
    Condition.objects.filter(pk=offer.condition_id).update(type=Condition.COVERAGE, value=1)
    assert found()
    Condition.objects.filter(pk=offer.condition_id).update(
        range=make_range("Schuhe", includes_all_products=False)
    )
    assert found() == [], "something else must be bought for it"
    Condition.objects.filter(pk=offer.condition_id).update(range=offer.benefit.range)
    for kind, announced in ((Benefit.FIXED, True), (Benefit.FIXED_UNIT, True), (Benefit.MULTIBUY, False)):
        Benefit.objects.filter(pk=offer.benefit_id).update(type=kind)
        assert bool(found()) is announced, kind


def test_only_articles_on_which_it_gives_something_count(
    dearer: StockRecord, faults: Callable[..., Any]
) -> None:
    offer = make_offer("10 % off", percent=10, start_datetime=days_ago(5))
    assert faults(RULE)[RULE]
    wax = Product.objects.filter(title="Wachs")
    for field in ("is_public", "is_discountable"):
        articles = wax if field == "is_public" else Product.objects.filter(pk=dearer.product_id)
        articles.update(**{field: False})
        assert faults(RULE) == {}, field
        articles.update(**{field: True})
        assert faults(RULE)
    offer.benefit.range.excluded_products.add(wax.get())
    assert faults(RULE) == {}
    offer.benefit.range.excluded_products.clear()
    StockRecord.objects.filter(pk=dearer.pk).update(price="8.00")
    assert faults(RULE) == {}, "back at the lowest price"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("components/product_card.html", "before_offer_minor=card.before_offer_minor"),
        ("components/price.html", '{% translate "Lowest 30-day price before the offer:" %}'),
    ],
)
def test_a_card_that_names_a_figure_without_the_price_before_turns_red(
    dearer: StockRecord,
    faults: Callable[..., Any],
    change_template: Callable[..., None],
    template: str,
    words: str,
) -> None:
    make_offer("Herbst: 10 % auf alles", percent=10, start_datetime=days_ago(5))
    rules = (
        "30-day price beside what campaigns announce",
        "30-day price in lists",
        "30-day price beside a reduction",
    )
    assert faults(*rules) == {}
    change_template(template, words, "")
    found = faults(*rules)
    assert set(found) == {rules[0]}, "what is said of reduced prices still is"
    seen = {fault.partition(" ")[0].partition("?")[0] for fault in found[rules[0]]}
    of_articles = {url for url in seen if re.fullmatch(r"/catalogue/[^/]+_\d+/", url)}
    assert seen >= {"/", "/catalogue/", "/catalogue/search/"} and of_articles, seen
    had_prices = {dearer.product.parent.get_absolute_url(), reduced_shoe().get_absolute_url()}
    assert {
        url for fault in found[rules[0]] for url in had_prices if f") {url} does not" in fault
    } == had_prices
    assert all(any(url in fault for url in had_prices) for fault in found[rules[0]])


@pytest.mark.parametrize(
    ("said", "is_announced"),
    [
        ("Herbst: 10 % auf alles", True),
        ("10% off", True),
        ("2,5 Prozent", True),
        ("5 percent", True),
        ("5 € off", True),
        ("€5 off", True),
        ("EUR 5 weniger", True),
        ("5,00 Euro Rabatt", True),
        ("5 EUR", True),
        ("Zum halben Preis", True),
        ("Half price", True),
        ("20-Prozent-Tage", True),
        ("10\u2011Euro-Rabatt", True),
        ("5-€-Aktion", True),
        ("20-percent days", True),
        ("5,- Euro weniger", True),
        ("5,\u2013 € off", True),
        ("50 Cent weniger", True),
        ("50 ct", True),
        ("3-Eurythmie", False),
        ("9 Centimeter", False),
        ("3 for 2", False),
        ("Herbst 2026", False),
        ("Ein Europa", False),
        ("100 europäische Schuhe", False),
        ("", False),
    ],
)
def test_an_amount_is_known_by_its_sign(said: str, is_announced: bool) -> None:
    assert announces_an_amount(said) is is_announced


def test_a_longer_name_that_begins_like_one_that_announces_is_not_taken_for_it(
    dearer: StockRecord, faults: Callable[..., Any]
) -> None:
    """From three pieces on is no lower price of one: nothing is to be shown for it."""
    rule = "30-day price beside what campaigns announce"
    wax, shoe = (
        make_range("Wachs", includes_all_products=False),
        make_range("Schuh", includes_all_products=False),
    )
    wax.add_product(Product.objects.get(title="Wachs"))
    shoe.add_product(Product.objects.get(title="Elbschuh"))
    make_offer("10 % Rabatt", percent=10, of=wax, start_datetime=days_ago(5))
    make_offer("10 % Rabatt ab 3 Stück", percent=10, of=shoe, at_least=3, start_datetime=days_ago(5))
    campaigns.forget()
    assert faults(rule) == {}

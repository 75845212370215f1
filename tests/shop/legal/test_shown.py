"""What is taken from the pages that the shop shows turns the rules of law red, each by its name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue.models import Maker, Product
from shop.legal import rules as rules_of_law
from shop.legal.checks import ON_SPECIMENS
from shop.legal.specimens import LISTED, PRICES, Specimen
from shop.pages import queries
from shop.pages.models import ContentPage

pytestmark = pytest.mark.django_db

#: Rule, what it then says, template, what is taken from it, what comes in its place. Those that the issue names first.
TAKEN = [
    ("order button", "says “order now”", "storefront/checkout/summary.html", "Order with obligation to pay",
     "Order now"),
    ("order button", "another button: “gift”", "storefront/checkout/summary.html", "{{ facts }}",
     "{{ facts }}<form><button>Gift</button></form>"),
    ("withdrawal link beside the order", "/account/", "account/_nav.html", '{% url "withdrawal" %}', "/"),
    ("withdrawal link beside the order", "/orders/", "storefront/order/detail.html", '{% url "withdrawal" %}?', "/?"),
    ("withdrawal button", "has no button", "storefront/withdrawal/confirm.html", "Confirm withdrawal", "Send"),
    ("withdrawal asks no more than it may", "“reason”", "storefront/withdrawal/declare.html",
     "{% field form.contract %}", '{% field form.contract %}<input name="reason">'),
    ("facts above the order button", "“lieferzeit”", "storefront/checkout/facts.html",
     '{% translate "Delivery time" %}', ""),
    ("guarantee notice", "“statutory warranty", "storefront/checkout/facts.html", "Statutory warranty rights",
     "Rights"),
    ("guarantee notice beside the goods", "folded away", "storefront/_guarantee.html",
     '<section class="guarantee" data-duty',
     '<section class="guarantee" data-was'),
    ("guarantee notice in the order mail", "“reparatur”", "mail/blocks/paragraph.html",
     "{{ block.text|linebreaksbr }}", ""),
    ("model withdrawal form", "“hiermit widerrufe(n) ich/wir”", "mail/legal/withdrawal_form.de.html",
     "<li>Hiermit widerrufe(n) ich/wir", "<li>Schreiben Sie uns:"),
    ("label of a producer's guarantee", "does not say", "storefront/_guarantee.html",
     "{% translate \"Producer's guarantee of durability\" %}", "Label"),
    ("terms and withdrawal before the order", "“terms”", "storefront/quiet.html", "{% for link in legal_links %}",
     "{% for link in none %}"),
    ("terms and withdrawal before the order", "“privacy”", "storefront/checkout/duties.html",
     "{% for entry in legal_links %}", "{% for entry in none %}"),
    ("imprint and other pages are linked", "“imprint”", "storefront/base.html", "{% for link in legal_links %}",
     "{% for link in none %}"),
    ("consumer prices", "“mwst”", "storefront/product.html", '{{ vat_text|default:_("incl. VAT") }},', ""),
    ("unit price", "“je 1 ”", "components/price.html", "{{ unit_price_text }}", ""),
    ("30-day price beside a reduction", "“niedrigster", "components/price.html", "Lowest price of the 30 days before:",
     "Instead of"),
    ("product safety is shown", "“hersteller und produktsicherheit”", "storefront/product.html",
     "{% if product.maker or product.warnings %}", "{% if 0 %}"),
    ("no trackers", "tracker.example", "storefront/base.html", "</body>",
     '<script src="https://tracker.example/x.js"></script></body>'),
]  # fmt: skip


def test_what_is_taken_from_pages_turns_their_rules_red(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any]
) -> None:
    for _rule, _says, template, old, new in TAKEN:
        change_template(template, old, new)
    found = faults(*{row[0] for row in TAKEN})
    for rule, says, *_change in TAKEN:
        assert any(says in fault for fault in found[rule]), (rule, says, found.get(rule))


#: Rule, what it then says, what is taken from the card of goods in a list; the pages of the goods stay as they are.
FROM_CARDS = [
    ("unit price in lists", "“je 1 ”", "unit_price_text=card.unit_price_text"),
    ("30-day price in lists", "“niedrigster preis", "reference_price_minor=card.reference_price_minor"),
]


def test_what_is_taken_from_cards_in_lists_turns_their_rules_red(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any]
) -> None:
    rules = [row[0] for row in FROM_CARDS]
    for *_rule, words in FROM_CARDS:
        change_template("components/product_card.html", words, "")
    found = faults(*rules, "unit price", "30-day price beside a reduction")
    assert set(found) == set(rules)
    for rule, says, _words in FROM_CARDS:
        seen = {fault.partition(" ")[0] for fault in found[rule] if says in fault}
        assert {url.partition("?")[0] for url in seen} >= {"/", "/catalogue/", "/catalogue/search/"}, seen


#: Template, what is taken from it, and which pages then show prices without the way to what delivery costs.
LINKS_TO_SHIPPING = [
    ("storefront/product.html", '<a href="{{ url }}">', {"product"}),
    ("storefront/_plus_shipping.html", '<a href="{{ shipping_url }}">', {"/", "/catalogue/", "/catalogue/search/"}),
    ("storefront/basket.html", '<a href="{{ shipping_url }}">', {"/basket/"}),
]  # fmt: skip


def test_what_delivery_costs_is_linked_wherever_there_are_prices_and_the_foot_is_not_enough(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any]
) -> None:
    rule, red = "what delivery costs is linked beside prices", set()
    assert faults(rule) == {}
    for template, words, pages in LINKS_TO_SHIPPING:
        change_template(template, words, "<a>")
        found = faults(rule)[rule]
        assert all(fault.endswith("no link to “shipping”") for fault in found)
        urls = {fault.partition(" ")[0].removeprefix("/en").partition("?")[0] for fault in found}
        kinds = {"product" if re.fullmatch(r"/catalogue/[^/]+_\d+/", url) else url for url in urls}
        new = {kind for kind in kinds - red if "/category/" not in kind}
        assert new == pages, template
        red |= kinds


def test_a_list_without_goods_shows_no_price_and_needs_no_link() -> None:
    [rule] = [one for one in rules_of_law.read() if one.check == "linked_beside_prices"]
    empty = Specimen("/catalogue/", "de", frozenset(LISTED), "<p>Noch nichts da</p>")
    assert ON_SPECIMENS[rule.check](rule, empty) == []
    assert ON_SPECIMENS[rule.check](rule, replace(empty, scopes=frozenset({PRICES}))) != []


#: What the page of a product says of safety, and what the rule says when it is taken away.
SAFETY = [
    ("{{ product.maker.company }}", "“Tidewerk GmbH”"),
    ("{{ product.maker.postal_address|linebreaksbr }}", "“Am Musterpriel 8, 25999 Priel”"),
    ("{{ product.maker.electronic_address|urlize }}", "“sicherheit@example.org”"),
    ("{{ product.maker.eu_responsible|linebreaksbr }}", "“Musterkai 3, 20457 Hamburg”"),
    ("{{ product.warnings|linebreaksbr }}", "“Von Feuer fernhalten.”"),
    ('{% translate "Item number" %} {{ chosen.sku }}', "the number of the article"),
]


def test_every_part_of_what_product_safety_asks_is_read_on_the_page_of_the_goods(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any]
) -> None:
    rule = "maker and type are named with the goods"
    Maker.objects.update(eu_responsible="Nah GmbH\nMusterkai 3, 20457 Hamburg")
    Product.objects.filter(parent=None).update(warnings="Von Feuer fernhalten.")
    assert faults(rule) == {}
    for words, says in SAFETY:
        change_template("storefront/product.html", words, "")
        assert any(fault.endswith(f"does not name {says}") for fault in faults(rule)[rule]), words


ODR = [
    '<a href="https://ec.europa.eu/consumers/odr/">OS-Plattform</a>',
    '<a href="https://webgate.ec.europa.eu/odr/main/">ODR</a>',
]


@pytest.mark.parametrize("link", ODR)
def test_a_link_to_the_closed_odr_platform_turns_red_in_a_template_and_in_a_text(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any], link: str
) -> None:
    rule = "no link to the ODR platform"
    page = ContentPage.objects.get(slug="impressum")
    ContentPage.objects.filter(pk=page.pk).update(body=f"{page.body}<p>{link}</p>")
    assert {fault[:16] for fault in faults(rule)[rule]} == {"/impressum/ (de)"}
    ContentPage.objects.filter(pk=page.pk).update(body=page.body)
    assert faults(rule) == {}
    change_template("storefront/quiet.html", "{% block footer %}", "{% block footer %}" + link)
    assert any(fault.startswith("/checkout/") for fault in faults(rule)[rule])
    assert faults(rule, day=dt.date(2025, 7, 19)) == {}, "until then it had to be there"


@pytest.mark.parametrize("key", ["imprint", "withdrawal-form"])
def test_each_page_that_is_to_be_linked_is_asked_for_by_name(
    lawful_shop: None, faults: Callable[..., Any], key: str
) -> None:
    rule = "imprint and other pages are linked"
    ContentPage.objects.filter(key=key).update(key="")
    queries.forget()
    assert {fault.rpartition(") ")[2] for fault in faults(rule)[rule]} == {
        f"“{key}” is not written in {language}" for language in ("de", "en")
    }
    queries.forget()

"""The words that rules may use as ``check``. Each answers with what is wrong, in words; nothing when all is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import override

from catalogue.amounts import announces_an_amount
from catalogue.campaigns import running
from catalogue.models import Product
from catalogue.partner.models import StockRecord
from catalogue.prices import BASE_UNITS
from shop.pages.models import ContentPage
from shop.pages.queries import merchant

from .reading import Card, Link
from .rules import Rule
from .specimens import Specimen

Check = Callable[[Rule, Specimen], list[str]]
PRODUCT = re.compile(r"_(\d+)/(?:\?|$)")  #: the address of a product ends in its number


def says(rule: Rule, specimen: Specimen) -> list[str]:
    """Every one of ``texts`` is to be read."""
    words = specimen.reading.words
    return [f"does not say “{text}”" for text in rule.texts(specimen.language) if text not in words]


def cards_by_measure_say(rule: Rule, specimen: Specimen) -> list[str]:
    """In a list, the card of every product that is sold by measure in all its variants says every one of ``texts``. One
    query."""
    found = {int(led[1]): one for one in specimen.reading.cards if (led := PRODUCT.search(one.href))}
    measured = Product.objects.filter(pk__in=list(found), content_amount__gt=0, content_unit__in=BASE_UNITS)
    return _lacking(
        rule, specimen, [found[pk] for pk in measured.order_by("pk").values_list("pk", flat=True)]
    )


def reduced_cards_say(rule: Rule, specimen: Specimen) -> list[str]:
    """In a list, every card that announces a reduction (``pattern``) says every one of ``texts``."""
    wanted = re.compile(rule.options["pattern"])
    return _lacking(rule, specimen, [one for one in specimen.reading.cards if wanted.search(one.text)])


def announcing_cards_say(rule: Rule, specimen: Specimen) -> list[str]:
    """Every card that names a running campaign whose name announces a reduction says every one of ``texts``."""
    says: dict[str, bool] = {}
    for one in running():
        name = " ".join(one.name.split()).casefold()
        says[name] = says.get(name, False) or (one.announces and announces_an_amount(one.name))
    if not any(says.values()):
        return []
    # The longest first: "10 % off" is not what a card names that says "10 % off from three pieces on".
    names = "|".join(re.escape(name) for name in sorted(says, key=len, reverse=True))
    named = re.compile(rf"(?<![\w.,])({names})")
    cards = [one for one in specimen.reading.cards if any(says[name] for name in named.findall(one.words))]
    return _lacking(rule, specimen, cards)


def _lacking(rule: Rule, specimen: Specimen, cards: list[Card]) -> list[str]:
    texts = rule.texts(specimen.language)
    return [f"{one.href} does not say “{text}”" for one in cards for text in texts if text not in one.words]


def unfolded(rule: Rule, specimen: Specimen) -> list[str]:
    """The part of the page marked ``data-duty=part`` says every one of ``texts`` and needs no click to be read."""
    shown = specimen.reading.duties.get(rule.options["part"])
    if shown is None:
        return [f"“{rule.options['part']}” is missing or folded away"]
    words = " ".join(shown.split()).casefold()
    return [f"does not say “{text}”" for text in rule.texts(specimen.language) if text not in words]


def one_button(rule: Rule, specimen: Specimen) -> list[str]:
    """Exactly one button of the page's own, which says one of ``texts`` and nothing else; the last of the page."""
    own = [one for one in specimen.reading.buttons if not _of_the_shell(one.action)]
    said = [" ".join(one.text.split()).casefold() for one in own]
    wanted = rule.texts(specimen.language)
    if not said:
        return ["has no button"]
    found = [f"another button: “{text}”" for text in said[:-1]]
    if said[-1] not in wanted:
        found.append(f"the button says “{said[-1]}”, not “{wanted[0]}”")
    return found


def before_the_button(rule: Rule, specimen: Specimen) -> list[str]:
    """Every one of ``texts`` stands before the last button of the page's own."""
    own = [one for one in specimen.reading.buttons if not _of_the_shell(one.action)]
    before = specimen.reading.text[: own[-1].before] if own else ""
    words = " ".join(before.split()).casefold()
    missing = [text for text in rule.texts(specimen.language) if text not in words]
    return [f"does not say “{text}” before the button" for text in missing]


def button(rule: Rule, specimen: Specimen) -> list[str]:
    """A button says one of ``texts``."""
    said = {" ".join(one.text.split()).casefold() for one in specimen.reading.buttons}
    wanted = rule.texts(specimen.language)
    return [] if said & set(wanted) else [f"has no button “{wanted[0]}”"]


def link(rule: Rule, specimen: Specimen) -> list[str]:
    """``least`` links (default one) lead to ``address`` and say one of ``texts``."""
    with override(specimen.language):
        target = reverse(rule.options["address"])
    wanted = rule.texts(specimen.language)
    there = [
        one
        for one in specimen.reading.links
        if urlsplit(one.href).path == target and " ".join(one.text.split()).casefold() in wanted
    ]
    least = rule.options.get("least", 1)
    return [] if len(there) >= least else [f"{len(there)} of {least} links “{wanted[0]}” to {target}"]


def legal_links(rule: Rule, specimen: Specimen) -> list[str]:
    """Each page of ``keys`` is written in the language of the page and linked from it."""
    return _unlinked(rule, specimen, specimen.reading.links)


def linked_beside_prices(rule: Rule, specimen: Specimen) -> list[str]:
    """Each page of ``keys`` is linked above the foot of the page. A list without goods shows no price."""
    if "list" in specimen.scopes and not specimen.reading.cards:
        return []
    return _unlinked(rule, specimen, [one for one in specimen.reading.links if not one.in_foot])


def _unlinked(rule: Rule, specimen: Specimen, links: list[Link]) -> list[str]:
    hrefs = {urlsplit(one.href).path for one in links}
    urls = {
        page.key: urlsplit(page.get_url() or "").path
        for page in ContentPage.objects.live()
        .filter(key__in=rule.options["keys"], locale__language_code=specimen.language)
        .select_related("locale")
    }
    return [
        f"no link to “{key}”" if key in urls else f"“{key}” is not written in {specimen.language}"
        for key in rule.options["keys"]
        if urls.get(key) not in hrefs
    ]


def fields(rule: Rule, specimen: Specimen) -> list[str]:
    """The page's own forms send ``names`` and nothing else (quantities of lines and the form's token aside)."""
    allowed = {*rule.options["names"], "csrfmiddlewaretoken"}
    asked = [tuple(one.rsplit(" ", 1)) for one in specimen.reading.fields]
    odd = {
        name
        for action, name in asked
        if not _of_the_shell(action) and name not in allowed and not name.startswith("line")
    }
    return [f"asks for “{name}”" for name in sorted(odd)]


def no_text(rule: Rule, specimen: Specimen) -> list[str]:
    """None of ``patterns`` (regular expressions) is anywhere in the page, visible or not."""
    return [
        f"contains “{found[0]}”"
        for pattern in rule.options["patterns"]
        if (found := re.search(pattern, specimen.html, re.IGNORECASE))
    ]


def names_the_seller(rule: Rule, specimen: Specimen) -> list[str]:
    """Those of ``facts`` that are known of the seller are to be read as they stand in the base data."""
    seller = merchant()
    if seller is None:
        return ["the seller is not entered in the base data"]
    words = specimen.reading.words
    known = {name: " ".join(str(getattr(seller, name)).split()) for name in rule.options["facts"]}
    return [f"does not name “{value}”" for value in known.values() if value and value.casefold() not in words]


def names_maker_and_type(rule: Rule, specimen: Specimen) -> list[str]:
    """The page of a product names, above its foot, what is known of its maker line by line, its warnings, and the
    number of the variant that is shown."""
    led = PRODUCT.search(specimen.name)
    product = Product.objects.select_related("maker").filter(pk=led[1]).first() if led else None
    if product is None:
        return ["is no page of a product"]
    maker, words = product.maker, specimen.reading.words_above_the_foot
    facts = (
        [maker.company, maker.postal_address, maker.electronic_address, maker.eu_responsible] if maker else []
    )
    lines = [line for fact in [*facts, product.warnings] for line in fact.splitlines()]
    wanted = [" ".join(line.split()) for line in lines if line.strip()]
    found = [f"does not name “{line}”" for line in wanted if line.casefold() not in words]
    own = Q(product__parent=product) | Q(product=product)
    numbers = StockRecord.objects.filter(own).values_list("partner_sku", flat=True)
    if not any(number.casefold() in words for number in numbers):
        found.append("does not name the number of the article")
    return found


def own_sources(rule: Rule, specimen: Specimen) -> list[str]:
    """Nothing is loaded from another host."""
    own = {"", urlsplit(settings.SITE_URL).netloc, urlsplit(settings.MEDIA_URL).netloc}
    foreign = {one for one in specimen.reading.sources if urlsplit(one).netloc not in own}
    return [f"loads {one}" for one in sorted(foreign)]


def _of_the_shell(action: str) -> bool:
    """Search and language switch stand on every page and are nobody's business here."""
    path = urlsplit(action).path
    return path.endswith(("/search/", "/setlang/"))


ON_SPECIMENS: dict[str, Check] = {
    check.__name__: check
    for check in (
        says,
        cards_by_measure_say,
        reduced_cards_say,
        announcing_cards_say,
        unfolded,
        one_button,
        before_the_button,
        button,
        link,
        legal_links,
        linked_beside_prices,
        fields,
        no_text,
        names_the_seller,
        names_maker_and_type,
        own_sources,
    )
}

"""What a preview of a link shows (Open Graph): of a product, a category, a written page, else of the shop.

Its picture is that of the category or one that the page shows, in a size that the tasks made: none is made here, and no
file is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import get_language

from shop.kernel.money import to_decimal

from .structured import SHARE_PICTURE, Data, absolute, summary

LOCALES = {"de": "de_DE", "en": "en_GB", "hu": "hu_HU"}
SHARE_SIZE = (1200, 630)  #: of SHARE_PICTURE, in pixels


@dataclass(frozen=True)
class Shown:
    """A picture with its size in pixels; 0 where nobody knows it."""

    url: str
    width: int = 0
    height: int = 0
    alt: str = ""


def open_graph(page: Mapping[str, Any]) -> Data:
    """What components/open_graph.html says, of the context of a page. Numbers are texts, the same in any language."""
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    product, category, written = page.get("product"), page.get("category"), page.get("page")
    title, words, kind, picture = "", "", "website", None
    shop = _value(page, "shop_name") or settings.OSCAR_SHOP_NAME
    if product is not None and page.get("product_url"):
        title, words, kind = product.title, product.description, "product"
        picture = _of_product(next(iter(page.get("pictures") or []), None))
    elif category is not None and hasattr(category, "name_local"):
        title, words = category.name_local, category.description_local
        picture = _of_category(category.picture) or _of_card(page.get("cards"))
    elif isinstance(written, dict):
        title = written.get("title", "")
    elif written is not None:
        title = getattr(written, "title", "")
        words = getattr(written, "search_description", "") or getattr(written, "introduction", "")
        picture = _of_hero(written) or _of_sections(page.get("sections") or [])
    picture = picture or Shown(static(SHARE_PICTURE), *SHARE_SIZE)
    has_price = kind == "product" and page.get("price_minor") is not None
    return {
        "title": title or shop,
        "words": summary(words),
        "kind": kind,
        "site": shop,
        "locale": LOCALES.get(language, language),
        "url": _value(page, "canonical_url"),
        "picture": absolute(picture.url),
        "width": str(picture.width or ""),
        "height": str(picture.height or ""),
        "alt": picture.alt,
        "price": str(to_decimal(page["price_minor"], page["currency"])) if has_price else "",
        "currency": page.get("currency", ""),
    }


def _of_product(picture: Any) -> Shown | None:
    """Of a catalogue.pictures.Picture, always a JPEG where its sizes are made; the size of an original is not known."""
    if picture is None:
        return None
    is_made = bool(picture.webp)
    size = (picture.width, picture.height) if is_made else (0, 0)
    return Shown(picture.url, *size, alt=picture.alt)


def _of_category(picture: Any) -> Shown | None:
    """Its own picture once its sizes are made: the original may be of any size."""
    return _of_product(picture) if picture is not None and picture.webp else None


def _of_card(cards: Any) -> Shown | None:
    """The first product of a list; templates/storefront/base.html keeps the preview by that card."""
    return _of_product(cards[0].picture) if cards else None


def _of_hero(written: Any) -> Shown | None:
    hero = getattr(written, "hero", None)
    return Shown(hero.url, hero.width, hero.height, written.hero_picture_alt) if hero else None


def _of_sections(sections: Any) -> Shown | None:
    """The first picture of the blocks, else that of their first product."""
    for section in sections:
        for one in section.pictures:
            return Shown(one.url, one.width, one.height, one.alt)
    cards = [card for section in sections for card in (section.card, *section.cards) if card is not None]
    return next((_of_product(card.picture) for card in cards if card.picture is not None), None)


def _value(page: Mapping[str, Any], name: str) -> str:
    """A text of the shell, which is worked out when it is asked for."""
    found = page.get(name, "")
    return str(found() if callable(found) else found)

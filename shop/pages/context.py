"""What every storefront page shows: basket count, categories, legal links, its addresses in other languages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url

from catalogue.tree import menu
from checkout.basket.counting import basket_count

from .queries import legal_links, legal_url


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Context of the storefront shell. Everything is worked out only when a template asks; mostly no SQL."""
    return {
        "shop_name": settings.OSCAR_SHOP_NAME,
        "seller": getattr(settings, "KONTOR_SELLER", None),
        "basket_count": lambda: basket_count(request) if hasattr(request, "user") else 0,
        "nav_categories": menu,
        "legal_links": lambda: legal_links(request),
        "shipping_url": lambda: legal_url("shipping", request),
        "canonical_url": lambda: f"{settings.SITE_URL}{request.path}",
        "alternates": lambda: alternates(request),
    }


def alternates(request: HttpRequest) -> list[dict[str, str]]:
    """The same page in every language, for hreflang; empty for addresses without a language."""
    urls = {code: _translated(request.path, code) for code, _name in settings.LANGUAGES}
    if len(set(urls.values())) < len(urls):
        return []
    found = [{"code": code, "url": f"{settings.SITE_URL}{url}"} for code, url in urls.items()]
    return [*found, {"code": "x-default", "url": f"{settings.SITE_URL}{urls[settings.LANGUAGE_CODE]}"}]


def _translated(path: str, code: str) -> str:
    try:
        return translate_url(path, code)
    except ValueError:  # no valid address
        return path

"""What every storefront page shows: basket count, categories, legal links, its addresses in other languages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from catalogue.tree import menu
from checkout.basket.counting import basket_count
from shop.ui.addresses import in_language

from .queries import legal_links, legal_url, merchant
from .shared import is_shared

PAGE_DIGITS = 7  #: of the number of a page of a list


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Context of the storefront shell. Everything is worked out only when a template asks; mostly no SQL."""
    return {
        "shop_name": _shop_name,
        "seller": merchant,
        "basket_count": lambda: basket_count(request) if hasattr(request, "user") else 0,
        "nav_categories": menu,
        "nav_here": lambda: _nav_here(request.path),
        "legal_links": lambda: legal_links(request),
        "shipping_url": lambda: legal_url("shipping", request),
        "canonical_url": lambda: canonical_url(request),
        "alternates": lambda: alternates(request.path),
    }


def _nav_here(path: str) -> str:
    """The address of this page where the menu has a link to it, else "": the menu is then the same on every page."""
    linked = (node.url for root in menu() for node in (root, *root.children))
    return path if path in linked else ""


def canonical_url(request: HttpRequest) -> str:
    """The one address of this page: without filters and chosen variants, but each page of a list is one of its own."""
    number = request.GET.get("page", "")
    is_number = number.isascii() and number.isdecimal() and len(number) <= PAGE_DIGITS
    further = f"?page={int(number)}" if is_number and int(number) > 1 else ""
    return f"{settings.SITE_URL}{request.path}{further}"


def forms(request: HttpRequest) -> dict[str, Any]:
    """Forms of shared pages carry no token, which would be somebody's: the browser says where they were sent from
    (shop.middleware.OwnFormsMiddleware)."""
    return {"csrf_token": "NOTPROVIDED"} if is_shared(request) else {}


def _shop_name() -> str:
    seller = merchant()
    return (seller.trading_name if seller else "") or settings.OSCAR_SHOP_NAME


def alternates(path: str) -> list[dict[str, str]]:
    """The same page in every language, for hreflang; empty for addresses without a language."""
    return named({code: in_language(path, code) for code, _name in settings.LANGUAGES})


def named(urls: dict[str, str]) -> list[dict[str, str]]:
    """Full addresses by language code, and the default language's for readers of none of them."""
    if len(set(urls.values())) < 2:
        return []
    found = [{"code": code, "url": f"{settings.SITE_URL}{url}"} for code, url in urls.items()]
    default = urls.get(settings.LANGUAGE_CODE)
    return [*found, {"code": "x-default", "url": f"{settings.SITE_URL}{default}"}] if default else found

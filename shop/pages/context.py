"""What every storefront page shows: basket count, categories, legal links, its addresses in other languages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from catalogue.tree import menu
from checkout.basket.counting import basket_count
from shop.ui.addresses import alternates

from .queries import legal_links, legal_url, merchant
from .shared import is_shared


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
        # Lists say it themselves: they know which of their pages they show.
        "canonical_url": lambda: f"{settings.SITE_URL}{request.path}",
        "alternates": lambda: alternates(request.path),
    }


def _nav_here(path: str) -> str:
    """The address of this page where the menu has a link to it, else "": the menu is then the same on every page."""
    linked = (node.url for root in menu() for node in (root, *root.children))
    return path if path in linked else ""


def forms(request: HttpRequest) -> dict[str, Any]:
    """Forms of shared pages carry no token, which would be somebody's: the browser says where they were sent from
    (shop.middleware.OwnFormsMiddleware)."""
    return {"csrf_token": "NOTPROVIDED"} if is_shared(request) else {}


def _shop_name() -> str:
    seller = merchant()
    return (seller.trading_name if seller else "") or settings.OSCAR_SHOP_NAME

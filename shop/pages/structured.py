"""Facts of a page for machines: schema.org data as plain dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils.text import Truncator

from shop.kernel.money import to_decimal
from shop.kernel.text import without_marks

SCHEMA = "https://schema.org"
DESCRIPTION_MAX = 5_000
SUMMARY_MAX = 155  #: characters of a description that search engines and previews show
PICTURES_MAX = 6
SHARE_PICTURE = "img/share.png"  #: 1200 x 630, for pages without a picture of their own

Data = dict[str, Any]


def absolute(url: str) -> str:
    """An address with scheme and host."""
    return url if url.startswith(("http://", "https://")) else f"{settings.SITE_URL}{url}"


def summary(text: object, most: int = SUMMARY_MAX) -> str:
    """A text in at most so many characters, on one line and without marks; "" where it says nothing."""
    return Truncator(without_marks(text)).chars(most)


def product(page: Mapping[str, Any]) -> Data:
    """Product with its Offer, of the context of a product's page. What it does not have is left out: to search engines
    an empty picture or text is a fault."""
    shown, chosen = page["product"], page.get("chosen")
    url = absolute(page["product_url"])
    data: Data = {
        "@context": SCHEMA,
        "@type": "Product",
        "@id": url,
        "name": shown.title,
        "url": url,
    }
    more: Data = {
        "description": summary(shown.description, DESCRIPTION_MAX),
        "image": [absolute(one.url) for one in page.get("pictures", [])[:PICTURES_MAX]],
    }
    data |= {name: value for name, value in more.items() if value}
    if shown.brand:
        data["brand"] = {"@type": "Brand", "name": shown.brand}
    if chosen is not None:
        data |= {"sku": chosen.sku, "offers": _offer(chosen, url)}
        data |= {
            name: value for name, value in (("color", chosen.colour_name), ("size", chosen.size)) if value
        }
    if page.get("review_count"):
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{float(page['review_average']):.1f}",
            "reviewCount": page["review_count"],
            "bestRating": "5",
        }
    return data


def _offer(chosen: Any, url: str) -> Data:
    if chosen.available:
        state = "InStock"
    else:
        state = "BackOrder" if chosen.backorderable else "OutOfStock"
    return {
        "@type": "Offer",
        "url": f"{url}?v={chosen.id}",
        "price": str(to_decimal(chosen.price_minor, chosen.currency)),
        "priceCurrency": chosen.currency,
        "availability": f"{SCHEMA}/{state}",
        "itemCondition": f"{SCHEMA}/NewCondition",
    }


def breadcrumbs(crumbs: Sequence[Mapping[str, str]]) -> Data:
    """BreadcrumbList; the last one, the page itself, needs no address."""
    return {
        "@context": SCHEMA,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": str(one["title"])}
            | ({"item": absolute(one["url"])} if one.get("url") else {})
            for place, one in enumerate(crumbs, start=1)
        ],
    }


def organization(seller: Any) -> Data:
    """Organization with its address, of the merchant's base data."""
    data: Data = {
        "@context": SCHEMA,
        "@type": "Organization",
        "@id": f"{settings.SITE_URL}/#seller",
        "name": seller.trading_name or seller.name,
        "legalName": seller.name,
        "url": f"{settings.SITE_URL}/",
        "logo": absolute(static(SHARE_PICTURE)),
        "address": {
            "@type": "PostalAddress",
            "streetAddress": seller.street,
            "postalCode": seller.postcode,
            "addressLocality": seller.city,
            "addressCountry": seller.country,
        },
    }
    more = {"email": seller.email, "telephone": seller.phone, "vatID": seller.vat_id}
    return data | {name: value for name, value in more.items() if value}

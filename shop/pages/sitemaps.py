"""robots.txt and the sitemaps: an index of parts, each address in every language with the others beside it.

Products are parted by their ids, so that each part is one query over an index however many there are, and a part that
was fetched stays the same when others are added.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import F, Max, Value
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from wagtail.models import Page

from catalogue.models import Product
from catalogue.tree import tree
from shop.kernel.access import public

PART = 10_000  #: ids per part: in two languages at most 20,000 addresses, of the 50,000 that a file may hold
PARTS_MAX = 100_000  #: more than a shop can have
KEPT_S = 3600
#: What no search engine needs: what is somebody's own, and lists narrowed by words.
PRIVATE = (
    "basket",
    "checkout",
    "account",
    "accounts",
    "orders",
    "help",
    "open-items",
    "dashboard",
    "cms",
    "catalogue/search",
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
INDEX = f'{HEAD}<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
URLSET = f'{HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">'
Addresses = dict[str, str]  #: path by language


@dataclass(frozen=True)
class Entry:
    """One thing with its address in each language; ``changed``: when, None where nobody knows."""

    addresses: Addresses
    changed: dt.datetime | None = None


@public
@require_safe
@cache_control(public=True, max_age=KEPT_S)
def robots(request: HttpRequest) -> HttpResponse:
    """What may be read by machines, and where the sitemaps are."""
    prefixes = ["" if code == settings.LANGUAGE_CODE else f"/{code}" for code, _name in settings.LANGUAGES]
    lines = ["User-agent: *", *(f"Disallow: {prefix}/{name}/" for prefix in prefixes for name in PRIVATE)]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@public
@require_safe
@cache_control(public=True, max_age=KEPT_S)
def index(request: HttpRequest) -> HttpResponse:
    """All parts with when something in them changed last. Two queries."""
    parts: list[tuple[str, int, dt.datetime | None]] = [
        ("pages", 0, _pages_changed()),
        ("categories", 0, None),
    ]
    parts += [("products", part, changed) for part, changed in product_parts()]
    rows = [
        f"<sitemap><loc>{_loc(reverse('sitemap-part', args=[kind, part]))}</loc>{_lastmod(changed)}</sitemap>"
        for kind, part, changed in parts
    ]
    return HttpResponse("\n".join([INDEX, *rows, "</sitemapindex>"]), content_type="application/xml")


@public
@require_safe
@cache_control(public=True, max_age=KEPT_S)
def part(request: HttpRequest, kind: str, pk: int) -> HttpResponseBase:
    """Part ``pk`` of a kind, sent while it is read. Raises Http404 for one that does not exist."""
    entries = iter(PARTS[kind](pk)) if kind in PARTS and pk < PARTS_MAX else iter(())
    first = next(entries, None)
    if first is None:
        raise Http404
    return StreamingHttpResponse(_urlset(first, entries), content_type="application/xml")


def product_parts() -> list[tuple[int, dt.datetime]]:
    """(number, last change) of each part that has products. One query."""
    rows = Product.objects.filter(parent=None, is_public=True).annotate(part=F("pk") / Value(PART))
    return list(
        rows.order_by("part").values("part").annotate(last=Max("date_updated")).values_list("part", "last")
    )


def _products(number: int) -> Iterator[Entry]:
    rows = Product.objects.filter(
        parent=None, is_public=True, pk__gte=number * PART, pk__lt=(number + 1) * PART
    ).order_by("pk")
    bases = _in_each(lambda: reverse("catalogue:detail", kwargs={"slug": "SLUG", "pk": 0}))
    for pk, slug, changed in rows.values_list("pk", "slug", "date_updated").iterator(2000):
        yield Entry({code: base.replace("SLUG_0", f"{slug}_{pk}") for code, base in bases.items()}, changed)


def _categories(number: int) -> Iterator[Entry]:
    if number:
        return
    nodes = _in_each(lambda: {node.id: node.url for node in tree().by_id.values()})
    yield Entry(_in_each(lambda: reverse("catalogue:index")))
    for pk in nodes[settings.LANGUAGE_CODE]:
        yield Entry({code: urls[pk] for code, urls in nodes.items() if pk in urls})


def _pages(number: int) -> Iterator[Entry]:
    """Published pages that everybody may read, each with its translations; the home page before anybody wrote one."""
    if number:
        return
    groups: dict[Any, list[Page]] = defaultdict(list)
    for page in _public_pages().select_related("locale").order_by("path"):
        groups[page.translation_key].append(page)
    homes = _in_each(lambda: reverse("home"))
    if not any(page.depth == 2 for pages in groups.values() for page in pages):
        yield Entry(homes)
    for pages in groups.values():
        urls = {page.locale.language_code: page.get_url() for page in pages}
        addresses = {code: url for code, url in urls.items() if url and code in homes}
        if addresses:
            yield Entry(
                addresses,
                max((page.last_published_at for page in pages if page.last_published_at), default=None),
            )


def _public_pages() -> Any:
    return Page.objects.live().public().filter(depth__gte=2, content_type__app_label="pages")


def _pages_changed() -> dt.datetime | None:
    found: dt.datetime | None = _public_pages().aggregate(last=Max("last_published_at"))["last"]
    return found


PARTS: dict[str, Callable[[int], Iterable[Entry]]] = {
    "pages": _pages,
    "categories": _categories,
    "products": _products,
}


def _in_each(ask: Callable[[], Any]) -> dict[str, Any]:
    """The answer in every language of the shop."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found[code] = ask()
    return found


def _urlset(first: Entry, rest: Iterator[Entry]) -> Iterator[str]:
    yield URLSET
    yield _urls(first)
    while batch := list(islice(rest, 500)):
        yield "".join(_urls(entry) for entry in batch)
    yield "\n</urlset>"


def _urls(entry: Entry) -> str:
    locs = {code: _loc(path) for code, path in entry.addresses.items()}
    others = ""
    if len(locs) > 1:
        default = locs.get(settings.LANGUAGE_CODE, next(iter(locs.values())))
        pairs = [*locs.items(), ("x-default", default)]
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href="{loc}"/>' for code, loc in pairs
        )
    changed = _lastmod(entry.changed)
    return "".join(f"\n<url><loc>{loc}</loc>{changed}{others}</url>" for loc in locs.values())


def _loc(path: str) -> str:
    return escape(f"{settings.SITE_URL}{path}" if path.startswith("/") else path, {'"': "&quot;"})


def _lastmod(changed: dt.datetime | None) -> str:
    return f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>" if changed else ""

"""Pages that all readers share: made once, kept, and shown to everybody who is not signed in until they are untrue.

What is shared is made without the reader's cookies, so nothing of a reader can get into it. The number of pieces in
the basket is filled in for each reader afterwards (decisions/0080-shared-pages.md).
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.translation import override

from catalogue import shown
from catalogue.search import finding
from checkout.basket.counting import pieces_remembered
from shop.kernel import counters, sharing

from . import looks

HTMX = ("HX-Request", "HX-Target")  #: a view may answer these with a part of its page
VARY = ", ".join(("Cookie", "Accept-Encoding", *HTMX))
MAX_BYTES = 600_000  #: of a page that is kept
UNPACKED = 16  #: pages, those asked for last, that each process holds unpacked as well: half a megabyte
UNPACKED_BYTES = 20_000  #: of a page that is held so, as it is kept: some 100,000 unpacked
WAGTAIL = "wagtail_serve"
#: Asked by who watches over the process: no page, and whether the process lives must not hang on the database.
NO_PAGES = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True)
class Kept:
    """A page as it is kept: compressed, with its headers, and what must still hold for it."""

    body: bytes
    mark: str
    headers: dict[str, str]
    language: str
    names: tuple[str, ...]
    versions: sharing.Versions
    products: tuple[int, ...]
    facts: str
    while_search_rests: bool  #: the database stood in for the search, which may know more


#: Part of every key: a page kept by another version of this code may have other parts.
SHAPE = ",".join(part.name for part in fields(Kept))


class SharedPagesMiddleware:
    """Answer from what is kept; else have the page made, and keep it where its view is ``@shared``.

    Everything else that says nothing about caches is marked as one reader's own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked: Any = request
        asked.may_share = _may_share(request)
        if not asked.may_share:
            counters.count("pages_own")
            return _own(self.get_response(request))
        key = _key(request)
        seen = sharing.versions() if settings.SHARED_KEPT_S else ()
        kept = caches["pages"].get(key) if settings.SHARED_KEPT_S else None
        if isinstance(kept, Kept) and _holds(key, kept, seen):
            counters.count("pages_kept")
            return _answer(request, kept)
        began = time.monotonic()
        with shown.collecting() as facts:
            response = self.get_response(request)
        names = getattr(asked, "shared_names", ())
        counters.count("pages_made" if names else "pages_own")
        if not names or not _may_keep(response):
            return _own(_with_own_count(request, response) if names else response)
        kept = _kept(request, response, names, sharing.of(seen, names), facts)
        if settings.SHARED_KEPT_S:
            caches["pages"].set(key, kept, settings.SHARED_KEPT_S)
            looks.note(key, kept.facts, kept.products, began)
        return _answer(request, kept, response.content)

    def process_view(self, request: HttpRequest, view: Any, *args: object) -> None:
        """From here on a page to share knows nothing of its reader."""
        asked: Any = request
        names = getattr(view, "shared", ())
        if not names and request.resolver_match and request.resolver_match.url_name == WAGTAIL:
            names = sharing.OF_LISTS
        if names and settings.PARTS_KEPT_S:
            sharing.versions()  # what this process remembers of words is forgotten before the view asks for it
        if asked.may_share and names:
            asked.shared_names = names
            asked.cookies_of_reader, asked.COOKIES = request.COOKIES, {}
            asked.csp_nonce = ""  # no script of these pages stands in the page itself


def is_shared(request: HttpRequest) -> bool:
    """Whether the page that is being made will be shown to others as well."""
    return bool(getattr(request, "shared_names", ()))


def _may_share(request: HttpRequest) -> bool:
    cookies = request.COOKIES
    return request.method in ("GET", "HEAD") and not (
        request.path_info in NO_PAGES
        or settings.SESSION_COOKIE_NAME in cookies
        or settings.MESSAGES_COOKIE_NAME in cookies  # they are shown something of their own
    )


def _key(request: HttpRequest) -> str:
    parts = [SHAPE, request.scheme or "", request.get_host(), request.get_full_path()]
    parts += [request.headers.get(name, "") for name in HTMX]
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _may_keep(response: HttpResponseBase) -> bool:
    return (
        isinstance(response, HttpResponse)
        and response.status_code == 200
        and not response.cookies
        and "Cache-Control" not in response.headers
        and response.headers.get("Content-Type", "").startswith("text/html")
        and len(response.content) <= MAX_BYTES
    )


def _kept(
    request: HttpRequest,
    response: HttpResponse,
    names: tuple[str, ...],
    versions: sharing.Versions,
    facts: shown.Facts,
) -> Kept:
    own = ("Vary", "ETag", "Content-Length")
    return Kept(
        body=_compressed(request, response.content),
        mark=sha256(response.content).hexdigest()[:24],
        headers={name: value for name, value in response.headers.items() if name not in own},
        language=response.headers.get("Content-Language", settings.LANGUAGE_CODE),
        names=names,
        versions=versions,
        products=tuple(facts),
        facts=shown.digest(facts),
        while_search_rests=getattr(request, "search_rests", False),
    )


def _compressed(request: HttpRequest, content: bytes) -> bytes:
    """Well where it is kept for many readers, fast for one alone, and not at all where nobody asks for it."""
    if settings.SHARED_KEPT_S:
        return gzip.compress(content, 6, mtime=0)
    return gzip.compress(content, 1, mtime=0) if _takes_gzip(request) else b""


def _takes_gzip(request: HttpRequest) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _holds(key: str, kept: Kept, seen: sharing.Versions) -> bool:
    """Whether the page still says the truth."""
    if kept.versions != sharing.of(seen, kept.names):
        return False
    if kept.while_search_rests and not finding.is_away():
        return False
    return looks.facts_of(key, kept.products) == kept.facts


def _answer(request: HttpRequest, kept: Kept, plain: bytes | None = None) -> HttpResponseBase:
    """The page for this reader: with the count of their basket, or 304 where they have it already. ``plain``: the page
    as it was just made, which need not be unpacked."""
    cookies = getattr(request, "cookies_of_reader", None) or request.COOKIES
    pieces = pieces_remembered(cookies)
    response = HttpResponse(headers=kept.headers)
    response.headers["ETag"] = f'W/"{kept.mark}.{pieces}"'
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = (
        "private, no-cache"
        if pieces
        else f"public, max-age=0, s-maxage={settings.SHARED_CDN_S}, must-revalidate"
    )
    conditional = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    if conditional is not None and conditional is not response:
        return conditional
    if pieces:
        empty, filled = _counts(kept.language, pieces)
        response.content = (plain or _unpacked(kept.body)).replace(empty, filled)
    elif _takes_gzip(request):
        response.content = kept.body  # nothing secret is in it, so its length tells nobody anything
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.content = plain or _unpacked(kept.body)
    return response


def _unpacked(body: bytes) -> bytes:
    """A kept page as it was made. Unpacking took a quarter of what an answer costs this process."""
    return _held_unpacked(body) if len(body) <= UNPACKED_BYTES else gzip.decompress(body)


_held_unpacked = lru_cache(maxsize=UNPACKED)(gzip.decompress)


@lru_cache(maxsize=2_000)
def _counts(language: str, pieces: int) -> tuple[bytes, bytes]:
    """The count of an empty basket as it stands in a shared page, and this one in its place."""
    with override(language):
        empty, filled = (
            render_to_string("components/basket_count.html", {"basket_count": number}).strip().encode()
            for number in (0, pieces)
        )
    return empty, filled


def _with_own_count(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page that was made without its reader and is not kept: with the count of their basket, their cookies back."""
    asked: Any = request
    asked.COOKIES = asked.cookies_of_reader
    pieces = pieces_remembered(asked.COOKIES)
    is_page = response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming
    if pieces and is_page:
        language = response.headers.get("Content-Language", settings.LANGUAGE_CODE)
        response.content = response.content.replace(*_counts(language, pieces))
        if "Content-Length" in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
    return response


def _own(response: HttpResponseBase) -> HttpResponseBase:
    """Nobody between us and the reader may keep what was not said to be for all."""
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-cache"
    return response

"""The address of a page, and that of the same page in another language."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import translate_url
from django.utils.translation import get_language


def in_language(address: str, code: str) -> str:
    """``address`` (with its query string) in the language ``code``; the same where addresses carry no language.

    Each page asks several times, and resolving is slow: the answers are remembered.
    """
    path, mark, query = address.partition("?")
    return f"{_path_in(path, code, get_language() or '')}{mark}{query}"


@lru_cache(maxsize=4_000)
def _path_in(path: str, code: str, active: str) -> str:
    if code == active and path.isascii() and "%" not in path:
        return path  # addresses of pages stand in the active language already
    try:
        return translate_url(path, code)
    except ValueError:  # no valid address (for instance an unbalanced bracket)
        return path


def addresses_of(path: str, page: int = 1) -> dict[str, Any]:
    """What a page says of its own addresses, for templates/components/alternates.html.

    ``path``: without filters and chosen variants; ``page``: the page of a list that is shown, where it is one of the
    list's own. ``canonical_url`` is its one address, ``alternates`` those in every language, its own among them.
    """
    address = f"{path}?page={page}" if page > 1 else path
    return {"canonical_url": f"{settings.SITE_URL}{address}", "alternates": alternates(address)}


def alternates(address: str) -> list[dict[str, str]]:
    """The same page in every language, for hreflang; empty for addresses without a language."""
    return named({code: in_language(address, code) for code, _name in settings.LANGUAGES})


def named(urls: dict[str, str]) -> list[dict[str, str]]:
    """Full addresses by language code, and the default language's for readers of none of them."""
    if len(set(urls.values())) < 2:
        return []
    found = [{"code": code, "url": f"{settings.SITE_URL}{url}"} for code, url in urls.items()]
    default = urls.get(settings.LANGUAGE_CODE)
    return [*found, {"code": "x-default", "url": f"{settings.SITE_URL}{default}"}] if default else found

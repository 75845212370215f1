"""The address of the same page in another language."""

from __future__ import annotations

from functools import lru_cache

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

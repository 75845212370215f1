"""What Wagtail stands on, without what that loads in case somebody wants it: 12 MB of every process.

Wagtail reads HTML by Python's own parser, so Beautiful Soup needs no other, and none that guesses how bytes are coded.
Pictures of telephones (HEIC) are not among what the editor takes (``WAGTAILIMAGES_EXTENSIONS``). And of Django's tools
for tests it makes one request, when a page has got another address.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from shop.kernel.left_out import left_out


def load() -> None:
    """Load them so, before Wagtail does. Called when ``shop.pages.apps`` is imported: all rooms' ``apps`` are, before
    any room's models."""
    guesses = ("cchardet", "chardet", "charset_normalizer")
    with left_out("bs4.builder._html5lib", "bs4.builder._lxml", *guesses):
        import bs4  # noqa: F401
    with left_out("pillow_heif"):
        import willow  # noqa: F401
    with without_tools_for_tests():
        import wagtail.coreutils  # noqa: F401


def request_factory(**environment: Any) -> Any:
    """Django's RequestFactory, loaded at the first use."""
    from django.test import RequestFactory

    return RequestFactory(**environment)


@contextmanager
def without_tools_for_tests() -> Iterator[None]:
    """Within it who takes RequestFactory out of ``django.test`` gets ours; afterwards everybody gets Django's own."""
    name = "django.test"
    if name in sys.modules:  # in tests
        yield
        return
    sys.modules[name] = tools = ModuleType(name)
    tools.RequestFactory = request_factory  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del sys.modules[name]

"""The addresses by which Wagtail's own pages ask for pages, pictures and documents, loaded at the first question.

The editor's menu and choosers ask them, nobody else; the frameworks behind (Django REST framework, pydantic) would be
9 MB of every process. Addresses and names stand here as Wagtail has them; tests/shop/pages/test_late_api.py compares.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, include, path, re_path

NAMESPACE = "wagtailadmin_api"
#: What it knows, and the class that answers.
ENDPOINTS = {
    "pages": ("wagtail.admin.api.views", "PagesAdminAPIViewSet"),
    "images": ("wagtail.images.api.admin.views", "ImagesAdminAPIViewSet"),
    "documents": ("wagtail.documents.api.admin.views", "DocumentsAdminAPIViewSet"),
}
#: Names and addresses below each of them.
BELOW = (("listing", ""), ("detail", "<int:pk>/"), ("find", "find/"))
ACTION = ("action", "<int:pk>/action/<str:action_name>/")
URLS = "wagtail.admin.api.urls"
#: Told to Wagtail's rooms when they start, which only hand it on.
HANDED_ON = ("wagtail.images.api.admin.views", "wagtail.documents.api.admin.views")

_loading = threading.Lock()

Answer = Callable[..., HttpResponseBase]


class _NotYet(ModuleType):
    """In the place of a module that is loaded at the first question."""


def install() -> None:
    """Before Wagtail's rooms load their addresses: ours stand where theirs would, the classes behind are left out."""
    addresses = _NotYet(URLS)
    addresses.urlpatterns = _urlpatterns()  # type: ignore[attr-defined]
    sys.modules.setdefault(URLS, addresses)
    for name, views in ENDPOINTS.values():
        if name in HANDED_ON:
            not_yet = _NotYet(name)
            setattr(not_yet, views, None)
            sys.modules.setdefault(name, not_yet)


def _urlpatterns() -> list[Any]:
    below = [re_path(rf"^{name}/", include((_addresses(name), name), namespace=name)) for name in ENDPOINTS]
    return [path("main/", include((below, NAMESPACE), namespace=NAMESPACE))]


def _addresses(endpoint: str) -> list[URLPattern]:
    known = (*BELOW, ACTION) if endpoint == "pages" else BELOW
    return [path(address, _late(endpoint, name), name=name) for name, address in known]


def _late(endpoint: str, name: str) -> Answer:
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return answers()[endpoint, name](request, *args, **kwargs)

    answer.__module__ = ENDPOINTS[endpoint][
        0
    ]  # Wagtail's own view, and its guard (tests/architecture/test_views.py)
    return answer


@cache
def answers() -> dict[tuple[str, str], Answer]:
    """Wagtail's own views, by endpoint and name of the address. The first call loads them."""
    with _loading:
        return {
            (endpoint.namespace, one.name): one.callback
            for endpoint in router().get_urlpatterns()
            for one in endpoint.url_patterns
        }


def router() -> Any:
    """As Wagtail makes it, with everything it knows."""
    from wagtail.api.v2.router import WagtailAPIRouter

    made = WagtailAPIRouter(NAMESPACE)
    for name, (module, views) in ENDPOINTS.items():
        if isinstance(sys.modules.get(module), _NotYet):
            del sys.modules[module]
        made.register_endpoint(name, getattr(import_module(module), views))
    return made

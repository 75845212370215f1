"""Small guards around every request: odd bytes are refused with words, the browser tells which page sent a form,
and one id ties a click to its effects."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from .kernel.outbox import correlation

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


#: What browsers, search engines and senders of webhooks send. Nothing of ours takes more.
MEANT_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
#: Of the editor (Wagtail), what its own scripts send besides: (method, how the address ends).
EDITORS_OWN = (("PATCH", "/dismissibles/"), ("DELETE", "/preview/"))


class MethodsMiddleware:
    """Refuse (405) every method that nobody means, before any view is asked: forms of libraries would take a PUT for a
    POST."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in MEANT_METHODS or _is_the_editors(request):
            return self.get_response(request)
        return HttpResponseNotAllowed(MEANT_METHODS)


def _is_the_editors(request: HttpRequest) -> bool:
    return request.path.startswith("/cms/") and any(
        request.method == method and request.path.endswith(end) for method, end in EDITORS_OWN
    )


class BadInputMiddleware:
    """Refuse NUL in address, query or form: no database stores it, and no person types it. A cookie with one is not
    ours and counts as absent: PostgreSQL would refuse to look for such a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        odd = [name for name, value in request.COOKIES.items() if "\x00" in value]
        for name in odd:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Runs inside Django's error handling, so that BadRequest becomes our friendly 400 page."""
        values = [request.path]
        values += [text for key, items in request.GET.lists() for text in (key, *items)]
        if request.method == "POST" and request.content_type in FORM_TYPES:
            values += [
                text for key, items in request.POST.lists() for text in (key, *items) if isinstance(text, str)
            ]
        if any("\x00" in value for value in values):
            raise BadRequest(
                _("The text contains a character that cannot be stored. Please remove it and try again.")
            )


class OwnFormsMiddleware:
    """A form that the browser says was sent from a page of ours needs no token: pages for all readers carry none.

    Browsers write Sec-Fetch-Site and Origin themselves, no foreign page can choose them. Where a browser says neither,
    nor a Referer, Django's token decides as before; where it names a foreign page, Django refuses.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Tell Django's own check, which runs next, that this one is done."""
        if request.method == "POST" and _from_our_own_page(request):
            request.csrf_processing_done = True  # type: ignore[attr-defined]


def _from_our_own_page(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    said = request.headers.get("Origin")
    if said is None:
        parts = urlsplit(request.headers.get("Referer", ""))
        said = f"{parts.scheme}://{parts.netloc}"
    return said in (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS)


class CorrelationMiddleware:
    """Give every request an id that everything recorded in it carries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with correlation(uuid.uuid4().hex):
            return self.get_response(request)

"""Small guards around every request: odd bytes are refused with words, the browser tells which page sent a form,
and one id ties a click to its effects."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from .kernel import masks
from .kernel.outbox import correlation

log = logging.getLogger("shop.requests")

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
    """Give every request an id that everything recorded in it carries, and one line in the log (logger
    ``shop.requests``). What its form says of people is left out of all lines written meanwhile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        with correlation(uuid.uuid4().hex), masks.about(lambda: _people_in(request)):
            response = self.get_response(request)
            took = round((time.monotonic() - began) * 1000)
            facts = {
                "status": response.status_code,
                "ms": took,
                "method": request.method,
                "path": request.path,
                "person": _number_of_person(request),
            }
            log.info("%s %s %s", request.method, request.path, response.status_code, extra=facts)
            return response


def _number_of_person(request: HttpRequest) -> int | None:
    """Of who is signed in, where somebody asked for them already; a number names nobody outside of the shop."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user is not None and user.is_authenticated else None


def _people_in(request: HttpRequest) -> Iterator[str]:
    """What of this request is a person's: fields of its form and query, and who is signed in. Reads nothing that was
    not read already: a line in the log must not parse an upload or ask the database."""
    yield from masks.personal(request.GET.dict())
    form = getattr(request, "_post", None)
    if form is not None:
        yield from masks.personal(form.dict())
    user = getattr(request, "_cached_user", None)
    if user is not None and user.is_authenticated:
        yield from (user.first_name, user.last_name, user.get_full_name(), user.email)

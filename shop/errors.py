"""Error pages in the shop's own look, with words that help."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from shop.kernel.tries import refusal

from .kernel import outages

RETRY_AFTER_S = 30  #: what browsers and search engines are told while something we lean on is away


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, f"{status}.html", {"error_title": title, "error_text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what was sent cannot be understood."""
    text = str(exception) if type(exception).__name__ == "BadRequest" and str(exception) else ""
    return _page(request, 400, _("We could not read that"), text or _("Please go back and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but not allowed here."""
    return _page(request, 403, _("This room is not yours"), _("Your role does not open this page."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here (or nothing of yours)."""
    return _page(request, 404, _("Nothing here"), _("The page does not exist or has moved."))


def busy() -> HttpResponse:
    """503: something we lean on is away. Asks neither the database nor the reader's session."""
    page = HttpResponse(render_to_string("503.html"), status=503)
    page.headers["Retry-After"] = str(RETRY_AFTER_S)
    page.headers["Cache-Control"] = "no-store"
    return page


def too_many(request: HttpRequest) -> HttpResponse:
    """429: a limit of a library of ours was reached, which counts by the minute."""
    return refusal(request, 60)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 where the error came from the database or the store of files being away."""
    if outages.cause_of(sys.exc_info()[1]):
        return busy()
    return _page(
        request, 500, _("Something went wrong on our side"), _("Nothing you did is lost. Please try again.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form was open too long or came from elsewhere."""
    text = _("The form was open too long or came from another page. Go back, reload it and send it again.")
    return _page(request, 403, _("Please send the form again"), text)

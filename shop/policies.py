"""The policies that browsers are told beside each answer. What they say stands in shop/settings/security.py."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

EDITOR = "/cms/"
LOOKING = ("GET", "HEAD")
ANOTHER_SITE = ("cross-site", "same-site")  #: of Sec-Fetch-Site; the second is a neighbouring name or port
INSIDE_ANOTHER_PAGE = ("iframe", "frame", "embed", "object", "fencedframe")
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"


class HttpsMiddleware:
    """Django's own, which comes next, leads whoever looks from http to https; what is sent in the clear is refused.

    Led on, a program that sends secrets over http (Stripe's or the carrier's door, one click of a mail program) would
    do so for ever and nobody would notice; and browsers make a GET of a form that is led on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.method not in LOOKING:
            return JsonResponse({"error": "https only"}, status=403)
        return self.get_response(request)


class LoadedMiddleware:
    """Pages are opened by readers, and loaded by pages of ours. What another site loads behind a reader's back (a
    picture, a script, a frame whose address is the link of a mail) is refused, whatever it would do.

    Browsers write these headers themselves, no page can choose them; who says none (mail programs, search engines) is
    answered. Pictures and static files are for others too. What is sent (POST) has checks of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in LOOKING and _is_loaded_by_another_site(request):
            return JsonResponse(
                {"error": "open the page itself"}, status=403, headers={"Cache-Control": "no-store"}
            )
        return self.get_response(request)


def _is_loaded_by_another_site(request: HttpRequest) -> bool:
    said = request.headers
    if said.get("Sec-Fetch-Site") not in ANOTHER_SITE or request.path_info.startswith(_for_all()):
        return False
    return said.get("Sec-Fetch-Mode") != "navigate" or said.get("Sec-Fetch-Dest") in INSIDE_ANOTHER_PAGE


def _for_all() -> tuple[str, ...]:
    return settings.STATIC_URL, settings.MEDIA_URL


class ContentPolicyMiddleware(CSPMiddleware):
    """The content policy of the settings; that of the editor at its addresses."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """As django-csp; the editor's directives stand in for the others."""
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only and request.path_info.startswith(EDITOR):
            parts.config = settings.EDITOR_POLICY
        return parts


class PolicyMiddleware:
    """What stands on every answer, also on those that no inner part sees: static files, names that are not ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_picture = request.path_info.startswith(_for_all())
        policy = settings.RESOURCE_POLICY_OF_PICTURES if is_picture else settings.RESOURCE_POLICY
        response.headers.setdefault(RESOURCE_POLICY, policy)
        if HEADER not in response and response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers[HEADER] = build_policy()
        if getattr(request, "empties_browser", False):  # somebody signed out (shop/customers/sessions.py)
            response.headers["Clear-Site-Data"] = '"storage"'
        return response

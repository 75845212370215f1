"""Staff need a second factor: who has none is led to set one up, who has not shown it is asked, and gets into nothing
else before. An app that counts codes (TOTP), a passkey or a recovery code; allauth keeps and checks them.

That it was shown stands in the session as a mark, made by allauth's signals only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_used
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from . import first_factor, own_sessions, sessions

MARK = "second_factor_of"  #: in the session: number of the person who showed a second factor in it
EDITOR = "/cms/"
#: What the pages of everybody below need themselves, and the way out.
ALWAYS = {"account_logout", "set_language", "media", "healthz", "readyz", "metrics", "wagtailadmin_logout"}
#: Where somebody is led who has none yet: have the link mailed, open it, confirm the password.
TO_SET_UP = {"second_factor", "first_factor", "account_reauthenticate", "mfa_index"}
#: Open to whoever opened that link: a password alone is no proof (first_factor.py).
TO_SET_UP_PROVED = {"mfa_activate_totp", "mfa_add_webauthn"}
#: Where somebody shows the one they have.
TO_SHOW = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_let_off(person: Any) -> bool:
    """Whether this is one of the demo shop's staff, whom its settings let in by password alone."""
    domain = person.email.rpartition("@")[2].lower()
    return domain in settings.DEMO_STAFF_DOMAINS


def is_wanted(person: Any) -> bool:
    """Whether this person needs a second factor: whoever has rights of staff."""
    return bool(person.is_authenticated and (person.is_staff or person.is_superuser)) and not is_let_off(
        person
    )


def has_one(person: Any) -> bool:
    """Whether the person has set up an app or a passkey. One query."""
    return Authenticator.objects.filter(user=person.pk, type__in=KINDS).exists()


def note_shown(session: Any, person: Any) -> None:
    """Write down in the session that its person showed a second factor."""
    session[MARK] = person.pk


def was_shown(request: HttpRequest) -> bool:
    """Whether the person of this session showed a second factor in it."""
    return bool(request.session.get(MARK) == request.user.pk)


@receiver(authenticator_used)
def _used(request: HttpRequest, user: Any, **rest: Any) -> None:
    note_shown(request.session, user)


@receiver(authenticator_added)
def _added(request: HttpRequest, user: Any, authenticator: Authenticator, **rest: Any) -> None:
    """The first one was just shown to work. All other sessions of the person, opened without it, end."""
    others = Authenticator.objects.filter(user=user.pk, type__in=KINDS).exclude(pk=authenticator.pk)
    if authenticator.type in KINDS and not others.exists():
        record_authentication(
            request, user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True
        )  # so that the recovery codes, which come next, are shown without asking again
        note_shown(request.session, user)
        sessions.end_sessions([user.pk], of=user)


@receiver(authenticator_removed)
def _removed(request: HttpRequest | None, user: Any, authenticator: Authenticator, **rest: Any) -> None:
    """Whoever took their last one away is led to set up another, in this session too."""
    if request is not None and request.session.get(MARK) == authenticator.user_id and not has_one(user):
        del request.session[MARK]


class SecondFactorMiddleware:
    """Nothing but the way to a second factor opens to staff who have not shown one; and their sessions end in time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _is_about_signing_in(request):
            add_never_cache_headers(response)
        return response

    def process_view(self, request: HttpRequest, *args: object) -> HttpResponseBase | None:
        """Asked of who has a session; strangers and their shared pages pay nothing."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or name in ALWAYS:
            return None
        person = request.user
        if person.is_authenticated:
            own_sessions.note_seen(request.session)
        if not (_is_staff(person) or (_opens_editor(request) and not is_let_off(person))):
            busy = _is_busy(request, name)
            if person.is_authenticated and sessions.lasted_too_long(request, is_busy=busy):
                return _ended(
                    request,
                    _(
                        "You signed in a long time ago. To be safe, please sign in again; your basket is kept."
                    ),
                )
            return None
        if sessions.is_over(request):
            return _ended(
                request, _("You were signed out because nothing happened for long. Please sign in again.")
            )
        if is_let_off(person) or was_shown(request):
            return None
        there = has_one(person)
        if name in (TO_SHOW if there else TO_SET_UP):
            return None
        if not there and name in TO_SET_UP_PROVED and first_factor.is_proved(request):
            return None
        return _lead(request, "mfa_reauthenticate" if there else "second_factor")


def _is_about_signing_in(request: HttpRequest) -> bool:
    """A library's page about addresses, passwords and factors (a seed stands on one) of who is signed in: no browser
    stores it. Asks the database nothing that was not asked already."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    user = getattr(request, "_cached_user", None)
    return name.startswith(("account_", "mfa_")) and user is not None and user.is_authenticated


def _is_staff(person: Any) -> bool:
    return bool(person.is_authenticated and (person.is_staff or person.is_superuser))


def _opens_editor(request: HttpRequest) -> bool:
    """Wagtail lets in by a permission alone, also whom nobody called staff."""
    return request.path.startswith(EDITOR) and request.user.has_perm("wagtailadmin.access_admin")


def _ended(request: HttpRequest, why: str) -> HttpResponseBase:
    logout(request)
    messages.info(request, why)
    page = _page_of(request)
    if request.headers.get("HX-Request"):
        goes_on = f"?{urlencode({'next': page})}" if page else ""
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("account_login") + goes_on})
    if _wants_data(request):
        return JsonResponse({"error": _("Please sign in again.")}, status=401)
    return redirect_to_login(page or "/")


def _is_busy(request: HttpRequest, name: str) -> bool:
    """Whether what a customer typed would be lost with their session: what a form sends, a part of a page that stays
    open, and the steps of the checkout, which keep it in the session."""
    whole_page = (
        request.method in ("GET", "HEAD")
        and not request.headers.get("HX-Request")
        and not _wants_data(request)
    )
    return not whole_page or name.startswith("checkout:")


def _page_of(request: HttpRequest) -> str:
    """The page that somebody has before them, to come back to: where a form or a part of a page is asked for, the one
    it stands on, as the browser says. "" when it says none of ours."""
    if request.headers.get("HX-Request"):
        said = request.headers.get("HX-Current-URL", "")
    elif request.method in ("GET", "HEAD"):
        return request.get_full_path()
    else:
        said = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(said)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _lead(request: HttpRequest, name: str) -> HttpResponseBase:
    if _wants_data(request):
        return JsonResponse({"error": _("Please show your second factor first.")}, status=403)
    goes_on = {"next": request.get_full_path()} if request.method in ("GET", "HEAD") else {}
    address = reverse(name) + (f"?{urlencode(goes_on)}" if goes_on else "")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": reverse(name)})
    return redirect(address)


def _wants_data(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")

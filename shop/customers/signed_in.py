"""Who is signed in, read together with their session in one query: each page of a member asked twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject


class PersonMiddleware(AuthenticationMiddleware):
    """Django's, with the person whom the row of the session brought along."""

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user``, which is read when somebody asks."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person(request))  # type: ignore[assignment]


def _person(request: Any) -> Any:
    """The person, or AnonymousUser; remembered where Django remembers it."""
    if not hasattr(request, "_cached_user"):
        request._cached_user = _brought(request.session) or auth.get_user(request)
    return request._cached_user


def _brought(session: Any) -> Any:
    """The person of the row, where all holds that ``django.contrib.auth.get_user`` would look at: who the session says
    it is, signed in by a way that is still open, active, and with the password of then. Otherwise None: Django decides
    (it knows former secrets, and ends sessions that are not sound)."""
    said, way = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    person = getattr(session, "person", None)
    if person is None or said != str(person.pk) or way not in settings.AUTHENTICATION_BACKENDS:
        return None
    may_sign_in = getattr(auth.load_backend(way), "user_can_authenticate", None)
    if may_sign_in is None or not may_sign_in(person):
        return None
    then, now = session.get(HASH_SESSION_KEY) or "", person.get_session_auth_hash()
    return person if constant_time_compare(then, now) else None

"""The person comes with the row of the session: one query, and nobody gets in who would not get in by Django's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as conf
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from shop.customers import signed_in
from shop.customers.models import PersonSession, User
from shop.customers.session_store import SessionStore
from tests.factories.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LATER = "a-later-secret-of-the-shop-with-more-than-fifty-characters"


class Request:
    """No more than what is asked of a request."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session


@pytest.fixture
def key() -> str:
    client = Client()
    client.force_login(make_user("erika@example.org"), backend=conf.AUTHENTICATION_BACKENDS[1])
    return str(client.session.session_key)


def who(key: str) -> Any:
    """Who is signed in in this session, as a page asks."""
    return signed_in._person(Request(SessionStore(key)))


def djangos(key: str) -> Any:
    """The same by Django's own way."""
    return auth.get_user(Request(SessionStore(key)))  # type: ignore[arg-type]


def test_the_person_and_the_session_are_one_question(key: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        person = who(key)
        assert person.email == "erika@example.org"
    assert len(seen) == 1


def other_secret(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], LATER


def forgotten_secret(settings: Any) -> None:
    settings.SECRET_KEY = LATER


def closed_way(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [conf.AUTHENTICATION_BACKENDS[2]]


def _of_somebody_else(_settings: Any) -> None:
    PersonSession.objects.update(user=make_user("max@example.org"))


def _of_nobody(_settings: Any) -> None:
    PersonSession.objects.update(user=None)


def _other_password(_settings: Any) -> None:
    User.objects.update(password="!somebody changed it past the models")


#: What happened meanwhile, and whether Erika is signed in then.
HAPPENED: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "nothing": (lambda _settings: None, True),
    "closed account": (lambda _settings: User.objects.update(is_active=False), False),
    "another password": (_other_password, False),
    "the shop has another secret and knows the former": (other_secret, True),
    "the shop has another secret": (forgotten_secret, False),
    "her way to sign in is closed": (closed_way, False),
    "the row names nobody, as one from before": (_of_nobody, True),
    "the row names somebody else": (_of_somebody_else, True),
    "the session is over": (
        lambda _settings: PersonSession.objects.update(expire_date="2020-01-01T00:00:00Z"),
        False,
    ),
    "the session was ended": (lambda _settings: PersonSession.objects.all().delete(), False),
}


@pytest.mark.parametrize("what", HAPPENED)
def test_who_gets_in_is_who_gets_in_by_djangos_way(what: str, key: str, settings: Any) -> None:
    deed, is_in = HAPPENED[what]
    deed(settings)
    with transaction.atomic():  # whichever asks first may write: Django gives the session another key
        theirs = djangos(key)
        transaction.set_rollback(True)
    ours = who(key)
    assert ours == theirs
    assert bool(ours.is_authenticated) == is_in
    if is_in:
        assert ours.email == "erika@example.org"


def test_a_password_changed_in_the_row_of_the_person_ends_the_session_for_good(key: str) -> None:
    User.objects.update(password="!changed")
    assert isinstance(who(key), AnonymousUser)
    assert not PersonSession.objects.filter(session_key=key).exists(), "Django ends what is not sound"


def test_a_page_asks_for_nobody_where_nobody_asks(rf: Any) -> None:
    request = rf.get("/")
    request.session = SessionStore()
    signed_in.PersonMiddleware(lambda _request: None).process_request(request)  # type: ignore[arg-type,return-value]
    assert isinstance(request.user, SimpleLazyObject)
    with CaptureQueriesContext(connection) as seen:
        assert not request.user.is_authenticated
    assert not seen.captured_queries

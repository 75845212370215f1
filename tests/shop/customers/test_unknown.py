"""Whether an address has an account is told to nobody: same answer, same headers, as many passwords computed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from checkout.order.models import OrderLink
from shop.customers import newsletter
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.factories.shopping import place_order
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "erika@example.org", "niemand@example.org"
PASSWORD = "hafen-kontor-26"
#: What differs from one answer to the next whoever is asked about.
CHANGING = re.compile(r'nonce-[^\' ]+|nonce="[^"]*"|csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"')


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Each password that is computed."""
    seen: list[str] = []
    plain = MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> str:
        seen.append(password)
        return plain(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    yield seen


@pytest.fixture(autouse=True)
def erika(db: None) -> User:
    """Somebody with an account."""
    with override("de"):
        return User.objects.create_user(email=KNOWN, password=PASSWORD)


def seen_by(email: str, send: Callable[[Client, str], Any]) -> tuple[Any, ...]:
    """All that somebody learns who sends a form about the address, and the page it leads to."""
    client = Client()
    answer = send(client, email)
    told: list[Any] = [answer.status_code, _text(answer, email), _headers(answer, email)]
    if answer.status_code == 302:
        after = client.get(answer["Location"])
        told += [after.status_code, _text(after, email), _headers(after, email)]
    told.append(sorted(client.cookies))
    told.append("_auth_user_id" in client.session)
    return tuple(told)


def _text(answer: Any, email: str) -> str:
    return CHANGING.sub("", answer.content.decode()).replace(email, "the address")


def _headers(answer: Any, email: str) -> dict[str, str]:
    left_out = ("Content-Length", "ETag", "Expires")  # the second in which it was asked
    return {
        name: CHANGING.sub("", value).replace(email, "the address")
        for name, value in answer.headers.items()
        if name not in left_out
    }


FORMS: dict[str, Callable[[Client, str], Any]] = {
    "sign in": lambda client, email: client.post("/accounts/login/", {"login": email, "password": "falsch"}),
    "reset": lambda client, email: client.post("/accounts/password/reset/", {"email": email}),
    "register": lambda client, email: client.post(
        "/accounts/signup/", {"email": email, "password1": "Elbstrand-2026!"}
    ),
    "newsletter": lambda client, email: client.post("/newsletter/", {"email": email}),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_address_is_answered_as_a_known_one(form: str, hashed: list[str]) -> None:
    known = seen_by(KNOWN, FORMS[form])
    for_known = len(hashed)
    hashed.clear()
    assert seen_by(UNKNOWN, FORMS[form]) == known
    assert len(hashed) == for_known, "as much work"
    if form in ("sign in", "register"):
        assert for_known > 0, "and passwords are computed there"


WORD = re.compile(r'^(\w+)(?:.*?(?:FROM|INTO|UPDATE) "(\w+)")?', re.DOTALL)


def asked_of_the_database(email: str, form: str) -> Counter[str]:
    """Kinds of statements (verb and first table) of one sent form."""
    client = Client()
    with CaptureQueriesContext(connection) as seen:
        FORMS[form](client, email)
    return Counter(" ".join(filter(None, WORD.match(one["sql"]).groups())) for one in seen)  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["reset", "newsletter"])
@pytest.mark.parametrize("known_as", ["an account", "a reader", "both"])
def test_the_database_is_asked_as_much_for_an_unknown_address(form: str, known_as: str, outbox: Any) -> None:
    """Or the time of the answer would tell: what differs is done by the worker."""
    known = KNOWN if known_as != "a reader" else "leserin@example.org"
    if known_as != "an account":
        newsletter.ask(email=known, place="", via="page")
        newsletter.confirm(token=newsletter.confirm_token(newsletter.newest(known)), place="")  # type: ignore[arg-type]
        outbox.drain()
    asked_of_the_database("jemand@example.org", form)  # what a process asks once
    assert asked_of_the_database(known, form) == asked_of_the_database(UNKNOWN, form)


@pytest.mark.parametrize("state", ["closed", "without a password"])
def test_a_closed_account_and_one_without_a_password_look_unknown_too(
    erika: User, hashed: list[str], state: str
) -> None:
    if state == "closed":
        erika.is_active = False
    else:
        erika.set_unusable_password()
    erika.save()
    hashed.clear()
    known, for_known = seen_by(KNOWN, FORMS["sign in"]), len(hashed)
    hashed.clear()
    assert seen_by(UNKNOWN, FORMS["sign in"]) == known
    assert len(hashed) == for_known


def test_the_owner_of_an_address_is_told_that_somebody_registers_with_it(outbox: Any) -> None:
    FORMS["register"](Client(), KNOWN)
    outbox.drain()
    mail = OutgoingMail.objects.get()
    assert mail.recipient == KNOWN
    assert User.objects.get(email=KNOWN).check_password(PASSWORD), "their password stays"
    assert User.objects.count() == 1


def test_an_order_of_somebody_else_looks_like_one_that_is_not_there(outbox: Any) -> None:
    order = place_order((shoe_in_stock(3), 1))
    email = str(order.email)

    def ask(number: str) -> Callable[[Client, str], Any]:
        return lambda client, email: client.post("/orders/", {"number": number, "email": email})

    assert (
        seen_by(email, ask(order.number))
        == seen_by(UNKNOWN, ask(order.number))
        == seen_by(email, ask("K99999"))
    )
    assert OrderLink.objects.count() == 1, "only the right pair gets a link"
